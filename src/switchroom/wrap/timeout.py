"""Giving up on what takes too long: a model, a tool or a step gets so many seconds."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, assert_never

from switchroom.errors import ModelTimeout, RunError, StepTimeout, ToolTimeout
from switchroom.step import step_name
from switchroom.wrap.alarm import Alarm
from switchroom.wrap.checks import seconds as checked
from switchroom.wrap.guarded import Kind, around, guard, kind_of
from switchroom.wrap.stop import Stop


@guard
def timed(guarded: Any, seconds: float | timedelta) -> Any:
    """Give a model, a tool or a step so many seconds for each call; then it is cancelled.

    Inside of `retrying` they are the seconds of a try, outside of it those of all tries. Of a tool that must not happen twice
    nobody knows, after the timeout, whether it happened; with `on_error="tell_model"` the model is told just that. Time in
    which a person is asked does not count, for meanwhile nothing runs.

    Args:
        guarded: the model, tool or step.
        seconds: a number above 0, or a timedelta.

    Returns:
        one that raises `ModelTimeout`, `ToolTimeout` or `StepTimeout` when the time is over.

    Raises:
        UserError: `seconds` is no number above 0.
    """
    limit = checked(seconds, "timed(seconds=...)")
    kind = kind_of(guarded, "timed")

    alarm = Alarm()

    async def through(call: Any, *args: Any) -> Any:
        loop = asyncio.get_running_loop()
        stop = Stop(loop)
        alarm.set(stop, limit, loop)
        try:
            return await call(*args)
        except asyncio.CancelledError as error:
            if not stop.stopped or not stop.over():
                raise
            raise _late(guarded, kind, limit, args) from error
        finally:
            alarm.clear(stop, loop)
            if stop.stopped:  # the call made something else of it
                stop.over()

    return around(guarded, kind, through)


def _late(guarded: Any, kind: Kind, limit: float, args: tuple[Any, ...]) -> RunError:
    match kind:
        case "model":
            return ModelTimeout(
                f"The model of agent '{args[0].agent}' took longer than its {limit:g} s.", str(getattr(guarded, "name", ""))
            )
        case "tool" if guarded.step is None:
            return ToolTimeout(f"Tool '{guarded.name}' took longer than its {limit:g} s.")
        case "tool":
            return StepTimeout(f"Step '{step_name(guarded.step)}' took longer than its {limit:g} s.")
        case "step":
            return StepTimeout(f"Step '{step_name(guarded)}' took longer than its {limit:g} s.")
        case _:
            assert_never(kind)
