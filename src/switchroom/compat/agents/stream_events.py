"""What a streamed run tells while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from switchroom.compat.agents.items import RunItem
from switchroom.compat.agents.missing import missing_from


@dataclass
class RawResponsesStreamEvent:
    """A piece of an answer: `data` is an event of the Responses API, in the types of OpenAI's package."""

    data: Any
    type: Literal["raw_response_event"] = "raw_response_event"


@dataclass
class RunItemStreamEvent:
    """Something happened; `name` says what, in that SDK's spelling."""

    name: Literal[
        "message_output_created",
        "handoff_requested",
        "handoff_occured",
        "tool_called",
        "tool_output",
        "reasoning_item_created",
    ]
    item: RunItem
    type: Literal["run_item_stream_event"] = "run_item_stream_event"


@dataclass
class AgentUpdatedStreamEvent:
    """Another agent has the conversation; the first event of each run says who begins."""

    new_agent: Any
    type: Literal["agent_updated_stream_event"] = "agent_updated_stream_event"


StreamEvent: TypeAlias = RawResponsesStreamEvent | RunItemStreamEvent | AgentUpdatedStreamEvent


__getattr__ = missing_from(__name__)
