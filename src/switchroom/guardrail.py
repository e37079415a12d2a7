"""Guardrails: functions that let a value pass, replace it, or trip."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from switchroom.errors import UserError


class Pass(msgspec.Struct, frozen=True):
    """The value is all right."""


class Replace(msgspec.Struct, frozen=True):
    """Go on with another value: text for an input or an output, arguments for a call."""

    value: Any


class Trip(msgspec.Struct, frozen=True):
    """Stop the run, and say why."""

    reason: str


Judgement: TypeAlias = Pass | Replace | Trip
Judge: TypeAlias = Callable[[Any, Any], Awaitable[Judgement]]


@dataclass(frozen=True, eq=False)
class Guardrail:
    """A judge and where it stands; made by `on_input`, `on_output`, `on_tool`."""

    judge: Judge
    where: Literal["input", "output", "tool"]
    hold: bool = False

    @property
    def name(self) -> str:
        """The name of the judge's function."""
        return getattr(self.judge, "__name__", type(self.judge).__name__)


def on_input(judge: Judge) -> Guardrail:
    """Judge what a person says, before the first model sees it: `async f(ctx, text) -> Pass | Replace | Trip`.

    An input of several messages is judged message by message, the person's only.
    """
    return Guardrail(_checked(judge), "input")


def on_output(judge: Judge, *, hold: bool = False) -> Guardrail:
    """Judge an answer before it becomes the run's output: `async f(ctx, output) -> Pass | Replace | Trip`.

    Args:
        judge: gets the typed output.
        hold: keep the pieces of the answer back until it passed; else they are shown, and withdrawn if it trips.
    """
    return Guardrail(_checked(judge), "output", hold)


def on_tool(judge: Judge) -> Guardrail:
    """Judge each call before it runs: `async f(ctx, call) -> Pass | Replace(args) | Trip`; the call has `.name` and `.args`."""
    return Guardrail(_checked(judge), "tool")


def _checked(judge: Judge) -> Judge:
    target = judge if inspect.isroutine(judge) else getattr(judge, "__call__", judge)  # noqa: B004
    if not inspect.iscoroutinefunction(target):
        raise UserError(f"A guardrail is an async function of (ctx, value); {judge!r} is not async.")
    return judge
