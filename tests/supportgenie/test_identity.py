"""A number identifies an order, never the account behind it: who is not known to own an account learns nothing else of it."""

from __future__ import annotations

from typing import Any

import pytest

from supportgenie import SupportGenie
from supportgenie.desk import Desk

JOHNS = "370795561790"
MALLORY = {"name": "Mallory", "email": "mallory@example.net", "tier": "gold"}


def status(desk: Desk, number: str = JOHNS) -> str:
    order = desk.find_order(number)
    assert order is not None
    return order.status


def talk(genie: SupportGenie, *texts: str, profile: dict[str, Any] | None = None) -> list[str]:
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


@pytest.mark.parametrize("profile", [MALLORY, {"name": "John Smith"}, {"name": "John Smith", "tier": "gold"}, None])
def test_a_number_or_a_name_alone_cancels_nothing(desk: Desk, profile: dict[str, str] | None):
    (told,) = talk(SupportGenie(desk=desk), f"cancel order {JOHNS}", profile=profile)
    assert "at which e-mail address is your account?" in told
    assert status(desk) == "placed"


@pytest.mark.parametrize("profile", [MALLORY, {"customer_id": "C1006"}])
def test_whom_the_host_vouches_for_hears_of_anothers_order_as_of_none(desk: Desk, profile: dict[str, str]):
    ask = "where is order {}?"
    real, invented = (talk(SupportGenie(desk=desk), ask.format(n), profile=profile)[0] for n in (JOHNS, "99999999"))
    assert "you have no order" in real
    assert real.replace(JOHNS, "99999999") == invented


def test_who_has_signed_in_as_somebody_else_hears_the_same_of_an_order_that_exists_and_of_one_that_does_not(desk: Desk):
    ann = {"customer_id": "C1006"}
    real, invented = (talk(SupportGenie(desk=desk), f"cancel order {number}", profile=ann)[0] for number in (JOHNS, "99999999"))
    assert real.replace(JOHNS, "99999999") == invented
    assert status(desk) == "placed"


def test_an_anonymous_exit_is_answered_without_anybodys_plan(desk: Desk):
    told = talk(SupportGenie(desk=desk), f"where is order {JOHNS}?", "exit")
    assert "Gold" not in told[1]
    assert "John" not in told[1]


@pytest.mark.parametrize(
    "profile",
    [{"email": "John.Smith@example.com"}, {"customer_id": "c1001"}, {"name": "Smith", "email": "john.smith@example.com"}],
)
def test_who_owns_the_account_sees_its_invoices(desk: Desk, profile: dict[str, str]):
    (told,) = talk(SupportGenie(desk=desk), "show me my invoices", profile=profile)
    assert "invoices of John Smith" in told


@pytest.mark.parametrize(
    ("said", "profile"),
    [
        ("I am john.smith@example.com", None),
        ("I am john.smith@example.com, order 732201349959", None),
        (f"I am john.smith@example.com, order {JOHNS}", None),
        (f"I am john.smith@example.com, order {JOHNS}, invoice 37777", {"name": "John Smith"}),
        (f"I am john.smith@example.com, order {JOHNS}", MALLORY),
        (f"I am john.smith@example.com, order {JOHNS}", {"email": "mallory@example.org"}),
        ("open an account for John Smith, john.smith@example.com", None),
    ],
)
def test_no_address_name_or_number_in_a_message_signs_anybody_in(desk: Desk, said: str, profile: dict[str, str] | None):
    told = talk(SupportGenie(desk=desk), said, "show me my invoices", profile=profile)
    assert "John Smith" not in told[-1]
    assert "37777" not in told[-1]


@pytest.mark.parametrize(
    "profile",
    [
        {"name": "Mallory Stranger", "email": "john.smith@example.com"},
        {"customer_id": "C1006", "email": "john.smith@example.com"},
        {"customer_id": "C9999", "email": "john.smith@example.com"},
        {"email": "john.smith@example.com", "email_verified": False},
    ],
)
def test_a_profile_with_somebody_elses_address_signs_nobody_in(desk: Desk, profile: dict[str, Any]):
    genie = SupportGenie(desk=desk)
    told = talk(genie, "show me my invoices", "and my latest order?", f"cancel order {JOHNS}", profile=profile)
    told += [genie.handle_query("show me my invoices", conversation="c").text]  # the profile is not forgotten either
    assert not [text for text in told if "37777" in text or "John" in text or "Ortega" in text]
    assert status(desk) == "placed"


def test_the_newest_profile_says_whose_conversation_it_is(desk: Desk):
    genie = SupportGenie(desk=desk)
    ask = "show me my invoices"
    assert "John Smith" in genie.handle_query(ask, {"email": "john.smith@example.com"}, conversation="c").text
    assert "John Smith" in genie.handle_query(ask, conversation="c").text
    assert "John Smith" not in genie.handle_query(ask, {"email": "mallory@example.net"}, conversation="c").text
    assert "Ann Ortega" in genie.handle_query(ask, {"customer_id": "C1006"}, conversation="c").text


def test_an_address_to_be_reached_at_does_not_vouch_for_an_account(desk: Desk):
    told = talk(SupportGenie(desk=desk), "let me talk to a person", "John Smith, john.smith@example.com", "show me my invoices")
    assert "37777" not in told[-1]


def test_an_account_that_nobody_has_is_said_once_and_is_no_sign_in(desk: Desk, caplog: pytest.LogCaptureFixture):
    talk(SupportGenie(desk=desk), "show my invoices", profile={"customer_id": "C9999"})
    assert [record.getMessage() for record in caplog.records] == ["There is no account C9999, so nobody is signed in."]


def test_a_first_name_alone_contradicts_nobody_and_opens_nothing(desk: Desk):
    told, invoices = talk(SupportGenie(desk=desk), f"where is order {JOHNS}?", "show my invoices", profile={"name": "Ann"})
    assert told.startswith(f"Hello Ann! Order {JOHNS} is placed")
    assert "Smith" not in invoices
    assert "$" not in invoices
