"""A run while it goes on, as that SDK thinks of it: who takes part, what was used, what guardrails said."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from switchroom.compat.agents.agent import Agent
from switchroom.compat.agents.convert import TResponseInputItem
from switchroom.compat.agents.exceptions import MaxTurnsExceeded
from switchroom.compat.agents.guardrail import InputGuardrailResult, OutputGuardrailResult
from switchroom.compat.agents.handoffs import Handoff
from switchroom.compat.agents.items import RunItem
from switchroom.compat.agents.run_config import RunConfig
from switchroom.compat.agents.run_context import RunContextWrapper
from switchroom.compat.agents.usage import Usage
from switchroom.messages import Message


class Stopped(Exception):
    """A run was asked to stop, and does so before its next request to a model."""


class Keeps(Protocol):
    """Writes a run's session."""

    async def keep(self, history: Sequence[Message]) -> None:
        """Add the complete turns of a history that the session does not have yet."""
        ...

    async def end(self) -> None:
        """Add what is left when the run ends early."""
        ...


BY_TOOLS = "tools"
"""Who answered, as facts say it, where what a tool returned is the output."""


class Exit(NamedTuple):
    """A way out of an agent: the handoff, and the name under which the target takes part in the run."""

    handoff: Handoff[Any, Any]
    target: str


class Answer(NamedTuple):
    """What a model answered, and what it used."""

    message: Message
    usage: Usage


@dataclass(eq=False)
class Running:
    """A run.

    Args:
        start: the agent that it begins with.
        input: what it was asked, with the session's history before it; after a filtered handoff, what the filter left.
        config: its options.
        max_turns: answers that models may give; None: any number.
        wrapper: what user code is given of it.
        parent: the run in which it was started.

    Attributes:
        messages: the input as messages.
        agents: the agents that take part by the names that they have in it: their own, unless two have the same.
        exits: their ways out, by the name of the tool as Switchroom calls it.
        active: the name of the agent that was asked last.
        history: what it was asked with.
        begins: how many messages of the history are the input.
        filtered: whether the message behind these is the brief of a handoff, which that SDK does not have.
        before: the items from before a filtered handoff.
        turns: how many answers were asked for.
        answers: those that were given.
        outputs: what tools returned, by the call's id and the text that the model reads of it.
        unfinished: the last answer, as long as its calls have not all returned.
        began: the calls that began, by id, with the text that the model reads of each result; None until there is one.
        keeper: who writes the session.
        cancelled: whether the run is to stop before its next request to a model.
        standing: whether the run is a turn of a conversation, whose messages are its input.
        hidden: the tools, as (agent, name), that the last request did not show.
        judged: whether the input guardrails have seen the input.
        stopped: whether a tool's result is the output, so that the last answer is no model's.
        final: that output, as the object that it is.
    """

    start: Agent[Any]
    input: str | list[TResponseInputItem]
    config: RunConfig
    max_turns: int | None
    wrapper: RunContextWrapper[Any]
    parent: Running | None
    messages: tuple[Message, ...] = ()
    agents: dict[str, Agent[Any]] = field(default_factory=dict[str, Agent[Any]])
    exits: dict[str, dict[str, Exit]] = field(default_factory=dict[str, dict[str, Exit]])
    active: str = ""
    history: Sequence[Message] = ()
    begins: int = 0
    filtered: bool = False
    before: list[RunItem] = field(default_factory=list[RunItem])
    turns: int = 0
    answers: list[Answer] = field(default_factory=list[Answer])
    outputs: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    unfinished: Message | None = None
    began: dict[str, str | None] = field(default_factory=dict[str, "str | None"])
    keeper: Keeps | None = None
    cancelled: bool = False
    standing: bool = False
    hidden: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    judged: bool = False
    stopped: bool = False
    final: Any = None
    input_results: list[InputGuardrailResult] = field(default_factory=list[InputGuardrailResult])
    output_results: list[OutputGuardrailResult] = field(default_factory=list[OutputGuardrailResult])
    tripped: InputGuardrailResult | OutputGuardrailResult | None = None

    def model_of(self, agent: Agent[Any]) -> Any:
        """An agent's model: what the run's options name, the agent itself, the options of the runs around it; in this order."""
        found = self.config.model or agent.model
        around = self.parent
        while found is None and around is not None:
            found, around = around.config.model, around.parent
        return found

    def count(self) -> None:
        """Count a turn.

        Raises:
            MaxTurnsExceeded: there were as many as the run was given.
        """
        if self.max_turns is not None and self.turns >= self.max_turns:
            raise MaxTurnsExceeded(
                f"The run of '{self.start.name}' had {self.turns} model answers and is not finished. "
                f"Allow more than max_turns={self.max_turns}, or find out what goes round in error.run_data.new_items."
            )
        self.turns += 1


def last_said(messages: Sequence[Message]) -> int:
    """Return how many messages stand before the answers to the newest message of a person."""
    return next((place + 1 for place in reversed(range(len(messages))) if messages[place].role == "user"), 0)


CURRENT: ContextVar[Running | None] = ContextVar("switchroom_compat_run", default=None)
"""The run in which code runs."""
