"""The conversations of a journal: which there are, which wait and for what, what was said and used, and their deletion."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, OutputNode, RunConfig, Runner, Session, ToolContext, UserError, sequential, tool
from switchroom.errors import ConversationBusy, JournalBusy, JournalUnwritable
from switchroom.events import RunEvent, StepReturned, ToolReturnedLate, TurnStarted
from switchroom.journal import NoJournal
from switchroom.journals import Conversations, MemoryJournal, SqliteJournal, database
from switchroom.journals.database import settled
from switchroom.journals.listed import Catalogue
from switchroom.model import ModelRequest
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


def step_named(name: str, function: Callable[..., Any]) -> Any:
    """Return a function as a step of another name."""
    function.__name__ = name
    return function


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


@pytest.mark.parametrize("turns", [1, 100])
async def test_nothing_that_this_process_knew_of_a_deleted_conversation_comes_back(
    journal: Catalogue, conversations: Conversations, turns: int
):
    """Neither its history, nor its shared state, nor its message ids; 100 turns have a snapshot."""

    class Seen(BaseModel):
        texts: list[str] = []

    @tool
    def note(ctx: ToolContext[Any], text: str) -> str:
        """Note a text in the shared state."""
        ctx.update(texts=[*ctx.state.texts, text])
        return "noted"

    def answer(request: ModelRequest) -> Any:
        newest = request.messages[-1]
        return call("note", text=newest.text) if newest.role == "user" else f"{len(request.messages)} messages"

    clerk = Agent("clerk", model=FunctionModel(answer), tools=[note])

    async def say(journal: Catalogue, text: str) -> Any:
        config = RunConfig(journal=journal, state_type=Seen, state=lambda conversation: Seen())
        return await Runner.run(clerk, text, config=config, conversation="c", message_id=text)

    others = [SqliteJournal(journal.path) for _ in range(2)] if isinstance(journal, SqliteJournal) else [journal]
    for place in range(turns):
        await say(others[place % len(others)], f"m{place}")
    assert await conversations.delete("c")
    for turn, one in enumerate(others, start=1):
        result = await say(one, f"m{turn - 1}")
        assert (result.turn, result.final_output) == (turn, f"{4 * turn - 1} messages")
        assert result.state.texts == [f"m{place}" for place in range(turn)]


class Counted(BaseModel):
    """The state of a node."""

    count: int = 0


class Count(OutputNode):
    """Counts the messages in its state, and says its count and how many messages it knows."""

    def __init__(self) -> None:
        super().__init__(name="count")
        self.state: Counted = Counted()

    async def generate_response(self) -> AsyncIterator[str]:
        self.state.count += 1
        yield f"{self.state.count}: {len(self.context.messages)}"


async def test_a_session_whose_conversation_was_deleted_goes_on_from_nothing(journal: Catalogue, conversations: Conversations):
    session = Session(conversation="c", journal=journal)
    session.add_node(Count())
    await session.start()
    assert [(await session.send(text)).text for text in ("one", "two")] == ["1: 1", "2: 3"]
    await erased(conversations, "c")
    reply = await session.send("three")
    assert (reply.text, reply.turn) == ("1: 1", 1)
    assert [message.text for message in session.messages] == ["three", "1: 1"]
    assert (await session.send("four")).text == "2: 3"


async def test_a_session_whose_conversation_was_begun_again_elsewhere_has_the_states_of_there(
    journal: Catalogue, conversations: Conversations
):
    """The conversation has as many entries as before, and says something else."""

    def session() -> Session:
        one = Session(conversation="c", journal=journal)
        one.add_node(Count())
        return one

    first = session()
    await first.start()
    await first.send("one")
    await erased(conversations, "c")
    second = session()
    await second.start()
    second.graph.nodes["count"].state = Counted(count=40)
    await second.send("a")
    await second.stop()
    assert (await first.send("three")).text == "42: 3"


class Refusing(MemoryJournal):
    """A journal that refuses all facts as long as it is told to."""

    refuses = False

    def append(self, conversation: str, events: Sequence[RunEvent]) -> None:
        if self.refuses:
            raise JournalUnwritable("The disk is full.")
        return super().append(conversation, events)


async def test_the_answer_that_a_session_owes_goes_with_its_conversation():
    journal = Refusing()

    async def echo(text: str) -> str:
        journal.refuses = text == "one"
        return f"echo {text}"

    session = Session(echo, conversation="c", journal=journal, deadline=1)
    with pytest.raises(JournalUnwritable):
        await session.send("one")
    journal.refuses = False
    await erased(Conversations(journal), "c")
    for turn, text in enumerate(("two", "three", "four"), start=1):
        reply = await session.send(text)
        assert (reply.turn, reply.text, reply.earlier) == (turn, f"echo {text}", ())


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
    await talk(journal, "c", "one")
    begun, gate = asyncio.Event(), asyncio.Event()

    async def held(text: str) -> str:
        begun.set()
        await gate.wait()
        return text

    running = asyncio.create_task(talk(journal, "c", "two", step=step_named("clerk", held)))
    await begun.wait()
    with pytest.raises(ConversationBusy) as error:
        await conversations.delete("c")
    assert (error.value.owner, error.value.turn, error.value.since > 0) == (journal.owner, 2, True)
    assert str(error.value) == snapshot(
        "Conversation 'c' cannot be deleted: turn 2 is being answered. Delete it after the turn."
    )
    gate.set()
    assert (await running).final_output == "two"
    assert await conversations.delete("c")


async def test_a_conversation_with_a_turn_that_is_about_to_begin_is_not_deleted(
    journal: Catalogue, conversations: Conversations
):
    """The turn has no fact yet: its handles are being made."""
    await talk(journal, "c", "one")
    begun, gate = asyncio.Event(), asyncio.Event()

    async def handles(conversation: str) -> str:
        begun.set()
        await gate.wait()
        return "handles"

    config = RunConfig(journal=journal, deps=handles)
    running = asyncio.create_task(Runner.run(clerk(), "two", config=config, conversation="c"))
    await begun.wait()
    with pytest.raises(ConversationBusy):
        await conversations.delete("c")
    gate.set()
    result = await running
    assert (result.turn, len(result.messages), result.final_output) == (2, 4, "you said two")


async def test_a_conversation_whose_tool_runs_after_its_deadline_is_not_deleted(
    journal: Catalogue, conversations: Conversations
):
    begun, gate, ended = threading.Event(), threading.Event(), asyncio.Event()

    @tool
    def slow() -> str:
        """Take long, in a thread."""
        begun.set()
        gate.wait()
        return "done"

    def heard(event: RunEvent) -> None:
        if isinstance(event.fact, ToolReturnedLate):
            ended.set()

    clerk = Agent("clerk", model=FunctionModel(lambda request: call("slow")), tools=[slow])
    config = RunConfig(journal=journal, deadline=0.05, listeners=(heard,))
    with pytest.raises(TimeoutError):
        await Runner.run(clerk, "go", config=config, conversation="c")
    with pytest.raises(ConversationBusy, match="the tool slow still runs"):
        await conversations.delete("c")
    gate.set()
    await ended.wait()
    await erased(conversations, "c")


async def erased(conversations: Conversations, id: str) -> None:
    """Delete a conversation as soon as its last turn has come to its end."""
    async with asyncio.timeout(10):
        while True:
            try:
                assert await conversations.delete(id) == 1
                return
            except ConversationBusy:
                await asyncio.sleep(0.01)


async def test_a_conversation_that_an_ended_loop_of_this_process_left_open_is_deleted(
    journal: Catalogue, conversations: Conversations
):
    """No attempt is live in this process, so nobody answers the turn."""
    begun = TurnStarted(1, 1, "clerk", owner=journal.owner)
    await settled(journal.claim("c", [RunEvent("turn#1", begun, 1, 7.0)], 0))
    assert await conversations.delete("c")


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
    begun, gate = asyncio.Event(), asyncio.Event()
    running: list[asyncio.Task[Any]] = []

    async def held(text: str) -> str:
        begun.set()
        await gate.wait()
        return text

    async def erase_late(conversation: str, generation: int, last: int) -> None:
        monkeypatch.setattr(journal, "erase", erase)
        late = SqliteJournal(journal.path)
        running.append(asyncio.create_task(talk(late, "c", "two", step=step_named("clerk", held))))
        await begun.wait()
        await erase(conversation, generation, last)

    monkeypatch.setattr(journal, "erase", erase_late)
    with pytest.raises(ConversationBusy):
        await Conversations(journal).delete("c")
    gate.set()
    [turn] = running
    assert ((await turn).turn, (await turn).final_output) == (2, "two")


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


async def test_a_conversation_is_deleted_directly_after_the_reply_of_its_session():
    journal = MemoryJournal()
    async with Session(Agent("clerk", model=FunctionModel(lambda _: "hello")), journal=journal, conversation="c") as session:
        await session.send("one")
        assert await Conversations(journal).delete("c")
        assert journal.read("c") == []
