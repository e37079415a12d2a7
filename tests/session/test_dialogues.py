"""Recorded dialogues over several domains, through one specialist per domain: handoffs happen where the labels say."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from switchroom import Event, HandoffEvent, Node, OutputNode, Session
from switchroom.events import NodeHandedOver
from tests.helpers import facts_of

DATA = Path(__file__).parents[1] / "data" / "sgd" / "dialogues_40.jsonl.gz"


class Said(msgspec.Struct):
    """A turn of a dialogue; of a person's, its domain, and whether that is another than before."""

    role: str
    text: str
    domain: str = ""
    handoff: int = 0


class Dialogue(msgspec.Struct):
    id: str
    turns: list[Said]


DIALOGUES = [msgspec.json.decode(line, type=Dialogue) for line in gzip.decompress(DATA.read_bytes()).splitlines()]
DOMAINS = sorted({turn.domain for dialogue in DIALOGUES for turn in dialogue.turns if turn.role == "user"})


class Reception(Node):
    """Puts the first message through to the domain that its label names."""

    async def process_event(self, event: Event) -> None:
        await self.send_event(HandoffEvent(target=event.metadata["route"], reason="the first message"))


class Specialist(OutputNode):
    """Says what was said in the dialogue; hands over what is of another domain."""

    def __init__(self, domain: str, script: dict[str, str]) -> None:
        super().__init__(domain)
        self.script = script

    async def process_event(self, event: Event) -> None:
        route = event.metadata.get("route", self.name)
        if route == self.name:
            await super().process_event(event)
        else:
            await self.send_event(HandoffEvent(target=route, reason=f"{route} is not mine"))

    async def generate_response(self) -> AsyncIterator[str]:
        asked = [message["content"] for message in self.context.messages if message["role"] == "user"]
        for word in self.script[f"{len(asked)} {asked[-1]}"].split(" "):
            yield f"{word} "


def scripted(dialogue: Dialogue) -> dict[str, str]:
    """What was answered, by the number and the text of what the person said."""
    script: dict[str, str] = {}
    people = [turn for turn in dialogue.turns if turn.role == "user"]
    answers = [turn.text for turn in dialogue.turns if turn.role == "assistant"]
    for number, (person, answer) in enumerate(zip(people, answers, strict=True), start=1):
        script[f"{number} {person.text}"] = answer
    return script


async def played(dialogue: Dialogue) -> tuple[list[tuple[str, str]], list[int]]:
    """Who answered with what, and at which of the person's turns a specialist handed over to another."""
    session = Session()
    reception = Reception("reception")
    session.add_node(reception)
    script = scripted(dialogue)
    for domain in DOMAINS:
        specialist = Specialist(domain, script)
        session.add_node(specialist)
        session.add_edge(reception, specialist)
    await session.start()
    answers: list[tuple[str, str]] = []
    handed: list[int] = []
    for turn in dialogue.turns:
        if turn.role != "user":
            continue
        reply = await session.send(turn.text, metadata={"route": turn.domain})
        answers.append((reply.answered_by, reply.text.strip()))
        handovers: list[Any] = [fact for fact in facts_of(NodeHandedOver, reply.events) if fact.source != "reception"]
        handed += [reply.turn] * len(handovers)
        assert session.active == turn.domain
    await session.stop()
    return answers, handed


async def test_the_specialist_of_the_labelled_domain_answers_and_handoffs_are_where_the_labels_say():
    turns = handoffs = 0
    for dialogue in DIALOGUES:
        answers, handed = await played(dialogue)
        people = [turn for turn in dialogue.turns if turn.role == "user"]
        said = [turn.text for turn in dialogue.turns if turn.role == "assistant"]
        assert answers == [(person.domain, text) for person, text in zip(people, said, strict=True)], dialogue.id
        assert handed == [number for number, person in enumerate(people, start=1) if person.handoff], dialogue.id
        turns += len(people)
        handoffs += len(handed)
    assert (len(DIALOGUES), turns, handoffs) == (40, 423, 68)
