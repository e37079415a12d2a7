"""The same work by hand in bare asyncio: no types, no facts, no checks, nothing that could be left out."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any

Chat = dict[str, Any]
Answer = Callable[[list[Chat]], Awaitable[Chat]]


async def hello(messages: list[Chat]) -> Chat:
    """A model that greets."""
    return {"role": "assistant", "content": "hello"}


async def turn(model: Answer, text: str, messages: list[Chat] | None = None) -> str:
    """One message, one answer."""
    if messages is None:
        messages = [{"role": "system", "content": "Be brief."}]
    messages.append({"role": "user", "content": text})
    answer = await model(messages)
    messages.append(answer)
    return answer["content"]


async def with_tools(model: Answer, tools: dict[str, Callable[..., Any]], text: str) -> str:
    """Answers and tool calls, until there is no call: arguments parsed, results encoded."""
    messages: list[Chat] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    while True:
        answer = await model(messages)
        messages.append(answer)
        calls = answer.get("tool_calls")
        if not calls:
            return answer["content"]
        for call in calls:
            args = json.loads(call["function"]["arguments"])
            function = tools[call["function"]["name"]]
            if inspect.iscoroutinefunction(function):
                result = await function(**args)
            else:
                result = await asyncio.to_thread(function, **args)
            content = result if isinstance(result, str) else json.dumps(result)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})


async def with_handoffs(models: dict[str, Answer], entry: str, text: str) -> str:
    """Answers, until one does not hand over; a handoff changes whose model is asked."""
    active = entry
    messages: list[Chat] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]
    while True:
        answer = await models[active](messages)
        messages.append(answer)
        calls = answer.get("tool_calls")
        if not calls:
            return answer["content"]
        active = json.loads(calls[0]["function"]["arguments"])["to"]
        messages.append({"role": "tool", "tool_call_id": calls[0]["id"], "content": f"You are {active} now."})


async def streamed(count: int) -> int:
    """Pieces of an answer from a producing task to a consumer, through a queue."""
    queue: asyncio.Queue[str | None] = asyncio.Queue(256)

    async def produce() -> None:
        for _ in range(count):
            await queue.put("word ")
            await asyncio.sleep(0)
        await queue.put(None)

    task = asyncio.create_task(produce())
    seen = 0
    while (await queue.get()) is not None:
        seen += 1
    await task
    return seen
