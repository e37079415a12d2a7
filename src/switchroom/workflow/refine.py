"""A writer and a critic: what is written is judged and written again, and the best that came of it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic

from typing_extensions import TypeVar

from switchroom.errors import ModelMisbehaved, UserError
from switchroom.messages import Message
from switchroom.saying import Derived, said, text_of
from switchroom.schema import as_text
from switchroom.scope import Scope
from switchroom.step import step_name
from switchroom.team import speaks
from switchroom.workflow.base import A, B, In, Stage, Workflow, by_name, checked, counted, input_of, note_missing, output_of
from switchroom.workflow.branches import ENDING, Failure, failed_below, failure_in
from switchroom.workflow.verdicts import says_yes, score_of, words_of

Draft = TypeVar("Draft", default=Any)


class Revision(str, Derived):
    """What a writer is asked from the second round on: the task, its last draft, and what is to be better.

    Attributes:
        asked: the task, as the workflow was given it.
        draft: the last draft.
        feedback: what the critic said of it.
        round: the number of the round, from 1.
    """

    draft: Any
    feedback: str
    round: int
    error = ""

    @classmethod
    def of(cls, asked: Any, draft: Any, feedback: str, round: int) -> Revision:
        """The revision, and how it reads as text."""
        task, written = text_of(asked, "refine"), as_text(draft, "refine")
        revision = cls(f"{task}\n\nYour last draft:\n{written}\n\nWhat to do better:\n{feedback}")
        revision.asked, revision.draft, revision.feedback, revision.round = asked, draft, feedback, round
        return revision

    @property
    def plain(self) -> Revision:
        """A function is given the revision: it is a text, and has its parts as attributes."""
        return self

    def as_messages(self) -> Sequence[Message]:
        """The draft is what the writer said, and what is to be better is what it is told."""
        written = Message("assistant", as_text(self.draft, "refine"))
        return (
            *said(self.asked, "refine"),
            written,
            Message("user", f"What to do better:\n{self.feedback}\n\nWrite it again."),
        )


class Review(str):
    """What a critic that is no plain function is asked: the task, and the draft to be judged.

    Attributes:
        draft: the draft.
        objection: why what it said before could not be used.
    """

    draft: Any
    objection: str

    @classmethod
    def of(cls, asked: Any, draft: Any, objection: str = "") -> Review:
        """The review, as it reads."""
        text = f"The task:\n{text_of(asked, 'refine')}\n\nThe draft to judge:\n{as_text(draft, 'refine')}"
        review = cls(f"{text}\n\n[{objection}]" if objection else text)
        review.draft, review.objection = draft, objection
        return review


@dataclass(frozen=True)
class Refined(Generic[Draft]):
    """What came of writing and judging.

    Args:
        draft: the draft that passed, else the best of all.
        passed: whether it passed.
        rounds: how many drafts were written.
        verdict: what the critic said of this draft; None if it was not judged.
        failure: what ended it before its time, if anything did.
    """

    draft: Draft
    passed: bool
    rounds: int
    verdict: Any = None
    failure: Failure | None = None

    def __str__(self) -> str:
        return as_text(self.draft, "refine")


@dataclass(frozen=True, eq=False)
class Refine(Workflow[In, Refined[Draft]]):
    """A writer and a critic; made by `refine`."""

    KIND: ClassVar[str] = "refine"
    writer: Any = None
    critic: Any = None
    accept: Any = None
    rounds: int = 3
    scale: tuple[float, float] | None = None

    @property
    def parts(self) -> Mapping[str, Any]:
        """The writer and the critic."""
        return by_name((self.writer, self.critic), "refine")

    async def __call__(self, input: In, scope: Any, /) -> Refined[Draft]:
        """Write and judge until a draft passes or the rounds are over; what fails after the first draft ends it with the best.

        Raises:
            Exception: what the writer raised when it wrote nothing yet.
        """
        best: Refined[Any] | None = None
        asked: Any = input
        for number in range(1, self.rounds + 1):
            try:
                draft = await scope.call(self.writer, asked)
            except Exception as error:
                if best is None or isinstance(error, ENDING):
                    raise
                return await _ended_early(scope, best, number - 1, error)
            verdict: Any = None
            try:
                verdict = await self._verdict(input, draft, scope)
                passed = await self._passes(verdict, scope)
            except ENDING:
                raise
            except Exception as error:
                return await _ended_early(scope, best or Refined(draft, False, number, verdict), number, error)
            if passed or best is None or _better(verdict, best.verdict):
                best = Refined(draft, passed, number, verdict)
            if passed:
                return best
            asked = Revision.of(input, draft, words_of(verdict) or "It did not pass.", number + 1)
        assert best is not None, "there is at least one round"
        return _ended(best, self.rounds, None)

    async def _verdict(self, input: Any, draft: Any, scope: Scope) -> Any:
        """What the critic says; one that leaves its scale is told so once."""
        plain = not speaks(self.critic) and not hasattr(self.critic, "parts")
        objection = ""
        for _ in range(2):
            verdict = await scope.call(self.critic, draft if plain else Review.of(input, draft, objection))
            objection = self._off_scale(verdict)
            if not objection:
                return verdict
            if plain:
                raise UserError(f"refine: {objection}")
        raise ModelMisbehaved(objection)

    def _off_scale(self, verdict: Any) -> str:
        score = score_of(verdict)
        if self.scale is None or score is None or self.scale[0] <= score <= self.scale[1]:
            return ""
        low, high = self.scale
        return f"The score {score:g} of '{step_name(self.critic)}' is outside its scale, {low:g} to {high:g}."

    async def _passes(self, verdict: Any, scope: Scope) -> bool:
        said_of_it = verdict if self.accept is None else await scope.call(self.accept, verdict, name="accept")
        return says_yes(said_of_it, f"refine: '{step_name(self.critic)}'")

    def read_input(self, plain: Any) -> Any:
        """The input, of the type that the writer declares."""
        return input_of(self.writer, plain)

    def read_output(self, plain: Any) -> Refined[Any]:
        """What came of it, of the types that writer and critic declare."""
        verdict, failure = plain["verdict"], plain["failure"]
        return Refined(
            output_of(self.writer, plain["draft"]),
            plain["passed"],
            plain["rounds"],
            None if verdict is None else output_of(self.critic, verdict),
            None if failure is None else failure_in(failure),
        )


async def _ended_early(scope: Scope, best: Refined[Any], rounds: int, error: Exception) -> Refined[Any]:
    """Return the best draft so far, because the writer or the critic failed."""
    failure = failed_below(scope, error)
    await note_missing(scope, {failure.path.rpartition("/")[2].partition("#")[0]: failure})
    return _ended(best, rounds, failure)


def _ended(best: Refined[Any], rounds: int, failure: Failure | None) -> Refined[Any]:
    return Refined(best.draft, best.passed, rounds, best.verdict, failure)


def _better(verdict: Any, before: Any) -> bool:
    """Whether a verdict is at least as good as one before: of what is not scored, the later draft has learned more."""
    score, other = score_of(verdict), score_of(before)
    return score is None or other is None or score >= other


def refine(
    writer: Stage[A, B],
    critic: Stage[Any, Any],
    accept: Any = None,
    rounds: int = 3,
    scale: tuple[float, float] | None = None,
) -> Refine[A, B]:
    """Write, judge, write again with what the critic said, until a draft passes or the rounds are over.

    From the second round on the writer is asked a `Revision`: an agent sees its last draft as what it said, and the feedback; a
    function gets a text with the parts as attributes. The critic is given the draft; an agent reads the task as well.

    Args:
        writer: a step that writes.
        critic: a step that judges: True or False, a score, text, or a type with `passes`, `score`, `feedback`.
        accept: whether a draft passes, a function of what the critic said, sync or async; by default it says so itself.
        rounds: drafts at most, at least 1.
        scale: the lowest and the highest score. A verdict outside of it is refused: an agent is told so once.

    Returns:
        a step that gives `Refined`: the draft that passed, or else the best (the highest score, the latest of equal ones) with
        `passed=False`; a critic or writer that fails after the first draft is told in it.

    Raises:
        UserError: there are no rounds, or something is no step.
    """
    counted(rounds, "refine(rounds")
    if accept is not None and not callable(accept):
        raise UserError(f"refine(accept={accept!r}): give a function of what the critic says.")
    match scale:
        case None:
            pass
        case (int() | float() as low, int() | float() as high) if low < high:
            pass
        case _:
            raise UserError(f"refine(scale={scale!r}): give the lowest and the highest score.")
    return Refine(
        writer=checked(writer, "refine: writer"),
        critic=checked(critic, "refine: critic"),
        accept=accept,
        rounds=rounds,
        scale=scale,
    )
