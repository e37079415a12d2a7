"""What guarded things say of themselves before they are called: which breaker they have, and what a call would meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from switchroom._tool import Tool
from switchroom.agent import Agent
from switchroom.team import Team
from switchroom.wrap.breaker import BreakerState, CircuitBreaker
from switchroom.wrap.fallback import FallbackModel
from switchroom.wrap.guarded import GuardedCall, GuardedModel, GuardedStep

_WORSE: Sequence[BreakerState] = ("closed", "half_open", "open")


def breaker_of(guarded: Any) -> CircuitBreaker | None:
    """The outermost breaker of a model, a tool or a step; of an agent, the one of its model. None if there is none."""
    while True:
        memory = _memory(guarded)
        if isinstance(memory, CircuitBreaker):
            return memory
        inner = _inside(guarded)
        if len(inner) != 1:
            return None
        guarded = inner[0]


def health(guarded: Any) -> BreakerState:
    """What a call of a model, a tool or a step would meet: the worst of the breakers on its way, of alternatives the best.

    Of an agent it is what its model's breakers say, of a team what those of the agent do who answers first. What has no breaker
    is "closed".
    """
    memory = _memory(guarded)
    own: BreakerState = memory.state if isinstance(memory, CircuitBreaker) else "closed"
    inner = _inside(guarded)
    if not inner:
        return own
    best = min(_WORSE.index(health(part)) for part in inner)
    return _WORSE[max(_WORSE.index(own), best)]


def _memory(guarded: Any) -> Any:
    match guarded:
        case GuardedModel() | GuardedCall() | GuardedStep():
            return cast("Any", guarded).guard
        case _:
            return None


def _inside(guarded: Any) -> Sequence[Any]:
    """What a call of it calls: one thing, or several of which the first that works does."""
    match guarded:
        case GuardedModel() | GuardedStep():
            return (cast("Any", guarded).guarded,)
        case GuardedCall():
            return guarded.guarded
        case FallbackModel():
            return guarded.models
        case Tool():
            return (guarded.invoke if guarded.step is None else guarded.step,)
        case Agent():
            return (cast("Any", guarded).model,)
        case Team():
            return (guarded.first,)
        case _:
            return ()
