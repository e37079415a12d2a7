"""A number identifies an order, never the account behind it: who is not known to own an account learns nothing else of it."""

from __future__ import annotations

import pytest

from supportgenie import SupportGenie
from supportgenie.desk import Desk

JOHNS = "370795561790"
MALLORY = {"name": "Mallory", "email": "mallory@example.net", "tier": "gold"}


def status(desk: Desk, number: str = JOHNS) -> str:
    order = desk.find_order(number)
    assert order is not None
    return order.status


def talk(genie: SupportGenie, *texts: str, profile: dict[str, str] | None = None) -> list[str]:
    """What a customer is told in a conversation."""
    return [genie.handle_query(text, profile, conversation="c").text for text in texts]


@pytest.mark.parametrize("profile", [MALLORY, {"email": "mallory@example.org"}, {"customer_id": "C1006"}, None])
def test_who_mentions_anothers_order_learns_nothing_of_the_account(desk: Desk, profile: dict[str, str] | None):
    told = talk(
        SupportGenie(desk=desk),
        f"where is order {JOHNS}?",
        "show my invoices",
        "exit my plan early, what is the fee?",
        "cancel all my orders",
        "close my account",
        "yes",
        profile=profile,
    )
    assert not [text for text in told if "John" in text or "j***" in text or "37777" in text or "Alder" in text]
    assert status(desk) == "placed"
    assert desk.find_account("C1001") is not None
    assert ("you have no order" in told[0]) is (profile is not None)


def test_whose_order_it_plainly_is_not_cannot_cancel_it(desk: Desk):
    (told,) = talk(SupportGenie(desk=desk), f"cancel order {JOHNS}", profile=MALLORY)
    assert "you have no order" in told
    assert status(desk) == "placed"


def test_of_whom_nothing_is_known_the_number_cancels_that_order(desk: Desk):
    (told,) = talk(SupportGenie(desk=desk), f"cancel order {JOHNS}")
    assert told.startswith(f"Order {JOHNS} is cancelled")
    assert "John" not in told
    assert status(desk) == "cancelled"


def test_an_anonymous_exit_is_answered_without_anybodys_plan(desk: Desk):
    told = talk(SupportGenie(desk=desk), f"where is order {JOHNS}?", "exit")
    assert "Gold" not in told[1]
    assert "John" not in told[1]


@pytest.mark.parametrize(
    ("texts", "profile"),
    [
        ((f"my order is {JOHNS} and I am john.smith@example.com",), None),
        (("my invoice is #37777", "john.smith@example.com"), {"name": "John Smith"}),
        ((), {"email": "John.Smith@example.com"}),
        ((), {"customer_id": "c1001"}),
    ],
)
def test_who_owns_the_account_sees_its_invoices(desk: Desk, texts: tuple[str, ...], profile: dict[str, str] | None):
    told = talk(SupportGenie(desk=desk), *texts, "show me my invoices", profile=profile)
    assert "invoices of John Smith" in told[-1]


@pytest.mark.parametrize(
    ("said", "profile"),
    [
        ("I am john.smith@example.com", None),
        ("I am john.smith@example.com, order 732201349959", None),
        (f"I am john.smith@example.com, order {JOHNS}", MALLORY),
        (f"I am john.smith@example.com, order {JOHNS}", {"email": "mallory@example.org"}),
        ("open an account for John Smith, john.smith@example.com", None),
    ],
)
def test_an_address_alone_or_against_the_profile_proves_nothing(desk: Desk, said: str, profile: dict[str, str] | None):
    told = talk(SupportGenie(desk=desk), said, "show me my invoices", profile=profile)
    assert "John Smith" not in told[-1]
    assert "37777" not in told[-1]


def test_an_address_to_be_reached_at_does_not_vouch_for_an_account(desk: Desk):
    told = talk(SupportGenie(desk=desk), "let me talk to a person", "John Smith, john.smith@example.com", "show me my invoices")
    assert "37777" not in told[-1]


def test_an_account_that_nobody_has_is_said_once_and_is_no_sign_in(desk: Desk, caplog: pytest.LogCaptureFixture):
    talk(SupportGenie(desk=desk), "show my invoices", profile={"customer_id": "C9999"})
    assert [record.getMessage() for record in caplog.records] == [
        "There is no account C9999: its customer is treated as not signed in."
    ]


def test_a_first_name_alone_contradicts_nobody_and_opens_nothing(desk: Desk):
    told, invoices = talk(SupportGenie(desk=desk), f"where is order {JOHNS}?", "show my invoices", profile={"name": "Ann"})
    assert told.startswith(f"Hello Ann! Order {JOHNS} is placed")
    assert "Smith" not in invoices
    assert "$" not in invoices
