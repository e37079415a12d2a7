"""After wrong guesses the customer hears what happened and what helps; what is the customer's own is never held up."""

from __future__ import annotations

import pytest

from supportgenie import SupportGenie
from supportgenie.desk import Desk

JOHN = {"customer_id": "C1001"}
WRONG = "cancel order 900100200302"


def after_wrong_ones(desk: Desk, text: str, wrong: int) -> str:
    """Return the answer to the first message of a new conversation, after wrong numbers in others."""
    genie = SupportGenie(desk=desk)
    for number in range(wrong):
        genie.handle_query(WRONG, JOHN, conversation=f"wrong-{number}")
    return genie.handle_query(text, JOHN, conversation="new").text


@pytest.mark.parametrize("wrong", [3, 12])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("where is order 370795561790?", "Order 370795561790 is placed"),
        ("cancel order 370795561790", "Order 370795561790 is cancelled"),
        ("I want to return order 900100200301", "900100200301"),
        ("show me invoice 37777", "Invoice 37777"),
        ("list my orders", "370795561790"),
    ],
)
def test_wrong_numbers_hold_up_none_of_the_customers_own(desk: Desk, wrong: int, text: str, told: str):
    answer = after_wrong_ones(desk, text, wrong)
    assert told in answer
    assert "wait" not in answer


def test_who_has_to_wait_hears_why_and_what_helps(desk: Desk):
    told = after_wrong_ones(desk, "I want to return order 00123842", 3)
    assert "given today from your account were wrong" in told
    assert "please wait" in told
    assert "`list my orders` shows their numbers" in told


def test_a_stranger_who_has_to_wait_hears_where_the_number_is(desk: Desk):
    genie = SupportGenie(desk=desk)
    told = [genie.handle_query(f"where is order 9999999{number}?", conversation="c").text for number in range(4)][-1]
    assert "please wait" in told
    assert "the right number is in the confirmation e-mail" in told
    assert "account" not in told
