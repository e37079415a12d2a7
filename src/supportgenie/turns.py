"""A conversation read turn by turn: what the customer wrote, what was called and what it returned, what was said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar, cast

from switchroom import Message

Result: TypeAlias = dict[str, Any]
T = TypeVar("T", bound="Turn")

TRANSFER = "transfer_to_"
RETURN = "return_to_"


@dataclass
class Turn:
    """One message of the customer with what happened after it.

    Attributes:
        text: what the customer wrote.
        results: what was called, handoffs included, and what came back, in order.
        said: what was answered last.
        by: the agent who answered.
    """

    text: str
    results: list[tuple[str, Result]] = field(default_factory=list[tuple[str, Result]])
    said: str = ""
    by: str = ""

    @property
    def brief(self) -> Result:
        """What the agent who put the conversation through last in this turn told about it."""
        for tool, result in reversed(self.results):
            if tool.startswith(TRANSFER):
                return cast("Result", result.get("brief", {}))
        return {}

    @property
    def outcome(self) -> Result:
        """What an agent who gave the conversation back in this turn told, if nobody was asked again since."""
        for tool, result in reversed(self.results):
            if tool.startswith(RETURN):
                return cast("Result", result.get("outcome", {}))
            if tool.startswith(TRANSFER):
                return {}
        return {}

    def got(self, tool: str) -> Result | None:
        """What a tool returned last in this turn."""
        return next((result for name, result in reversed(self.results) if name == tool), None)


def turns_of(messages: Sequence[Message], kind: type[T]) -> list[T]:
    """The turns of a conversation, as turns of a kind. What was said before the customer's first message is not looked at."""
    turns: list[T] = []
    tools: dict[str, str] = {}
    for message in messages:
        match message.role:
            case "user":
                turns.append(kind(message.text))
            case "assistant" if turns:
                tools = {call.id: call.name for call in message.calls}
                if message.text:
                    turns[-1].said, turns[-1].by = message.text, message.agent
            case "tool" if turns:
                turns[-1].results.append((tools.get(message.call_id, ""), result_in(message.text)))
            case _:
                pass
    return turns


def to_be_answered(messages: Sequence[Message]) -> Sequence[Message]:
    """Return the messages of a request without those at the end that were answered at once, while a person was asked.

    The agent goes on with the result that the person decided about. Nothing else ends a request with an answer.
    """
    end = len(messages)
    while end > 1 and messages[end - 1].role == "assistant":
        end -= 2
    return messages[:end]


def result_in(text: str) -> Result:
    """A result as data: of a tool its fields, of a handoff its `brief`, of a return its `outcome`.

    What is neither is a note of the runtime, such as that a person said no: it is told as `refused`.
    """
    for mark, name in (("\nBrief: ", "brief"), (" gives the conversation back. Outcome: ", "outcome")):
        head, found, told = text.partition(mark)
        if found and (data := _object(told)) is not None:
            return {name: data, "note": head}
    data = _object(text)
    return {"refused": text.strip("[]")} if data is None else data


def _object(text: str) -> Result | None:
    """The JSON object that a text begins with."""
    try:
        data: Any = json.JSONDecoder().raw_decode(text)[0]
    except ValueError:
        return None
    return cast("Result", data) if isinstance(data, dict) else None
