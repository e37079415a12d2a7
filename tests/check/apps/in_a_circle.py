"""Agents that wait for each other's answers, and functions that lose failures."""

import asyncio

from switchroom import Agent, RunConfig, Runner, tool
from switchroom.step import Scope
from switchroom.testing import FunctionModel


@tool(effect="read")
async def ask_editor(text: str) -> str:
    """Have a text edited."""
    try:
        return (await Runner.run(editor, text)).final_output
    except Exception:
        pass
    return ""


@tool(effect="read")
async def ask_writer(text: str) -> str:
    """Have a text written."""
    return (await Runner.run(writer, text)).final_output


writer = Agent("writer", tools=[ask_editor])
editor = Agent("editor", tools=[ask_writer])


async def app(text: str, scope: Scope) -> str:
    """Have two texts written at the same time."""
    texts = await asyncio.gather(*[scope.call(writer, text) for _ in range(2)])
    return " ".join(texts)


config = RunConfig(model=FunctionModel(lambda request: "hello"))
