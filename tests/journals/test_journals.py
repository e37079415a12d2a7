"""What every journal holds: one suite for all that keep, and for the one that does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Message, RunConfig, Runner, Team, UserError, tool
from switchroom.errors import Fenced
from switchroom.events import RunEvent, StepReturned, ToolReturned, TurnStarted
from switchroom.events.codec import LARGE
from switchroom.journal import Journal, NoJournal, journal_at
from switchroom.journals import MemoryJournal, SqliteJournal
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import World, asked_by_person, facts_of, kinds
from tests.journals.waiting import WaitingJournal
from tests.patience import HANGS_S

MAKERS: dict[str, Callable[[Path], Journal]] = {
    "none": lambda folder: NoJournal(),
    "memory": lambda folder: MemoryJournal(),
    "sqlite": lambda folder: SqliteJournal(folder / "chats.db"),
    "waiting": lambda folder: WaitingJournal(),
}


@pytest.fixture(params=list(MAKERS))
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    """Any journal."""
    return MAKERS[request.param](tmp_path)


@pytest.fixture(params=[name for name in MAKERS if name != "none"])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    """Any journal that keeps."""
    return MAKERS[request.param](tmp_path)


async def append(journal: Journal, conversation: str, *events: RunEvent) -> None:
    writing = journal.append(conversation, events)
    if writing is not None:
        await writing


async def read(journal: Journal, conversation: str, after: int = 0) -> list[RunEvent]:
    events = journal.read(conversation, after)
    return events if isinstance(events, list) else await events


def entry(seq: int, output: Any = None) -> RunEvent:
    return RunEvent("turn#1/clerk#0", StepReturned(output), seq, float(seq))


# entries -------------------------------------------------------------------------------------------------------------


async def test_a_conversation_that_is_not_there_has_no_events(journal: Journal):
    assert await read(journal, "nobody") == []


async def test_events_come_back_as_they_were(keeper: Journal):
    events = [
        RunEvent("turn#1", TurnStarted(1, 1, "clerk", (Message("user", "👋 \0 שלום"),)), 1, 1.5),
        RunEvent("turn#1/clerk#0", ToolReturned(0, "clerk", "look", "seen"), 2, 2.25),
        entry(3, {"nested": [1, None, {"\0blob": "a user's own key"}]}),
    ]
    await append(keeper, "c", events[0])
    await append(keeper, "c", *events[1:])
    assert await read(keeper, "c") == events
    assert await read(keeper, "c", after=2) == events[2:]


async def test_conversations_do_not_mix(keeper: Journal):
    await append(keeper, "one", entry(1, "one's"))
    await append(keeper, "two", entry(1, "two's"))
    assert [event.fact for event in await read(keeper, "one")] == [StepReturned("one's")]


async def test_a_taken_number_is_refused(keeper: Journal):
    await append(keeper, "c", entry(1))
    with pytest.raises(Fenced) as error:
        await append(keeper, "c", entry(1))
    assert str(error.value) == snapshot("Conversation 'c': entry 1 is taken; another writer has it.")


async def test_of_several_events_all_are_kept_or_none(keeper: Journal):
    await append(keeper, "c", entry(1))
    with pytest.raises(Fenced):
        await append(keeper, "c", entry(2), entry(3), entry(1))
    assert len(await read(keeper, "c")) == 1


async def test_what_json_cannot_hold_is_refused_and_leaves_nothing_behind(keeper: Journal):
    with pytest.raises(UserError, match="A fact of kind 'step_returned' holds what JSON cannot"):
        await append(keeper, "c", entry(1), entry(2, object()))
    assert await read(keeper, "c") == []
    await append(keeper, "c", entry(1))


async def test_a_large_value_comes_back_whole(keeper: Journal):
    large = "ä" * LARGE
    await append(keeper, "c", entry(1, large), entry(2, {"a": [large, "small"]}))
    assert [event.fact for event in await read(keeper, "c")] == [
        StepReturned(large),
        StepReturned({"a": [large, "small"]}),
    ]


async def test_what_was_kept_cannot_be_changed_through_the_object(keeper: Journal):
    output = {"cents": 1}
    await append(keeper, "c", entry(1, output))
    output["cents"] = 2
    assert (await read(keeper, "c"))[0].fact == StepReturned({"cents": 1})


# runs ----------------------------------------------------------------------------------------------------------------


@tool(effect="read")
async def look(n: int) -> str:
    """Look."""
    return f"seen {n}"


def team() -> Team:
    """Two tools at once, then a handoff."""
    both = asyncio.Barrier(2)

    @tool(effect="read")
    async def look(n: int) -> str:
        await both.wait()
        return f"seen {n}"

    target = Agent("target", model=FunctionModel(lambda request: f"target: {request.messages[-1].text}"))

    def model(request: Any) -> Any:
        if asked_by_person(request):
            return [call("look", n=1), call("look", n=2)]
        return call("transfer_to_target", reason="seen")

    return Team([Agent("clerk", model=FunctionModel(model), tools=[look], handoffs=["target"]), target])


async def test_a_run_goes_the_same_way_on_every_journal(journal: Journal):
    result = await Runner.run(team(), "x", config=RunConfig(journal=journal))
    assert kinds(result.events) == snapshot(
        [
            "turn_started",
            "step_started",
            "model_answered",
            "calls_judged",
            "tool_started",
            "tool_started",
            "tool_returned",
            "tool_returned",
            "model_answered",
            "calls_judged",
            "handoff_proposed",
            "handoff_committed",
            "model_answered",
            "step_returned",
        ]
    )
    assert [event.seq for event in result.events] == list(range(1, len(result.events) + 1))


async def test_what_a_journal_keeps_is_what_the_result_says(keeper: Journal):
    result = await Runner.run(team(), "x", config=RunConfig(journal=keeper), conversation="c")
    assert await read(keeper, "c") == list(result.events)


async def test_a_conversation_goes_on_turn_after_turn(keeper: Journal):
    config = RunConfig(journal=keeper)
    agent = Agent("clerk", model=FunctionModel(lambda request: f"{len(request.messages)} messages"))
    said = [(await Runner.run(agent, "x", config=config, conversation="c")).final_output for _ in range(3)]
    assert said == ["1 messages", "3 messages", "5 messages"]


async def test_a_turn_is_resumed_where_it_broke_off(keeper: Journal):
    world = World()
    config = RunConfig(journal=keeper)
    model = ScriptedModel([call("look", n=1), call("touch"), "done"])
    agent = Agent("clerk", model=model, tools=[look, tool(effect="read")(world.touch)])
    with pytest.raises(ConnectionError):
        await Runner.run(agent, "x", config=config, conversation="c")
    world.down = False
    result = await Runner.resume(agent, config=config, conversation="c")
    assert result.final_output == "done"
    assert len(model.requests) == 3


async def test_a_forced_takeover_of_a_live_run_fences_it(keeper: Journal):
    inside = asyncio.Event()
    go_on = asyncio.Event()

    async def answer(request: Any) -> str:
        inside.set()
        await go_on.wait()
        return "answered"

    agent = Agent("clerk", model=FunctionModel(answer))
    config = RunConfig(journal=keeper)
    first = asyncio.ensure_future(Runner.run(agent, "first", config=config, conversation="c"))
    await asyncio.wait_for(inside.wait(), HANGS_S)
    inside.clear()
    second = asyncio.ensure_future(Runner.resume(agent, config=config, conversation="c", takeover=True))
    await asyncio.wait_for(inside.wait(), HANGS_S)
    go_on.set()
    lost, won = await asyncio.wait_for(asyncio.gather(first, second, return_exceptions=True), HANGS_S)
    assert isinstance(lost, Fenced)  # the first lost the conversation to the second's attempt
    assert not isinstance(won, BaseException)
    assert won.final_output == "answered"
    assert kinds(await read(keeper, "c")).count("model_answered") == 1


async def test_a_run_that_lost_its_conversation_writes_nothing_more(keeper: Journal):
    agent_may_answer = asyncio.Event()
    asked = asyncio.Event()

    async def answer(request: Any) -> str:
        asked.set()
        await agent_may_answer.wait()
        return "too late"

    zombie = Agent("clerk", model=FunctionModel(answer))
    config = RunConfig(journal=keeper)
    lost = asyncio.ensure_future(Runner.run(zombie, "x", config=config, conversation="c"))
    await asyncio.wait_for(asked.wait(), HANGS_S)
    quick = Agent("clerk", model=ScriptedModel(["in time"]))
    await Runner.resume(quick, config=config, conversation="c", takeover=True)
    before = await read(keeper, "c")
    agent_may_answer.set()
    with pytest.raises(Fenced) as error:
        await asyncio.wait_for(lost, HANGS_S)
    assert await read(keeper, "c") == before
    assert error.value.run is not None


async def test_a_step_that_another_agent_began_is_not_taken_over(keeper: Journal):
    config = RunConfig(journal=keeper)
    await Runner.run(Agent("clerk", model=ScriptedModel(["one"])), "x", config=config, conversation="c")
    for taking in (
        Runner.run(Agent("other"), "y", config=config, conversation="c"),
        Runner.resume(Agent("other"), config=config, conversation="c"),
    ):
        with pytest.raises(UserError, match=r"Conversation 'c' is answered by 'clerk'; 'other' cannot go on with it\."):
            await taking


async def test_large_results_are_kept_once_however_often_they_stand_in_facts(tmp_path: Path):
    large = "x" * 200_000

    @tool(effect="read")
    async def fetch() -> str:
        return large

    model = ScriptedModel([[call("fetch"), call("fetch")], large])
    journal = SqliteJournal(tmp_path / "chats.db")
    agent = Agent("clerk", model=model, tools=[fetch])
    result = await Runner.run(agent, large, config=RunConfig(journal=journal), conversation="c")
    assert facts_of(ToolReturned, result.events)[0].text == large
    journal.close()
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 2 * len(large)


# addresses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("chats.db", snapshot("journal='chats.db' is no URL. Write 'sqlite:///chats.db' for a file, or 'memory:'.")),
        (
            "sqlite:chats.db",
            snapshot("journal='sqlite:chats.db': write 'sqlite:///' and the file, such as sqlite:///chats.db."),
        ),
        ("sqlite:///", snapshot("journal='sqlite:///': write 'sqlite:///' and the file, such as sqlite:///chats.db.")),
        ("redis://x", snapshot("Switchroom has no journal adapter 'redis'; it has ['memory', 'sqlite'].")),
        (
            "sqlite:///x.db?modus=ro",
            snapshot("journal='sqlite:///x.db?modus=ro': ['modus'] is not known; there are 'synchronous' and 'mode'."),
        ),
        (
            "sqlite:///x.db?mode=rwc",
            snapshot("journal='sqlite:///x.db?mode=rwc': mode='rwc': it may be 'rw', or 'ro' for reading only."),
        ),
        (
            "sqlite:///x.db?synchronous=off",
            snapshot("journal='sqlite:///x.db?synchronous=off': synchronous='off': it may be NORMAL, FULL or EXTRA."),
        ),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(url: str, told: str):
    with pytest.raises(UserError) as error:
        journal_at(url)
    assert str(error.value) == told


@pytest.mark.parametrize("query", ["synchronous", "foo", "=full"])
def test_an_address_with_half_an_option_is_refused(query: str, tmp_path: Path):
    with pytest.raises(UserError, match="journal="):
        journal_at(f"sqlite:///{tmp_path}/chats.db?{query}")


def test_an_address_is_opened_once(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/deep/er/chats.db"
    assert journal_at(url) is journal_at(url)
    assert journal_at(None) is journal_at(None)
