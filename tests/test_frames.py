"""The price of the house in frames and functions: few between a run and its model, few in a whole run."""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import switchroom
from switchroom import Agent, Model, Runner, tool
from switchroom.testing import FunctionModel, call
from switchroom.wrap import retrying
from tests.helpers import asked_by_person

HOUSE = str(Path(switchroom.__file__).parent)


def our_frames() -> list[str]:
    """Our functions on the stack below the caller, the innermost first."""
    frames: list[str] = []
    frame: FrameType | None = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        if frame.f_code.co_filename.startswith(HOUSE):
            frames.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return frames


@pytest.mark.parametrize("wrappers", [0, 1, 2])
async def test_at_most_five_frames_and_one_for_each_wrapper_stand_between_a_run_and_its_model(wrappers: int):
    seen: list[list[str]] = []

    def answer(request: Any) -> str:
        seen.append(our_frames())
        return "answered"

    model: Model = FunctionModel(answer)
    for _ in range(wrappers):
        model = retrying(model)
    await Runner.run(Agent("clerk", model=model), "x")
    assert len(seen[0]) <= 5 + wrappers, seen[0]


async def test_at_most_five_frames_stand_between_a_streamed_run_and_its_model():
    seen: list[list[str]] = []

    def answer(request: Any) -> str:
        seen.append(our_frames())
        return "answered"

    async with Runner.stream(Agent("clerk", model=FunctionModel(answer)), "x") as events:
        async for _ in events:
            pass
    assert len(seen[0]) <= 5, seen[0]


async def entered_by(run: Any) -> set[CodeType]:
    """The functions of ours that a run enters."""
    entered: set[CodeType] = set()

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(HOUSE):
            entered.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        await run
    finally:
        sys.setprofile(before)
    return entered


async def test_a_run_of_model_tool_model_enters_at_most_80_functions_of_ours():
    @tool(effect="read")
    async def look() -> str:
        return "seen"

    def agent() -> Agent[str]:
        model = FunctionModel(lambda request: call("look") if asked_by_person(request) else "answered")
        return Agent("clerk", model=model, tools=[look])

    clerk = agent()
    await Runner.run(clerk, "x")  # what is made once for an agent is no part of a run
    entered = await entered_by(Runner.run(clerk, "x"))
    assert len(entered) <= 80, sorted(code.co_qualname for code in entered)
