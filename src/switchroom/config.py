"""How a run is to go: the options of a run, as one value."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import pydantic

from switchroom.budget import Budget
from switchroom.errors import UserError
from switchroom.events import RunEvent
from switchroom.history import HistoryPolicy
from switchroom.journal import Journal
from switchroom.messages import Message
from switchroom.model import Model
from switchroom.rules.limits import MAX_TURNS
from switchroom.tracing.values import TraceProcessor, check_processor

Listener: TypeAlias = Callable[[RunEvent], None]


def _number(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


@dataclass(frozen=True)
class RunConfig:
    """Options of a run.

    Args:
        journal: where facts are kept: a journal, or a URL ("sqlite:///chats.db", "memory:"); None keeps nothing.
        model: the model of agents that have none of their own.
        max_turns: model answers in one agent loop, over all attempts of the turn. A handoff stays in the loop. Agents that are
            tools, workers and runs inside tools have loops of their own with the same limit; `Budget(turns=)` limits all
            loops together.
        deadline: seconds that a turn may take.
        budget: how much it may use, and what it does with less before it fails.
        deps: makes the handles of a conversation when none are passed: `f(conversation)`.
        state: makes the shared state of a conversation that begins without one: `f(conversation)`.
        state_type: the pydantic model of the shared state; by default the type of the `state` that is passed or made.
        history: which messages models get to see, such as `keep_last(50)`.
        redact: a function of each message that comes in, to what is kept and shown of it. Unlike an input guardrail it comes
            before the journal.
        parallel_tools: calls of one answer that run at the same time.
        listeners: functions that are told each event. One that clears what was withdrawn says so by an attribute
            `withdraws = True`. Events of runs beside one another come mixed; one that has to tell them apart has a method
            `for_run()`, which gives the listener of one run. One that wants no answers piece by piece has `deltas = False`.
        withdraws: whether the reader of the stream clears what was withdrawn.
        wrappers: functions of what performs the commands of the rules, that give the same with something around it; the
            first is the outermost. They see each effect of the run, its children's included.
        detached: a run started inside another stands on its own, with its own journal, limits and usage.
        workflow_name: what traces of the run are called; "" for the step's name.
        trace_include_sensitive_data: whether spans hold inputs, outputs, arguments and texts. They do not by default: what
            people write and tools know is not to leave for where traces go unless somebody decides it. Names, counts, tokens
            and times are always there.
        trace_processors: who is given the traces of the run, beside those of `add_trace_processor`. Nested runs are in them.
        request_id: of the request that the run serves, for logs and traces: `switchroom.context.request_id()` gives it anywhere
            in the run. By default what a context variable says (`switchroom.context.REQUEST_ID`). Never kept: who resumes a
            turn serves another request. Nested runs have their parent's.

    Raises:
        UserError: a number is out of range.
    """

    journal: Journal | str | None = None
    model: Model | str | None = None
    max_turns: int = MAX_TURNS
    deadline: float | None = None
    budget: Budget | None = None
    deps: Callable[[str], Any] | None = None
    state: Callable[[str], pydantic.BaseModel] | None = None
    state_type: type[pydantic.BaseModel] | None = None
    history: HistoryPolicy | None = None
    redact: Callable[[Message], Message] | None = None
    parallel_tools: int = 16
    listeners: tuple[Listener, ...] = ()
    withdraws: bool = False
    wrappers: tuple[Callable[[Any], Any], ...] = ()
    detached: bool = False
    workflow_name: str = ""
    trace_include_sensitive_data: bool = False
    trace_processors: tuple[TraceProcessor, ...] = ()
    request_id: str = ""

    def __post_init__(self) -> None:
        if not _number(self.max_turns, int) or self.max_turns < 1:
            raise UserError(f"RunConfig(max_turns={self.max_turns!r}): a run needs at least 1 model answer.")
        if not _number(self.parallel_tools, int) or self.parallel_tools < 1:
            raise UserError(f"RunConfig(parallel_tools={self.parallel_tools!r}): at least 1 call runs at a time.")
        if self.deadline is not None and (not _number(self.deadline, int | float) or not self.deadline > 0):
            raise UserError(f"RunConfig(deadline={self.deadline!r}): give seconds above 0.")
        if self.budget is not None and not isinstance(self.budget, Budget):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"RunConfig(budget={self.budget!r}): give Budget(...).")
        if not isinstance(self.listeners, tuple | list):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"RunConfig(listeners={self.listeners!r}): give a tuple of functions.")
        for listener in self.listeners:
            if not callable(listener) or inspect.iscoroutinefunction(listener):
                raise UserError(f"RunConfig(listeners=...): {listener!r} is no plain function, and is not awaited.")
        if not isinstance(self.trace_processors, tuple | list):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"RunConfig(trace_processors={self.trace_processors!r}): give a tuple of trace processors.")
        for processor in self.trace_processors:
            check_processor(processor)
        if not isinstance(self.request_id, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"RunConfig(request_id={self.request_id!r}): give text.")

    def redacted(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Messages that came in, as they are to be kept.

        Raises:
            UserError: `redact` gave something else than a message.
        """
        if self.redact is None:
            return messages
        kept = tuple(map(self.redact, messages))
        for message in kept:
            if not isinstance(message, Message):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UserError(f"RunConfig(redact=...) gave {message!r}; it gives a Message.")
        return kept


DEFAULT_CONFIG = RunConfig()


def of_run(listener: Listener) -> Listener:
    """The listener of one run, of one that tells runs apart; any other as it is."""
    own: Callable[[], Listener] | None = getattr(listener, "for_run", None)
    return listener if own is None else own()
