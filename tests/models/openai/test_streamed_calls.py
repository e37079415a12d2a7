"""Calls as servers stream them: however pieces are numbered and named, the same calls come out."""

from __future__ import annotations

from typing import Any

import pytest

from switchroom.models.openai import PROVIDERS
from switchroom.models.openai.streamed_calls import CallPiece, Function, StreamedCalls
from tests.models.openai.lines import ask, line
from tests.servers.asked import Json
from tests.servers.faults import Gives
from tests.servers.script import json_bytes

A, B = '{"city": "Oslo"}', '{"city": "Rom {}"}'


def piece(name: str | None = None, arguments: Any = None, index: int | None = None, id: str | None = None) -> CallPiece:
    return CallPiece(index, id, Function(name, arguments))


def made(deltas: list[list[CallPiece]]) -> list[tuple[str, Any]]:
    calls = StreamedCalls()
    for delta in deltas:
        calls.take(delta)
    return [(call.name, call.args) for call in calls.made(PROVIDERS["vllm"], "m")]


TWO = [("w", {"city": "Oslo"}), ("w", {"city": "Rom {}"})]
SHAPES: dict[str, list[CallPiece]] = {
    "by the book": [
        piece("w", "", 0, "a"), piece(None, A[:5], 0), piece(None, A[5:], 0), piece("w", "", 1, "b"), piece(None, B, 1),
    ],
    "the name in every piece": [
        piece("w", A[:5], 0, "a"), piece("w", A[5:], 0, "a"), piece("w", B[:4], 1, "b"), piece("w", B[4:], 1, "b"),
        piece("w", "", 1, "b"),
    ],
    "the name in every piece, the id in the first": [
        piece("w", A[:5], 0, "a"), piece("w", A[5:], 0), piece("w", "", 0), piece("w", B[:4], 1, "b"), piece("w", B[4:], 1),
    ],
    "the name in every piece, no index and no id": [
        piece("w", A[:5]), piece("w", A[5:]), piece("w", B[:4]), piece("w", B[4:]),
    ],
    "the name in every piece, index 0 and no id": [
        piece("w", A[:5], 0), piece("w", A[5:], 0), piece("w", B[:4], 0), piece("w", B[4:], 0), piece("w", "", 0),
    ],
    "a new id in every piece": [
        piece("w", A[:5], 0, "a1"), piece(None, A[5:], 0, "a2"), piece("w", B[:4], 1, "b1"), piece(None, B[4:], 1, "b2"),
    ],
    "index 0 for all": [piece("w", A, 0, "a"), piece("w", B, 0, "b")],
    "index 0 for all, no id": [piece("w", A, 0), piece("w", B, 0)],
    "index 0 for all, an empty id": [piece("w", A, 0, ""), piece("w", B, 0, "")],
    "index 0 for all, one id": [piece("w", A, 0, "call_0"), piece("w", B, 0, "call_0")],
    "index 0 for all, in pieces": [
        piece("w", "", 0), piece(None, A[:5], 0), piece(None, A[5:], 0), piece("w", "", 0), piece(None, B, 0),
    ],
    "index 0 and one id for all, in pieces": [
        piece("w", "", 0, "x"), piece(None, A[:5], 0), piece(None, A[5:], 0), piece("w", "", 0, "x"), piece(None, B, 0),
    ],
    "no index": [piece("w", A, id="a"), piece("w", B, id="b")],
    "no index, in pieces": [piece("w", A[:5], id="a"), piece(None, A[5:]), piece("w", B[:4], id="b"), piece(None, B[4:])],
    "no index, mixed up": [
        piece("w", A[:5], id="a"), piece("w", B[:4], id="b"), piece(None, A[5:], id="a"), piece(None, B[4:], id="b"),
    ],
    "no index, no id": [piece("w", A), piece("w", B)],
    "no index, no id, in pieces": [piece("w", ""), piece(None, A), piece("w", ""), piece(None, B[:4]), piece(None, B[4:])],
    "objects": [piece("w", {"city": "Oslo"}, 0, "a"), piece("w", {"city": "Rom {}"}, 1, "b")],
    "mixed up": [piece("w", A[:5], 0, "a"), piece("w", B[:4], 1, "b"), piece(None, A[5:], 0), piece(None, B[4:], 1)],
    "index from 1": [piece("w", A, 1, "a"), piece("w", B, 2, "b")],
    "arguments before the name": [piece(None, A[:5], 0, "a"), piece("w", A[5:], 0), piece("w", B, 1, "b")],
    "the whole call once more": [piece("w", A, 0, "a"), piece("w", A, 0, "a"), piece("w", B, 1, "b"), piece("w", B, 1, "b")],
}  # fmt: skip


@pytest.mark.parametrize("pieces", SHAPES.values(), ids=SHAPES)
def test_two_calls_are_two_calls(pieces: list[CallPiece]):
    assert made([[one] for one in pieces]) == TWO


ONE_DELTA = ["by the book", "index 0 for all", "index 0 for all, no id", "no index", "no index, no id", "objects"]


@pytest.mark.parametrize("shape", ONE_DELTA)
def test_they_may_come_in_one_delta(shape: str):
    assert made([SHAPES[shape]]) == TWO


@pytest.mark.parametrize("index", [None, 0])
def test_calls_without_arguments_that_come_in_one_delta_are_as_many_as_there_are(index: int | None):
    assert made([[piece("roll", "", index), piece("roll", "", index)]]) == [("roll", {}), ("roll", {})]


def test_calls_of_two_tools_without_arguments_are_two():
    assert made([[piece("one", "", 0)], [piece("two", "", 0)]]) == [("one", {}), ("two", {})]


def test_a_piece_that_only_names_a_finished_call_begins_no_other():
    """The phantom would run a tool with its defaults."""
    assert made([[piece("w", A, 0)], [piece("w", "", 0)]]) == [("w", {"city": "Oslo"})]


@pytest.mark.parametrize("common", [{"id": "call_0"}, {"id": ""}, {}, {"id": "call_0", "index": 0}])
async def test_calls_that_are_not_streamed_are_as_many_as_there_are(common: Json):
    calls: list[Json] = [{**common, "function": {"name": "roll", "arguments": "{}"}} for _ in range(3)]
    body: Json = {"choices": [{"message": {"tool_calls": calls}, "finish_reason": "tool_calls"}]}
    async with line(Gives(json_bytes(body))) as (_, model):
        response, _ = await ask(model)
    assert [call.name for call in response.message.calls] == ["roll"] * 3
