"""Refunds and investigations: asked by billing, done by their own agent, and always given back."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from supportgenie.state import CustomerState
from tests.supportgenie.chat import ANNA, GRACE, JOHN, ROBERT, Chat


def way(chat: Chat) -> list[str]:
    """The transfers and returns of the last turn."""
    calls: list[str] = []
    for message in chat.result.messages:
        calls = [] if message.role == "user" else [*calls, *(call.name for call in message.calls)]
    return [name for name in calls if name.startswith(("transfer", "return"))]


@pytest.mark.parametrize(
    ("customer", "order", "told"),
    [
        (
            ANNA,
            "00004587345",
            "I am sorry, but order 00004587345 can no longer be refunded: that was possible until February 20, 2025.",
        ),
        (ROBERT, "732201349959", "Order 732201349959 is shipped; it can be refunded once it has arrived."),
        (JOHN, "370795561790", "Order 370795561790 is placed but has not shipped, so it can simply be cancelled."),
        (JOHN, "99999999", "I could not find it: you have no order 99999999. Would you check the number?"),
    ],
)
async def test_a_refund_that_is_not_possible_is_explained_by_billing(
    chat: Chat, customer: CustomerState, order: str, told: str
):
    assert " ".join((await chat.say(f"I want a refund for order {order}", customer)).split()) == told
    assert chat.answered_by == "billing"
    assert way(chat) == ["transfer_to_sales", "transfer_to_billing", "transfer_to_refunds", "return_to_billing"]


async def test_a_denial_that_is_disputed_goes_to_a_person(chat: Chat):
    await chat.say("I want a refund for order 00004587345", ANNA)
    answer = await chat.say("that is unfair, I dispute it")
    assert chat.answered_by == "escalation"
    assert "your case is T-00002" in " ".join(answer.split())


@pytest.mark.parametrize("text", ["my refund was denied and I disagree", "I want to dispute the refund you rejected"])
async def test_a_refund_dispute_goes_straight_to_a_person(chat: Chat, text: str):
    await chat.say(text)
    assert chat.answered_by == "escalation"
    assert way(chat) == ["transfer_to_escalation"]


async def test_more_than_was_paid_is_not_asked_of_a_person(chat: Chat):
    assert await chat.say("refund me $2000 for order 00123842", GRACE) == snapshot(
        "No more than $1,200.00 of order 00123842 can be refunded until April 4, 2025. Shall I return it to you?"
    )
    assert chat.result.waiting == ()


async def test_who_says_no_is_left_alone(chat: Chat):
    await chat.say("I want a refund for order 900100200303", ROBERT)
    assert await chat.say("no, leave it") == "All right, then I leave it at that."
    assert chat.answered_by == "billing"
    assert len(chat.desk.refunds_of("C1002")) == 1


async def test_who_turns_to_something_else_is_given_back_and_put_through(chat: Chat):
    await chat.say("I want a refund for order 900100200303", ROBERT)
    assert chat.answered_by == "refunds"
    await chat.say("wait, where is order 732201349959?")
    assert way(chat) == ["return_to_billing", "transfer_to_router", "transfer_to_support"]
    assert chat.answered_by == "support"


async def test_a_charge_that_is_not_recognised_becomes_a_case(chat: Chat):
    assert await chat.say("I don't recognise the charge on invoice #37777", JOHN) == snapshot(
        "On record I see invoice 37777 over $1,538.00 (paid). A colleague looks into it: your case is T-00002."
    )
    ticket = chat.desk.find_ticket("T-00002")
    assert ticket is not None
    assert ticket.body == snapshot("""\
I don't recognise the charge on invoice #37777
On record: invoice 37777 over $1,538.00 (paid).\
""")
    assert way(chat)[-2:] == ["transfer_to_payment_investigator", "return_to_billing"]


async def test_a_payment_that_failed_is_looked_up_once_it_is_known_whose(chat: Chat):
    await chat.say("my payment was declined", CustomerState(customer_id="C1005"))
    assert await chat.say("it says that the card was refused") == snapshot(
        "On record I see invoice 113542 over $1,499.00 (open). A colleague looks into it: your case is T-00002."
    )
    assert chat.answered_by == "billing"


async def test_no_double_charge_is_said_to_be_none(chat: Chat):
    answer = await chat.say("I was charged twice", CustomerState(customer_id="C1001"))
    assert chat.answered_by == "billing"
    assert "T-0" not in answer
    assert chat.desk.find_ticket("T-00002") is None


async def test_nobody_of_that_name_is_asked_about_again(chat: Chat):
    await chat.say("I was charged twice!")
    assert await chat.say("My name is Nobody Atall") == snapshot(
        """\
I am sorry about that; let me look it up. For that I have to know that it is you: at which e-mail address is
  your account? I send a code there.\
"""
    )


@pytest.mark.parametrize("text", ["hm", "you are so helpful", "the weather is nice"])
async def test_what_was_settled_is_not_begun_again_by_a_remark(chat: Chat, text: str):
    await chat.say("I want a refund for order 900100200303", ROBERT)
    await chat.say("yes")
    await chat.say(text)
    assert way(chat) == []
    assert len(chat.desk.refunds_of("C1002")) == 2
