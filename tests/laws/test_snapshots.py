"""A snapshot is a cache: with it, without it, or with a damaged one, a conversation is the same."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from switchroom import Agent, RunConfig, Runner, Team, conversation, handoff, parallel, sequential, tool
from switchroom import chunks as chunks_module
from switchroom import history as history_module
from switchroom.conversation import NEW, Conversation, recall, recall_now, recall_turn, remember, with_events
from switchroom.errors import JournalUnreadable
from switchroom.events import AttemptReleased, Fact, RunEvent, StepFailed, StepReturned, TurnStarted
from switchroom.guardrail import Pass, Replace, on_input, on_output
from switchroom.history import keep_last
from switchroom.journals import MemoryJournal
from switchroom.messages import Message
from switchroom.model import ModelRequest
from switchroom.reply import Reply, call
from switchroom.testing import FunctionModel
from tests.laws.shelves import Plain, Shelves
from tests.laws.test_rules import walks
from tests.laws.worlds import sign, yes
from tests.patience import HANGS_S
from tests.session.graphs import DEADLINE, GraphPlan, World, build, plans
from tests.virtual import in_no_time

EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.fixture(scope="module", autouse=True)
def short_chunks_and_many_snapshots() -> Iterator[None]:
    """Chunks of four messages, a snapshot after each turn, and a process that remembers nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks_module, "CHUNK", 4)
        patch.setattr(history_module, "CHUNK", 4)
        patch.setattr(history_module, "LONG", 6)
        patch.setattr(conversation, "SNAPSHOT_FACTS", 1)
        patch.setattr(conversation, "REMEMBERED", 0)
        yield


def assert_same(found: Conversation, folded: Conversation) -> None:
    """Two folds of the same entries tell the same of the conversation."""
    assert (found.seq, found.root) == (folded.seq, folded.root)
    assert (found.before, found.state) == (folded.before, folded.state)
    assert list(found.state.history) == list(folded.state.history)
    assert list(reversed(found.state.history)) == list(folded.state.history)[::-1]


def ends(events: Sequence[RunEvent]) -> list[int]:
    """The numbers of the entries with which turns end."""
    begins = [event.seq for event in events if isinstance(event.fact, TurnStarted) and event.fact.attempt == 1]
    return [*(seq - 1 for seq in begins[1:]), events[-1].seq]


def folded(journal: MemoryJournal, name: str = "c", upto: int | None = None) -> Conversation:
    """The fold from the first entry on."""
    return NEW.after(MemoryJournal.read(journal, name)[:upto])


# the law -------------------------------------------------------------------------------------------------------------


def entries(turns: Sequence[Sequence[Fact]]) -> list[RunEvent]:
    """Turns as a journal has them; one without an end fails."""
    events: list[RunEvent] = []
    for turn, facts in enumerate(turns, 1):
        begun = TurnStarted(turn, 1, "team", (Message("user", "hello"),))
        ended = [] if isinstance(facts[-1], StepReturned | StepFailed) else [StepFailed("ConnectionError", "gone")]
        for path, fact in [(f"turn#{turn}", begun), *((f"turn#{turn}/team#0", fact) for fact in [*facts, *ended])]:
            events.append(RunEvent(path, fact, len(events) + 1, float(len(events))))
    return events


@EXAMPLES
@given(st.lists(walks(), min_size=1, max_size=5))
def test_whatever_happened_a_conversation_from_a_snapshot_at_any_turns_end_is_the_one_from_the_first_entry(walked: Any):
    events = entries([facts for facts, _ in walked])
    for end in ends(events):
        journal = Shelves()
        journal.append("c", events)
        remember(journal, "c", folded(journal, upto=end))
        assert journal.written == 1

        other = journal.moved()
        found = recall_now(other, "c")

        assert other.entries_read == len(events) - end
        assert_same(found, folded(journal))
        assert asyncio.run(with_events(other, "c", found)).events == folded(journal).events


SAID = ["hi", "look", "look twice", "sign", "sales", "back", "secret", "rude", "fail"]


@tool(effect="read")
def look(n: int) -> str:
    """Look."""
    return f"seen {n}"


async def no_secrets(ctx: Any, text: str) -> Any:
    return Replace("[left out]") if "secret" in text else Pass()


async def polite(ctx: Any, text: str) -> Any:
    return Replace("How nice of you.") if "rude" in text else Pass()


def answers(request: ModelRequest) -> Reply:
    """What an agent answers, by the newest message alone."""
    newest = request.messages[-1]
    if newest.role == "user":
        match newest.text:
            case "look":
                return call("look", n=1)
            case "look twice":
                return [call("look", n=1), call("look", n=2)]
            case "sign":
                return call("sign")
            case "sales" | "back" if any(spec.name.startswith("transfer_to_") for spec in request.tools):
                return next(call(spec.name, reason="wanted") for spec in request.tools if spec.name.startswith("transfer_to_"))
            case "fail":
                raise ConnectionError("the line is down")
            case text:
                return f"you said {text}"
    return f"told: {newest.text}"


def a_team() -> Any:
    guards = [on_input(no_secrets), on_output(polite)]
    model = FunctionModel(answers)
    sales = Agent("sales", model=model, tools=[look, sign], handoffs=["triage"], guardrails=guards)
    triage = Agent("triage", model=model, tools=[look, sign], handoffs=[handoff(sales, filter=keep_last(3))], guardrails=guards)
    return Team([triage, sales], name="desk")


def a_workflow() -> Any:
    def shout(text: str) -> str:
        return text if text == "fail" else text.upper()

    clerk = Agent("clerk", model=FunctionModel(answers), tools=[look])
    other = Agent("other", model=FunctionModel(answers))
    return sequential(shout, parallel(clerk, other), str)


async def held(step: Any, journal: Shelves | Plain, said: Sequence[str]) -> list[tuple[str, Fact]]:
    """What a journal keeps of a conversation, in which a person approves what is asked, and turns may fail."""
    config = RunConfig(journal=journal)
    for text in said:
        try:
            result = await Runner.run(step, text, config=config, conversation="c")
            while result.waiting:
                given = yes(result.waiting)
                result = await Runner.resume(step, config=config, conversation="c", answers=given)
        except ConnectionError:
            pass
    return [(event.path, _of_nobody(event.fact)) for event in journal.read("c")]


def _of_nobody(fact: Any) -> Fact:
    """A fact without the process that noted it."""
    return replace(fact, owner="") if isinstance(fact, TurnStarted) else fact


@pytest.mark.parametrize("make", [a_team, a_workflow])
@EXAMPLES
@given(said=st.lists(st.sampled_from(SAID), min_size=1, max_size=12))
def test_a_process_that_goes_on_from_snapshots_alone_does_what_one_does_that_knows_all(make: Any, said: list[str]):
    shelves, plain = Shelves(), Plain()
    assert asyncio.run(held(make(), shelves, said)) == asyncio.run(held(make(), plain, said))
    assert shelves.written or set(said) <= {"fail"}
    assert_same(recall_now(shelves.moved(), "c"), folded(shelves))


@pytest.mark.parametrize("make", [a_team, a_workflow])
def test_each_turn_is_given_again_as_it_was_when_it_ended(make: Any):
    journal = Shelves()
    asyncio.run(held(make(), journal, [*SAID, *SAID]))
    entries = MemoryJournal.read(journal, "c")
    for end in ends(entries):
        known = folded(journal, upto=end)
        for seq in range(known.root.began, end + 1):
            again = asyncio.run(recall_turn(journal, "c", seq))
            assert_same(again, known)
            assert again.events == known.events
    for nowhere in (0, len(entries) + 1):
        with pytest.raises(JournalUnreadable, match=f"has no entry {nowhere}"):
            asyncio.run(recall_turn(journal, "c", nowhere))


@pytest.fixture(scope="module", autouse=True)
def no_log_of_nodes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.getLogger("switchroom.session"), "disabled", True)
        yield


@EXAMPLES
@given(plan=plans())
def test_a_sessions_conversation_is_the_same_from_its_snapshot(plan: GraphPlan):
    async def played() -> Shelves:
        journal = Shelves()
        session = build(plan, World(), config=RunConfig(journal=journal))
        await session.start()
        for turn, cut in enumerate(plan.cuts):
            sending = asyncio.ensure_future(session.send(f"message {turn}"))
            if cut is not None:
                await asyncio.wait([sending], timeout=cut)
                await session.interrupt(heard=turn)
            await sending
        await session.interrupt(heard=3)
        await asyncio.sleep(2 * DEADLINE)
        await session.stop()
        await asyncio.sleep(200 * DEADLINE)
        return journal

    journal = in_no_time(played())
    (name,) = journal.entries
    if not folded(journal, name).root.live:  # a node that does not end may have been cut off by the stop
        remember(journal, name, folded(journal, name))
        assert journal.written
    found = recall_now(journal.moved(), name)
    assert_same(found, folded(journal, name))
    assert asyncio.run(with_events(journal, name, found)).events == folded(journal, name).events


async def test_a_turn_that_is_over_is_given_again_whole_from_its_snapshot():
    journal, team = Shelves(), a_team()
    await held(team, journal, ["hi", "look twice"])
    first = await Runner.resume(team, config=RunConfig(journal=journal), conversation="c")
    other = journal.moved()
    again = await Runner.resume(team, config=RunConfig(journal=other), conversation="c")
    assert first.usage.requests == 2
    assert (again.final_output, again.usage, list(again.messages)) == (first.final_output, first.usage, list(first.messages))
    assert again.events == tuple(conversation.NEW.after(MemoryJournal.read(journal, "c")).events)


def test_what_is_noted_in_a_turn_after_its_snapshot_belongs_to_its_events():
    journal = Shelves()
    asyncio.run(held(a_team(), journal, ["hi", "look"]))
    known = folded(journal)
    journal.append("c", [RunEvent(known.root.path, AttemptReleased(), known.seq + 1, 1.0)])

    other = journal.moved()
    found = recall_now(other, "c")

    assert other.entries_read == 1
    assert_same(found, folded(journal))
    assert asyncio.run(with_events(other, "c", found)).events == folded(journal).events


# a cache -------------------------------------------------------------------------------------------------------------


def kept_conversation(turns: int = 12) -> Shelves:
    journal = Shelves()
    asyncio.run(held(a_team(), journal, ["hi", "look", "sales"] * (turns // 3)))
    assert journal.snapshots
    assert journal.chunks
    return journal


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(["flip", "cut", "noise"]), st.integers(0, 10_000), st.binary(max_size=60))
def test_a_damaged_snapshot_is_ignored_and_written_anew(damage: str, place: int, noise: bytes):
    journal = kept_conversation(6).moved()
    body = bytearray(journal.snapshots["c"])
    match damage:
        case "flip":
            body[place % len(body)] ^= 1 << place % 8
        case "cut":
            del body[place % len(body) :]
        case _:
            body[:] = noise
    journal.snapshots["c"] = bytes(body)

    assert_same(recall_now(journal, "c"), folded(journal))
    assert journal.entries_read == len(journal.entries["c"])

    asyncio.run(held(a_team(), journal, ["hi"]))
    after = journal.moved()
    assert_same(recall_now(after, "c"), folded(journal))
    assert after.entries_read == 0


def test_a_snapshot_of_another_version_is_ignored(monkeypatch: pytest.MonkeyPatch):
    journal = kept_conversation().moved()
    monkeypatch.setattr("switchroom.snapshots.SCHEMA", b"another version")
    assert_same(recall_now(journal, "c"), folded(journal))
    assert journal.entries_read == len(journal.entries["c"])


@pytest.mark.parametrize("damage", ["gone", "other bytes"])
def test_chunks_that_are_lost_are_made_again_from_the_entries_and_written(damage: str):
    journal = kept_conversation().moved()
    if damage == "gone":
        journal.chunks.clear()
    else:
        journal.chunks = dict.fromkeys(journal.chunks, b"{")
        journal.chunks.pop(next(iter(journal.chunks)))

    assert list(recall_now(journal, "c").state.history) == list(folded(journal).state.history)

    assert journal.written == 1
    again = journal.moved()
    assert list(recall_now(again, "c").state.history) == list(folded(journal).state.history)
    assert again.entries_read == 0


def test_messages_of_a_conversation_that_was_deleted_are_refused_and_not_made_up():
    journal = kept_conversation().moved()
    known = recall_now(journal, "c")
    journal.delete("c")
    with pytest.raises(JournalUnreadable, match="If the conversation was deleted, recall it anew"):
        list(known.state.history)
    assert recall_now(journal, "c") == Conversation(generation=1)


def test_a_conversation_that_was_deleted_and_begun_anew_is_not_mixed_with_the_remembered_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conversation, "REMEMBERED", 10)
    journal = kept_conversation()
    asyncio.run(held(a_team(), journal, ["hi"]))
    journal.delete("c")
    asyncio.run(held(a_team(), journal, ["look", "hi"]))
    found = recall_now(journal, "c")
    assert found.generation == 1
    assert_same(found, folded(journal))
    assert_same(recall_now(journal.moved(), "c"), folded(journal))


def test_what_is_remembered_of_a_journal_does_not_keep_the_journal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(conversation, "REMEMBERED", 10)
    journal = kept_conversation().moved()
    asyncio.run(held(a_team(), journal, ["hi"]))
    gone = weakref.ref(journal)
    del journal
    gc.collect()
    assert gone() is None


async def test_a_turn_does_not_wait_for_a_snapshot_that_has_to_wait():
    journal = Shelves()
    journal.mood = "busy"
    config = RunConfig(journal=journal)
    agent = a_team()
    result = await asyncio.wait_for(Runner.run(agent, "hi", config=config, conversation="c"), HANGS_S)
    assert result.final_output == "you said hi"
    assert not journal.written
    journal.gate.set()
    while not journal.written:
        await asyncio.sleep(0)
    other = journal.moved()
    assert_same(await recall(other, "c"), folded(journal))
    assert other.entries_read == 0


def test_a_snapshot_that_waits_is_given_up_when_the_process_ends():
    journal = Shelves()
    journal.mood = "busy"
    asyncio.run(held(a_team(), journal, ["hi", "look"]))
    remember(journal, "c", folded(journal))  # outside of any loop
    gc.collect()  # a coroutine that nobody awaited would warn
    assert not journal.snapshots


def test_a_snapshot_that_cannot_be_written_fails_no_turn():
    journal, plain = Shelves(), Plain()
    journal.mood = "failing"
    said = ["hi", "look", "sales", "sign"]
    assert asyncio.run(held(a_team(), journal, said)) == asyncio.run(held(a_team(), plain, said))
    assert not journal.snapshots


def test_a_large_message_is_kept_once_whatever_snapshots_name_it():
    journal = Shelves()
    large = "x" * 100_000
    asyncio.run(held(a_team(), journal, [large, *["hi"] * 12]))
    assert sum(large.encode() in chunk for chunk in journal.chunks.values()) == 2, "what was said, and the answer to it"
    assert large.encode() not in journal.snapshots["c"]
    assert_same(recall_now(journal.moved(), "c"), folded(journal))
