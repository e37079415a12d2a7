"""Whether a person has to take over, after an agent answered."""

from __future__ import annotations

import pytest

from supportgenie.judge import Case, needs_escalation
from supportgenie.turns import Result, Turn

FINE = "Order 732201349959 was shipped on March 12, 2025."


def judged(
    text: str, answer: str = FINE, agent: str = "support", results: list[tuple[str, Result]] | None = None
) -> str | None:
    return needs_escalation(Case(agent, answer, [Turn("hello"), Turn(text, results or [])]))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("where is my order 732201349959?", None),
        ("where is it, you useless people?", "anger"),
        ("I want to complain about the courier", "complaint"),
        ("my headphones are smoking", "danger"),
        ("it is urgent: where is my order?", "urgency"),
        ("you idiots, it is burning", "danger"),
        ("no complaints, and it is not urgent: where is it?", None),
    ],
)
def test_the_customers_words_may_ask_for_a_person(text: str, cause: str | None):
    assert judged(text) == cause


@pytest.mark.parametrize(
    ("answer", "agent", "cause"),
    [
        ("I am sorry, but I cannot help with that.", "support", "not_helped"),
        ("I'm afraid I'm unable to assist here.", "technical", "not_helped"),
        ("That is beyond what I can do.", "sales", "not_helped"),
        ("We can\u2019t solve this.", "billing", "not_helped"),
        ("I see that you can't fix it by yourself: press the button.", "technical", None),
        ("It can no longer be cancelled, but it can be sent back.", "support", None),
        ("I cannot help with that. Is it about an order?", "router", None),
        ("I am sorry, I cannot help with that.", "fallback", None),
    ],
)
def test_a_specialist_who_cannot_help_is_taken_at_their_word(answer: str, agent: str, cause: str | None):
    assert judged("can you do it?", answer, agent) == cause


@pytest.mark.parametrize(
    ("results", "cause"),
    [
        ([("refund", {"refused": "a person did not approve this"})], "refund_failed"),
        ([("refund", {"refused": "failed: ConnectionError: the bank is down"})], "refund_failed"),
        ([("refund", {"refused": "$0.00 of order 1 can be refunded; it could be returned until March 1"})], None),
        ([("refund", {"refund": "R-00006"})], None),
        ([("return_to_billing", {"outcome": {"status": "not_approved"}})], "refund_failed"),
        ([("return_to_billing", {"outcome": {"status": "denied"}})], None),
        ([("diagnose", {"verdict": "hardware"})], "hardware"),
        ([("diagnose", {"ask": "what does the light do?"})], None),
    ],
)
def test_what_happened_may_ask_for_a_person(results: list[tuple[str, Result]], cause: str | None):
    assert judged("what now?", agent="billing", results=results) == cause


def test_what_is_urgent_and_done_needs_nobody():
    assert judged("urgent: cancel order 370795561790", results=[("cancel_order", {"status": "cancelled"})]) is None
    assert judged("urgent: cancel order 370795561790", results=[("cancel_order", {"refused": "it has shipped"})]) == "urgency"


def test_nobody_takes_over_from_escalation_nor_twice_in_a_turn():
    assert judged("you idiots", agent="escalation") is None
    assert judged("you idiots", results=[("transfer_to_escalation", {"brief": {}})]) is None
    assert judged("you idiots", results=[("transfer_to_escalation", {"refused": "not put through"})]) == "anger"
    assert needs_escalation(Case("support", FINE, [])) is None
