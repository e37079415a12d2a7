"""Numbers of orders, refusals and questions, as a newcomer writes them: the answer is about what was asked, and true."""

from __future__ import annotations

import pytest

from supportgenie.offline.talk import numbered_order
from tests.supportgenie.chat import DAVID, Chat

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
