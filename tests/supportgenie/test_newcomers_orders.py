"""Numbers of orders, refusals and questions, as a newcomer writes them: the answer is about what was asked, and true."""

from __future__ import annotations

import pytest

from supportgenie.offline.talk import numbered_order
from supportgenie.state import CustomerState
from tests.supportgenie.chat import DAVID, JOHN, Chat

DAVIDS = "113542617735902"


def status(chat: Chat, number: str = DAVIDS) -> str:
    order = chat.desk.find_order(number)
    assert order is not None
    return order.status


@pytest.mark.parametrize(
    "ask", ["cancel order {}", "cancel my order number {} please", "cancel order no. {}", "cancel order #{}"]
)
@pytest.mark.parametrize("number", ["7", "12", "4711", "12345", "1234567", "99999999999", "9" * 25])
async def test_a_number_of_any_length_that_is_no_order_cancels_none(chat: Chat, ask: str, number: str):
    await chat.say("cancel my order", DAVID)  # another order is on offer
    told = await chat.say(ask.format(number))
    assert f"you have no order {number}" in told.replace("\n  ", " ")
    assert DAVIDS not in told
    assert status(chat) == "placed"


@pytest.mark.parametrize(
    "text",
    [
        "where is order {}?",
        "I want to change order {}",
        "refund order {}",
        "I want to return order {}",
        "change the address of order {}",
        "when does order {} arrive?",
    ],
)
@pytest.mark.parametrize("number", ["12", "12345"])
async def test_whatever_is_asked_about_an_unknown_number_is_not_answered_about_another_order(
    chat: Chat, text: str, number: str
):
    told = await chat.say(text.format(number), DAVID)
    assert f"no order {number}" in told.replace("\n  ", " ")
    assert DAVIDS not in told


@pytest.mark.parametrize(
    "text",
    [
        "I want to order 2 mice",
        "order 12 phones",
        "my order of 3 days ago",
        "an order over $50",
        "order 49.99",
        "invoice 37777",
    ],
)
def test_a_quantity_a_price_or_an_invoice_is_no_orders_number(text: str):
    assert numbered_order(text) is None


@pytest.mark.parametrize("between", [[], ["thanks"]])
@pytest.mark.parametrize(
    ("ask", "stands"),
    [
        ("I want to buy a Phone 6", "is placed and stays so"),
        ("cancel my order", "is cancelled and stays so"),
        ("how much is the gold plan?", "You are on the Gold plan"),
    ],
)
async def test_a_no_after_something_was_done_does_not_deny_it(chat: Chat, ask: str, stands: str, between: list[str]):
    await chat.say(ask, JOHN)
    for text in ("yes", *between):
        await chat.say(text)
    told = await chat.say("no")
    assert stands in told


async def test_a_no_to_a_second_offer_says_nothing_false_about_the_first(chat: Chat):
    for text in ("I want to buy a Phone 6", "yes", "I want to buy a mouse"):
        await chat.say(text, JOHN)
    assert await chat.say("no") == "All right, nothing more is ordered."


async def test_a_second_yes_orders_nothing_more(chat: Chat):
    for text in ("I want to buy a Phone 6", "yes", "yes"):
        told = await chat.say(text, JOHN)
    assert "went wrong" not in told
    assert len(chat.desk.orders_of("C1001")) == 3


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("is the Phone 6 waterproof?", "I do not know whether the Tern 6 phone is waterproof"),
        ("is the speaker loud?", "I do not know that about the Corner 2 speaker"),
        ("does the Phone 6 support 5G?", "I do not know that about the Tern 6 phone"),
        ("how heavy is the Harrow laptop?", "Of the Harrow 14 laptop our records say: 1.1 kg."),
    ],
)
async def test_a_question_about_a_product_is_answered_or_said_to_be_open_and_sells_nothing(chat: Chat, text: str, told: str):
    answer = await chat.say(text, JOHN)
    assert told in answer
    assert "order" not in answer
    assert ("I do not know" in told) == ("+1 800 555 0142" in answer)
    await chat.say("yes")
    assert len(chat.desk.orders_of("C1001")) == 2


@pytest.mark.parametrize("text", ["forget it", "never mind", "oh, forget about it", "It doesn't matter"])
@pytest.mark.parametrize(
    "ask", ["my laptop does not start", "cancel my order", "I want to file a complaint", "I want to buy a Phone 6"]
)
async def test_a_question_is_left_when_the_customer_says_to_forget_it(chat: Chat, ask: str, text: str):
    await chat.say(ask, JOHN)
    told = await chat.say(text)
    assert told.startswith("All right, ")
    assert "?" not in told
    assert status(chat, "370795561790") == "placed"
    assert len(chat.desk.tickets_of("C1001")) == 0


@pytest.mark.parametrize(
    "text",
    [
        "what have I ordered?",
        "list my orders",
        "which orders do I have?",
        "can I see all my orders?",
        "order history",
        "what did I order last month?",
    ],
)
@pytest.mark.parametrize(("customer", "orders"), [(JOHN, ["370795561790", "900100200301"]), (DAVID, [DAVIDS, "900100200305"])])
async def test_who_asks_for_their_orders_gets_all_of_them_and_no_offer(
    chat: Chat, text: str, customer: CustomerState, orders: list[str]
):
    told = await chat.say(text, customer)
    assert [number for number in orders if number in told] == orders
    assert "?" not in told
    await chat.say("yes")
    assert status(chat, orders[0]) == "placed"


async def test_a_list_of_orders_is_given_in_place_of_an_offer(chat: Chat):
    assert "Shall I cancel it" in await chat.say("cancel my order", JOHN)
    told = await chat.say("no, just list my orders")
    assert "370795561790" in told
    assert "900100200301" in told


async def test_orders_are_listed_for_their_owner_only(chat: Chat):
    assert "I have to know that it is you" in await chat.say("list my orders")
    await chat.say("john.smith@example.com")
    assert "900100200301" in await chat.say(chat.code)
