"""The conversations of a journal: which there are, which wait and for what, what was said and used, and their deletion."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, OutputNode, RunConfig, Runner, Session, ToolContext, UserError, sequential, tool
from switchroom.errors import ConversationBusy, JournalBusy, JournalUnwritable
from switchroom.events import RunEvent, StepReturned, TurnStarted
from switchroom.journal import NoJournal
from switchroom.journals import Conversations, MemoryJournal, SqliteJournal, database
from switchroom.journals.database import settled
from switchroom.journals.listed import Catalogue
from switchroom.result import Waiting
from switchroom.testing import FunctionModel, call
from tests.helpers import texts
from tests.journals.processes import process

MAKERS: dict[str, Callable[[Path], Catalogue]] = {
    "memory": lambda folder: MemoryJournal(),
    "sqlite": lambda folder: SqliteJournal(folder / "chats.db"),
}


@pytest.fixture(params=list(MAKERS))
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Catalogue:
    """Any journal that lists."""
    return MAKERS[request.param](tmp_path)


@pytest.fixture
def conversations(journal: Catalogue) -> Conversations:
    return Conversations(journal)


@tool(needs_approval=True)
async def pay(ctx: ToolContext, cents: int) -> str:
    """Pay."""
    return f"paid {cents}"


def payer() -> Agent:
    def answer(request: Any) -> Any:
        return call("pay", cents=5) if request.messages[-1].role == "user" else "done"

    return Agent("payer", model=FunctionModel(answer), tools=[pay])


def clerk() -> Agent:
    return Agent("clerk", model=FunctionModel(lambda request: f"you said {request.messages[-1].text}"))


async def talk(journal: Catalogue, conversation: str, *messages: str, step: Any = None) -> Any:
    result: Any = None
    for message in messages:
        result = await Runner.run(step or clerk(), message, config=RunConfig(journal=journal), conversation=conversation)
    return result


# the list ------------------------------------------------------------------------------------------------------------


async def test_the_list_has_each_conversation_with_its_last_turn(journal: Catalogue, conversations: Conversations):
    await talk(journal, "b", "one", "two")
    await talk(journal, "a", "one")
    await talk(journal, "c", "pay", step=payer())
    listed = await conversations.list()
    assert [(one.id, one.turn, one.waiting) for one in listed] == [("a", 1, False), ("b", 2, False), ("c", 1, True)]
    assert all(one.updated_at > 1_600_000_000 for one in listed)


async def test_pages_follow_one_another(journal: Catalogue, conversations: Conversations):
    for number in range(7):
        await talk(journal, f"c-{number}", "x")
    pages: list[list[str]] = []
    after = ""
    while page := await conversations.list(limit=3, after=after):
        pages.append([one.id for one in page])
        after = page[-1].id
    assert pages == [["c-0", "c-1", "c-2"], ["c-3", "c-4", "c-5"], ["c-6"]]
    assert [one.id for one in await conversations.list(prefix="c-6")] == ["c-6"]
    assert await conversations.list(prefix="d") == []


async def test_the_list_can_be_of_those_that_wait_or_of_the_others(journal: Catalogue, conversations: Conversations):
    for number in range(6):
        await talk(journal, f"c-{number}", "x", step=payer() if number % 2 else clerk())
    assert [one.id for one in await conversations.list(waiting=True)] == ["c-1", "c-3", "c-5"]
    assert [one.id for one in await conversations.list(waiting=True, limit=2)] == ["c-1", "c-3"]
    assert [one.id for one in await conversations.list(waiting=True, limit=2, after="c-3")] == ["c-5"]
    assert [one.id for one in await conversations.list(waiting=False, limit=2)] == ["c-0", "c-2"]
    assert [one.id for one in await conversations.list(waiting=False, after="c-2")] == ["c-4"]


async def test_a_conversation_that_was_answered_waits_no_more(journal: Catalogue, conversations: Conversations):
    step, config = payer(), RunConfig(journal=journal)
    result = await talk(journal, "c", "pay", step=step)
    answers = {result.waiting[0].id: True}
    assert (await Runner.resume(step, config=config, conversation="c", answers=answers)).final_output == "done"
    assert await conversations.list(waiting=True) == []
    assert await conversations.waiting("c") == ()


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_page_of_no_size_is_refused(conversations: Conversations, limit: int):
    with pytest.raises(UserError, match=r"limit=.*: pass a number from 1 to 1000"):
        await conversations.list(limit=limit)


# one conversation ----------------------------------------------------------------------------------------------------


async def test_what_a_person_is_asked_can_be_answered(journal: Catalogue, conversations: Conversations):
    step = payer()
    result = await talk(journal, "c", "pay", step=step)
    [waiting] = await conversations.waiting("c")
    assert waiting == result.waiting[0] == Waiting(waiting.id, "payer", "pay", {"cents": 5})
    config = RunConfig(journal=journal)
    result = await Runner.resume(step, config=config, conversation="c", answers={waiting.id: (False, "too much")})
    assert result.final_output == "done"


async def test_messages_of_an_agent_are_those_of_its_last_result(journal: Catalogue, conversations: Conversations):
    result = await talk(journal, "c", "one", "two")
    assert await conversations.messages("c") == tuple(result.messages)
    assert texts(await conversations.messages("c")) == [
        ("user", "one"),
        ("clerk", "you said one"),
        ("user", "two"),
        ("clerk", "you said two"),
    ]


async def test_messages_of_a_session_are_what_was_heard(journal: Catalogue, conversations: Conversations):
    session = Session(clerk(), conversation="c", journal=journal)
    await session.send("one")
    await session.send("two")
    assert list(await conversations.messages("c")) == session.messages
    assert [text for _, text in texts(session.messages)] == ["one", "you said one", "two", "you said two"]


async def test_messages_of_a_graph_are_what_was_heard(journal: Catalogue, conversations: Conversations):
    class Greeter(OutputNode):
        async def generate_response(self) -> AsyncIterator[str]:
            yield f"hello {self.context.messages[-1]['content']}"

    session = Session(Greeter(), conversation="c", journal=journal)
    await session.send("Ann")
    assert list(await conversations.messages("c")) == session.messages
    assert [message.text for message in await conversations.messages("c")] == ["Ann", "hello Ann"]


async def test_messages_of_a_workflow_are_what_it_was_asked_and_answered(journal: Catalogue, conversations: Conversations):
    step = sequential(clerk(), clerk())
    await talk(journal, "c", "one", "two", step=step)
    assert [message.text for message in await conversations.messages("c")] == [
        "one",
        "you said you said one",
        "two",
        "you said you said two",
    ]


async def test_usage_is_that_of_all_turns_by_agent(journal: Catalogue, conversations: Conversations):
    await talk(journal, "c", "one", "two", "three")
    usage = await conversations.usage("c")
    assert (usage.requests, usage.by_agent["clerk"].requests) == (3, 3)
    assert list(usage.by_agent) == ["clerk"]


async def test_a_conversation_that_is_not_there_is_told(conversations: Conversations):
    for asking in (conversations.waiting("c"), conversations.messages("c"), conversations.usage("c")):
        with pytest.raises(UserError) as error:
            await asking
        assert str(error.value) == snapshot(
            "There is no conversation 'c' in this journal. `Conversations.list()` returns the ids."
        )


async def test_nothing_is_run_and_nothing_is_written(journal: Catalogue, conversations: Conversations):
    await talk(journal, "c", "pay", step=payer())
    before = await settled(journal.read("c"))
    for looking in (conversations.list(), conversations.waiting("c"), conversations.messages("c"), conversations.usage("c")):
        await looking
    assert await settled(journal.read("c")) == before


def test_a_journal_that_cannot_list_is_refused():
    with pytest.raises(UserError, match="this journal cannot list its conversations"):
        Conversations(NoJournal())  # pyright: ignore[reportArgumentType]


# deletion ------------------------------------------------------------------------------------------------------------


async def test_a_deleted_conversation_begins_anew(journal: Catalogue, conversations: Conversations):
    await talk(journal, "c", "one", "two")
    await talk(journal, "d", "one")
    assert await conversations.delete("c")
    assert not await conversations.delete("c")
    assert [one.id for one in await conversations.list()] == ["d"]
    with pytest.raises(UserError):
        await conversations.messages("c")


async def test_a_conversation_that_waits_is_deleted_with_its_question(journal: Catalogue, conversations: Conversations):
    await talk(journal, "c", "pay", step=payer())
    assert await conversations.delete("c")
    assert await conversations.list(waiting=True) == []


async def test_several_conversations_are_deleted_at_once(journal: Catalogue, conversations: Conversations):
    for name in ("a", "b", "c"):
        await talk(journal, name, "x")
    assert await conversations.delete("a", "unknown", "c") == 2
    assert [one.id for one in await conversations.list()] == ["b"]


async def test_a_conversation_that_is_being_answered_is_not_deleted(journal: Catalogue, conversations: Conversations):
    begun = TurnStarted(3, 1, "clerk", owner=journal.owner)
    await settled(journal.claim("c", [RunEvent("turn#3", begun, 1, 7.0)], 0))
    with pytest.raises(ConversationBusy) as error:
        await conversations.delete("c")
    assert (error.value.owner, error.value.turn, error.value.since) == (journal.owner, 3, 7.0)
    assert str(error.value) == snapshot(
        "Conversation 'c' cannot be deleted: turn 3 is being answered. Delete it after the turn."
    )
    assert len(await settled(journal.read("c"))) == 1


async def test_a_conversation_whose_process_died_is_deleted(tmp_path: Path):
    journal = SqliteJournal(tmp_path / "chats.db")
    conversations = Conversations(journal)
    program = (
        "journal = SqliteJournal(file)\n"
        "journal.claim('c', [RunEvent('turn#1', TurnStarted(1, 1, 'clerk', owner=journal.owner), 1)], 0)\n"
        "say(journal.owner); wait()"
    )
    with process(program, journal.path) as other:
        owner = other.heard()
        with pytest.raises(ConversationBusy) as error:
            await conversations.delete("c")
        assert error.value.owner == owner
        other.kill()
    assert await conversations.delete("c")


async def test_a_write_between_reading_and_deleting_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    journal = SqliteJournal(tmp_path / "chats.db")
    await talk(journal, "c", "one")
    erase = journal.erase
    late = SqliteJournal(journal.path)

    async def erase_late(conversation: str, generation: int, last: int) -> None:
        monkeypatch.setattr(journal, "erase", erase)
        begun = TurnStarted(2, 1, "clerk", owner=late.owner)
        await settled(late.claim("c", [RunEvent("turn#2", begun, last + 1)], generation))
        await erase(conversation, generation, last)

    monkeypatch.setattr(journal, "erase", erase_late)
    with pytest.raises(ConversationBusy):
        await Conversations(journal).delete("c")
    assert (await settled(journal.read("c")))[-1].fact == TurnStarted(2, 1, "clerk", owner=late.owner)


SECRET = "the-secret-of-ann"


def traces(folder: Path) -> list[str]:
    """The files in which the secret stands."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return [file.name for file in files if SECRET.encode() in file.read_bytes()]


@pytest.mark.parametrize("checkpointed", [True, False])
async def test_nothing_of_a_deleted_conversation_is_left_in_the_files(tmp_path: Path, checkpointed: bool):
    journal = SqliteJournal(tmp_path / "chats.db")
    conversation = f"conversation of {SECRET}"
    for turn in range(1, 40):
        for name in (conversation, f"a-{turn % 7}", f"z-{turn % 5}"):
            text = f"{SECRET} {turn} " * (20 if turn % 3 else 20_000) if name == conversation else f"other {turn} " * 50
            known = len(await settled(journal.read(name)))
            begun = TurnStarted(turn, 1, "clerk", input=text, message_id=f"{text[:20]} {turn}")
            await settled(journal.claim(name, [RunEvent(f"turn#{turn}", begun, known + 1)], 0))
            await settled(journal.append(name, [RunEvent(f"turn#{turn}/clerk#0", StepReturned([text]), known + 2)]))
            chunk = f"{text[:30_000]} {turn}".encode()
            await settled(journal.write_snapshot(name, 0, chunk * 2, {f"d{turn}": chunk}))
    await settled(journal.request_interrupt(conversation, 1))
    await settled(journal.take_ticket(conversation))
    if checkpointed:
        other = SqliteJournal(journal.path)
        journal.close()
        other.close()
        journal = SqliteJournal(journal.path)
    assert traces(tmp_path) != []
    others = {name: await settled(journal.read(name)) for name in journal.conversations() if name != conversation}
    assert await Conversations(journal).delete(conversation)
    assert traces(tmp_path) == []
    journal.close()
    assert traces(tmp_path) == []
    journal = SqliteJournal(journal.path)
    assert {name: await settled(journal.read(name)) for name in journal.conversations()} == others


async def test_a_value_that_another_conversation_uses_stays(tmp_path: Path):
    journal = SqliteJournal(tmp_path / "chats.db")
    large = [RunEvent("turn#1/clerk#0", StepReturned(f"{SECRET} " * 10_000), 1)]
    for name in ("c", "d"):
        await settled(journal.append(name, large))
    await Conversations(journal).delete("c")
    assert await settled(journal.read("d")) == large
    await Conversations(journal).delete("d")
    assert traces(tmp_path) == []


async def test_data_that_is_still_in_the_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    journal = SqliteJournal(tmp_path / "chats.db")
    await talk(journal, "c", SECRET)
    program = (
        "db = sqlite3.connect(file, isolation_level=None)\n"
        "db.execute('BEGIN'); db.execute('SELECT * FROM entries').fetchone(); say('reads'); wait()"
    )
    with process(program, journal.path) as reader:
        assert reader.heard() == "reads"
        with pytest.raises(JournalBusy, match="the conversations are deleted, but parts of them may still be in the file"):
            await Conversations(journal).delete("c")
        assert await Conversations(journal).list() == []
    await talk(journal, "d", "other")
    await Conversations(journal).delete("d")
    assert traces(tmp_path) == []


async def test_a_journal_that_is_only_read_is_listed_and_not_changed(tmp_path: Path):
    journal = SqliteJournal(tmp_path / "chats.db")
    await talk(journal, "c", "pay", step=payer())
    await talk(journal, "d", "one")
    only = Conversations(f"sqlite:///{journal.path}?mode=ro")
    assert [(one.id, one.waiting) for one in await only.list()] == [("c", True), ("d", False)]
    assert len(await only.waiting("c")) == 1
    with pytest.raises(JournalUnwritable):
        await only.delete("d")


async def test_a_page_costs_the_same_in_a_long_list(tmp_path: Path):
    journal = SqliteJournal(tmp_path / "chats.db")
    db = journal._database.connection  # pyright: ignore[reportPrivateUsage]
    assert db is not None

    async def steps() -> int:
        """The steps of SQLite's machine for a page."""
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        db.set_progress_handler(tick, 10)
        assert len(await Conversations(journal).list(limit=5, after="c-0003")) == 5
        db.set_progress_handler(None, 0)
        return count

    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            for seq in range(1, 20):
                journal.append(f"c-{number:04}", [RunEvent("turn#1/clerk#0", StepReturned(seq), seq)])

    fill(0, 10)
    short = await steps()
    fill(10, 200)
    assert await steps() <= short * 1.2 + 2


async def test_threads_may_look_while_a_run_goes_on(journal: Catalogue, conversations: Conversations):
    await talk(journal, "c", "one")

    async def look() -> list[str]:
        return [one.id for one in await Conversations(journal).list()]

    found = await asyncio.gather(talk(journal, "d", *["x"] * 20), *(asyncio.to_thread(asyncio.run, look()) for _ in range(4)))
    assert all(names[0] == "c" for names in found[1:])
