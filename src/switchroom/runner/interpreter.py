"""How steps of all kinds are run: agents and teams by the loop, anything else by calling it. A step is matched once."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial, reduce
from types import FunctionType
from typing import Any, get_type_hints

import msgspec
from msgspec.structs import replace
from pydantic import PydanticSchemaGenerationError, TypeAdapter, ValidationError
from pydantic_core import to_json

from switchroom._tool import Tool
from switchroom.agent import Agent
from switchroom.attempt import Attempt, is_cancelled, left_by
from switchroom.context import settled
from switchroom.digest import digest
from switchroom.errors import ToolCancelled, UserError
from switchroom.events import StepReturned, StepStarted
from switchroom.messages import messages_from
from switchroom.perform import AgentRun, Perform, perform
from switchroom.roster import roster_of
from switchroom.rules.limits import MAX_NESTED
from switchroom.rules.root import Root
from switchroom.rules.state import GoingOn, State
from switchroom.runner.executor import Kept, StepExecutor
from switchroom.runner.loop import answer
from switchroom.saying import said, sayable
from switchroom.schema import explained, jsonable
from switchroom.scope import Scope
from switchroom.step import step_name
from switchroom.team import Team, speaks
from switchroom.threads import threaded


class Spoken:
    """How an agent or a team is run: its input is messages, and its run is folded over the rules."""

    __slots__ = ("name", "roster", "version")

    def __init__(self, step: Agent[Any] | Team) -> None:
        self.roster = roster_of(step)
        self.name = step_name(step)
        self.version = self.roster.entry.version

    def kept(self, input: Any) -> Kept:
        """What a person says, as it is kept; typed data is said as its JSON."""
        return messages_from(input.model_dump_json() if hasattr(input, "model_dump_json") else input), None

    def given(self, root: Root) -> Any:
        """What the step was given, from what was kept of it."""
        return root.messages

    def reread(self, plain: Any) -> Any:
        """What the step was given, from what a workflow's input was kept as: agents read JSON."""
        return plain

    def meet(self, attempt: Attempt) -> None:
        """Let the result know the agents by name."""
        attempt.rosters[id(self.roster)] = self.roster

    def begin(self, input: Any, scope: Scope) -> StepStarted:
        """What is noted when the run begins. Who had the conversation last has it again, and knows what was said."""
        attempt = scope.attempt
        roster = self.roster
        scope.loops += 1
        if scope.loops > MAX_NESTED:
            raise _too_deep(scope)
        attempt.rosters[id(roster)] = roster
        if not attempt.journal.keeps and roster.asking is not None:
            agent, asking = roster.asking
            raise UserError(
                f"Tool '{asking}' of agent '{agent}' may wait for a person's approval, and the run has no journal to wait in. "
                "Pass RunConfig(journal='sqlite:///chats.db')."
            )
        fold = State()
        if scope.path == attempt.root.path:
            fold = attempt.before
        elif isinstance(input, GoingOn):
            fold, input = input.before, input.messages
        elif attempt.before.history.length and attempt.asked(
            input
        ):  # it is given what the person says, so it knows what was said
            history = attempt.before.history
            fold = State(history=history, heard=history.length)
        active = fold.agent or roster.entry.name
        if active not in roster.agents:  # an agent of an older version of the team had the conversation
            active = roster.entry.name
            fold = State(history=fold.history, heard=fold.heard)
        if fold.frames:
            fold = replace(fold, frames=tuple(frame for frame in fold.frames if roster.knows(frame.asker, frame.target)))
        scope.fold = fold
        messages = input if input is attempt.root.messages else said(input, f"The input of '{self.name}'")
        guarded = bool(roster[active].input_guards)
        fingerprint = digest((self.name, self.version, messages))
        return StepStarted(self.name, fingerprint, self.version, None, active, messages, guarded)

    def run(self, input: Any, scope: Scope) -> Awaitable[Any]:
        """Run the agent in its scope."""
        wrappers = scope.attempt.config.wrappers
        return answer(AgentRun(scope, self.roster, wrapped(wrappers) if wrappers else perform))

    def load(self, output: Any, agent: str) -> Any:
        """What the run gave, of the type that the agent declares who had the conversation at its end.

        Where that is not known any more, for a workflow passed it on, it is whose type it is of, the entry's first.

        Raises:
            ValueError: it is of nobody's type.
        """
        if agent:
            return self.roster[agent].output.load(output)
        for name in (self.roster.entry.name, *self.roster.agents):
            given = self.roster[name].output
            with contextlib.suppress(ValidationError):
                if given.shape is not None or isinstance(output, str):
                    return given.load(output)
        raise ValueError(f"{_shortly(output)} is of no type that an agent of '{self.name}' gives")


def _too_deep(scope: Scope) -> UserError:
    """Return the error for agent runs too deep within one another, with their names up to the first that repeats."""
    names: list[str] = []
    around: Scope | None = scope
    while around is not None:
        outer = around.parent
        if outer is not None and around.loops > outer.loops:
            names.append(around.path.rpartition("/")[2].partition("#")[0])
        around = outer
    names.reverse()
    repeated = next((place for place, name in enumerate(names) if name in names[:place]), len(names) - 1)
    return UserError(
        f"Agent runs stand within one another more than {MAX_NESTED} deep, which is a circle: "
        f"{' > '.join(names[: repeated + 1])}. Do not give an agent a tool that runs an agent around it; "
        "use a handoff to go back."
    )


class Taken(msgspec.Struct, frozen=True):
    """What a function's signature says.

    Args:
        scope: whether it takes the scope beside the input.
        error: whether it takes what became of who was asked before.
        thread: whether it is a plain function of the input alone, which runs in a thread, as tools do.
        input: the declared type of its input, if it declares one.
        output: the declared type of what it returns.
    """

    scope: bool
    error: bool
    thread: bool
    input: TypeAdapter[Any] | None
    output: TypeAdapter[Any] | None


def _read(step: Any) -> Taken:
    if hasattr(step, "parts"):  # a workflow: the steps in it say what goes in and comes out
        return Taken(True, False, False, None, None)
    try:
        signature = inspect.signature(step)
    except ValueError:  # a type such as int, which makes its value of the input
        return Taken(False, False, True, None, None)
    parameters = [given for given in signature.parameters.values() if given.kind in _POSITIONAL or given.name == "error"]
    function = step if inspect.isroutine(step) else getattr(step, "__call__", None)  # noqa: B004
    try:
        hints = get_type_hints(function)
    except (NameError, TypeError):  # a type that only its own function can see: plain values have to do
        hints = {}
    error = any(given.name == "error" for given in parameters[1:])
    parameters = [given for given in parameters if given.name != "error" or given is parameters[0]]
    takes_scope = len(parameters) > 1 or any(given.kind is given.VAR_POSITIONAL for given in parameters)
    plain = not inspect.iscoroutinefunction(step) and not inspect.iscoroutinefunction(getattr(step, "__call__", None))  # noqa: B004
    return Taken(
        takes_scope,
        error,
        plain and not takes_scope,
        _adapter(hints.get(parameters[0].name)) if parameters else None,
        _adapter(hints.get("return")),
    )


def _adapter(hint: Any) -> TypeAdapter[Any] | None:
    if hint is None or hint is Any:
        return None
    try:
        return TypeAdapter(hint)
    except PydanticSchemaGenerationError:  # a type of which no JSON is read: plain values have to do
        return None


_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)


class Called:
    """How anything else is run: by calling it with the input, and with the scope if it takes it."""

    __slots__ = ("_step", "_taken", "name")

    def __init__(self, step: Any) -> None:
        self._step = step
        self.name = step_name(step)
        self._taken = _read(step)

    def is_of(self, step: Any) -> bool:
        """Whether it is this step that is called."""
        return self._step is step

    @property
    def version(self) -> str:
        """Of the step's logic, as it says itself."""
        return str(getattr(self._step, "version", ""))

    def kept(self, input: Any) -> Kept:
        """The input as it is kept."""
        return (), jsonable(input, f"The input of step '{self.name}'")

    def given(self, root: Root) -> Any:
        """What the step was given, from what was kept of it."""
        return self.reread(root.input)

    def reread(self, plain: Any) -> Any:
        """What the step was given, of the type that its first parameter declares."""
        guarded = getattr(self._step, "guarded", None)
        if guarded is not None:
            return interpret(guarded).reread(plain)
        read: Callable[[Any], Any] | None = getattr(self._step, "read_input", None)
        if read is not None:
            return read(plain)
        declared = self._taken.input
        return plain if declared is None else declared.validate_json(to_json(plain))

    def meet(self, attempt: Attempt) -> None:
        """Let the result know the agents in a workflow by name; those that a function calls are not known from outside."""
        parts: Mapping[str, Any] = getattr(self._step, "parts", {})
        for part in parts.values():
            interpret(part).meet(attempt)

    def begin(self, input: Any, scope: Scope) -> StepStarted:
        """What is noted when the step begins."""
        plain = self.kept(self._given(input))[1]
        return StepStarted(self.name, digest((self.name, self.version, plain)), self.version, plain)

    async def run(self, input: Any, scope: Scope) -> Any:
        """Call the step, and note what it returned.

        What it declares to return, it has to return: on resume its output is made of the journal by that type.

        Raises:
            UserError: it returned something else than it declares, or what JSON cannot hold.
        """
        try:
            output = await self._output(input, scope)
        except BaseExceptionGroup as group:
            raise left_by(group) from group.__cause__
        except asyncio.CancelledError as error:
            if is_cancelled():
                raise
            raise ToolCancelled(f"Step '{self.name}' cancelled itself.") from error
        plain = jsonable(output, f"Step '{self.name}'")
        if self._taken.output is not None:
            try:
                output = self._taken.output.validate_json(to_json(plain))
            except ValidationError as error:
                raise UserError(
                    f"Step '{self.name}' returned {output!r}, which is not what it declares to return: {explained(error)}."
                ) from error
        await scope.note(StepReturned(plain))
        return output

    def _given(self, input: Any) -> Any:
        """The input as a function takes it; a workflow hands on as it is what says itself how agents are asked."""
        speaking = sayable(input)
        return input if speaking is None or hasattr(self._step, "parts") else speaking.plain

    def _typed(self, given: Any) -> Any:
        """The input as the type that the step declares to take.

        Raises:
            UserError: it is none.
        """
        declared = self._taken.input
        if declared is None:
            return given
        try:
            typed = declared.validate_python(given)
        except ValidationError as error:
            raise UserError(
                f"Step '{self.name}' was given {_shortly(given)}, which is not what it declares to take: {explained(error)}."
            ) from error
        return given if typed == given else typed  # it may be more than it has to be, as a text with attributes is

    def _output(self, input: Any, scope: Scope) -> Awaitable[Any]:
        step, given = self._step, self._typed(self._given(input))
        if self._taken.error:
            speaking = sayable(input)
            step = partial(step, error="" if speaking is None else speaking.error)
        if self._taken.scope:
            return settled(step(given, scope))
        if self._taken.thread:
            return _settled_in_thread(lambda: step(given))
        return step(given)

    def load(self, output: Any, agent: str) -> Any:
        """What the step gave, of the type that it declares to return; plain data if it declares none."""
        guarded = getattr(self._step, "guarded", None)
        if guarded is not None:
            return interpret(guarded).load(output, "")
        read: Callable[[Any], Any] | None = getattr(self._step, "read_output", None)
        if read is not None:
            return read(output)
        declared = self._taken.output
        return output if declared is None else declared.validate_json(to_json(output))


def _shortly(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:197]}..."


async def _settled_in_thread(call: Callable[[], Any]) -> Any:
    return await settled(await threaded(call))


def wrapped(wrappers: Sequence[Callable[[Perform], Perform]]) -> Perform:
    """What performs commands, with the wrappers around it, the first outermost."""
    return reduce(lambda inner, wrapper: wrapper(inner), reversed(wrappers), perform)


def interpret(step: Any) -> StepExecutor:
    """How a step is run; of an agent or a team found out once and kept with it, where steps of later floors bring theirs.

    Raises:
        UserError: it is nothing that can be run.
    """
    known: StepExecutor | None = getattr(step, "_spoken", None)
    if known is None:
        if not speaks(step):
            return _called(step)
        known = step.__dict__["_spoken"] = Spoken(step)
    return known


def _called(step: Any) -> Called:
    """How a step is called; of a function or a workflow it is found out once and kept with it."""
    if not isinstance(step, FunctionType) and not hasattr(step, "parts"):
        if isinstance(step, Tool):
            raise UserError(f"'{step.name}' is a tool, and no step. A tool is called by an agent: Agent(..., tools=[...]).")
        return Called(step)
    known: Called | None = step.__dict__.get("_called")
    if known is None or not known.is_of(step):  # a decorator copies what is kept with the function that it wraps
        known = step.__dict__["_called"] = Called(step)
    return known
