"""How a run is to go, under that SDK's names."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeAlias

import switchroom
from switchroom import Model
from switchroom.compat.agents.absent import refuse
from switchroom.compat.agents.convert import TResponseInputItem
from switchroom.compat.agents.exceptions import UserError
from switchroom.compat.agents.guardrail import InputGuardrail, OutputGuardrail
from switchroom.compat.agents.handoffs import HandoffInputFilter
from switchroom.compat.agents.memory.session_settings import SessionSettings
from switchroom.compat.agents.memory.util import SessionInputCallback
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.model_settings import ModelSettings

DEFAULT_MAX_TURNS = 10


@dataclass
class ModelInputData:
    """What a model is asked: the items so far, and the agent's instructions."""

    input: list[TResponseInputItem]
    instructions: str | None


@dataclass
class CallModelData:
    """What a `call_model_input_filter` is given: what the model is to be asked, for which agent, and the caller's context."""

    model_data: ModelInputData
    agent: Any
    context: Any


CallModelInputFilter: TypeAlias = Callable[[CallModelData], "ModelInputData | Awaitable[ModelInputData]"]


@dataclass
class ToolExecutionConfig:
    """How many calls of one answer run at the same time; None leaves it to Switchroom, which runs 16."""

    max_function_tool_concurrency: int | None = None
    pre_approval_tool_input_guardrails: bool = False

    def __post_init__(self) -> None:
        refuse("ToolExecutionConfig", pre_approval_tool_input_guardrails=self.pre_approval_tool_input_guardrails)


def _tells() -> bool:
    """Whether traces tell what was said where nobody says it: they do, if a variable of that SDK does not forbid it."""
    return os.environ.get("OPENAI_AGENTS_TRACE_INCLUDE_SENSITIVE_DATA", "true").strip().lower() in ("1", "true", "yes", "on")


_ABSENT = (
    "nest_handoff_history",
    "handoff_history_mapper",
    "tracing",
    "tool_error_formatter",
    "reasoning_item_id_policy",
    "sandbox",
    "output_guardrail_blocked_message",
)
_DEFAULTS = (("tool_not_found_behavior", "raise_error"), ("tool_name_collision_policy", "warn"))
"""Options that may be given as that SDK has them where nobody gives them."""


@dataclass
class RunConfig:
    """Options of a run.

    Args:
        model: a model, or the name of one, for all agents of the run, whatever they name themselves. Runs inside the run take
            it too where neither they nor their agents name one.
        model_settings: settings that take the place of the agents' own, one by one.
        handoff_input_filter: what the next agent sees, of handoffs that do not say it.
        input_guardrails: beside those of the first agent.
        output_guardrails: beside those of the agent that answers.
        tracing_disabled: whether processors of traces are told nothing of the run.
        trace_include_sensitive_data: whether they are told what was said; so it is where nothing says otherwise.
        workflow_name: what the run is called in traces.
        trace_id: the id of its trace; absent: one is made up.
        group_id: an id that several traces share, such as a conversation's.
        trace_metadata: what else its trace is to hold.
        session_input_callback: `f(history, new)` that says what a run with a session is asked, sync or async; by default the
            history and then the new items.
        call_model_input_filter: `f(data)` that may change what a model is asked, sync or async.
        session_settings: how much of the session the run sees.
        tool_execution: how many tools run at a time.
        switchroom: options that only Switchroom has: listeners, a deadline, a journal, wrappers. What can be said here is not
            looked at there (`model`, `max_turns`, `deps`, `workflow_name`, `trace_include_sensitive_data`).

    Raises:
        UserError: an option has no counterpart; it says what to use instead.
    """

    model: str | Model | None = None
    model_provider: Any = None
    model_settings: ModelSettings | None = None
    handoff_input_filter: HandoffInputFilter | None = None
    nest_handoff_history: bool = False
    handoff_history_mapper: Any = None
    input_guardrails: list[InputGuardrail[Any]] | None = None
    output_guardrails: list[OutputGuardrail[Any]] | None = None
    tracing_disabled: bool = False
    tracing: Any = None
    trace_include_sensitive_data: bool = field(default_factory=_tells)
    workflow_name: str = "Agent workflow"
    trace_id: str | None = None
    group_id: str | None = None
    trace_metadata: dict[str, Any] | None = None
    session_input_callback: SessionInputCallback | None = None
    call_model_input_filter: CallModelInputFilter | None = None
    tool_error_formatter: Any = None
    session_settings: SessionSettings | None = None
    reasoning_item_id_policy: Any = None
    sandbox: Any = None
    tool_execution: ToolExecutionConfig | None = None
    tool_not_found_behavior: Any = None
    tool_name_collision_policy: Any = None
    output_guardrail_blocked_message: Any = None
    switchroom: switchroom.RunConfig = switchroom.RunConfig()

    def __post_init__(self) -> None:
        refuse("RunConfig", **{name: getattr(self, name) for name in _ABSENT})
        refuse("RunConfig", **{name: getattr(self, name) for name, default in _DEFAULTS if getattr(self, name) != default})
        if self.switchroom.history is not None:
            raise UserError(
                "RunConfig(switchroom=...): history is said by call_model_input_filter=, or by the session's limit."
            )

    def for_runner(self, context: Any) -> switchroom.RunConfig:
        """The same as Switchroom's options. Turns are counted by run and not in all, so its own count is left open."""

        def given(conversation: str) -> Any:
            return context

        options: dict[str, Any] = {
            "model": None,
            "max_turns": sys.maxsize,
            "deps": given,
            "workflow_name": self.workflow_name,
            "trace_include_sensitive_data": self.trace_include_sensitive_data,
        }
        if self.tool_execution is not None and self.tool_execution.max_function_tool_concurrency is not None:
            options["parallel_tools"] = self.tool_execution.max_function_tool_concurrency
        return replace(self.switchroom, **options)


def config_of(given: RunConfig | dict[str, Any] | None) -> RunConfig:
    """The options of a run, which may be given as a dict.

    Raises:
        UserError: an option is not known.
    """
    if not isinstance(given, dict):
        return given or RunConfig()
    known = {one.name for one in fields(RunConfig)}
    for name in given:
        if name not in known:
            raise UserError(f"RunConfig: there is no option '{name}'; there are {sorted(known)}.")
    return RunConfig(**given)


__getattr__ = missing_from(__name__)
