"""Sides that argue in rounds, each knowing what was said, and a judge who concludes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, cast

from switchroom.errors import BudgetExceeded, UserError
from switchroom.saying import Derived, text_of
from switchroom.schema import as_text
from switchroom.scope import Scope
from switchroom.step import step_name
from switchroom.workflow.base import In, Stage, Workflow, by_name, checked, counted, is_partial, note_missing, output_of
from switchroom.workflow.branches import ENDING, Failure, failed_below, failure_in
from switchroom.workflow.verdicts import says_yes


@dataclass(frozen=True)
class Argument:
    """What a side said, and in which round, from 1."""

    side: str
    round: int
    text: str


class Motion(str, Derived):
    """What a side or the judge is asked: the question, what was said, and what it is to do.

    Attributes:
        asked: the question, as the workflow was given it.
    """


@dataclass(frozen=True)
class Debated:
    """What a debate came to.

    Args:
        conclusion: what the judge gave; None without a judge.
        arguments: what was said, in order.
        rounds: how many rounds were begun.
        consensus: whether the sides agreed before the rounds were over.
        failures: of sides that fell silent, by name, of a judge whom a budget stopped, and of what was to tell "consensus".
    """

    conclusion: Any
    arguments: tuple[Argument, ...]
    rounds: int
    consensus: bool = False
    failures: dict[str, Failure] = field(default_factory=dict[str, Failure])

    def __str__(self) -> str:
        return as_text(self.conclusion, "debate") if self.conclusion is not None else _spoken(self.arguments)


class _Held(NamedTuple):
    """How far a debate came."""

    arguments: list[Argument]
    failures: dict[str, Failure]
    rounds: int
    agreed: bool


@dataclass(frozen=True, eq=False)
class Debate(Workflow[In, Debated]):
    """Sides that argue in rounds; made by `debate`."""

    KIND: ClassVar[str] = "debate"
    sides: Mapping[str, Any] = cast("Mapping[str, Any]", None)
    rounds: int = 3
    judge: Any = None
    consensus: Any = None
    transcript: int = 24_000

    @property
    def parts(self) -> Mapping[str, Any]:
        """The sides and the judge."""
        return self.sides if self.judge is None else {**self.sides, step_name(self.judge): self.judge}

    async def __call__(self, input: In, scope: Any, /) -> Debated:
        """Let the sides argue, and the judge conclude. A side that fails falls silent; what was said before stays said.

        Raises:
            Exception: what the first side raised when nobody said anything, or what the judge did.
        """
        held = await self._held(input, scope)
        conclusion: Any = None
        if self.judge is not None:
            try:
                conclusion = await scope.call(self.judge, self._motion(input, held.arguments, "Conclude."))
            except BudgetExceeded as error:
                if not await is_partial(scope, error):
                    raise
                held.failures[step_name(self.judge)] = failed_below(scope, error)
        await note_missing(scope, held.failures)
        return Debated(conclusion, tuple(held.arguments), held.rounds, held.agreed, held.failures)

    async def _held(self, input: Any, scope: Scope) -> _Held:
        arguments: list[Argument] = []
        failures: dict[str, Failure] = {}
        first: Exception | None = None
        number = 0
        for number in range(1, self.rounds + 1):
            told: dict[str, str] = {}
            for name, side in self.sides.items():
                if name in failures:
                    continue
                task = "Present your argument." if not arguments else "Present your argument, and answer the others'."
                try:
                    output = await scope.call(side, self._motion(input, arguments, task), name=name)
                except ENDING:
                    raise
                except Exception as error:
                    first = first or error
                    failures[name] = failed_below(scope, error)
                    continue
                told[name] = as_text(output, f"debate: '{name}'")
                arguments.append(Argument(name, number, told[name]))
            if len(told) > 1 and await self._agree(told, scope, failures):
                return _Held(arguments, failures, number, True)
            if sum(name not in failures for name in self.sides) < 2:  # nobody is left to answer
                break
        if not arguments and first is not None:
            raise first
        return _Held(arguments, failures, number, False)

    async def _agree(self, told: dict[str, str], scope: Scope, failures: dict[str, Failure]) -> bool:
        """Whether the sides agree; not as far as anybody knows, where that could not be found out."""
        if self.consensus is None:
            return len({" ".join(text.split()).casefold() for text in told.values()}) == 1
        try:
            return says_yes(await scope.call(self.consensus, told, name="consensus"), "debate: consensus")
        except ENDING:
            raise
        except Exception as error:
            failures["consensus"] = failed_below(scope, error)
            return False

    def _motion(self, input: Any, arguments: list[Argument], task: str) -> Motion:
        """The question, as much of what was said as the transcript may hold, the newest first kept, and what is to be done."""
        question = text_of(input, "debate")
        kept = arguments
        while len(kept) > 1 and sum(len(argument.text) for argument in kept) > self.transcript:
            kept = kept[1:]
        spoken = _spoken(kept)
        if len(spoken) > self.transcript:  # one alone is longer
            spoken = spoken[: self.transcript] + " [cut short]"
        left_out = f"[{len(arguments) - len(kept)} earlier arguments are left out]\n\n" if len(kept) < len(arguments) else ""
        motion = Motion(f"Question: {question}\n\n{left_out}{spoken}{chr(10) * 2 if spoken else ''}{task}")
        motion.asked = input
        return motion

    def read_output(self, plain: Any) -> Debated:
        """What the debate came to, the conclusion of the type that the judge declares."""
        conclusion = plain["conclusion"]
        return Debated(
            None if conclusion is None else output_of(self.judge, conclusion),
            tuple(Argument(**argument) for argument in plain["arguments"]),
            plain["rounds"],
            plain["consensus"],
            {name: failure_in(failure) or Failure("Unknown") for name, failure in plain["failures"].items()},
        )


def _spoken(arguments: list[Argument] | tuple[Argument, ...]) -> str:
    return "\n\n".join(f"{argument.side}: {argument.text}" for argument in arguments)


def debate(
    *sides: Stage[Any, Any],
    rounds: int = 3,
    judge: Stage[Any, Any] | None = None,
    consensus: Callable[[dict[str, str]], Any] | Stage[Any, Any] | None = None,
    transcript: int = 24_000,
) -> Debate[Any]:
    """Let sides argue about a question in rounds, one after the other, each knowing what was said; and a judge conclude.

    A side that fails falls silent, and what it said before stays; when fewer than two are left, the debate is over and the
    judge concludes from what there is.

    Args:
        sides: at least two steps; each is asked a text with the question, what was said so far, and what it is to do.
        rounds: at most, at least 1.
        judge: who concludes, asked in the same way; without one the arguments are all.
        consensus: whether the sides agree, so that no further round is needed: a function of what they said in the round, by
            their names, or an agent. By default they do if they say the same.
        transcript: characters of arguments that the sides and the judge are shown at most; the oldest are left out.

    Returns:
        a step that gives `Debated`: `conclusion`, `arguments`, `rounds`, `consensus`, `failures`.

    Raises:
        UserError: there are fewer than two sides or no rounds, or something is no step.
    """
    if len(sides) < 2:
        raise UserError(f"debate has {len(sides)} sides. Pass at least two steps.")
    counted(rounds, "debate(rounds")
    counted(transcript, "debate(transcript")
    for option, step in (("judge", judge), ("consensus", consensus)):
        if step is not None:
            checked(step, f"debate: {option}")
    return Debate(sides=by_name(sides, "debate"), rounds=rounds, judge=judge, consensus=consensus, transcript=transcript)
