"""What is suggested beside what a customer asked for: where it fits, to who is calm, and once."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from supportgenie.desk import Desk
from supportgenie.state import CustomerState
from supportgenie.upsell import ACCESSORIES, PLANS, offer_for
from tests.supportgenie.chat import Chat
from tests.supportgenie.test_tools import ALL, told

CALM = CustomerState(tier="free")


@pytest.mark.parametrize(
    ("asked", "known", "sku"),
    [
        ("laptop-14", {}, "case-14"),
        ("mouse-m", {}, None),
        ("plans", {"tier": "free"}, "plan-standard"),
        ("plans", {"tier": "Standard"}, "plan-pro"),
        ("plans", {"tier": "gold", "plan": "pro"}, "plan-premium"),
        ("plans", {"tier": "gold"}, None),
        ("plans", {}, None),
        ("laptop-14", {"mood": "heated"}, None),
        ("laptop-14", {"mood": "angry"}, None),
        ("laptop-14", {"escalated": True}, None),
        ("laptop-14", {"ticket_number": "T-00002"}, None),
        ("laptop-14", {"offered": "plan-pro"}, None),
    ],
)
def test_the_rule(asked: str, known: dict[str, Any], sku: str | None):
    offer = offer_for(asked, CustomerState(**known))
    assert (offer and offer.sku) == sku


def test_nothing_is_suggested_where_nothing_is_known():
    assert offer_for("laptop-14", None) is None


def test_all_that_is_suggested_is_in_the_catalogue(reading_desk: Desk):
    known = {product.sku for product in reading_desk.products()}
    assert {*ACCESSORIES, *(offer.sku for offer in (*ACCESSORIES.values(), *PLANS.values()))} <= known


async def test_a_tool_names_what_may_be_suggested_and_nothing_else_does(desk: Desk):
    found = await told(desk, ALL["find_product"], CALM, product="laptop")
    assert found["suggest"] == snapshot(
        {
            "product": "Sleeve for Harrow 14",
            "sku": "case-14",
            "kind": "accessory",
            "price": "$39.00",
            "about": "felt sleeve with a pocket for the charger",
            "in_stock": 64,
            "why": "fits it, in case you carry it around",
        }
    )
    assert "suggest" not in await told(desk, ALL["find_product"], product="laptop")
    assert "suggest" not in await told(desk, ALL["find_product"], CALM, product="mouse")
    assert "suggest" not in await told(desk, ALL["list_products"], CALM, kind="device")


async def test_what_is_sold_out_is_not_suggested(desk: Desk):
    desk.place_order("C1008", {"case-14": 20}, key="1")
    desk.place_order("C1008", {"case-14": 20}, key="2")
    desk.place_order("C1008", {"case-14": 20}, key="3")
    desk.place_order("C1008", {"case-14": 4}, key="4")
    assert "suggest" not in await told(desk, ALL["find_product"], CALM, product="laptop")


async def test_it_is_said_once_in_a_conversation(chat: Chat):
    assert "Sleeve" in await chat.say("how much is the laptop?", CALM)
    assert "Sleeve" not in await chat.say("and how much is the laptop with a keyboard?")
    assert "Mouse" not in await chat.say("which plans do you have?")


async def test_who_is_not_calm_is_told_the_price_alone(chat: Chat):
    answer = await chat.say("what is the damn price of the laptop?", CALM)
    assert "$1,499.00" in answer
    assert "Sleeve" not in answer


async def test_who_asks_about_plans_hears_what_the_next_one_brings(chat: Chat):
    assert await chat.say("which plans do you have?", CALM) == snapshot("""\
There are these plans: Free for $0.00 a month, Freemium for $0.00 a month, Standard for $4.99 a month, Pro for
  $9.99 a month, Premium for $14.99 a month, Gold for $19.99 a month and Platinum for $29.99 a month. The
  Standard plan brings free standard delivery within the country, for $4.99 a month. Which one would you like to
  know more about?\
""")
