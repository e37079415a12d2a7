"""A small application for the command line's tests: a front desk that puts charges through to billing."""

from __future__ import annotations

import asyncio
import os
import signal

from pydantic import BaseModel

from switchroom import Agent, RunConfig, Team, handoff, tool
from switchroom.guardrail import Judgement, Pass, Replace, on_output
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call


class Case(BaseModel):
    order: str
    problem: str = ""


@tool(effect="read")
async def look_up(order: str) -> dict[str, object]:
    """Look an order up."""
    return {"order": order, "status": "delivered", "cents": 16000}


@tool(effect="irreversible", needs_approval=lambda asked: True)
async def refund(order: str, cents: int) -> str:
    """Return money."""
    return f"{cents} returned for {order}"


@tool(effect="idempotent")
async def post(parcel: str) -> str:
    """Send a parcel. The process dies over it once, if a file says so."""
    print("posting", parcel)  # what tools print must not get among the data
    fuse = os.environ.get("FUSE")
    if fuse and os.path.exists(fuse):
        os.remove(fuse)
        os.kill(os.getpid(), signal.SIGKILL)
    return f"{parcel} is posted"


@tool(effect="read")
async def ponder(seconds: float) -> str:
    """Take time."""
    await asyncio.sleep(seconds)
    return "nothing came of it"


async def front(request: ModelRequest) -> object:
    last = request.messages[-1]
    match last.role, last.text:
        case "tool", text:
            return f"So it is: {text}."
        case _, text if "charged" in text:
            brief = {"order": "9001", "problem": "two charges"}
            return ["One moment.", call("transfer_to_billing", reason="charged twice", **brief)]
        case _, text if "parcel" in text:
            return call("post", parcel="P7")
        case _, text if "slowly" in text:
            await asyncio.sleep(3)
            return "That took a while."
        case _, text if "rest" in text:
            return call("ponder", seconds=2.5)
        case _, text if "ponder" in text:
            return call("ponder", seconds=30)
        case _, text if "fail" in text:
            raise ConnectionError("the line is down")
        case _, text if "secret" in text:
            return "The secret is 1234."
        case _:
            return "Hello from the desk, \x1b[31mwhat can I do?"


def money(request: ModelRequest) -> object:
    last = request.messages[-1]
    if "returned" in last.text or "not approve" in last.text:
        return f"Billing says: {last.text}."
    if '"delivered"' in last.text:
        return call("refund", order="9001", cents=16000)
    return call("look_up", order="9001")


async def discreet(ctx: object, text: str) -> Judgement:
    return Replace("That is a secret.") if "1234" in text else Pass()


desk = Agent(
    "desk",
    model=FunctionModel(front),  # pyright: ignore[reportArgumentType]
    tools=[post, ponder],
    handoffs=[handoff("billing", requires=Case)],
    guardrails=[on_output(discreet)],
)
billing = Agent("billing", model=FunctionModel(money), tools=[look_up, refund])  # pyright: ignore[reportArgumentType]
app = Team([desk, billing])
config = RunConfig(max_turns=12)
