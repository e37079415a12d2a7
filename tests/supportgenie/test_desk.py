"""The desk keeps the shop's terms, whoever asks, however often and from however many threads."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from supportgenie.desk import Desk
from supportgenie.policy import POLICY
from supportgenie.records import DeskError, KeyReused, NotFound, Refund, Refused
from supportgenie.store import Store

TODAY = date(2025, 3, 14)
PLACED, SHIPPED, DELIVERED, LATE = "370795561790", "732201349959", "00123842", "00004587345"
CHARGED_TWICE = "900100200302"


# Orders


def test_a_placed_order_can_be_cancelled_and_cancelling_again_changes_nothing(desk: Desk) -> None:
    before = desk.find_product("mouse-m")
    cancelled = desk.cancel_order(PLACED)
    assert (cancelled.status, cancelled.cancelled_on) == ("cancelled", TODAY)
    assert desk.cancel_order(PLACED) == cancelled
    invoice = desk.find_invoice("370795")
    after = desk.find_product("mouse-m")
    assert invoice is not None
    assert invoice.status == "void"
    assert before is not None
    assert after is not None
    assert after.stock == before.stock + 2


@pytest.mark.parametrize("number", [SHIPPED, DELIVERED])
def test_an_order_that_has_left_can_be_neither_cancelled_nor_changed(desk: Desk, number: str) -> None:
    before = desk.find_order(number)
    with pytest.raises(Refused, match="no longer"):
        desk.cancel_order(number)
    with pytest.raises(Refused, match="no longer"):
        desk.change_address(number, "Dublin")
    with pytest.raises(Refused, match="no longer"):
        desk.set_quantity(number, "mouse-m", 1)
    assert desk.find_order(number) == before


def test_another_address_changes_the_promised_day(desk: Desk) -> None:
    moved = desk.change_address(PLACED, "1 New Road, Osaka, Japan")
    assert moved.address == "1 New Road, Osaka, Japan"
    assert moved.expected_on == moved.placed_on + timedelta(days=12)
    with pytest.raises(Refused, match="does not deliver"):
        desk.change_address(PLACED, "1 Old Road, Atlantis")


def test_a_changed_order_has_a_changed_invoice(desk: Desk) -> None:
    without_mice = desk.set_quantity(PLACED, "mouse-m", 0)
    assert [item.sku for item in without_mice.items] == ["keyboard-k"]
    with_sleeve = desk.set_quantity(PLACED, "case-14", 3)
    assert desk.set_quantity(PLACED, "case-14", 3) == with_sleeve
    assert with_sleeve.total_cents == 16_000 + 3 * 3_900
    invoice = desk.find_invoice("370795")
    assert invoice is not None
    assert invoice.cents == with_sleeve.total_cents


def test_the_last_item_cannot_be_taken_out_of_an_order(desk: Desk) -> None:
    desk.set_quantity(PLACED, "mouse-m", 0)
    with pytest.raises(Refused, match="at least one product"):
        desk.set_quantity(PLACED, "keyboard-k", 0)
    order = desk.find_order(PLACED)
    assert order is not None
    assert order.items


@pytest.mark.parametrize("quantity", [-1, 21, 10**30])
def test_an_order_holds_a_sensible_number_of_pieces(desk: Desk, quantity: int) -> None:
    with pytest.raises(Refused, match="pieces"):
        desk.set_quantity(PLACED, "mouse-m", quantity)


def test_an_order_is_placed_once_per_key(desk: Desk) -> None:
    order = desk.place_order("C1008", {"case-14": 1}, key="turn-1")
    assert desk.place_order("C1008", {"case-14": 1}, key="turn-1") == order
    assert desk.orders_of("C1008") == (order,)
    assert order.total_cents == 3_900 + 1_395
    (invoice,) = desk.invoices_of("C1008")
    assert (invoice.order_number, invoice.cents, invoice.status) == (order.number, order.total_cents, "open")
    with pytest.raises(KeyReused):
        desk.place_order("C1007", {"case-14": 1}, key="turn-1")


def test_a_refused_order_leaves_no_trace(desk: Desk) -> None:
    for items, error in [
        ({"mouse-m": 1, "charger-65": 1}, Refused),
        ({"mouse-m": 1, "piano": 1}, NotFound),
        ({}, Refused),
    ]:
        with pytest.raises(error):
            desk.place_order("C1008", items, key="turn-1")
    mouse = desk.find_product("mouse-m")
    assert desk.orders_of("C1008") == ()
    assert mouse is not None
    assert mouse.stock == 120


# Money


def test_a_refund_is_made_once_per_key(desk: Desk) -> None:
    first = desk.refund(DELIVERED, 20_000, "effect-1")
    assert desk.refund(DELIVERED, 20_000, "effect-1") == first
    assert desk.find_refund("effect-1") == first
    assert desk.refundable_cents(DELIVERED) == 100_000
    assert first.expected_on == TODAY + timedelta(days=POLICY.refund_arrival_days)
    with pytest.raises(KeyReused):
        desk.refund(DELIVERED, 30_000, "effect-1")


def test_workers_that_refund_at_the_same_time_refund_once(desk: Desk) -> None:
    def refund(_: int) -> Refund:
        return desk.refund(DELIVERED, 120_000, "effect-1")

    with ThreadPoolExecutor(8) as pool:
        refunds = list(pool.map(refund, range(32)))
    assert len(set(refunds)) == 1
    assert desk.refundable_cents(DELIVERED) == 0


def test_no_more_is_refunded_than_was_paid(desk: Desk) -> None:
    desk.refund(DELIVERED, 100_000, "effect-1")
    with pytest.raises(Refused, match=r"\$200.00 of order 00123842"):
        desk.refund(DELIVERED, 20_001, "effect-2")
    assert desk.find_refund("effect-2") is None


@pytest.mark.parametrize(
    ("number", "reason"),
    [(LATE, "30 days after delivery"), (SHIPPED, "not been delivered"), (PLACED, "cancel it instead")],
)
def test_the_price_is_refunded_within_thirty_days_of_delivery_only(desk: Desk, number: str, reason: str) -> None:
    assert desk.refundable_cents(number) == 0
    with pytest.raises(Refused, match=reason):
        desk.refund(number, 100, "effect-1")


@pytest.mark.parametrize("cents", [0, -1])
def test_a_refund_is_more_than_nothing(desk: Desk, cents: int) -> None:
    with pytest.raises(Refused, match="more than nothing"):
        desk.refund(DELIVERED, cents, "effect-1")


def test_the_thirtieth_day_is_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    Desk.open(path, today=TODAY).close()
    for days, cents in [(21, 120_000), (22, 0)]:
        desk = Desk.open(path, today=TODAY + timedelta(days=days))
        assert desk.refundable_cents(DELIVERED) == cents
        desk.close()


def test_money_taken_twice_is_refunded_without_a_time_limit(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    Desk.open(path, today=TODAY).close()
    desk = Desk.open(path, today=TODAY + timedelta(days=400))
    assert desk.refundable_cents(CHARGED_TWICE) == 16_000
    assert desk.refund(CHARGED_TWICE, 16_000, "effect-1").status == "approved"
    desk.close()


def test_unknown_records_are_refused_by_name(desk: Desk) -> None:
    for attempt in (
        lambda: desk.cancel_order("999"),
        lambda: desk.refund("999", 1, "effect-1"),
        lambda: desk.change_address("999", "Dublin"),
    ):
        with pytest.raises(NotFound, match="no order 999"):
            attempt()
    with pytest.raises(NotFound, match="no customer C9"):
        desk.early_exit_cents("C9")


# Tickets and mail


def test_a_ticket_is_opened_once_per_key_and_each_time_without_one(desk: Desk) -> None:
    first = desk.open_ticket("Refund dispute", "Too late, he says", customer_id="C1004", priority="high", key="effect-1")
    assert desk.open_ticket("Refund dispute", "Too late, he says", customer_id="C1004", key="effect-1") == first
    other = desk.open_ticket("No account", "Wants a call")
    assert desk.open_ticket("No account", "Wants a call").number != other.number
    assert desk.find_ticket(first.number) == first
    assert desk.tickets_of("C1004") == (first,)
    with pytest.raises(NotFound):
        desk.open_ticket("Nobody", "", customer_id="C9")


def test_mail_is_queued_once_per_key(desk: Desk) -> None:
    first = desk.queue_mail("ann.ortega@example.com", "Invoice 41200", "...", key="effect-1")
    assert desk.queue_mail("ann.ortega@example.com", "Invoice 41200", "...", key="effect-1") == first
    assert desk.outbox() == (first,)


# The file


def test_a_file_keeps_what_was_changed_and_is_seeded_once(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    first = Desk.open(path, today=TODAY)
    cancelled = first.cancel_order(PLACED)
    first.close()
    second = Desk.open(path, today=TODAY + timedelta(days=1))
    assert second.find_order(PLACED) == cancelled
    second.close()


def test_many_can_open_a_new_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"

    def count(_: int) -> int:
        desk = Desk.open(path, today=TODAY)
        orders = len(desk.orders_of("C1001"))
        desk.close()
        return orders

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(count, range(16))) == {2}


def test_a_file_of_another_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    store = Store(path)
    store.run("PRAGMA user_version = 99")
    store.close()
    with pytest.raises(DeskError, match="move the file away"):
        Desk.open(path)


def test_without_a_given_day_the_desk_lives_today() -> None:
    desk = Desk.open()
    assert abs(desk.today - date.today()) <= timedelta(days=1)
    desk.close()
