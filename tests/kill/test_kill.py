"""Killed at any point, a conversation comes to the same end: nothing recorded is repeated, nothing irreversible done twice."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeAlias

import pytest

from switchroom.events import (
    EffectCleared,
    ModelAnswered,
    PersonAsked,
    RunEvent,
    ToolReturned,
    ToolStarted,
    ToolSuspended,
)
from switchroom.journals import SqliteJournal
from tests.kill.desk import CONVERSATION, ONCE, QUESTION, World
from tests.kill.nursery import Nursery

Nurseries: TypeAlias = "SimpleQueue[Nursery]"
WORKERS = 2
RECONCILED = "mail"


@dataclass
class Death:
    """What was known, and what had happened, when a process was killed."""

    events: list[RunEvent]
    asked: int
    effects: int


@dataclass
class Story:
    """A conversation from its beginning to its end, however many processes it took.

    Attributes:
        questions: what a person was asked, as (id, tool, question), each once.
    """

    folder: Path
    deaths: list[Death] = field(default_factory=list[Death])
    questions: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    lives: int = 0
    output: str = ""
    agent: str = ""
    later: str = ""

    @property
    def events(self) -> list[RunEvent]:
        """What the journal holds."""
        if not (self.folder / "journal.db").exists():
            return []
        journal = SqliteJournal(self.folder / "journal.db")
        events = journal.read_sync(CONVERSATION)
        journal.close()
        return events

    @property
    def asked(self) -> list[str]:
        """The labels of the answers that models were asked for."""
        return World(self.folder, {}).lines("asked")

    @property
    def effects(self) -> list[str]:
        """What tools did, as "tool key"."""
        return World(self.folder, {}).lines("effects")


@pytest.fixture(scope="module")
def nurseries() -> Iterator[Nurseries]:
    """Processes to fork from."""
    ready: Nurseries = SimpleQueue()
    made = [Nursery() for _ in range(WORKERS)]
    for one in made:
        ready.put(one)
    yield ready
    for one in made:
        one.close()


def told(nurseries: Nurseries, folder: Path, death: dict[str, Any], chance: random.Random | None = None) -> Story:
    """The conversation, killed as said, and gone on with by fresh processes until it is over; and then its next turn.

    With `chance`, each process is killed after some appends.
    """
    folder.mkdir()
    story = Story(folder)
    nursery = nurseries.get()
    given: dict[str, Any] = {}
    try:
        while not story.output:
            begun = bool(story.events)
            if chance is not None:
                death = {"every": chance.randint(2, 9)}
            outcome = nursery.live(folder, None if begun else QUESTION, given, death)
            story.lives += 1
            assert story.lives < 400, "it never ends"
            assert "failed" not in outcome, outcome["failed"]
            given = {}
            if "killed" in outcome:
                story.deaths.append(Death(story.events, len(story.asked), len(story.effects)))
                death = {}
            elif outcome["waiting"]:
                story.questions |= {id: (tool, question) for id, tool, question in outcome["waiting"]}
                given = answered(story, outcome["waiting"])
            else:
                story.output, story.agent = outcome["output"], outcome["agent"]
        story.later = nursery.live(folder, "And now?", {}, {})["output"]
    finally:
        nurseries.put(nursery)
    return story


def answered(story: Story, waiting: Sequence[tuple[str, str, str]]) -> dict[str, tuple[bool, str]]:
    """A person's honest answers: every call is approved, and what happened is looked up in the world."""
    answers: dict[str, tuple[bool, str]] = {}
    for id, tool, question in waiting:
        happened = any(effect.startswith(f"{tool} ") for effect in story.effects)
        answers[id] = (True, "") if question == "approval" else (happened, f"done:{tool}" if happened else "")
    return answers


def everywhere(nurseries: Nurseries, folder: Path, deaths: Sequence[dict[str, Any]]) -> list[Story]:
    """The stories of several deaths, on all cores."""

    def one(number: int) -> Story:
        return told(nurseries, folder / str(number), deaths[number])

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(one, range(len(deaths))))


@pytest.fixture(scope="module")
def undisturbed(nurseries: Nurseries, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The conversation when nothing is killed."""
    return told(nurseries, tmp_path_factory.mktemp("undisturbed") / "story", {})


def unknown(events: Sequence[RunEvent]) -> set[str]:
    """The tools of which the journal does not know whether they had their effect, and which must not have it twice."""
    open_calls: dict[tuple[str, int], str] = {}
    for event in events:
        match event.fact:
            case ToolStarted(index=index, tool=tool) if tool in ONCE:
                open_calls[event.path, index] = tool
            case ToolReturned(index=index) | ToolSuspended(index=index) | EffectCleared(index=index):
                open_calls.pop((event.path, index), None)
            case _:
                pass
    return set(open_calls.values())


def labels(events: Sequence[RunEvent]) -> list[str]:
    """The labels of the answers that a journal holds, those of the first turn."""
    turn = [event for event in events if event.path.startswith("turn#1/")]
    return [event.fact.message.text.partition(" ")[0] for event in turn if isinstance(event.fact, ModelAnswered)]


def returned(events: Sequence[RunEvent]) -> list[str]:
    """Patterns of the effect keys of the results that a journal holds."""
    facts = [(event.path, event.fact) for event in events if isinstance(event.fact, ToolReturned)]
    return [rf"{fact.tool} {CONVERSATION}:{re.escape(path)}/{fact.tool}#\d+\.{fact.index}" for path, fact in facts]


def check_the_end(story: Story, undisturbed: Story) -> None:
    """The same end as undisturbed, with each effect."""
    assert (story.output, story.agent, story.later) == (undisturbed.output, undisturbed.agent, undisturbed.later)
    count = Counter(effect.partition(" ")[0] for effect in story.effects)
    assert {tool: count[tool] for tool in ONCE} == dict.fromkeys(ONCE, 1)
    assert set(story.effects) == set(undisturbed.effects), "a call's key is the same in every life"
    assert len(labels(story.events)) == len(set(labels(story.events)))
    results = Counter(returned(story.events))
    assert set(results) <= set(returned(undisturbed.events)), "what a person confirms has no other result"
    assert set(results.values()) == {1}
    approvals = {id for id, (_, question) in story.questions.items() if question == "approval"}
    assert approvals == {id for id, (_, question) in undisturbed.questions.items() if question == "approval"}


def check_the_deaths(story: Story) -> None:
    """What was recorded when a process died was not done again, and nothing recorded got lost."""
    for death in story.deaths:
        assert story.events[: len(death.events)] == death.events
        later = story.asked[death.asked :]
        assert not set(later) & set(labels(death.events)), "an answer that was recorded was asked for again"
        for pattern in returned(death.events):
            assert not [one for one in story.effects[death.effects :] if re.fullmatch(pattern, one)], "a result was recorded"


def check_one_death(story: Story, undisturbed: Story) -> None:
    """One process died: besides, exactly what it left unknown was reported, and nothing was asked for more than once more."""
    check_the_end(story, undisturbed)
    check_the_deaths(story)
    [death] = story.deaths
    reported = {tool for tool, question in story.questions.values() if question == "unknown_effect"}
    assert reported == unknown(death.events) - {RECONCILED}
    assert all(count <= 2 for count in Counter(story.asked).values())
    asked = [event.fact for event in story.events if isinstance(event.fact, PersonAsked) and event.fact.tool == RECONCILED]
    assert not asked, "what can be found out is not asked"


def test_undisturbed_everything_happens_once(undisturbed: Story):
    assert undisturbed.agent == "billing"
    names = "announce, charge, look_up_A, look_up_B, mail, refund, remember, reserve, settle, tidy, waive"
    assert undisturbed.output == f"desk:0\ndesk:1\nbilling:0\nbilling:1 {names}"
    assert undisturbed.later == f"billing:2 {names}"
    assert dict(undisturbed.questions.values()) == dict.fromkeys(("refund", "sign_off", "waive"), "approval")
    assert set(Counter(undisturbed.asked).values()) == {1}
    assert set(Counter(undisturbed.effects).values()) == {1}
    assert undisturbed.deaths == []


@pytest.mark.parametrize("side", ["before", "after"])
def test_killed_at_each_fact(side: str, nurseries: Nurseries, undisturbed: Story, tmp_path: Path):
    entries = len([event for event in undisturbed.events if event.path.startswith("turn#1")])
    assert entries > 50

    stories = everywhere(nurseries, tmp_path, [{side: n} for n in range(1, entries + 1)])

    for story in stories:
        check_one_death(story, undisturbed)
    reports = [question for story in stories for _, question in story.questions.values()]
    assert reports.count("unknown_effect") >= 5


@pytest.mark.parametrize("done", [False, True], ids=["before its effect", "after its effect"])
def test_killed_within_each_tool(done: bool, nurseries: Nurseries, undisturbed: Story, tmp_path: Path):
    tools = sorted({effect.partition(" ")[0] for effect in undisturbed.effects})

    stories = everywhere(nurseries, tmp_path, [{"within": tool, "done": done} for tool in tools])

    for tool, story in zip(tools, stories, strict=True):
        check_one_death(story, undisturbed)
        if tool in ONCE:
            assert tool in unknown(story.deaths[0].events)


def test_killed_between_the_writing_of_several_facts_and_their_commit(nurseries: Nurseries, undisturbed: Story, tmp_path: Path):
    stories: list[Story] = []
    for nth in range(1, 20):
        story = told(nurseries, tmp_path / str(nth), {"commit": nth})
        if not story.deaths:
            break
        stories.append(story)

    assert len(stories) >= 3
    for story in stories:
        check_one_death(story, undisturbed)


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 60))])
def test_each_process_is_killed_after_a_few_facts(seed: int, nurseries: Nurseries, undisturbed: Story, tmp_path: Path):
    story = told(nurseries, tmp_path / "story", {}, random.Random(seed))

    assert len(story.deaths) > 5
    check_the_end(story, undisturbed)
    check_the_deaths(story)
