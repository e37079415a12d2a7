"""The same work by Switchroom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from switchroom import Agent, Message, Runner, Team, tool
from switchroom.messages import ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.reply import respond
from switchroom.testing import deltas


def answering(fn: Callable[[ModelRequest], Message]) -> Any:
    """A model as an adapter would be one: it makes messages, and no reply has to be told apart."""

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        return ModelResponse(fn(request))

    return model


def hello(request: ModelRequest) -> Message:
    """A model that greets."""
    return Message("assistant", "hello")


def _calling(request: ModelRequest) -> Message:
    if request.messages[-1].role == "tool":
        return Message("assistant", "done")
    return Message("assistant", calls=(ToolCall("look", {"order_id": "7"}, "call-1"),))


def _handing(to: str | None) -> Callable[[ModelRequest], Message]:
    if to is None:
        return hello
    return lambda request: Message("assistant", calls=(ToolCall(f"transfer_to_{to}", {"reason": "theirs"}, "call-1"),))


@tool(effect="read")
async def look(order_id: str) -> dict[str, str]:
    """Look an order up."""
    return {"order": order_id, "status": "shipped"}


@tool(effect="read", name="look")
def look_in_thread(order_id: str) -> dict[str, str]:
    """Look an order up, in a thread."""
    return {"order": order_id, "status": "shipped"}


greeter = Agent("greeter", "Be brief.", model=answering(hello))
caller = Agent("caller", "Be brief.", model=answering(_calling), tools=[look])
thread_caller = Agent("caller", "Be brief.", model=answering(_calling), tools=[look_in_thread])


def chain(length: int) -> Team:
    """A team in which each hands over to the next, `length` times."""
    names = [f"agent{i}" for i in range(length + 1)]
    agents = [
        Agent(name, "Be brief.", model=answering(_handing(to)), handoffs=[to] if to else [])
        for name, to in zip(names, [*names[1:], None], strict=True)
    ]
    return Team(agents)


async def streamed(count: int) -> int:
    """Pieces of an answer from a model to who reads the stream."""
    pieces = deltas(["word "] * count)

    async def model(request: ModelRequest, emit: Emit) -> ModelResponse:
        return await respond(pieces, emit, "the benchmark")

    seen = 0
    async with Runner.stream(Agent("speaker", model=model), "go") as events:
        async for event in events:
            seen += event.kind == "text_delta"
    return seen
