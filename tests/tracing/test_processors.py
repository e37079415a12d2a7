"""Who is given traces: the processors of a run and of all runs, and what becomes of one that fails or is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner, UserError
from switchroom.testing import ScriptedModel
from switchroom.tracing import Span, Trace, TraceProcessor, add_trace_processor, set_trace_processors
from tests.tracing.book import Book


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    """No processors of all runs, before and after."""
    set_trace_processors([])
    yield
    set_trace_processors([])


async def run(*processors: TraceProcessor, sensitive: bool = False) -> None:
    config = RunConfig(trace_processors=processors, trace_include_sensitive_data=sensitive)
    await Runner.run(Agent("clerk", model=ScriptedModel(["hi"])), "hello", config=config)


async def test_a_processor_of_all_runs_is_given_every_trace_and_those_of_a_run_theirs():
    everywhere, here = Book(), Book()
    add_trace_processor(everywhere)
    await run()
    await run(here)
    assert (len(everywhere.traces), len(here.traces)) == (2, 1)
    assert everywhere.traces[1] == here.traces[0]
    assert everywhere.spans[-1] == here.spans[-1]


async def test_setting_the_processors_takes_the_place_of_those_before():
    first, second = Book(), Book()
    add_trace_processor(first)
    set_trace_processors([second])
    await run()
    set_trace_processors([])
    await run()
    assert (len(first.traces), len(second.traces)) == (0, 1)


async def test_a_processor_that_is_named_twice_is_given_a_trace_once():
    book = Book()
    add_trace_processor(book)
    await run(book)
    assert (len(book.traces), book.faults()) == (1, [])


async def test_processors_that_come_or_go_in_the_middle_of_a_run_change_nothing_in_it():
    late, early = Book(), Book()

    async def change(input: str) -> str:
        set_trace_processors([late])
        return input

    add_trace_processor(early)
    await Runner.run(change, "hello")
    assert (len(early.spans), early.faults(), late.told) == (2, [], [])


class Broken:
    """Fails at everything."""

    def __init__(self) -> None:
        self.asked = 0

    def on_trace_start(self, trace: Trace) -> None:
        self.asked += 1
        raise OSError("disk full")

    def on_trace_end(self, trace: Trace) -> None:
        self.asked += 1
        raise OSError("disk full")

    def on_span_start(self, span: Span) -> None:
        self.asked += 1
        raise OSError("disk full")

    def on_span_end(self, span: Span) -> None:
        self.asked += 1
        raise OSError("disk full")


async def test_a_processor_that_raises_is_reported_and_stops_neither_the_run_nor_the_others(caplog: pytest.LogCaptureFixture):
    broken, book = Broken(), Book()
    await run(broken, book)
    assert not book.faults()
    assert broken.asked == len(book.told) == 8
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    assert [record.getMessage().partition(">")[2] for record in caplog.records] == snapshot(
        [
            " failed on the start of trace 'clerk'",
            " failed on the start of span 'clerk'",
            " failed on the start of span 'clerk'",
            " failed on the start of span 'model'",
            " failed on the end of span 'model'",
            " failed on the end of span 'clerk'",
            " failed on the end of span 'clerk'",
            " failed on the end of trace 'clerk'",
        ]
    )


class OnlyEnds(TraceProcessor):
    """Takes from the protocol what it does not care for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_span_end(self, span: Span) -> None:
        self.names.append(span.name)


async def test_a_processor_may_inherit_what_it_does_not_care_for():
    ends = OnlyEnds()
    await run(ends)
    assert ends.names == ["model", "clerk", "clerk"]


class Deaf:
    """Has but one of the methods."""

    def on_span_end(self, span: Span) -> None: ...

    def __repr__(self) -> str:
        return "Deaf()"


class Async(Broken):
    async def on_span_end(self, span: Span) -> None: ...  # pyright: ignore[reportIncompatibleMethodOverride]

    def __repr__(self) -> str:
        return "Async()"


def test_what_is_no_processor_is_refused_where_it_is_named():
    refusals: list[str] = []
    for given in (Deaf(), Async(), Book):
        with pytest.raises(UserError) as refused:
            RunConfig(trace_processors=(cast("Any", given),))
        refusals.append(str(refused.value))
        with pytest.raises(UserError, match="rocessor"):
            add_trace_processor(cast("Any", given))
        with pytest.raises(UserError, match="rocessor"):
            set_trace_processors([cast("Any", given)])
    assert refusals == snapshot(
        [
            "Trace processor Deaf() has no method 'on_trace_start'; inherit from TraceProcessor.",
            "Trace processor Async(): 'on_span_end' is async, and is not awaited. Make it a plain `def`.",
            "Trace processor Book is a class. Pass an object of it: Book(...).",
        ]
    )
    with pytest.raises(UserError) as refused:
        RunConfig(trace_processors=cast("Any", "traces.jsonl"))
    assert str(refused.value) == snapshot("RunConfig(trace_processors='traces.jsonl'): give a tuple of trace processors.")


async def test_a_list_of_processors_does_as_well_as_a_tuple():
    book = Book()
    config = RunConfig(trace_processors=cast("Any", [book]))
    await Runner.run(Agent("clerk", model=ScriptedModel(["hi"])), "hello", config=config)
    assert len(book.traces) == 1
