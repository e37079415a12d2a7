"""A model without a language model: it reads messages and tools, and answers by rules that the application declares per agent.

It goes the same way as any model, so that a demonstration or a test without a key shows the real runtime. It does not pretend:
who uses it says that answers come from rules and records (`OfflineModel.honest`).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import msgspec

from switchroom.context import settled
from switchroom.errors import UserError
from switchroom.messages import Message, ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.reply import Reply, respond


class Returned(msgspec.Struct, frozen=True):
    """A tool's result that came back in this turn."""

    tool: str
    text: str

    @property
    def data(self) -> Any:
        """The result as plain data, where it is JSON; else the text."""
        try:
            return msgspec.json.decode(self.text)
        except msgspec.DecodeError:
            return self.text


class Heard:
    """A request as rules read it.

    Attributes:
        request: the request itself.
    """

    def __init__(self, request: ModelRequest) -> None:
        self.request = request

    @cached_property
    def text(self) -> str:
        """What the person said last."""
        return next((message.text for message in reversed(self._all) if _by_person(message)), "")

    @cached_property
    def said(self) -> str:
        """All that the person said so far, the newest last, a line each."""
        return "\n".join(message.text for message in self._all if _by_person(message))

    @cached_property
    def results(self) -> tuple[Returned, ...]:
        """What tools returned since the person spoke, to whichever agent, in order. Handoffs are among them."""
        results: list[Returned] = []
        calls: list[ToolCall] = []
        for message in self._turn:
            if message.role == "assistant":
                calls = list(message.calls)
            elif message.role == "tool":
                called = next((call for call in calls if call.id == message.call_id), None)
                results.append(Returned(called.name if called else "", message.text))
        return tuple(results)

    @cached_property
    def learned(self) -> tuple[Returned, ...]:
        """The same without handoffs: what tools told."""
        return tuple(returned for returned in self.results if not returned.tool.startswith(_HANDOFFS))

    def result(self, tool: str) -> Returned | None:
        """What a tool returned last in this turn; None if it was not called."""
        return next((returned for returned in reversed(self.results) if returned.tool == tool), None)

    @cached_property
    def tools(self) -> frozenset[str]:
        """The names of the tools and handoffs that the agent has."""
        return frozenset(spec.name for spec in self.request.tools)

    def find(self, pattern: str) -> re.Match[str] | None:
        """The first place in what the person said last that matches, whatever the case."""
        return re.search(pattern, self.text, re.IGNORECASE)

    @cached_property
    def _all(self) -> list[Message]:
        return list(self.request.messages)

    @cached_property
    def _turn(self) -> list[Message]:
        for index in range(len(self._all) - 1, -1, -1):
            if _by_person(self._all[index]):
                return self._all[index + 1 :]
        return self._all


_HANDOFFS = ("transfer_to_", "return_to_")


def _by_person(message: Message) -> bool:
    return message.role == "user"


Rule: TypeAlias = Callable[[Heard], "Reply | Awaitable[Reply | None] | None"]


class OfflineModel:
    """Answers by the first rule of the agent that has an answer.

    Args:
        rules: for each agent's name, rules in their order: `rule(heard)` gives an answer as a `FunctionModel` does, or None
            to pass.
    """

    honest = "Answers come from rules and records, not from a language model."

    def __init__(self, rules: Mapping[str, Sequence[Rule]]) -> None:
        self._rules = rules

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Answer the request by rule.

        Raises:
            UserError: no rule of the agent has an answer.
        """
        heard = Heard(request)
        rules = self._rules.get(request.agent, ())
        for rule in rules:
            reply = await settled(rule(heard))
            if reply is not None:
                return await respond(reply, emit, f"An offline rule of agent '{request.agent}'")
        raise UserError(
            f"None of the {len(rules)} offline rules of agent '{request.agent}' answers {heard.text[:200]!r}. "
            "End its rules with otherwise(...)."
        )


def when(pattern: str, answer: Callable[[Heard, re.Match[str]], Reply | None]) -> Rule:
    """A rule for what the person said, as long as no tool told anything in this turn: `answer(heard, match)`."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def rule(heard: Heard) -> Reply | None:
        if heard.learned:
            return None
        match = compiled.search(heard.text)
        return None if match is None else answer(heard, match)

    return rule


def after(tool: str, answer: Callable[[Heard, Returned], Reply | None]) -> Rule:
    """A rule for when the tool that returned last is this one: `answer(heard, returned)`."""

    def rule(heard: Heard) -> Reply | None:
        if not heard.results or heard.results[-1].tool != tool:
            return None
        return answer(heard, heard.results[-1])

    return rule


def otherwise(answer: Callable[[Heard], Reply]) -> Rule:
    """A rule that always answers; the last of an agent's."""
    return answer
