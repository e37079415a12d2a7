"""An application with some of everything that is drawn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import Enum
from typing import Any

from pydantic import BaseModel

from switchroom import (
    Agent,
    Event,
    HandoffEvent,
    Node,
    OutputNode,
    RunConfig,
    Session,
    Team,
    Tool,
    handoff,
    route,
    sequential,
    tool,
)
from switchroom.guardrail import Pass, on_input
from switchroom.session import BackgroundNode
from switchroom.testing import FunctionModel
from switchroom.wrap import retrying

CONFIG = RunConfig(model=FunctionModel(lambda request: "hello"))


class Case(BaseModel):
    """What is handed over."""

    order: str


class Outcome(BaseModel):
    """What is handed back."""

    paid: bool


@tool(effect="read")
def find_order(order: str) -> str:
    """Look an order up."""
    return order


@tool(effect="irreversible", needs_approval=True)
def refund(order: str) -> str:
    """Pay money back."""
    return order


def undeclared(order: str) -> str:
    """Do something."""
    return order


async def polite(ctx: Any, text: str) -> Pass:
    return Pass()


def team() -> Team:
    """Agents with handoffs both ways, terms, tools, a guard."""
    triage = Agent("triage", handoffs=[handoff("billing", requires=Case)], description="greets", guardrails=[on_input(polite)])
    billing = Agent(
        "billing",
        handoffs=["triage", handoff("refunds", requires=Case, returns=Outcome)],
        tools=[retrying(find_order), undeclared, Agent("auditor", description="audits").as_tool()],
        description='invoices <and> "charges"',
    )
    refunds = Agent("refunds", tools=[refund], description="pays back")
    return Team([triage, billing, refunds], fallback="triage", name="desk")


class Kind(Enum):
    """What may be asked."""

    DATA = "data"
    CHARTS = "charts"


def sort(text: str) -> Kind:
    """Sort a question."""
    return Kind.DATA


def clean(text: str) -> str:
    """Take out what is not wanted."""
    return text


def workflow() -> Any:
    """A route within a sequence."""
    desk = route(sort, {Kind.DATA: Agent("data"), Kind.CHARTS: Agent("charts")}, fallback=Agent("general"))
    return sequential(clean, desk, retrying(Agent("writer"))).named("answering", description="sorts, answers, writes")


class Greeter(OutputNode):
    """Greets, and hands over to the till."""

    async def generate_response(self) -> AsyncIterator[str]:
        await self.send_event(HandoffEvent(target="till", reason="wants to pay"))
        yield "One moment."


def is_late(event: Event) -> bool:
    return False


def session() -> Session:
    """A graph of nodes of all kinds."""
    graph = Session(fallback=Agent("reception"))
    for node in (Node("hall"), Greeter("greeter"), OutputNode("till", step=Agent("cashier")), BackgroundNode("notes")):
        graph.add_node(node)
    graph.add_edge("hall", "greeter", "welcome")
    graph.add_edge("hall", "till", is_late)
    graph.add_edge("hall", "notes")
    return graph


def crowd(count: int) -> Agent[Any]:
    """An agent that may call many."""
    tools = [Tool.from_schema(f"tool_{n}", "t", {"type": "object"}, nothing, effect="read") for n in range(count)]
    return Agent("crowd", tools=tools)


async def nothing(**args: Any) -> str:
    return ""
