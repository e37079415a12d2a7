"""A cache: what was asked before is answered from memory, for a while, and equal requests in flight are made once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, MutableMapping
from datetime import timedelta
from typing import Any, assert_never, cast

from msgspec.structs import replace
from pydantic_core import to_json

from switchroom._tool import Tool
from switchroom.context import ToolContext
from switchroom.digest import digest
from switchroom.errors import UserError
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.step import step_name
from switchroom.usage import Usage
from switchroom.wrap.checks import count
from switchroom.wrap.checks import seconds as checked
from switchroom.wrap.guarded import GuardedModel, around_call, guard, kind_of

_NOTHING = object()


@guard
def cached(guarded: Any, size: int = 256, seconds: float | timedelta = 300, by: Callable[[Any], Any] | None = None) -> Any:
    """Answer from memory what was asked before.

    Of a model, requests are equal when agent, instructions, messages, tools, schema and settings are; the answer then has no
    usage, and its text is shown in one piece to who listens. Of a tool, which has to be one that only reads, calls are equal
    when name and arguments are. A request that is equal to one in flight waits for that one's answer. Failures are not kept:
    who waited for one asks for himself.

    Args:
        guarded: the model or tool.
        size: answers that are kept; the ones that were not used for longest go first.
        seconds: for which an answer is kept.
        by: what else an answer depends on, as JSON can hold it: a function of the request, or of the tool's context. A tool
            that reads `ctx.deps` or `ctx.state` needs it, or one person gets what was looked up for another.

    Raises:
        UserError: a number is out of range, the tool does not only read, or it is a step.
    """
    answers = _Answers(count(size, "cached(size=...)"), checked(seconds, "cached(seconds=...)"))
    kind = kind_of(guarded, "cached")
    match kind:
        case "model":
            return GuardedModel(guarded, _model(answers, by))
        case "tool":
            _check(guarded)
            return around_call(guarded, _tool(answers, guarded.name, by))
        case "step":
            raise UserError(
                f"cached('{step_name(guarded)}'): what a step does beside answering would be left out. Wrap its models."
            )
        case _:
            assert_never(kind)


def _check(tool: Tool) -> None:
    if tool.step is not None:
        raise UserError(f"Tool '{tool.name}' runs an agent or a step: wrap the model of that agent, or what the step calls.")
    if tool.effect != "read":
        raise UserError(
            f"Tool '{tool.name}' is {tool.effect}: answered from memory, a call would not happen. "
            'Declare effect="read" if it changes nothing.'
        )


def _model(answers: _Answers, by: Callable[[Any], Any] | None) -> Callable[..., Coroutine[Any, Any, ModelResponse]]:
    async def through(guarded: Model, request: ModelRequest, emit: Emit) -> ModelResponse:
        others = None if by is None else by(request)
        asked = (
            request.agent,
            request.instructions,
            list(request.messages),
            list(request.tools),
            request.output_schema,
            request.settings,
            others,
        )
        try:
            key = digest(asked)
        except UserError:  # settings may hold what has no JSON
            return await guarded(request, emit)
        response, fresh = await answers.get(key, lambda: guarded(request, emit))
        if fresh:
            return response
        if emit and response.message.text:
            emit(response.message.text)
        return replace(response, usage=Usage())

    return through


def _tool(answers: _Answers, name: str, by: Callable[[Any], Any] | None) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def through(call: Any, ctx: ToolContext[Any], args: dict[str, Any]) -> Any:
        others = None if by is None else by(ctx)
        try:
            key = digest(to_json((name, args, others)).decode())
        except (TypeError, ValueError, RecursionError):
            return await call(ctx, args)
        value, _ = await answers.get(key, lambda: call(ctx, args))
        return value

    return through


class _Answers:
    """Answers by what was asked, and what is being asked."""

    def __init__(self, size: int, seconds: float) -> None:
        from cachetools import TTLCache

        self._kept = cast("MutableMapping[str, Any]", TTLCache(size, seconds, lambda: asyncio.get_running_loop().time()))
        self._flights: dict[tuple[asyncio.AbstractEventLoop, str], asyncio.Future[Any]] = {}
        self._lock = threading.Lock()

    async def get(self, key: str, make: Callable[[], Coroutine[Any, Any, Any]]) -> tuple[Any, bool]:
        """The answer, and whether it was made for this caller."""
        with self._lock:
            known = self._kept.get(key, _NOTHING)
        if known is not _NOTHING:
            return known, False
        loop = asyncio.get_running_loop()
        flight = self._flights.get((loop, key))
        if flight is not None:
            await asyncio.wait([flight])
            if flight.result() is not _NOTHING:
                return flight.result(), False
            return self._keep(key, await make()), True
        flight = self._flights[loop, key] = loop.create_future()
        answer: Any = _NOTHING
        try:
            answer = self._keep(key, await make())
        finally:
            del self._flights[loop, key]
            flight.set_result(answer)
        return answer, True

    def _keep(self, key: str, answer: Any) -> Any:
        if not _is_cut_off(answer):
            with self._lock:
                self._kept[key] = answer
        return answer


def _is_cut_off(answer: Any) -> bool:
    """Return whether a server stopped before the end of the answer: the next one may be better."""
    return isinstance(answer, ModelResponse) and answer.message.truncated
