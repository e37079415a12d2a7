"""What a model says so that the recorded calls are made. It goes by what it is told, and takes no other history than this."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from tests.traces.desk import instructions
from tests.traces.recordings import ENTRY, Recording, Step, Turn
from tests.traces.records import Json

"""What is answered when a handoff was not put through because it goes round in a circle."""


class Entry(NamedTuple):
    """Something in a history: what a customer said, what a model said or called, what a tool told."""

    kind: Literal["customer", "said", "called", "told"]
    text: str
    args: Json | None = None


class Heard(NamedTuple):
    """What a model gets to know, whatever the protocol: what it is told to be, what it may call, and the history."""

    instructions: str
    tools: Container[str]
    history: Sequence[Entry]


class Call(NamedTuple):
    """A call that a model makes, with the id that was recorded, or ""."""

    name: str
    args: Json
    id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a model.

    Args:
        agent: for whom it answers.
        text: what it says.
        calls: what it calls.
        told: what the calls will tell it.
        to: the specialist to whom the last call hands over, or "".
    """

    agent: str
    text: str = ""
    calls: tuple[Call, ...] = ()
    told: tuple[str, ...] = ()
    to: str = ""


def confirmed(observation: str) -> str:
    """What a model is told in place of an observation that only a person could vouch for."""
    return f"[a person confirmed that this was done: {observation}]"


class Script:
    """The whole of a recorded conversation, with the handoffs that it takes.

    It keeps no place: each time it finds the place in what the model is told, all of which has to be as it was recorded.

    Args:
        recording: what was said and done.
        together: whether a specialist's calls that follow one another, and the handoff after them, are made in one answer.

    Attributes:
        answers: all that the model says, in order.
        history: all that is then said, called and told.
    """

    def __init__(self, recording: Recording, together: bool = False) -> None:
        self.answers: list[Answer] = []
        self.history: list[Entry] = []
        self._file = recording.id
        self._after: dict[int, Answer] = {}
        active = ENTRY
        for turn in recording.turns:
            self.history.append(Entry("customer", turn.said))
            answers = list(_answers(turn, active))
            for answer in _together(answers) if together else answers:
                self._add(answer)
            active = answers[-1].agent

    def _add(self, answer: Answer) -> None:
        self.answers.append(answer)
        self._after[len(self.history)] = answer
        if answer.text:
            self.history.append(Entry("said", answer.text))
        self.history += [Entry("called", call.name, call.args) for call in answer.calls]
        self.history += [Entry("told", told) for told in answer.told]

    def answer(self, heard: Heard) -> Answer:
        """What the model says next.

        Raises:
            AssertionError: it was told something else than was recorded, or another specialist asks it than the one whose turn
                it is, or what it is about to call is not there.
        """
        place = len(heard.history)
        answer = self._after.get(place)
        for at, (is_now, was_then) in enumerate(zip(heard.history, self.history[:place], strict=True)):
            assert same(is_now, was_then), f"{self._file}: entry {at} of the history is {is_now}, and was {was_then}"
        assert answer is not None, f"{self._file}: nothing was answered after {place} entries"
        assert heard.instructions == instructions(answer.agent, self._file)
        for call in answer.calls:
            assert call.name in heard.tools, f"{self._file}: {answer.agent} cannot call {call.name}"
        return answer

    def before(self, heard: Heard) -> list[Answer]:
        """What the model has said so far."""
        return [answer for place, answer in self._after.items() if place < len(heard.history)]


def same(is_now: Entry, was_then: Entry) -> bool:
    """Whether something in a history is what was recorded, or a person's word for it."""
    return is_now == was_then or (is_now.kind == was_then.kind == "told" and is_now.text == confirmed(was_then.text))


def _answers(turn: Turn, active: str) -> Iterator[Answer]:
    """The answers of a turn: each call alone, and a handoff before each that is another specialist's."""
    for step in turn.steps:
        if step.agent != active:
            yield _handoff(active, step)
            active = step.agent
        yield Answer(active, step.says, (Call(step.tool, step.args, step.id),), (step.observation,))
    yield Answer(active, turn.answer)


def _handoff(active: str, step: Step) -> Answer:
    reason = f"{step.tool} is for {step.agent}"
    brief = f"{active} puts the conversation through to you.\nReason: {reason}"
    return Answer(active, "", (Call(f"transfer_to_{step.agent}", {"reason": reason}),), (brief,), step.agent)


def _together(answers: Sequence[Answer]) -> list[Answer]:
    """The same with as few answers as may be: the calls of one that says nothing are made in the one before."""
    fewer: list[Answer] = []
    for answer in answers:
        before = fewer[-1] if fewer else None
        if before and before.calls and answer.calls and before.agent == answer.agent and not answer.text:
            fewer[-1] = replace(before, calls=before.calls + answer.calls, told=before.told + answer.told, to=answer.to)
        else:
            fewer.append(answer)
    return fewer
