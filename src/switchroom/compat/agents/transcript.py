"""A run's history as that SDK tells it: handoffs under its names, and each thing that happened as an item."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from switchroom.compat.agents.convert import returned
from switchroom.compat.agents.items import (
    HandoffCallItem,
    HandoffOutputItem,
    MessageOutputItem,
    ReasoningItem,
    RunItem,
    ToolCallItem,
    ToolCallOutputItem,
)
from switchroom.compat.agents.raw import call_object, message_object, thoughts_of
from switchroom.compat.agents.running import Exit, Running
from switchroom.messages import Message, ToolCall


def outward(run: Running, messages: Sequence[Message], active: str) -> list[Message]:
    """Messages of a run as a model of that SDK sees them.

    A handoff's call gets the name and the arguments that the model gave, and its result says who is there now: if it took
    place, which is seen from who is asked next.

    Args:
        run: the run.
        messages: what was said in it, or a part of that.
        active: who is asked after the last of them.
    """
    shown: list[Message] = []
    transfers: dict[str, Exit] = {}
    for place, message in enumerate(messages):
        if message.role == "assistant" and message.calls:
            exits = run.exits.get(message.agent, {})
            transfers = {call.id: exits[call.name] for call in message.calls if call.name in exits}
            if transfers:
                message = replace(message, calls=tuple(_outward(call, exits) for call in message.calls))
        elif message.role == "tool" and message.call_id in transfers:
            taken = transfers[message.call_id]
            if _next(messages, place, active) == taken.target:
                message = replace(message, content=transferred(run, taken))
        shown.append(message)
    return shown


def _outward(call: ToolCall, exits: dict[str, Exit]) -> ToolCall:
    if call.name not in exits:
        return call
    handoff = exits[call.name].handoff
    args = call.args
    if handoff.input_model is not None and isinstance(args, dict):
        args = args.get("input", {})
    return replace(call, name=handoff.tool_name, args=args)


def inward(call: ToolCall, exits: dict[str, Exit]) -> ToolCall:
    """A model's call as Switchroom makes it: of a handoff the name is its own, and what the model gave stands in `input`."""
    named = next((name for name, way in exits.items() if call.name in (way.handoff.tool_name, name)), None)
    if named is None:
        return call
    args = call.args
    if exits[named].handoff.input_model is not None:
        return replace(call, name=named, args={"input": args} if isinstance(args, dict) else args)
    reason = args.get("reason") if isinstance(args, dict) else None
    return replace(call, name=named, args={"reason": reason} if isinstance(reason, str) else {})


def _next(messages: Sequence[Message], place: int, active: str) -> str:
    return next((message.agent for message in messages[place + 1 :] if message.role == "assistant"), active)


def transferred(run: Running, way: Exit) -> str:
    """What a model reads of a handoff that took place."""
    return way.handoff.get_transfer_message(run.agents[way.target])


def told(run: Running, history: Sequence[Message], active: str) -> list[Message]:
    """What happened in a run, as messages: what its agents said and called, and what that came to.

    An answer without calls ends a run. One that did not was of no use and was sent back: neither it nor the note that says so
    is told.
    """
    generated = outward(run, history[run.begins + run.filtered :], active)
    if run.stopped and generated and generated[-1].role == "assistant":
        generated.pop()
    last = len(generated) - 1
    return [
        message
        for place, message in enumerate(generated)
        if message.role == "tool" or (message.role == "assistant" and (message.calls or place == last))
    ]


def items_from(run: Running, messages: Sequence[Message], asker: str = "") -> list[RunItem]:
    """The items of messages that `outward` gave; `asker` is whose calls the first results answer, if they stand before any."""
    items: list[RunItem] = []
    for message in messages:
        if message.role == "assistant":
            asker = message.agent
            items += spoken(run, message)
        else:
            items.append(_came_to(run, message, asker))
    return items


def spoken(run: Running, message: Message) -> list[RunItem]:
    """The items of an answer: thoughts, what it says, calls."""
    agent = run.agents[message.agent]
    handoffs = {way.handoff.tool_name for way in run.exits[message.agent].values()}
    described = {tool.name: tool.description for tool in agent.tools}
    items: list[RunItem] = [ReasoningItem(agent, thought) for thought in thoughts_of(message)]
    if message.text or not message.calls:
        items.append(MessageOutputItem(agent, message_object(message)))
    for call in message.calls:
        raw = call_object(call)
        items.append(
            HandoffCallItem(agent, raw)
            if call.name in handoffs
            else ToolCallItem(agent, raw, description=described.get(call.name))
        )
    return items


def _came_to(run: Running, message: Message, asker: str) -> RunItem:
    agent = run.agents[asker]
    raw = returned(message.call_id, message.text)
    for way in run.exits[asker].values():
        if message.text == transferred(run, way):
            return HandoffOutputItem(agent, raw, source_agent=agent, target_agent=run.agents[way.target])
    return ToolCallOutputItem(agent, raw, run.outputs.get((message.call_id, message.text), message.text))
