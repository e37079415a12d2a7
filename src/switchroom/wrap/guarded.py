"""What a guard makes of what it guards: a model, a tool or a step again, told apart once, when it is wrapped."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from types import CoroutineType
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, assert_never, cast, overload

from switchroom._tool import Tool
from switchroom.agent import Agent
from switchroom.context import ToolContext
from switchroom.errors import ToolTimeout, UserError
from switchroom.model import Emit, Model, ModelRequest, ModelResponse
from switchroom.scope import Scope
from switchroom.step import Step, step_name
from switchroom.team import Team
from switchroom.wrap.tries import tried

P = ParamSpec("P")
In = TypeVar("In", contravariant=True)
Out = TypeVar("Out", covariant=True)
M = TypeVar("M", Tool, Model)

Kind: TypeAlias = Literal["model", "tool", "step"]

Through: TypeAlias = Callable[..., Coroutine[Any, Any, Any]]
"""Makes a call as a guard makes it: `through(call, *args)` gives what `call(*args)` gives, or raises."""


@dataclass(frozen=True, eq=False, repr=False)
class GuardedModel:
    """A model with a guard around it. What the model says of itself (`name`) it says, too.

    Args:
        guarded: the model.
        through: makes the request.
        guard: what the guard remembers between calls, such as a breaker, if it does.
    """

    guarded: Model
    through: Through
    guard: Any = None

    def __call__(self, request: ModelRequest, emit: Emit) -> CoroutineType[Any, Any, ModelResponse]:
        """Answer as the guarded model does, but for its failures."""
        return cast("CoroutineType[Any, Any, ModelResponse]", self.through(self.guarded, request, emit))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.guarded, name)

    def __repr__(self) -> str:
        return repr(self.guarded)


@dataclass(frozen=True, eq=False)
class GuardedCall:
    """What a tool with a guard around it does when it is called; the tool itself is a `Tool` like any other.

    Args:
        guarded: the tool, or several of which one is called.
        through: makes the call.
        guard: what the guard remembers between calls.
    """

    guarded: tuple[Tool, ...]
    through: Through
    guard: Any = None

    def __call__(self, ctx: ToolContext[Any], args: dict[str, Any]) -> Coroutine[Any, Any, Any]:
        """Call the tool."""
        return self.through(invocation(self.guarded[0]), ctx, args)


@dataclass(frozen=True, eq=False, repr=False)
class GuardedStep(Generic[In, Out]):
    """A step with a guard around it. Each try of the guarded step is a child, with a place and an end of its own.

    Args:
        guarded: the step.
        through: runs it: `through(step, input, scope)`.
        guard: what the guard remembers between calls.
    """

    guarded: Step[In, Out]
    through: Through
    guard: Any = None

    @property
    def name(self) -> str:
        """The guarded step's name."""
        return step_name(self.guarded)

    @property
    def description(self) -> str:
        """What the guarded step is for; of a function, what its docstring says."""
        said = getattr(self.guarded, "description", None)
        return said if said is not None else (inspect.getdoc(self.guarded) or "") if inspect.isroutine(self.guarded) else ""

    @property
    def version(self) -> str:
        """The guarded step's version."""
        return str(getattr(self.guarded, "version", ""))

    @property
    def input_type(self) -> type[Any] | None:
        """The fields that the guarded step takes when it is used as a tool."""
        return getattr(self.guarded, "input_type", None)

    @property
    def parts(self) -> Mapping[str, Step[Any, Any]]:
        """The guarded step by its name, for who draws or checks what runs."""
        return {self.name: self.guarded}

    async def __call__(self, input: In, scope: Any) -> Out:
        """Answer as the guarded step does, but for its failures."""
        if not isinstance(scope, Scope):
            raise UserError(
                f"'{self.name}' was wrapped as a step, and is called with {scope!r} for a scope. A model's parameters are "
                "called or annotated (request: ModelRequest, emit: Emit); that is how it is known for one."
            )
        return await self.through(self.guarded, input, scope)

    def __repr__(self) -> str:
        return f"GuardedStep({self.guarded!r})"


class Guard(Protocol[P]):
    """A function that wraps: of a tool it makes a tool, of a model a model, of a step a step."""

    # A team may answer anything, and so looks like a model, too.
    @overload
    def __call__(  # pyright: ignore[reportOverlappingOverload]
        self, guarded: Team, /, *args: P.args, **kwargs: P.kwargs
    ) -> GuardedStep[Any, Any]: ...
    @overload
    def __call__(self, guarded: M, /, *args: P.args, **kwargs: P.kwargs) -> M: ...
    @overload
    def __call__(self, guarded: Step[In, Out], /, *args: P.args, **kwargs: P.kwargs) -> GuardedStep[In, Out]: ...


def guard(function: Callable[Concatenate[Any, P], Any]) -> Guard[P]:
    """Say to type checkers what a guard gives for what it is given; nothing happens at run time."""
    return cast("Guard[P]", function)


def around(guarded: Any, kind: Kind, through: Through, memory: Any = None) -> Any:
    """Make every call of a model, a tool or a step go through a function, one try at a time.

    Args:
        guarded: what is wrapped.
        kind: which of the three it is.
        through: `through(call, *args)`; it calls `call(*args)` at most once.
        memory: what the guard remembers between calls, such as a breaker.
    """
    match kind:
        case "model":
            return GuardedModel(guarded, through, memory)
        case "tool":
            return around_tool(guarded, through, lambda step: around(step, "step", through, memory), memory)
        case "step":
            return GuardedStep(guarded, tried(through), memory)
        case _:
            assert_never(kind)


def around_call(guarded: Tool, through: Through, memory: Any = None) -> Tool:
    """Wrap what a tool calls. Its own timeout is each call's, and stands inside of the guard."""
    return replace(guarded, invoke=GuardedCall((guarded,), through, memory), timeout=None)


def around_tool(guarded: Tool, through: Through, of_step: Callable[[Any], Any], memory: Any = None) -> Tool:
    """Wrap what a tool calls; of one that runs a step, the step."""
    if guarded.step is None:
        return around_call(guarded, through, memory)
    step = of_step(guarded.step)

    async def invoke(ctx: ToolContext[Any], args: dict[str, Any]) -> Any:
        return await ctx.scope.call(step, args["input"])

    return replace(guarded, step=step, invoke=invoke)


def invocation(tool: Tool) -> Callable[[ToolContext[Any], dict[str, Any]], Any]:
    """What calls a tool, within the tool's own timeout if it has one."""
    seconds = tool.timeout
    if seconds is None:
        return tool.invoke

    async def in_time(ctx: ToolContext[Any], args: dict[str, Any]) -> Any:
        patience = asyncio.timeout(seconds)
        try:
            async with patience:
                return await tool.invoke(ctx, args)
        except TimeoutError as error:
            if not patience.expired():
                raise
            raise ToolTimeout(f"Tool '{tool.name}' took longer than its {seconds} s.") from error

    return in_time


def kind_of(guarded: Any, by: str) -> Kind:
    """Whether something is a model, a tool or a step; `by` is the guard that asks.

    A model is told from a step by its parameters: they are called or annotated as a model's are (`request: ModelRequest`,
    `emit: Emit`), and a step's second one is the scope.

    Raises:
        UserError: it is none of them.
    """
    if isinstance(guarded, Tool):
        return "tool"
    if isinstance(guarded, Agent | Team | GuardedStep):
        return "step"
    if isinstance(guarded, GuardedModel):
        return "model"
    if isinstance(guarded, str):
        raise UserError(f"{by}({guarded!r}): a model's name is made a model by switchroom.models.named({guarded!r}).")
    try:
        signature = inspect.signature(guarded)
    except (TypeError, ValueError):
        signature = None
    taken = [] if signature is None else [given for given in signature.parameters.values() if given.kind in _POSITIONAL]
    if isinstance(guarded, type) or signature is None or not taken:
        raise UserError(f"{by}({guarded!r}): it takes a model, a tool or a step: an agent, a function of (input, scope).")
    if len(taken) == 1 or taken[1].name == "scope" or _annotated(taken[1].annotation) == "Scope":
        return "step"
    said = (_annotated(taken[0].annotation), _annotated(taken[1].annotation), _annotated(signature.return_annotation))
    return "model" if taken[1].name == "emit" or said[0] == "ModelRequest" or "Emit" in said else "step"


def shown(guarded: Any, kind: Kind) -> str:
    """What errors call it."""
    match kind:
        case "model":
            return f"the model {guarded!r}"
        case "tool":
            return f"tool '{guarded.name}'"
        case "step":
            return f"step '{step_name(guarded)}'"
        case _:
            assert_never(kind)


_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)


def _annotated(annotation: Any) -> str:
    """The last name of an annotation, which is text where annotations are postponed."""
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return name.rpartition(".")[2]
