"""The place of a delivery as a name for paths: what journals of unfinished turns hold, so that it never changes."""

from __future__ import annotations

from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from switchroom.session.delivery import Delivery, Via
from switchroom.session.event import Event


def name_of(delivery: Delivery) -> str:
    """The indexes from the entry on, joined; the digest of that where it is longer than 48 characters."""
    name = "-".join(map(str, delivery.position))
    return name if len(name) <= 48 else blake2b(name.encode(), digest_size=8).hexdigest()


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80), st.booleans())
def test_a_delivery_has_the_same_name_from_its_parents_as_from_all_that_led_to_it(parents: list[int], at_once: bool):
    deliveries = [Delivery(None, None, None, None)]
    for parent in parents:
        deliveries.append(Delivery(None, None, Event(), deliveries[-1 - min(parent, 2) % len(deliveries)]))
        if at_once:
            assert deliveries[-1].key == name_of(deliveries[-1])
    assert [delivery.key for delivery in deliveries] == [name_of(delivery) for delivery in deliveries]


def test_a_chain_of_deliveries_is_named_by_its_digest_from_the_place_on_where_its_name_is_too_long():
    here = Delivery(None, None, None, None)
    for _ in range(24):
        here = Delivery(None, None, Event(), here)
    assert here.key == "-".join("0" * 24)
    assert Delivery(None, None, Event(), here).key == blake2b("-".join("0" * 25).encode(), digest_size=8).hexdigest()


def test_a_delivery_knows_the_handoffs_by_which_it_came_the_first_one_first():
    root = Delivery(None, None, None, None)
    one, two, other = (Via("a", "b", Event(), None) for _ in range(3))
    first = Delivery(None, None, Event(), root, one)
    between = Delivery(None, None, Event(), first)
    second = Delivery(None, None, Event(), between, two)
    beside = Delivery(None, None, Event(), between, other)
    assert [root.vias(), between.vias(), second.vias(), beside.vias()] == [[], [one], [one, two], [one, other]]
