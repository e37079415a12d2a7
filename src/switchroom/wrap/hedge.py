"""Asking twice: when an answer takes long, a second request is sent, and the first good answer wins."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, insort
from collections import deque
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, assert_never, cast

from msgspec.structs import replace

from switchroom._tool import Tool
from switchroom.context import CURRENT, ToolContext
from switchroom.errors import UserError
from switchroom.estimate import estimated
from switchroom.messages import Message
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.scope import Scope
from switchroom.step import step_name
from switchroom.wrap.alarm import Alarm
from switchroom.wrap.checks import count, seconds, share
from switchroom.wrap.guarded import GuardedModel, GuardedStep, around_tool, guard, kind_of
from switchroom.wrap.race import Outcome, Race
from switchroom.wrap.tries import begun, made, recalled, returned_first

BURST = 10.0
"""Second requests that may be sent one after the other, beyond the share of all."""

ENOUGH = 20
"""Calls that a quantile is measured from, at the least."""


@dataclass(frozen=True)
class Quantile:
    """Seconds after which a part of the recent calls had been answered.

    Args:
        of: the part, such as 0.95.
        at_first: seconds that stand in for it until there are enough calls to tell.
        recent: calls that are looked at.

    Raises:
        UserError: a number is out of range.
    """

    of: float
    at_first: float | timedelta
    recent: int = 100

    def __post_init__(self) -> None:
        share(self.of, "Quantile(of=...)")
        seconds(self.at_first, "Quantile(at_first=...)")
        count(self.recent, "Quantile(recent=...)", 10)


@guard
def hedged(guarded: Any, after: float | timedelta | Quantile, most: float = 0.15, repeat_effects: bool = False) -> Any:
    """Ask a second time when an answer takes long; the first good answer wins, and the other call is ended.

    What an ended call of a model cost is part of the answer's usage: as the server counted it where it had answered, too, else
    estimated. A failure before the second request is raised at once; after that, only when both failed.

    Where somebody listens, the time runs to the first piece of an answer, and who speaks first is heard. The other goes on in
    silence until there is a whole answer: it takes over if who spoke fails, as far as what was said can be withdrawn.

    Args:
        guarded: the model, tool or step.
        after: seconds, a timedelta, or a `Quantile` of what recent calls took.
        most: the part of all calls that is asked twice at most, so that a server that is slow for all does not get double.
        repeat_effects: of a step, which is wrapped only with True: that it may run twice at once, whatever its tools do. Both
            tries have facts, and a resumed run keeps to the one that had returned. While somebody listens to the pieces, no
            second try is made, for two would speak.

    Raises:
        UserError: a number is out of range, or what is wrapped must not happen twice.
    """
    hedge = _Hedge(_Delay(after), share(most, "hedged(most=...)"))
    kind = kind_of(guarded, "hedged")
    match kind:
        case "model":
            return GuardedModel(guarded, hedge.model)
        case "tool":
            _check(guarded)
            return around_tool(guarded, hedge.tool, lambda step: _step(step, hedge, repeat_effects))
        case "step":
            return _step(guarded, hedge, repeat_effects)
        case _:
            assert_never(kind)


def _check(tool: Tool) -> None:
    if not tool.repeatable:
        raise UserError(
            f"Tool '{tool.name}' is {tool.effect}: it must not be called twice, so it is not hedged. "
            'Declare effect="idempotent" if a second call does no harm.'
        )


def _step(step: Any, hedge: _Hedge, repeat_effects: bool) -> GuardedStep[Any, Any]:
    if not repeat_effects:
        raise UserError(
            f"hedged('{step_name(step)}'): a step's tools may touch the world, and two tries do so twice. "
            "Pass repeat_effects=True if that does no harm, or wrap the model of its agents."
        )
    return GuardedStep(step, hedge.step)


class _Delay:
    """Seconds before a second request, which may be learnt from what recent calls took."""

    def __init__(self, after: float | timedelta | Quantile) -> None:
        self.learn = None
        match after:
            case Quantile():
                self.seconds = seconds(after.at_first, "Quantile(at_first=...)")
                self._quantile = after
                self._took: deque[float] = deque()
                self._sorted: list[float] = []
                self.learn = self._learn
            case _:
                self.seconds = seconds(after, "hedged(after=...)")

    def _learn(self, took: float) -> None:
        """Take a call into account. One that was overtaken took at least as long as it was let."""
        recent = self._quantile.recent
        self._took.append(took)
        insort(self._sorted, took)
        if len(self._took) > recent:
            del self._sorted[bisect_left(self._sorted, self._took.popleft())]
        if len(self._took) >= min(ENOUGH, recent):
            self.seconds = self._sorted[min(int(self._quantile.of * len(self._sorted)), len(self._sorted) - 1)]


class _Hedge:
    """When second requests are sent, and how many."""

    def __init__(self, delay: _Delay, most: float) -> None:
        self._delay = delay
        self._alarm = Alarm()
        self._most = most
        self._credit = BURST

    def allowed(self) -> bool:
        """Whether one more call may be made twice; if so, it counts."""
        if self._credit < 1:
            return False
        self._credit -= 1
        return True

    async def model(self, guarded: Model, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Ask a model, twice if it takes long."""
        floor = _Floor(emit) if emit else None
        first, second = (emit, emit) if floor is None else floor.voices
        race = Race(lambda: guarded(request, second) if self.allowed() else None, floor)
        outcome = await self._timed(race, guarded(request, first), floor)
        answer = outcome.answer
        if floor is not None and floor.speaker is None:
            floor.let_speak(floor.voices[outcome.winner])
        if outcome.other is not None:
            return replace(answer, usage=answer.usage + outcome.other.usage)
        if outcome.cut:
            said = "" if floor is None else floor.voices[1 - outcome.winner].said
            return replace(answer, usage=answer.usage + estimated(request, Message("assistant", said)))
        return answer

    async def tool(self, call: Any, ctx: ToolContext[Any], args: dict[str, Any]) -> Any:
        """Call a tool, twice if it takes long. What the second call runs has a place of its own."""

        async def second() -> Any:
            scope = cast("Scope", ctx.scope)
            again = copy(ctx)
            again.scope = Scope(scope.attempt, f"{scope.path}/second#0", scope)
            token = CURRENT.set(again.scope)
            try:
                return await call(again, args)
            finally:
                CURRENT.reset(token)

        race: Race[Any] = Race(lambda: second() if self.allowed() else None)
        return (await self._timed(race, call(ctx, args))).answer

    async def step(self, step: Any, input: Any, scope: Scope) -> Any:
        """Run a step, twice if it takes long. What returned before a crash has won."""
        name = step_name(step)
        places = scope.place(name), scope.place(name)
        if begun(scope, places[0]):
            won = returned_first(scope, *places)
            if won is not None:
                return await scope.enter(step, input, won)

        def second() -> Any:
            if scope.attempt.streamed or not self.allowed():
                return None
            return made(step, input, scope, places[1])

        race: Race[Any] = Race(second)
        outcome = await self._timed(race, made(step, input, scope, places[0]))
        if race.rival is not None:
            noted = returned_first(scope, *places)
            if noted is not None and noted != places[outcome.winner]:  # both returned, and a resumed run would take this one
                return await recalled(step, input, scope, noted)
        return outcome.answer

    async def _timed(self, race: Race[Any], first: Any, floor: _Floor | None = None) -> Outcome[Any]:
        """How a race ends, and what is learnt from it."""
        if self._credit < BURST:
            self._credit += self._most
        learn = self._delay.learn
        if learn is None:
            return await race.run(first, self._alarm, self._delay.seconds)
        loop = asyncio.get_running_loop()
        began = loop.time()
        outcome = await race.run(first, self._alarm, self._delay.seconds)
        spoke = None if floor is None else floor.voices[0].began
        learn((loop.time() if spoke is None else spoke) - began)
        return outcome


class _Floor:
    """Who of two is heard: the one that speaks first, until it takes back what it said."""

    def __init__(self, emit: Emit) -> None:
        self.emit = emit
        self.speaker: _Voice | None = None
        self.voices = _Voice(self), _Voice(self)

    def heard(self) -> int | None:
        """Which of the two is heard; None if neither has spoken."""
        return None if self.speaker is None else self.voices.index(self.speaker)

    async def turn_over(self, reason: str) -> bool:
        """Withdraw what was heard, and let the other be heard, with all that it has said up to now."""
        if not await self.emit.withdraw(reason):
            return False
        if self.speaker is not None:
            self.let_speak(self.voices[1 - self.voices.index(self.speaker)])
        return True

    def let_speak(self, voice: _Voice) -> None:
        """Let one of them be heard from now on, with what it has said before."""
        self.speaker = voice
        if voice.said:
            self.emit(voice.said)


class _Voice:
    """Where one of the two says its answer.

    Attributes:
        began: when it began to speak, in the time of the loop.
    """

    __slots__ = ("_floor", "_pieces", "began")

    def __init__(self, floor: _Floor) -> None:
        self._floor = floor
        self._pieces: list[str] = []
        self.began: float | None = None

    @property
    def said(self) -> str:
        """What it has said."""
        return "".join(self._pieces)

    def __call__(self, text: str) -> None:
        """Say a piece; it is shown if nobody else was heard before."""
        if not text:
            return
        if self.began is None:
            self.began = asyncio.get_running_loop().time()
        self._pieces.append(text)
        floor = self._floor
        if floor.speaker is None:
            floor.let_speak(self)
        elif floor.speaker is self:
            floor.emit(text)

    def __bool__(self) -> bool:
        return True

    async def withdraw(self, reason: str) -> bool:
        """Take back what it said, so that the other may be heard. What nobody heard is taken back without a word."""
        if self._floor.speaker is self:
            if not await self._floor.emit.withdraw(reason):
                return False
            self._floor.speaker = None
        self._pieces.clear()
        return True
