"""Four conversations as customers have them, apart from who answers: the same lines for rules, for a function, for a server."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from supportgenie import Reply, SupportGenie
from switchroom import Message


@dataclass(frozen=True)
class Say:
    """The customer writes."""

    text: str


@dataclass(frozen=True)
class Decide:
    """A person at the desk answers what the last reply waits for."""

    yes: bool


Line: TypeAlias = Say | Decide


@dataclass(frozen=True)
class Script:
    """A conversation.

    Args:
        lines: what is said, in order.
        profile: what is known of the customer from the beginning.
    """

    lines: tuple[Line, ...]
    profile: dict[str, Any] = field(default_factory=dict[str, Any])


REFUND = Script(
    (
        Say("Hello, I sent the phone of order 00123842 back and would like my money back."),
        Say("Yes, please."),
        Decide(True),
        Say("Great, thank you!"),
    ),
    {"name": "Grace Hawkings", "tier": "platinum", "customer_id": "C1003"},
)
"""Triage to billing to the refund, a person's approval, and back."""

HARDWARE = Script(
    (
        Say("My laptop does not turn on any more."),
        Say("I did that. The light blinks red, three times."),
        Say("It is the same with my sister's cable, in another room."),
        Say("Last week. No update, and it was always on my desk."),
    ),
    {"name": "Sam Okafor", "email": "sam.okafor@example.com"},
)
"""Three diagnostic questions, then the workshop."""

ANGRY = Script(
    (
        Say("Where is order 99887766? You have lost my parcel for the third time, you useless people, I have had enough!"),
        Say("Lena Farkas, lena@farkas.example.org or +36 1 555 0199"),
    )
)
"""A customer who has lost patience, and of whom nobody knows how to reach them."""

SUBJECTS = Script(
    (
        Say("How can I cancel order 370795561790?"),
        Say("Wait. How much is the Harrow laptop?"),
        Say("And when did order 900100200301 arrive?"),
    ),
    {"name": "John Smith", "tier": "gold", "customer_id": "C1001"},
)
"""A customer who turns to something else twice."""

SCRIPTS = {"refund": REFUND, "hardware": HARDWARE, "angry": ANGRY, "subjects": SUBJECTS}


async def play(script: Script, genie: SupportGenie, conversation: str = "c") -> list[Reply]:
    """Have the conversation, and give the reply to each line."""
    replies: list[Reply] = []
    for index, line in enumerate(script.lines):
        match line:
            case Say(text):
                profile = script.profile if index == 0 else None
                replies.append(await genie.ahandle_query(text, profile, conversation=conversation))
            case Decide(yes):
                answers = {question.id: yes for question in replies[-1].waiting}
                replies.append(await genie.aresume(conversation, answers))
        if replies[-1].error is not None:  # the customer would be told kindly; a test is to fail
            raise replies[-1].error
    return replies


def transcript(script: Script, replies: list[Reply]) -> str:
    """What was said and called, line by line, with who replied in brackets."""
    told: list[str] = []
    seen = 0
    for line, reply in zip(script.lines, replies, strict=True):
        assert reply.run is not None
        messages = list(reply.run.messages)
        told += [folded(f"a person: {'yes' if line.yes else 'no'}")] if isinstance(line, Decide) else []
        told += [written for message in messages[seen:] for written in _lines(message)]
        told += [folded(f"(to the customer: {reply.text})")] if reply.waiting else []
        told.append(f"[{reply.answered_by} of {reply.route}{', a person is needed' if reply.needs_escalation else ''}]")
        seen = len(messages)
    return "\n".join(told)


def _lines(message: Message) -> list[str]:
    if message.role == "user":
        return [folded(f"customer: {message.text}")]
    said = [folded(f"{message.agent}: {message.text}")] if message.role == "assistant" and message.text else []
    return [*said, *(folded(f"> {message.agent}: {call.name} {call.args}") for call in message.calls)]


def folded(text: str) -> str:
    """A text in lines that fit into a test."""
    return textwrap.fill(text, 112, subsequent_indent="  ")
