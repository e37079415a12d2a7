"""A support desk whose models answer by what they read, and whose tools tell that their bodies have run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from switchroom import Agent, Decline, RunConfig, Runner, RunResult, Team, handoff, tool
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.reply import Reply
from switchroom.testing import Cassette, FunctionModel, call
from tests.helpers import asked_by_person

CONVERSATION = "c-1"


class Case(BaseModel):
    """What billing needs to know."""

    order: str


@dataclass
class World:
    """What was touched outside of the run: the agents whose models were asked, the tools whose bodies ran."""

    asked: list[str] = field(default_factory=list[str])
    ran: list[str] = field(default_factory=list[str])

    @property
    def untouched(self) -> bool:
        """Whether nothing was."""
        return not self.asked and not self.ran


def desk(world: World, **changes: Any) -> Team:
    """Triage and billing, as they are or with something changed.

    Args:
        world: where it is told what was touched.
        changes: `triage`, `billing`: options of the agents; `transfer`: options of the handoff; `approve`: whether a refund
            needs approval; `refund`: its name; `taken`: the name of its argument's description.
    """

    def answer(request: ModelRequest) -> Reply:
        world.asked.append(request.agent)
        newest = request.messages[-1].text
        if request.agent == "triage":
            if asked_by_person(request) and "twice" in newest:
                return ["One moment.", call("transfer_to_billing", reason="charged twice", order="A-17")]
            return f"Hello! You said: {newest}"
        if "puts the conversation through" in newest:
            return [call("look_up", order="A-17"), call("refund", order="A-17", cents=4_900)]
        return f"Done: {newest}."

    @tool(effect="read")
    async def look_up(order: str) -> dict[str, Any]:
        """Look an order up."""
        world.ran.append("look_up")
        return {"order": order, "paid": [4_900, 4_900]}

    @tool(name=changes.get("refund", "refund"), effect="irreversible", needs_approval=changes.get("approve", False))
    async def refund(order: str, cents: int) -> str:
        """Pay money back."""
        world.ran.append("refund")
        return f"refunded ${cents / 100:.2f}"

    model = FunctionModel(answer)
    billing: dict[str, Any] = {"instructions": "You handle invoices.", "tools": [look_up, refund], **changes.get("billing", {})}
    triage: dict[str, Any] = {"instructions": "Greet, understand, put through.", **changes.get("triage", {})}
    terms: dict[str, Any] = {"requires": Case, **changes.get("transfer", {})}
    return Team(
        [
            Agent("triage", model=model, handoffs=[handoff("billing", **terms)], **triage),
            Agent("billing", model=model, **billing),
        ],
        name="desk",
    )


def busy(context: Any, brief: Case) -> Decline:
    """Billing takes nobody."""
    return Decline("we are closed")


async def recorded(step: Any, *inputs: Any, config: RunConfig | None = None, **options: Any) -> tuple[Cassette, RunResult[Any]]:
    """A conversation of these inputs: its cassette, and the result of its last turn. A person says yes to all."""
    given = config or RunConfig(journal=MemoryJournal())
    assert given.journal is not None
    result: RunResult[Any] | None = None
    for input in inputs:
        result = await Runner.run(step, input, config=given, conversation=CONVERSATION, **options)
        while result.waiting:
            answers = {one.id: True for one in result.waiting}
            result = await Runner.resume(step, config=given, conversation=CONVERSATION, answers=answers)
        options.pop("state", None)
    assert result is not None
    return Cassette.from_journal(given.journal, CONVERSATION), result


async def asked_for(step: Any, *answers: Any) -> tuple[Cassette, RunResult[Any]]:
    """A refund for which a person is asked, and answers so, one answer after the other."""
    journal = MemoryJournal()
    config = RunConfig(journal=journal)
    result = await Runner.run(step, "I was charged twice", config=config, conversation=CONVERSATION)
    for answer in answers:
        given = {one.id: answer for one in result.waiting}
        result = await Runner.resume(step, config=config, conversation=CONVERSATION, answers=given)
    return Cassette.from_journal(journal, CONVERSATION), result
