"""A run as a person reads it: one line for each thing that happened, stable enough for a snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias, cast

import msgspec
from msgspec.structs import replace

from switchroom.errors import UserError
from switchroom.events import (
    AnsweredInPart,
    AttemptHeld,
    AttemptReleased,
    BudgetDegraded,
    CallsJudged,
    EffectCleared,
    Fact,
    HandoffProposed,
    InputJudged,
    ModelAnswered,
    RunEvent,
    StateChanged,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    ToolStarted,
    ToolSuspended,
    ValueDrawn,
)
from switchroom.messages import ToolCall
from switchroom.testing.lines import called, judged, line, quoted

Told: TypeAlias = Any
"""A run in any form: a result, something else with `.events`, an exception with `.run`, a list of events or facts."""


class Moment(msgspec.Struct, frozen=True):
    """Something that happened, and what has to be known to speak of it.

    Args:
        event: the fact and where.
        call: the call that it ends or asks about, as the model made it or a guardrail changed it.
        lines: what a transcript says of it; () for what says nothing to a reader.
    """

    event: RunEvent
    call: ToolCall | None = None
    lines: tuple[str, ...] = ()

    @property
    def fact(self) -> Any:
        """What happened."""
        return self.event.fact

    @property
    def shown(self) -> str:
        """What happened in one line, also where a transcript says nothing of it."""
        return self.lines[0].strip() if self.lines else line(self.event)


def transcript(run: Told) -> str:
    """A run in lines: who said what, who was handed the conversation, what was called with what and gave what.

    Calls of one answer stand in their order, whichever was quicker. What runs inside a run is indented. Times, ids and
    numbers drawn by chance are left out, so that the same conversation has the same transcript.

    Args:
        run: a result, a cassette or what its play gave, an exception that a run raised, or a list of events or facts.

    Raises:
        UserError: it is none of these.
    """
    return "\n".join(text for moment in moments(run) for text in moment.lines)


def moments(run: Told) -> list[Moment]:
    """What happened in a run, in the order in which it is told."""
    calls: dict[tuple[str, str], tuple[ToolCall, ...]] = {}
    asker: dict[str, str] = {}
    said: dict[str, str] = {}
    told: list[Moment] = []
    events = events_of(run)
    outermost = min((max(1, event.path.count("/")) for event in events), default=1)
    for event in in_order(events):
        fact = cast("Any", event.fact)
        key = (event.path, event.agent or asker.get(event.path, ""))
        match fact:
            case ModelAnswered():
                calls[key] = fact.message.calls
                asker[event.path] = fact.agent
                said[event.path] = fact.message.text
            case CallsJudged():
                calls[key] = _as_judged(calls.get(key, ()), fact)
            case _:
                pass
        made = calls.get(key, ())
        index: int | None = getattr(fact, "index", None)
        call = made[index] if index is not None and 0 <= index < len(made) else None
        indent = "  " * (event.path.count("/") - outermost)
        shown = () if _says_nothing(event, said) else _lines(event, made)
        told.append(Moment(event, call, tuple(indent + text for text in shown)))
    return told


def _as_judged(calls: Sequence[ToolCall], fact: CallsJudged) -> tuple[ToolCall, ...]:
    pairs = zip(calls, fact.verdicts, strict=False)
    return tuple(call if verdict.args is None else replace(call, args=verdict.args) for call, verdict in pairs)


def _says_nothing(event: RunEvent, said: dict[str, str]) -> bool:
    fact = event.fact
    match fact:
        case AttemptHeld() | AttemptReleased():
            return True
        case ToolStarted() | ToolSuspended() | EffectCleared() | HandoffProposed() | ValueDrawn():
            return True
        case AnsweredInPart():
            return True  # each part that failed, was stopped or left out has a line of its own
        case BudgetDegraded():
            return not fact.applied
        case InputJudged():
            return fact.messages is None
        case StateChanged():
            return not fact.changes
        case StepStarted():
            return is_turns_own(event.path)  # what it was asked was said when the turn began
        case StepReturned():
            return (fact.last or fact.output) == said.get(event.path)  # the parts before were said where they came
        case _:
            return False


def _lines(event: RunEvent, calls: Sequence[ToolCall]) -> tuple[str, ...]:
    """The lines of an event. A call has its line when it ends, so an answer has one for what was said beside it."""
    fact = event.fact
    match fact:
        case ModelAnswered() if fact.message.calls:
            return (f"{fact.agent}: {quoted(fact.message.text)}",) if fact.message.text else ()
        case CallsJudged():
            pairs = zip(calls, fact.verdicts, strict=False)
            refused = [(call, verdict) for call, verdict in pairs if verdict.kind == "refused"]
            return tuple(f"{fact.agent} calls {called(call)} -> {judged(call, verdict)}" for call, verdict in refused)
        case _:
            return (line(event, calls),)


def is_turns_own(path: str) -> bool:
    """Whether a path is that of the step which answers the turn; of facts without a path nothing is known."""
    return path.count("/") <= 1


def events_of(run: Told) -> list[RunEvent]:
    """The events of a run in any form, deltas left out.

    Raises:
        UserError: it is none.
    """
    if isinstance(run, BaseException):
        run = getattr(run, "run", None)
    given: Any = getattr(run, "events", run)
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        items = list(cast("Iterable[Any]", given))
        if all(isinstance(item, RunEvent | Fact) for item in items):
            events = [item if isinstance(item, RunEvent) else RunEvent("", item) for item in items]
            return [event for event in events if isinstance(event.fact, Fact)]
    what = "a coroutine; await it first" if asyncio.iscoroutine(run) else f"{run!r}"
    raise UserError(f"This is no run, but {what}. Pass a result, an exception that a run raised, or its events.")


# the order in which it is told ----------------------------------------------------------------------------------------

_BESIDE = (ToolStarted, ToolReturned, ToolFailed, ToolSuspended, EffectCleared, StateChanged, ValueDrawn)
"""Facts that may come in another order the next time, where several calls are made at once."""


def in_order(events: Sequence[RunEvent]) -> list[RunEvent]:
    """Events as if what ran side by side had run one after the other: calls by their place in the answer, steps as they began.

    What an answer's calls note stands between two facts that cannot change places: there, and only there, it is sorted.
    """
    fixed: dict[str, int] = {}
    began: dict[str, int] = {}
    keyed: list[tuple[tuple[int, ...], RunEvent]] = []
    for position, event in enumerate(events, start=1):
        key: list[int] = []
        for parent, child in _way(event.path):
            key += (fixed.get(parent, 0), _call_index(child, began.setdefault(child, position)), 0)
        if isinstance(event.fact, _BESIDE):
            key += (fixed.get(event.path, 0), *_beside(event, position))
        else:
            fixed[event.path] = position
            key += (position, 0, 0)
        keyed.append(((*key, position), event))
    return [event for _, event in sorted(keyed, key=lambda one: one[0])]


def _beside(event: RunEvent, position: int) -> tuple[int, int]:
    """Where a fact stands among those that may change places: by the call that noted it, its end last."""
    fact = cast("Any", event.fact)
    if isinstance(fact, StateChanged):
        call = fact.by.removeprefix(event.path + "/").partition("/")[0]
        return _call_index(call, position), 0
    return (position, 1) if isinstance(fact, ValueDrawn) else (fact.index + 1, 1)


def _way(path: str) -> Iterator[tuple[str, str]]:
    """The steps down to a path, each as (parent, child)."""
    place = path.find("/")
    while place >= 0:
        end = path.find("/", place + 1)
        yield path[:place], path if end < 0 else path[:end]
        place = end


def _call_index(path: str, began: int) -> int:
    """The place of a call in its answer, from 1, if the path's last segment is one; else when it began."""
    place = path.rpartition("#")[2]
    _, dot, index = place.partition(".")
    return int(index) + 1 if dot else began
