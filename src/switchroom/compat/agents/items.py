"""Run items: what happened in a run, one thing at a time, with the agent whose doing it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from switchroom.compat.agents.convert import TResponseInputItem as TResponseInputItem
from switchroom.compat.agents.convert import returned
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.raw import NO_ID
from switchroom.compat.agents.usage import Usage

Raw = TypeVar("Raw")


@dataclass
class RunItemBase(Generic[Raw]):
    """What all items have.

    Args:
        agent: whose doing it was.
        raw_item: the same in the types of OpenAI's package, or as plain data.
    """

    agent: Any
    raw_item: Raw

    def to_input_item(self) -> TResponseInputItem:
        """The same as an item of a next run's input."""
        return _plain(self.raw_item)


@dataclass
class MessageOutputItem(RunItemBase[Any]):
    """What an agent said; `raw_item` is a `ResponseOutputMessage`."""

    type: Literal["message_output_item"] = "message_output_item"


@dataclass
class ReasoningItem(RunItemBase[Any]):
    """What a model thought, where its provider tells; `raw_item` is a `ResponseReasoningItem`."""

    type: Literal["reasoning_item"] = "reasoning_item"


@dataclass
class ToolCallItem(RunItemBase[Any]):
    """A call of a tool; `raw_item` is a `ResponseFunctionToolCall`."""

    type: Literal["tool_call_item"] = "tool_call_item"
    description: str | None = None

    @property
    def tool_name(self) -> str:
        """The tool's name."""
        return self.raw_item.name

    @property
    def call_id(self) -> str:
        """The call's id."""
        return self.raw_item.call_id


@dataclass
class ToolCallOutputItem(RunItemBase[Any]):
    """What a call came to; `output` is what the tool returned, `raw_item` holds the text that the model reads."""

    output: Any = None
    type: Literal["tool_call_output_item"] = "tool_call_output_item"

    @property
    def call_id(self) -> str:
        """The id of the call."""
        return self.raw_item["call_id"]


@dataclass
class HandoffCallItem(RunItemBase[Any]):
    """A call that asks for a handoff; `raw_item` is a `ResponseFunctionToolCall`."""

    type: Literal["handoff_call_item"] = "handoff_call_item"


@dataclass
class HandoffOutputItem(RunItemBase[Any]):
    """A handoff that took place."""

    source_agent: Any = None
    target_agent: Any = None
    type: Literal["handoff_output_item"] = "handoff_output_item"


RunItem: TypeAlias = MessageOutputItem | ReasoningItem | ToolCallItem | ToolCallOutputItem | HandoffCallItem | HandoffOutputItem


@dataclass
class ModelResponse:
    """An answer of a model.

    Args:
        output: thoughts, what was said, calls, in the types of OpenAI's package.
        usage: what it used.
        response_id: of answers of runs, the id of an answer that has none.
    """

    output: list[Any]
    usage: Usage
    response_id: str | None = None

    def to_input_items(self) -> list[TResponseInputItem]:
        """The same as items of a next run's input."""
        return [_plain(item) for item in self.output]


def _plain(raw: Any) -> TResponseInputItem:
    item: dict[str, Any] = {**raw} if isinstance(raw, dict) else raw.model_dump(exclude_unset=True)
    if item.get("id") == NO_ID:
        del item["id"]
    return item


class ItemHelpers:
    """Text out of items."""

    @staticmethod
    def extract_text(message: Any) -> str | None:
        """All that a message of `raw_item`'s type says; None if that is nothing. Refusals are no text."""
        return "".join(_texts(message)) or None

    @staticmethod
    def extract_last_text(message: Any) -> str | None:
        """The last text of a message, if it ends with one."""
        parts = _parts(message)
        return parts[-1].text if parts and parts[-1].type == "output_text" else None

    @staticmethod
    def extract_last_content(message: Any) -> str:
        """The last text or refusal of a message."""
        parts = _parts(message)
        if not parts:
            return ""
        return parts[-1].text if parts[-1].type == "output_text" else parts[-1].refusal

    @staticmethod
    def extract_refusal(message: Any) -> str | None:
        """What a message says in place of an answer, if it refuses."""
        return "".join(part.refusal for part in _parts(message) if part.type == "refusal") or None

    @staticmethod
    def input_to_new_input_list(input: str | list[TResponseInputItem]) -> list[TResponseInputItem]:
        """An input as a list of items."""
        return [{"role": "user", "content": input}] if isinstance(input, str) else list(input)

    @staticmethod
    def text_message_output(message: MessageOutputItem) -> str:
        """The text of a message's item."""
        return "".join(_texts(message.raw_item))

    @classmethod
    def text_message_outputs(cls, items: Iterable[RunItem]) -> str:
        """The text of all messages among items, put together."""
        return "".join(cls.text_message_output(item) for item in items if isinstance(item, MessageOutputItem))

    @staticmethod
    def tool_call_output_item(tool_call: Any, output: Any) -> TResponseInputItem:
        """The result of a call as an item of the input."""
        return returned(tool_call.call_id, output if isinstance(output, str) else str(output))


def _parts(message: Any) -> list[Any]:
    return list(message.content) if getattr(message, "type", "") == "message" else []


def _texts(message: Any) -> list[str]:
    return [part.text for part in _parts(message) if part.type == "output_text"]


__getattr__ = missing_from(__name__)
