"""A support desk: handoffs with terms, tools with their effects, a person's approval, a last resort."""

import asyncio

from pydantic import BaseModel

from switchroom import Agent, RunConfig, Team, ToolContext, handoff, tool
from switchroom.testing import FunctionModel

ORDERS = {"A-1": 3_000}


class Case(BaseModel):
    """What billing has to know."""

    order: str


def found(order: str) -> int:
    """What an order costs."""
    return ORDERS.get(order, 0)


@tool(effect="read")
def look_up(order: str) -> int:
    """Look an order up."""
    return found(order)


@tool(effect="read", timeout=5)
async def track(order: str) -> str:
    """Ask where a parcel is."""
    process = await asyncio.create_subprocess_exec("echo", order)
    await process.wait()
    return order


@tool(effect="irreversible", needs_approval=True)
async def refund(ctx: ToolContext, order: str) -> str:
    """Pay money back."""
    await ctx.update(last=order)
    return f"paid for {order}"


people = Agent("people", "Apologise, and offer a person.", description="a person's desk")
billing = Agent("billing", tools=[look_up, refund], handoffs=["triage", people], description="invoices, refunds")
parcels = Agent("parcels", tools=[look_up, track], handoffs=["triage", people], description="parcels")
triage = Agent("triage", handoffs=[handoff("billing", requires=Case), "parcels", people], description="the front desk")
team = Team([triage, billing, parcels, people], name="desk", fallback=people)
config = RunConfig(model=FunctionModel(lambda request: "hello"))
