"""Steps in order until one answers: each next one is told what became of those before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from switchroom.errors import Fenced, GuardrailTripped, JournalError, ModelDenied, NotAccepted, UserError
from switchroom.failure import add_note, told
from switchroom.messages import Message
from switchroom.saying import Derived, said, sayable
from switchroom.scope import Scope
from switchroom.workflow.base import A, B, In, Out, Stage, Workflow, by_name, checked, input_of, output_of_one
from switchroom.workflow.branches import ENDING
from switchroom.workflow.verdicts import says_yes, words_of


@dataclass(frozen=True)
class Retold(Derived):
    """What was asked, with what became of those who were asked before, as an agent is told it.

    Attributes:
        asked: what was asked.
        error: what became of them.
    """

    asked: Any
    error: str

    @property
    def plain(self) -> Any:
        """A function is given what was asked; and the error, if it has a parameter of that name."""
        asked = sayable(self.asked)
        return self.asked if asked is None else asked.plain

    def as_messages(self) -> Sequence[Message]:
        """What became of them stands before the question, so that the question is the newest that was said."""
        *before, last = said(self.asked, "fallback")
        return (*before, Message("system", f"[{self.error} You are asked instead.]"), last)


@dataclass(frozen=True, eq=False)
class Fallback(Workflow[In, Out]):
    """Steps in order until one answers; made by `fallback`."""

    KIND: ClassVar[str] = "fallback"
    steps: Mapping[str, Any] = cast("Mapping[str, Any]", None)
    accept: Any = None
    on: tuple[type[Exception], ...] | None = None

    @property
    def parts(self) -> Mapping[str, Any]:
        """The steps, in their order."""
        return self.steps

    async def __call__(self, input: In, scope: Any, /) -> Out:
        """Ask one step after the other, until one answers and is accepted.

        Raises:
            NotAccepted: the last that answered was not accepted.
            Exception: what the last step raised, with notes of what became of those before.
        """
        failed: list[str] = []
        error: Exception = NotAccepted("nobody was asked")
        for name, step in self.steps.items():
            try:
                return await self._asked(name, step, Retold(input, " ".join(failed)) if failed else input, scope)
            except Exception as failure:
                if not self._goes_on(failure):
                    raise
                error = failure
                failed.append(f"{name} could not answer: {type(failure).__name__}: {told(failure)}.")
        for note in failed[:-1]:
            add_note(error, f"Before, {note}")
        raise error

    async def _asked(self, name: str, step: Any, input: Any, scope: Scope) -> Any:
        output = await scope.call(step, input, name=name)
        if self.accept is None:
            return output
        verdict = await scope.call(self.accept, output, name="accept")
        if not says_yes(verdict, "fallback: accept"):
            why = words_of(verdict) if not isinstance(verdict, bool) else ""
            raise NotAccepted(f"its answer was not accepted{f': {why}' if why else ''}")
        return output

    def _goes_on(self, error: Exception) -> bool:
        if isinstance(error, (Fenced, JournalError)):  # nothing that is asked now could be kept
            return False
        if self.on is not None:
            return isinstance(error, (*self.on, NotAccepted))
        return isinstance(error, ModelDenied) or not isinstance(error, (*ENDING, GuardrailTripped))

    def read_input(self, plain: Any) -> Any:
        """The input, of the type that the first step declares."""
        return input_of(next(iter(self.steps.values())), plain)

    def read_output(self, plain: Any) -> Any:
        """What it gave, of the type of the step whose it is."""
        return output_of_one(self.steps.values(), plain)


def _is_exception(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Exception)


def fallback(
    *steps: Stage[A, B], accept: Stage[B, Any] | None = None, on: tuple[type[Exception], ...] | None = None
) -> Fallback[A, B]:
    """Steps in order on the same input, until one answers.

    Each next one is told what became of those before: an agent by a message before the question, a function that has a
    parameter `error` by that. Everything that fails is a fact.

    Args:
        steps: at least one, the one to be asked first first.
        accept: whether an answer will do: a function of it, or an agent that judges it (True or False, or a type with a field
            `passes`). By default any answer does.
        on: the exceptions after which the next is asked. By default all but what the developer has to change (`UserError`; a
            wrong key or model is nothing that a person who waits should suffer from) and a guardrail that tripped: what must
            not be answered is not answered by the backup either. `(Exception,)` asks the next after those as well.

    Returns:
        a step that gives the first accepted answer.

    Raises:
        UserError: there is no step, or one is none.
    """
    if not steps:
        raise UserError("fallback() has no steps. Pass at least one.")
    if accept is not None:
        checked(accept, "fallback: accept")
    if on is not None and not (isinstance(on, tuple) and all(map(_is_exception, on))):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"fallback(on={on!r}): give a tuple of exception types.")
    return Fallback(steps=by_name(steps, "fallback"), accept=accept, on=on)
