"""Who is heard: speakers claim a turn, their text is held until it is theirs, and one of them is the answer."""

from __future__ import annotations

from typing import Literal, Protocol

from switchroom.events import AnyFact, NodeHandedOver, SpeakerSilenced
from switchroom.messages import Message
from switchroom.session.delivery import Delivery, Via
from switchroom.session.event import Event
from switchroom.session.plain import plain, plain_value

ClaimState = Literal["held", "free", "heard", "lost", "over"]


class Speech:
    """What one speaker says in one go; `messages` is what it adds to the history, where that is more than the text."""

    __slots__ = ("messages", "pieces", "speaker")

    def __init__(self, speaker: str, *pieces: str) -> None:
        self.speaker = speaker
        self.pieces = list(pieces)
        self.messages: tuple[Message, ...] = ()

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.pieces)


class Claim:
    """A speaker's wish to be heard.

    Attributes:
        node: the speaker's name.
        delivery: during which it was made.
        place: the earliest delivery at which the same speaker wanted to be heard.
        state: "held" while others come first, "free" when it is its turn, "heard", "lost" to another, or "over" without a word.
        said: what it said so far, heard or held.
        closed: it says no more.
        failed: because it raised.
        complete: what it wanted to say it has said, though its node may go on.
        handoff: whom it hands over to then.
    """

    __slots__ = ("_at", "_position", "closed", "complete", "delivery", "failed", "handoff", "node", "place", "said", "state")

    def __init__(self, node: str, delivery: Delivery) -> None:
        self.node = node
        self.delivery = delivery
        self.place = delivery
        self.state: ClaimState = "held"
        self.said: list[Speech] = []
        self.closed = False
        self.failed = False
        self.complete = False
        self.handoff: Event | None = None
        self._at: Delivery | None = None
        self._position: tuple[int, ...] = ()

    @property
    def is_silent(self) -> bool:
        """Whether the speaker said nothing, and was not silenced by another one."""
        return self.state != "lost" and not any(speech.text.strip() for speech in self.said)

    @property
    def position(self) -> tuple[int, ...]:
        """The position of its place."""
        if self._at is not self.place:
            self._at, self._position = self.place, self.place.position
        return self._position

    @property
    def audible(self) -> bool:
        """Whether there is anything in it to be heard."""
        return any(piece and not piece.isspace() for speech in self.said for piece in speech.pieces)


class Turn(Protocol):
    """What the floor asks of the turn that it belongs to."""

    def record(self, fact: AnyFact) -> None:
        """Have a fact noted."""
        ...

    def show(self, speech: Speech, text: str) -> None:
        """Show a piece of text that is heard."""
        ...

    def hand_over(self, claim: Claim, event: Event) -> None:
        """Carry out the handoff with which a speaker ended."""
        ...

    def wake(self) -> None:
        """Have it looked what came of the turn."""
        ...


class Floor:
    """The one answer of a turn, and who gives it.

    Attributes:
        claims: those of which it is not decided whether they are heard.
        heard: who was heard last.
        speaking: who is heard at the moment.
        parts: what was heard.
        active: whom the conversation belongs to by what was heard; "" for as before.
        answered: the answer is complete.
        broken: who was heard failed in the middle.
        shut: nobody is heard any more.
    """

    __slots__ = ("_turn", "active", "answered", "broken", "claims", "heard", "parts", "shut", "speaking")

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self.claims: list[Claim] = []
        self.heard: Claim | None = None
        self.speaking: Claim | None = None
        self.parts: list[Speech] = []
        self.active = ""
        self.answered = False
        self.broken = False
        self.shut = False

    @property
    def past(self) -> list[Speech]:
        """What was heard before who speaks at the moment."""
        now = () if self.speaking is None else self.speaking.said
        return [speech for speech in self.parts if speech not in now]

    def claim(self, node: str, delivery: Delivery) -> Claim | None:
        """Claim the turn for a node; None if somebody was heard before, or the node has claimed it already."""
        own: Claim | None = delivery.claim
        if own is not None and own.node == node and own.state in ("held", "free", "heard") and not own.closed:
            return own
        for other in self.claims:
            if other.node == node:
                if delivery.position < other.position:
                    other.place = delivery
                return None
        if not self.open_to(delivery):
            self._silence(node)
            return None
        claim = delivery.claim = Claim(node, delivery)
        self.claims.append(claim)
        self.decide()
        return claim

    def open_to(self, delivery: Delivery) -> bool:
        """Whether somebody may still be heard during a delivery."""
        if self.shut or self.answered or self.broken:
            return False
        heard = self.heard
        return heard is None or (heard.closed and any(via.claim is heard for via in delivery.vias()))

    def _silence(self, node: str) -> None:
        by = self.parts[-1].speaker if self.parts else ""
        self._turn.record(SpeakerSilenced(node, by))

    def say(self, claim: Claim, speech: Speech, text: str) -> None:
        """Say a piece, which is heard if the turn is the claim's, and else held."""
        if claim.state in ("lost", "over") or not text:
            return
        if not speech.pieces:
            claim.said.append(speech)
            if claim.state == "heard":
                self.parts.append(speech)
        speech.pieces.append(text)
        if claim.state == "heard":
            self._turn.show(speech, text)
        elif claim.state == "free":
            self.decide()

    def drop(self, claim: Claim, speech: Speech) -> None:
        """Take back what was said in one go."""
        speech.pieces.clear()
        for said in (claim.said, self.parts):
            if speech in said:
                said.remove(speech)

    def close(self, claim: Claim, handoff: Event | None, failed: bool) -> None:
        """The speaker has ended."""
        claim.closed = True
        claim.failed = failed and not claim.complete
        claim.handoff = None if claim.failed else handoff
        if claim.state == "heard":
            self._end(claim)
        else:
            self.decide()

    def decide(self) -> None:
        """See whose turn it is, as far as that is known by now."""
        while self.claims and not self.shut:
            first = self.claims[0] if len(self.claims) == 1 else min(self.claims, key=_order)
            if first.state == "held" and first.place.is_behind():
                return
            first.state = "free"
            if first.audible and not first.failed:
                return self._hear(first)
            if not first.closed:
                return
            self.claims.remove(first)
            first.state = "over"
            if first.handoff is not None:
                self._turn.hand_over(first, first.handoff)

    def shut_down(self) -> None:
        """Nobody is heard any more; what was heard, was."""
        self.shut = True
        if self.heard is not None:
            self.heard.state = "over"

    def settle_for_what_is_said(self) -> None:
        """The time is over: who has said all is heard, the first by order, whatever may have come before."""
        if self.heard is None:
            for claim in sorted(self.claims, key=_order):
                if claim.complete and claim.audible:
                    return self._hear(claim)

    def _hear(self, claim: Claim) -> None:
        self.claims.remove(claim)
        claim.state = "heard"
        self.heard = self.speaking = claim
        for via in claim.delivery.vias():
            self._commit(via)
        for speech in claim.said:
            self.parts.append(speech)
            for piece in speech.pieces:
                self._turn.show(speech, piece)
        for other in self.claims:
            other.state = "lost"
            self._silence(other.node)
        self.claims.clear()
        if claim.closed:
            self._end(claim)

    def _commit(self, via: Via) -> None:
        if via.settled:
            return
        via.settled = True
        self.active = via.target
        reason: object = getattr(via.event, "reason", "")
        context: object = getattr(via.event, "context", {})
        self._turn.record(NodeHandedOver(via.source, via.target, str(plain_value(reason)), plain(context)))

    def _end(self, claim: Claim) -> None:
        self.speaking = None
        if claim.failed:
            self.broken = True
        elif claim.handoff is not None:
            self._turn.hand_over(claim, claim.handoff)
        elif self.parts:
            self.answered = True
        self._turn.wake()


def _order(claim: Claim) -> tuple[bool, tuple[int, ...]]:
    return claim.state != "free", claim.position
