"""A support desk: triage puts through, billing pays back, nobody goes unanswered."""

from __future__ import annotations

import os

from pydantic import BaseModel
from switchroom import (
    RECOMMENDED_PROMPT_PREFIX,
    Agent,
    RunConfig,
    Team,
    ToolContext,
    handoff,
    tool,
)

from offline import model


class Order(BaseModel):
    """An order as the shop has it; `cents` is its price."""

    item: str
    status: str
    cents: int
    charges: int = 1


ORDERS = {
    "A-17": Order(item="headphones", status="delivered", cents=8_900, charges=2),
    "A-18": Order(item="cable", status="on its way", cents=900, charges=2),
    "A-19": Order(item="lamp", status="on its way", cents=4_500),
}
"""The orders by number; your database takes its place."""


class BillingCase(BaseModel):
    """What billing has to be told when a customer is put through."""

    order: str
    problem: str


@tool(effect="read")
async def look_up_order(order: str) -> Order | str:
    """Look an order up: what it is, where it is, and how often it was charged.

    Args:
        order: its number, such as A-17.
    """
    return ORDERS.get(order, f"There is no order {order}.")


@tool(effect="irreversible", needs_approval=lambda call: call.args["cents"] > 5_000)
async def refund(ctx: ToolContext, order: str, cents: int) -> str:
    """Pay money back for an order. Above $50 a person is asked first.

    Args:
        order: its number, such as A-17.
        cents: how much, in US cents.
    """
    found = ORDERS.get(order)
    owed = found.cents * (found.charges - 1) if found else 0
    if cents > owed:  # whatever a model asks for
        return f"[not done: ${owed / 100:.2f} is owed for order {order}]"
    # Call your payment provider here, with ctx.effect_key as idempotency key: it is the
    # same for every try at this call, also after a crash.
    return f"${cents / 100:.2f} refunded for order {order}"


triage = Agent(
    "triage",
    f"{RECOMMENDED_PROMPT_PREFIX}\n\n"
    "You greet customers of a shop and find out what they need. Ask for the order's "
    "number before you put a customer through to billing. Whoever wants a person is "
    "put through to reception.",
    handoffs=[handoff("billing", requires=BillingCase), "reception"],
    description="greets, finds out what it is about, puts through",
)
billing = Agent(
    "billing",
    f"{RECOMMENDED_PROMPT_PREFIX}\n\n"
    "You answer questions about orders and charges. Look the order up before you say "
    "anything about it. Refund what was charged more than once, and nothing else.",
    tools=[look_up_order, refund],
    handoffs=["triage"],
    description="orders, charges, refunds",
)
reception = Agent(
    "reception",
    "You speak when nobody else could help. Apologise once, and give the telephone "
    "number: 555-0100, Monday to Friday.",
    description="people at the telephone, the last resort",
)

app = Team([triage, billing, reception], entry="triage", fallback="reception")

# A language model answers if SWITCHROOM_MODEL names one, else the rules of offline.py.
config = RunConfig(
    journal="sqlite:///chats.db", model=os.environ.get("SWITCHROOM_MODEL") or model
)
