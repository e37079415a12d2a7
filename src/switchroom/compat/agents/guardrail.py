"""Guardrails: functions that look at what goes into a run or comes out of it, and may stop it.

Input guardrails run before the first model is asked, all at once, and not beside it: what they refuse has never been seen by a
model, and no tool has run for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, overload

from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.run_context import RunContextWrapper, TContext
from switchroom.context import settled


@dataclass
class GuardrailFunctionOutput:
    """What a guardrail's function gives back.

    Args:
        output_info: anything that it wants to tell.
        tripwire_triggered: whether the run is to stop.
    """

    output_info: Any
    tripwire_triggered: bool


GuardrailFunction: TypeAlias = Callable[..., "GuardrailFunctionOutput | Awaitable[GuardrailFunctionOutput]"]


@dataclass
class InputGuardrailResult:
    """What an input guardrail said."""

    guardrail: InputGuardrail[Any]
    output: GuardrailFunctionOutput


@dataclass
class OutputGuardrailResult:
    """What an output guardrail said, and of what, and whose that was."""

    guardrail: OutputGuardrail[Any]
    agent_output: Any
    agent: Any
    output: GuardrailFunctionOutput


@dataclass
class _Named:
    guardrail_function: GuardrailFunction
    name: str | None = None

    def get_name(self) -> str:
        """Its name: the given one, else its function's."""
        return self.name or getattr(self.guardrail_function, "__name__", type(self.guardrail_function).__name__)


@dataclass
class InputGuardrail(_Named, Generic[TContext]):
    """A check of a run's input: `f(context, agent, input)`, sync or async. Only those of the first agent run.

    Args:
        guardrail_function: the function.
        name: what it is called; absent: as the function.
        run_in_parallel: False makes it run before the others, which are asked only if it lets the input pass.
    """

    run_in_parallel: bool = True

    async def run(self, agent: Any, input: str | list[Any], context: RunContextWrapper[TContext]) -> InputGuardrailResult:
        """Ask it about an input."""
        output = await settled(self.guardrail_function(context, agent, input))
        return InputGuardrailResult(self, output)


@dataclass
class OutputGuardrail(_Named, Generic[TContext]):
    """A check of a final output: `f(context, agent, output)`, sync or async.

    Args:
        guardrail_function: the function.
        name: what it is called; absent: as the function.
    """

    async def run(self, context: RunContextWrapper[TContext], agent: Any, agent_output: Any) -> OutputGuardrailResult:
        """Ask it about an output."""
        output = await settled(self.guardrail_function(context, agent, agent_output))
        return OutputGuardrailResult(self, agent_output, agent, output)


@overload
def input_guardrail(func: GuardrailFunction, /) -> InputGuardrail[Any]: ...
@overload
def input_guardrail(
    *, name: str | None = None, run_in_parallel: bool = True
) -> Callable[[GuardrailFunction], InputGuardrail[Any]]: ...
def input_guardrail(
    func: GuardrailFunction | None = None, /, *, name: str | None = None, run_in_parallel: bool = True
) -> InputGuardrail[Any] | Callable[[GuardrailFunction], InputGuardrail[Any]]:
    """Make an input guardrail of a function: `@input_guardrail`, or with options. They are those of `InputGuardrail`."""

    def made(function: GuardrailFunction) -> InputGuardrail[Any]:
        return InputGuardrail(function, name, run_in_parallel)

    return made if func is None else made(func)


@overload
def output_guardrail(func: GuardrailFunction, /) -> OutputGuardrail[Any]: ...
@overload
def output_guardrail(*, name: str | None = None) -> Callable[[GuardrailFunction], OutputGuardrail[Any]]: ...
def output_guardrail(
    func: GuardrailFunction | None = None, /, *, name: str | None = None
) -> OutputGuardrail[Any] | Callable[[GuardrailFunction], OutputGuardrail[Any]]:
    """Make an output guardrail of a function: `@output_guardrail`, or with a name."""

    def made(function: GuardrailFunction) -> OutputGuardrail[Any]:
        return OutputGuardrail(function, name)

    return made if func is None else made(func)


__getattr__ = missing_from(__name__)
