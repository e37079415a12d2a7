"""Falling back: a model that asks others, in order, when one fails, and a tool that calls others."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never, cast, overload

from switchroom._tool import EFFECTS, Tool
from switchroom.context import ToolContext
from switchroom.defaults import named
from switchroom.errors import BulkheadFull, CircuitBreakerOpen, ModelDenied, ModelError, TryAgain, UserError
from switchroom.failure import add_note, told
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.schema import Invalid, jsonable
from switchroom.step import step_name
from switchroom.wrap.checks import exceptions
from switchroom.wrap.guarded import GuardedCall, Kind, invocation, kind_of, shown

log = logging.getLogger("switchroom")

FAILING: tuple[type[Exception], ...] = (
    ModelError,
    ModelDenied,
    ConnectionError,
    TimeoutError,
    CircuitBreakerOpen,
    BulkheadFull,
)
"""Failures after which the next is asked where nothing else is said: the server's, whoever's fault it was, and guards'."""


@overload
def falling_back(guarded: Tool, *others: Tool, on: tuple[type[Exception], ...] = FAILING) -> Tool: ...
@overload
def falling_back(guarded: Model | str, *others: Model | str, on: tuple[type[Exception], ...] = FAILING) -> FallbackModel: ...
def falling_back(guarded: Any, *others: Any, on: tuple[type[Exception], ...] = FAILING) -> Any:
    """A model or a tool that is the first of several, and when that one fails the next.

    A tool keeps the name, the description and the parameters of the first; the others take arguments of the same names. What
    failed may have happened nevertheless: where a tool but the last is neither "read" nor "idempotent", `on` has to name
    exceptions that say that nothing happened. After a crash the effect is taken for the gravest of all.

    Args:
        guarded: the first.
        others: at least one more of its kind; of models, names too.
        on: the exceptions after which the next is called.

    Returns:
        a `FallbackModel`, or a tool.

    Raises:
        UserError: there is none to fall back to, one is of another kind, or a tool's effect does not allow it.
    """
    kind = _kind(guarded)
    kinds: list[Kind] = [_kind(other) for other in others]
    for other, its in zip(others, kinds, strict=True):
        if its != kind:
            raise UserError(f"falling_back(...) has {shown(guarded, kind)} and {shown(other, its)}; pass things of one kind.")
    match kind:
        case "model":
            return FallbackModel(guarded, *others, on=on)
        case "tool":
            return _tool((guarded, *others), exceptions(on, "falling_back(on=...)"))
        case "step":
            raise UserError(f"falling_back('{step_name(guarded)}'): steps fall back by a workflow, fallback(step, other).")
        case _:
            assert_never(kind)


def _kind(given: Any) -> Kind:
    return "model" if isinstance(given, str) else kind_of(given, "falling_back")


class FallbackModel:
    """A model that is the first of several, and when that one fails the next.

    What was shown of an answer that failed is withdrawn; where a listener cannot clear it, the failure is raised, for nobody is
    to hear two beginnings. Who answered stands in the answer's fact (`model`); each failure is logged as a warning.

    Args:
        models: at least two, models or names of models, the one to be asked first first.
        on: the exceptions after which the next is asked. By default all failures of a model's server, a wrong key too: who
            waits for an answer does not care whose fault it was. Breakers that are open and bulkheads that are full count, too.

    Raises:
        UserError: there are fewer than two models.
    """

    def __init__(self, *models: Model | str, on: tuple[type[Exception], ...] = FAILING) -> None:
        if len(models) < 2:
            raise UserError(f"FallbackModel({_listed(models)}) has nothing to fall back to. Pass at least two models.")
        self.models = models
        self._on = exceptions(on, "FallbackModel(on=...)")

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Ask one model after the other until one answers.

        Raises:
            Exception: what the last model raised, with notes of what the others did.
        """
        failed: list[str] = []
        try:
            for model in self.models[:-1]:
                try:
                    return await _found(model)(request, emit)
                except self._on as error:
                    if not await emit.withdraw(told(error)):
                        raise
                    log.warning("%r failed for agent '%s', the next model is asked: %s", model, request.agent, told(error))
                    failed.append(f"Before, {model!r} failed: {type(error).__name__}: {told(error)}")
            return await _found(self.models[-1])(request, emit)
        except Exception as error:
            for note in failed:
                add_note(error, note)
            raise

    def __repr__(self) -> str:
        return f"FallbackModel({_listed(self.models)})"


def _listed(models: tuple[Model | str, ...]) -> str:
    return ", ".join(map(repr, models))


def _found(model: Model | str) -> Model:
    return named(model) if isinstance(model, str) else model


def _tool(tools: tuple[Tool, ...], on: tuple[type[Exception], ...]) -> Tool:
    _check(tools, on)
    first = tools[0]

    async def through(call: Any, ctx: ToolContext[Any], args: dict[str, Any]) -> Any:
        failed: list[str] = []
        try:
            for number, tool in enumerate(tools):
                try:
                    if number == 0:
                        return await call(ctx, args)
                    return await invocation(tool)(ctx, _read(tool, args))
                except TryAgain:  # the arguments are wrong, for every tool
                    raise
                except on as error:
                    if number == len(tools) - 1:
                        raise
                    log.warning("Tool '%s' failed, '%s' is called: %s", tool.name, tools[number + 1].name, told(error))
                    failed.append(f"Before, tool '{tool.name}' failed: {type(error).__name__}: {told(error)}")
            raise AssertionError("the last tool returned or raised")
        except Exception as error:
            for note in failed:
                add_note(error, note)
            raise

    gravest = max((tool.effect for tool in tools), key=EFFECTS.index)
    return replace(first, invoke=GuardedCall(tools, through), effect=gravest, timeout=None)


def _read(tool: Tool, args: dict[str, Any]) -> dict[str, Any]:
    """Arguments as another tool reads them, which may declare other types.

    Raises:
        UserError: they do not fit.
    """
    try:
        return tool.check(jsonable(args, f"A call of tool '{tool.name}'"))
    except Invalid as fault:
        raise UserError(f"falling_back(...): tool '{tool.name}' does not take what the first took: {fault}.") from fault


def _check(tools: tuple[Tool, ...], on: tuple[type[Exception], ...]) -> None:
    first = tools[0]
    if len(tools) < 2:
        raise UserError(f"falling_back('{first.name}') has nothing to fall back to. Pass at least two tools.")
    for tool in tools:
        if tool.step is not None:
            raise UserError(
                f"Tool '{tool.name}' runs an agent or a step: steps fall back by a workflow, fallback(step, other)."
            )
        if _names(tool) != _names(first):
            raise UserError(
                f"falling_back(...): tool '{first.name}' takes {_names(first)}, and '{tool.name}' takes {_names(tool)}; "
                "give them the same parameters."
            )
        if tool.needs_approval is not False and tool.needs_approval is not first.needs_approval:
            raise UserError(
                f"falling_back(...): tool '{tool.name}' needs approval, which is asked for before '{first.name}' is called. "
                f"Give '{first.name}' the same needs_approval."
            )
    for tool in tools[:-1]:
        if not tool.repeatable and on == FAILING:
            raise UserError(
                f"Tool '{tool.name}' is {tool.effect}: a call that failed may have happened, so no other is called in its "
                "place. Name exceptions that say that nothing happened: falling_back(..., on=(OutOfStock,))."
            )


def _names(tool: Tool) -> list[str]:
    return sorted(cast("Mapping[str, Any]", tool.parameters.get("properties", {})))
