"""Speaking: what a node's generator yields, or what its step answers, said piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, cast

from switchroom.errors import UserError
from switchroom.events import AnswerWithdrawn, Asking, RunEvent, Seat
from switchroom.history import History
from switchroom.messages import Message
from switchroom.model import Emit, nobody
from switchroom.rules.speech import spoken_parts
from switchroom.rules.state import Frame, GoingOn, State, Summarised
from switchroom.schema import as_text
from switchroom.scope import Scope
from switchroom.session.delivery import DELIVERY, Delivery
from switchroom.session.event import Event, HandoffDeclinedEvent, handoff_to
from switchroom.session.floor import Claim, Floor, Speech
from switchroom.session.plain import plain, plain_value
from switchroom.step import step_name
from switchroom.team import speaks


def check_text(node: str, does: str, piece: Any) -> None:
    """Whether a piece can be said.

    Raises:
        UserError: it is no text, or none that an encoding holds.
    """
    if not isinstance(piece, str):
        raise UserError(f"Node '{node}' {does} {piece!r}; it {does} text.")
    if not piece.isascii():
        try:
            piece.encode()
        except UnicodeEncodeError as error:
            raise UserError(f"Node '{node}' {does} a text that is no valid Unicode ({error}).") from error


async def answer(turn: Any, node: Any, claim: Claim) -> None:
    """Let a node say its answer: what its `generate_response` yields, as long as it may be heard, or what its step answers.

    Raises:
        UserError: `generate_response` is no generator, or yields what is no text.
    """
    claim.complete = False
    if node.answers_by_step:
        await said_by(turn, node, claim)
        claim.complete = True
        return
    pieces: Any = node.generate_response()
    if not hasattr(pieces, "__aiter__"):
        if hasattr(pieces, "close"):
            pieces.close()
        raise UserError(
            f"Node '{node.name}': generate_response is no asynchronous generator. "
            "Write `async def generate_response(self): yield ...`."
        )
    speech = Speech(node.name)
    async with aclosing(pieces) as said:
        async for piece in cast("AsyncIterator[Any]", said):
            check_text(node.name, "yields", piece)
            turn.floor.say(claim, speech, piece)
            if claim.state == "lost":
                return
            await turn.breathe()
    claim.complete = True


async def said_by(turn: Any, node: Any, claim: Claim | None) -> list[Speech]:
    """What a node's step answers; with a claim it is said, while it is made if somebody listens."""
    delivery = DELIVERY.get()
    assert delivery is not None, "a node speaks on a delivery"
    step = node.step
    scope = turn.scope_of(delivery)
    path = scope.place(step_name(step))
    if not speaks(step):
        output = await scope.enter(step, _text_of(turn, delivery), path)
        text = "" if output is None else as_text(output, f"Node '{node.name}'")
        speeches = [Speech(node.name, text)] if text else []
    else:
        attempt = turn.scope.attempt
        before, new = _going_on(turn, node, delivery)
        noted = len(attempt.events)
        mouth = None if claim is None else Mouth(turn, node, claim, path)
        above = scope.ear
        if mouth is not None:
            scope.ear = mouth.for_answer
        try:
            await scope.enter(step, GoingOn(before, new), path)
        finally:
            scope.ear = above
        run: State = scope.last
        turn.seats[node.name] = _seat(run)
        added = run.history[len(before.history) + (1 if new[0].role == "user" else 0) :]
        speeches = _speeches(node, added, [*attempt.past.get(path, ()), *attempt.events[noted:]], path)
    if claim is not None:
        _settle(turn.floor, claim, speeches)
    return speeches


def _text_of(turn: Any, delivery: Delivery) -> str:
    content: object = getattr(delivery.event, "content", None)
    if isinstance(content, str):
        return content
    return next((message.text for message in reversed(turn.history) if message.role == "user"), "")


def _going_on(turn: Any, node: Any, delivery: Delivery) -> tuple[State, tuple[Message, ...]]:
    """What an agent's run goes on from, and what is new for it: the message, or how the conversation came to it."""
    history: History = turn.history
    last = history[-1] if history.length else None
    event = delivery.event
    told = _told(delivery, event)
    if told is not None:
        new = Message("system", told)
    elif last is not None and last.role == "user":
        content: object = getattr(event, "content", None)
        new = last if content in (None, last.text) else Message("user", str(content))
        history = history.without_last(1)
    else:
        new = Message("system", "[Nobody has answered yet. Answer the person, as far as you can.]")
    heard = min(turn.known_before, history.length)
    seat: Seat | None = turn.seats.get(node.name) or turn.live.seats.get(node.name)
    if seat is None:
        return State(history=history, heard=heard), (new,)
    frames = tuple(Frame(asking.asker, asking.target) for asking in seat.asking)
    summary = Summarised(seat.upto, seat.summary) if 0 < seat.upto <= history.length else None
    return State(agent=seat.agent, history=history, heard=heard, frames=frames, summary=summary), (new,)


def _told(delivery: Delivery, event: Event | None) -> str | None:
    """A handoff as its target reads it, or its refusal as the asker does."""
    if isinstance(event, HandoffDeclinedEvent):
        return f"[{event.target} declined: {event.reason}]"
    if event is None or handoff_to(event) is None:
        return None
    lines = [f"{event.source} puts the conversation through to you."]
    reason: object = getattr(event, "reason", "")
    if reason:
        lines.append(f"Reason: {plain_value(reason)}")
    context = plain(getattr(event, "context", None))
    if context:
        lines.append(f"Brief: {as_text(context, 'A handoff')}")
    return "\n".join(lines)


def _seat(run: State) -> Seat:
    asking = tuple(Asking(frame.asker, frame.target) for frame in run.frames)
    summary = run.summary
    return Seat(run.agent, asking) if summary is None else Seat(run.agent, asking, summary.upto, summary.text)


def _speeches(node: Any, added: Sequence[Message], events: Sequence[RunEvent], path: str) -> list[Speech]:
    """What agents said in a run, answer by answer, each with the messages that led to it."""
    parts = list(spoken_parts(events, path))
    speeches: list[Speech] = []
    led: list[Message] = []
    for message in added:
        led.append(message)
        if message.role == "assistant" and parts and (message.agent, message.text) == (parts[0].agent, parts[0].text):
            part = parts.pop(0)
            speech = Speech(part.agent if node.stands_for_its_step else node.name, part.text)
            speech.messages, led = tuple(led), []
            speeches.append(speech)
    if speeches and led:
        speeches[-1].messages += tuple(led)
    return speeches


def _settle(floor: Floor, claim: Claim, speeches: Sequence[Speech]) -> None:
    """Put what holds in the place of what was said while it was made."""
    shown = list(claim.said)
    for index, true in enumerate(speeches):
        if index >= len(shown):
            for piece in list(true.pieces):
                speech = Speech(true.speaker)
                speech.messages = true.messages
                floor.say(claim, speech, piece)
            continue
        speech = shown[index]
        speech.speaker, speech.messages = true.speaker, true.messages
        if true.text.startswith(speech.text):
            floor.say(claim, speech, true.text[len(speech.text) :])
        speech.pieces[:] = [true.text]
    for speech in shown[len(speeches) :]:
        floor.drop(claim, speech)


class Mouth:
    """Where an agent's model says its answers, as a node's speech: each answer is a part of its own."""

    def __init__(self, turn: Any, node: Any, claim: Claim, path: str) -> None:
        self._turn = turn
        self._node = node
        self._claim = claim
        self._path = path
        self._scope: Scope | None = None
        self._speech = Speech(node.name)

    def for_answer(self, scope: Scope, agent: str, answer: int) -> Emit:
        """The place for the next answer; what is said inside of calls is not heard."""
        if scope.path != self._path:
            return nobody
        self._scope = scope
        self._speech = Speech(agent if self._node.stands_for_its_step else self._node.name)
        return self

    def __call__(self, text: str) -> None:
        """Say a piece."""
        self._turn.floor.say(self._claim, self._speech, text)

    def __bool__(self) -> bool:
        return True

    async def withdraw(self, reason: str) -> bool:
        """Take back what was said of this answer; see `Emit.withdraw`."""
        if self._speech.pieces and self._claim.state == "heard":
            assert self._scope is not None, "it was said in a run"
            if not self._turn.scope.attempt.withdraws:
                return False
            await self._scope.note(AnswerWithdrawn(self._speech.speaker, reason))
        self._turn.floor.drop(self._claim, self._speech)
        return True
