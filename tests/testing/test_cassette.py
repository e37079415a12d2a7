"""Cassettes: taken from journals and results, kept as text that people and version control can read."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner, UserError, tool
from switchroom.errors import JournalUnreadable
from switchroom.events import Fact, RunEvent, TurnStarted
from switchroom.journals import MemoryJournal
from switchroom.model import ToolSpec
from switchroom.testing import Cassette, call
from switchroom.testing.prompt import Prompt
from tests.examples import times
from tests.journals.waiting import WaitingJournal
from tests.laws.facts import facts
from tests.laws.test_streams import told
from tests.laws.worlds import answering
from tests.testing.desk import CONVERSATION, World, desk, recorded

# where it comes from --------------------------------------------------------------------------------------------------


async def test_a_run_without_a_journal_is_a_cassette_by_its_result():
    result = await Runner.run(desk(World()), "hi")
    assert Cassette.of(result).events == tuple(result.events)


async def test_a_later_turn_and_a_part_of_a_run_are_no_cassettes():
    journal = MemoryJournal()
    _, result = await recorded(desk(World()), "hi", "and again", config=RunConfig(journal=journal))
    with pytest.raises(UserError) as raised:
        Cassette.of(result)
    assert str(raised.value) == snapshot(
        "The run is turn 2 of conversation 'c-1', and rests on the turns before it. "
        "Cassette.from_journal(journal, 'c-1') has them all."
    )

    said: list[str] = []

    @tool(effect="read")
    async def work() -> str:
        with pytest.raises(UserError) as raised:
            Cassette.of(await Runner.run(Agent("worker", model=answering("worked")), "x"))
        said.append(str(raised.value))
        return "done"

    await Runner.run(Agent("boss", tools=[work], model=answering(call("work"), "done")), "go")
    assert said == snapshot(
        ["The result is of a part of a run, at turn#1/boss#0/work#1.0/worker#0. Pass the result of the whole run."]
    )


async def test_a_conversation_that_is_not_there_and_a_journal_that_has_to_be_awaited_say_so():
    with pytest.raises(UserError, match="has no conversation 'c-9'"):
        Cassette.from_journal(MemoryJournal(), "c-9")

    journal = WaitingJournal()
    await recorded_in(journal)
    with pytest.raises(UserError, match=r"has to be awaited. Write Cassette\('c-1', tuple\(await journal.read\('c-1'\)\)\)"):
        Cassette.from_journal(journal, CONVERSATION)
    cassette = Cassette(CONVERSATION, tuple(await journal.read(CONVERSATION)))
    assert (await cassette.play(desk(World()))).result.final_output == "Hello! You said: hi"


async def recorded_in(journal: WaitingJournal) -> None:
    """A conversation in a journal that has to be awaited."""
    await Runner.run(desk(World()), "hi", config=RunConfig(journal=journal), conversation=CONVERSATION)


async def test_a_cassette_that_does_not_begin_with_the_first_turn_does_not_play():
    with pytest.raises(UserError, match="begins with None"):
        await Cassette("c", ()).play(desk(World()))
    cassette, _ = await recorded(desk(World()), "hi", "and again")
    with pytest.raises(UserError, match="from its first turn on"):
        await Cassette("c", cassette.events[4:]).play(desk(World()))


async def test_a_play_that_is_to_be_waited_for_where_a_loop_runs_says_what_to_write():
    cassette, _ = await recorded(desk(World()), "hi")
    with pytest.raises(UserError, match="Write `await cassette"):
        cassette.play_sync(desk(World()))


# as a file ------------------------------------------------------------------------------------------------------------


async def test_a_file_has_a_line_for_each_fact(tmp_path: Path):
    result = await Runner.run(Agent("clerk", "Be kind.", model=answering("hello, Añn")), "hi")
    played = await Cassette.of(result).play(Agent("clerk", "Be kind."))
    played.cassette.save(tmp_path / "hi.jsonl")
    assert (tmp_path / "hi.jsonl").read_text() == snapshot("""\
{"cassette":1,"codec":1,"conversation":"played"}
{"prompt":{"agent":"clerk","instructions":"Be kind."},"digests":["f9e2ca7f3e6869b3916860ff"]}
{"path":"turn#1","fact":{"kind":"turn_started","turn":1,"attempt":1,"name":"clerk","messages":[{"role":"user","content":"hi"}]}}
{"path":"turn#1/clerk#0","fact":{"kind":"step_started","name":"clerk","fingerprint":"ba93f2b95271496f3b73a46b","agent":"clerk","messages":[{"role":"user","content":"hi"}]}}
{"path":"turn#1/clerk#0","fact":{"kind":"model_answered","agent":"clerk","message":{"role":"assistant","content":"hello, Añn","agent":"clerk"},"usage":{"requests":1},"digest":"f9e2ca7f3e6869b3916860ff"}}
{"path":"turn#1/clerk#0","fact":{"kind":"step_returned","output":"hello, Añn"}}
""")  # noqa: E501


async def test_what_is_saved_is_loaded_and_the_same_record_gives_the_same_bytes(tmp_path: Path):
    first, _ = await recorded(desk(World()), "hi", "I was charged twice")
    second, _ = await recorded(desk(World()), "hi", "I was charged twice")
    for name, cassette in (("first", first), ("second", second)):
        cassette.save(tmp_path / "deep" / name)
    loaded = Cassette.load(tmp_path / "deep" / "first")

    assert (tmp_path / "deep" / "first").read_bytes() == (tmp_path / "deep" / "second").read_bytes()
    assert told(list(loaded.events)) == told(list(first.events))
    assert [event.seq for event in loaded.events] == [event.seq for event in first.events]
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "deep" / "first").read_bytes()
    assert (await loaded.play(desk(World()))).result.final_output == "One moment.\nDone: refunded $49.00."


SPECS = st.builds(ToolSpec, st.text(max_size=5), st.text(max_size=5), st.just({"type": "object"}))
PROMPTS = st.builds(
    Prompt, st.text(max_size=5), instructions=st.text(max_size=20), tools=st.lists(SPECS, max_size=2).map(tuple)
)
NOTED = st.lists(st.tuples(st.text(max_size=8), facts()), max_size=5)


@settings(max_examples=times(30), deadline=None)
@given(NOTED, st.dictionaries(st.text(max_size=4), PROMPTS, max_size=3))
def test_any_facts_are_the_same_when_they_are_loaded(
    tmp_path_factory: pytest.TempPathFactory, noted: list[tuple[str, Fact]], prompts: dict[str, Prompt]
):
    file = tmp_path_factory.mktemp("cassettes") / "any.jsonl"
    events = tuple(RunEvent(path, fact, seq) for seq, (path, fact) in enumerate(noted, start=1))
    Cassette("c", events, prompts).save(file)
    loaded = Cassette.load(file)
    assert told(list(loaded.events)) == told(list(events))
    assert not any(event.fact.owner for event in loaded.events if isinstance(event.fact, TurnStarted))
    assert dict(loaded.prompts) == prompts


def test_a_file_that_is_not_there_no_cassette_newer_or_damaged_says_so(tmp_path: Path):
    file = tmp_path / "c.jsonl"
    with pytest.raises(UserError, match=r"The cassette .*c\.jsonl cannot be read: .*Record it with"):
        Cassette.load(file)
    head = '{"cassette":1,"codec":1,"conversation":"c"}\n'
    newer = head.replace('"codec":1', '"codec":9')
    for body, said in (
        ("", "is no cassette: its first line is b''"),
        ("hello\n", "is no cassette: its first line is b'hello'"),
        (head.replace('"cassette":1', '"cassette":9'), r"written by a newer Switchroom \(cassette 9"),
        (newer + '{"path":"p","fact":{"kind":"value_drawn"}}\n', r"newer Switchroom \(codec 9"),
        (head + '{"path":"p","fact":{"kind":"nonsense"}}\n', r"c\.jsonl, line 2: .*damaged"),
        (head + '{"path":"p","fact":{"kind":"step_returned","output":{"\\u0000blob":"lost"}}}\n', r"c\.jsonl, line 2: .*lost"),
        (head + '{"path":"p"}\n', r"c\.jsonl, line 2"),
        (head + "not json\n", r"c\.jsonl, line 2"),
    ):
        file.write_text(body)
        with pytest.raises(JournalUnreadable, match=said):
            Cassette.load(file)


async def test_a_large_value_is_kept_once(tmp_path: Path):
    large = "x" * 100_000
    agent = Agent("clerk", model=answering(large))
    cassette, _ = await recorded(agent, "go")
    cassette.save(tmp_path / "c.jsonl")
    assert (tmp_path / "c.jsonl").stat().st_size < 210_000  # the answer, and the output made of it
    loaded = Cassette.load(tmp_path / "c.jsonl")
    assert told(list(loaded.events)) == told(list(cassette.events))
    assert (await loaded.play(agent)).result.final_output == large


# at what cost ---------------------------------------------------------------------------------------------------------


def test_switchroom_is_imported_without_its_testing():
    script = "import switchroom, sys; sys.exit(any(name.startswith('switchroom.testing') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_a_file_plays_without_a_journal_and_without_a_loop(tmp_path: Path):
    cassette, _ = asyncio.run(recorded(desk(World()), "hi"))
    cassette.save(tmp_path / "hi.jsonl")
    assert Cassette.load(tmp_path / "hi.jsonl").play_sync(desk(World())).result.final_output == "Hello! You said: hi"
