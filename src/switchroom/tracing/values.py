"""What a trace is made of, and the processors that are given the traces of all runs."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from switchroom.arguments import shown
from switchroom.errors import UserError

SpanKind: TypeAlias = Literal["turn", "agent", "generation", "tool", "handoff", "guardrail", "step"]
SpanOutcome: TypeAlias = Literal["", "done", "failed", "waiting", "cancelled"]


class Trace(msgspec.Struct, frozen=True):
    """One attempt at a turn, as a whole.

    Args:
        trace_id: 32 hexadecimal digits, as in `RunResult.trace_id`. Where a journal keeps the conversation, all attempts at
            the same turn have the same.
        name: the workflow's name: `RunConfig(workflow_name=...)`, else the name of the step.
        group: the conversation's id; "" without a journal.
        metadata: "step", "turn" and "attempt" (numbers from 1); "request_id", where the run serves a request that has one.
    """

    trace_id: str
    name: str
    group: str = ""
    metadata: dict[str, Any] = {}


class Span(msgspec.Struct, frozen=True):
    """Something in a trace that took its time.

    Args:
        trace_id: the trace that it is part of.
        span_id: 16 hexadecimal digits.
        parent_id: the span that it happened in; "" for the turn.
        kind: "turn", "agent" (while one agent has the conversation), "generation" (a model's answer), "tool", "handoff",
            "guardrail", or "step" (a function that was run).
        name: of the agent, model, tool, guardrail or function.
        started_at: seconds since the epoch. Of a generation, when its agent's run noted something last: nothing is noted when
            a model is asked, so that what is done to ask it (instructions, a summary) is in it.
        ended_at: the same; None as long as it goes on. What was cut off is ended when that is known.
        data: what is known of it, as JSON. Inputs, outputs, arguments and texts are only there if the run says
            `trace_include_sensitive_data=True`.
        error: what went wrong, "" if nothing did: the exception's type, and with sensitive data what it says.
        outcome: "done", "failed", "waiting" (for a person; the next attempt goes on with it), "cancelled"; "" as long as it
            goes on.
    """

    trace_id: str
    span_id: str
    parent_id: str
    kind: SpanKind
    name: str
    started_at: float
    ended_at: float | None = None
    data: dict[str, Any] = {}
    error: str = ""
    outcome: SpanOutcome = ""


class TraceProcessor(Protocol):
    """Is given traces and spans as they begin and end, in the run's own thread: it should be quick, and not wait.

    One that raises is reported in the log, and does not stop the run. Each span that began ends before its parent does, and
    all of them before their trace; spans beside one another may overlap. A class of yours may inherit from this one, and leave
    out what it does not care for.
    """

    def on_trace_start(self, trace: Trace) -> None:
        """An attempt at a turn began."""

    def on_trace_end(self, trace: Trace) -> None:
        """It is over, or waits for a person."""

    def on_span_start(self, span: Span) -> None:
        """A span began; what is known only at its end is not there yet."""

    def on_span_end(self, span: Span) -> None:
        """A span ended, and is whole."""


everywhere: list[TraceProcessor] = []
"""The processors of all runs. The list stays the same object, so that a run asks nobody whether there are any."""


def add_trace_processor(processor: TraceProcessor) -> None:
    """Give the traces of all runs that begin from now on to a processor too.

    Raises:
        UserError: it is no processor.
    """
    check_processor(processor)
    everywhere.append(processor)


def set_trace_processors(processors: Iterable[TraceProcessor]) -> None:
    """Give the traces of all runs that begin from now on to these processors and to no others; `[]` to none.

    Raises:
        UserError: one of them is no processor.
    """
    given = list(processors)
    for processor in given:
        check_processor(processor)
    everywhere[:] = given


_METHODS = ("on_trace_start", "on_trace_end", "on_span_start", "on_span_end")


def check_processor(processor: Any) -> None:
    """Refuse what is no processor.

    Raises:
        UserError: it says what is missing.
    """
    if isinstance(processor, type):
        raise UserError(f"Trace processor {processor.__name__} is a class. Pass an object of it: {processor.__name__}(...).")
    for name in _METHODS:
        method = getattr(processor, name, None)
        if not callable(method):
            raise UserError(f"Trace processor {shown(processor)} has no method '{name}'; inherit from TraceProcessor.")
        if inspect.iscoroutinefunction(method):
            raise UserError(
                f"Trace processor {shown(processor)}: '{name}' is async, and is not awaited. Make it a plain `def`."
            )


def trace_id_of(conversation: str, turn: int, began: float) -> str:
    """The id of a turn's trace: the same in each attempt at a turn that is kept, else one of its own.

    Args:
        conversation: its id; "" if nothing keeps it.
        turn: the number of the turn.
        began: when its first attempt began, so that conversations of one name in two journals have different ids.
    """
    if not conversation:
        return uuid.uuid4().hex
    return blake2b(f"{conversation}\0{turn}\0{began!r}".encode(), digest_size=16).hexdigest()
