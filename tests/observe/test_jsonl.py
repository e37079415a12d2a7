"""Traces in a real file, line by line."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from pathlib import Path

import msgspec
import pytest

from switchroom import Agent, RunConfig, Runner, UserError
from switchroom.observe import JsonLines, Span
from switchroom.testing import ScriptedModel
from tests.patience import HANGS_S


def spans(path: Path) -> list[Span]:
    return [msgspec.json.decode(line, type=Span) for line in path.read_bytes().splitlines()]


async def run(lines: JsonLines, text: str = "hi") -> str:
    config = RunConfig(trace_processors=(lines,), trace_include_sensitive_data=True, workflow_name="desk")
    return (await Runner.run(Agent("clerk", model=ScriptedModel([text])), "hello", config=config)).trace_id


async def test_each_span_is_a_line_of_json_and_the_turn_is_the_last(tmp_path: Path):
    path = tmp_path / "traces.jsonl"
    with JsonLines(path) as lines:
        trace_id = await run(lines, "h\u00e4\u2028i\n")
    assert [(span.kind, span.name, span.outcome) for span in spans(path)] == [
        ("generation", "model", "done"),
        ("agent", "clerk", "done"),
        ("turn", "clerk", "done"),
    ]
    first, *_, last = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
    assert first["data"]["text"] == "h\u00e4\u2028i\n"
    assert (last["trace_id"], last["parent_id"], last["data"]["workflow"]) == (trace_id, "", "desk")
    assert last["started_at"] <= first["started_at"] <= first["ended_at"] <= last["ended_at"]


async def test_lines_are_appended_and_are_in_the_file_before_it_is_closed(tmp_path: Path):
    path = tmp_path / "traces.jsonl"
    path.write_text('{"mine": true}\n')
    lines = JsonLines(str(path))
    first = await run(lines)
    assert len(path.read_text().splitlines()) == 4
    lines.close()
    with JsonLines(path) as again:
        second = await run(again)
    mine, *others = path.read_bytes().splitlines()
    assert mine == b'{"mine": true}'
    assert [msgspec.json.decode(line, type=Span).trace_id for line in others] == [first] * 3 + [second] * 3


def _write(path: Path, text: str) -> None:
    async def runs() -> None:
        with JsonLines(path) as lines:
            for _ in range(20):
                await run(lines, text)

    asyncio.run(runs())


def test_processes_beside_one_another_write_whole_lines_to_one_file(tmp_path: Path):
    path = tmp_path / "traces.jsonl"
    here = multiprocessing.get_context("spawn")
    processes = [here.Process(target=_write, args=(path, letter * 20_000)) for letter in "ab"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(HANGS_S)
    written = spans(path)
    texts = [span.data["text"] for span in written if span.kind == "generation"]
    assert len(written) == 120
    assert sorted(texts) == ["a" * 20_000] * 20 + ["b" * 20_000] * 20


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match=r"JsonLines\('.*nowhere/traces.jsonl'\): No such file or directory"):
        JsonLines(tmp_path / "nowhere" / "traces.jsonl")
    with pytest.raises(UserError, match="Is a directory"):
        JsonLines(tmp_path)


async def test_a_closed_file_is_reported_and_the_run_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    lines = JsonLines(tmp_path / "traces.jsonl")
    lines.close()
    await run(lines)
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info and record.exc_info[1]] == [
        ("I/O operation on closed file",)
    ] * 3
