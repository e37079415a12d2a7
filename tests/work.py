"""Work counted: how many instructions of Switchroom's code a piece of work runs, however busy the machine is."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import FrameType
from typing import Any

import switchroom

SOURCES = str(Path(switchroom.__file__).parent)


async def instructions_of(work: Callable[[], Awaitable[Any]]) -> int:
    """Return how many bytecode instructions of Switchroom's own code a piece of work runs. What C code does counts as one."""
    run = 0

    def count(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal run
        run += event == "opcode"
        return count

    def enter(frame: FrameType, event: str, arg: Any) -> Any:
        if not frame.f_code.co_filename.startswith(SOURCES):
            return None
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        return count

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        await work()
    finally:
        sys.settrace(before)
    return run


async def growth_of(work: Callable[[int], Callable[[], Awaitable[Any]]], size: int) -> float:
    """Return by how much the work for one of many grows from a size to four times that size: 1.0 if it does not."""
    few, many = [await instructions_of(work(count)) / count for count in (size, 4 * size)]
    return many / few
