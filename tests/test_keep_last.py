"""`keep_last` over whole conversations: what models get to see of them, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from switchroom import Agent, Message, RunConfig, Runner, handoff, tool
from switchroom.history import keep_last
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, call
from switchroom.testing.models import Reply
from tests.helpers import asked_by_person, last, texts


@tool(effect="read")
def look(n: int) -> str:
    """Look."""
    return f"seen {n}"


class Clerk:
    """An agent that looks twice at once and then once more before it answers, and what it was asked with."""

    def __init__(self) -> None:
        self.asked: list[Sequence[Message]] = []
        self.agent = Agent("clerk", model=FunctionModel(self.answer), tools=[look])

    def answer(self, request: ModelRequest) -> Reply:
        self.asked.append(tuple(request.messages))
        if asked_by_person(request):
            return [call("look", n=1), call("look", n=2)]
        return call("look", n=3) if last(request) == "seen 2" else "done"


async def talk(step: Agent[str], config: RunConfig, *said: str) -> list[Message]:
    """What the conversation consists of after these turns."""
    result = None
    for text in said:
        result = await Runner.run(step, text, config=config, conversation="c")
    assert result is not None
    return list(result.messages)


def torn(messages: Sequence[Message]) -> bool:
    """Whether a result stands there without its call, or a call without its result."""
    open: list[str] = []
    for message in messages:
        if message.role == "tool":
            if message.call_id not in open:
                return True
            open.remove(message.call_id)
        elif open:
            return True
        open += [call.id for call in message.calls]
    return bool(open)


@pytest.mark.parametrize("count", range(1, 12))
async def test_no_model_is_asked_with_a_call_that_is_torn_from_its_results(count: int):
    clerk = Clerk()
    await talk(clerk.agent, RunConfig(journal=MemoryJournal(), history=keep_last(count)), "one", "two", "three")
    assert len(clerk.asked) == 9
    assert not any(torn(messages) for messages in clerk.asked)
    assert all(messages for messages in clerk.asked)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
async def test_a_model_sees_the_end_of_what_is_kept_and_the_journal_keeps_all(count: int):
    kept, cut = Clerk(), Clerk()
    journal = MemoryJournal()
    whole = await talk(kept.agent, RunConfig(journal=MemoryJournal()), "one", "two")
    also_whole = await talk(cut.agent, RunConfig(journal=journal, history=keep_last(count)), "one", "two")
    resumed = await Runner.resume(cut.agent, conversation="c", config=RunConfig(journal=journal))
    assert texts(whole) == texts(also_whole) == texts(resumed.messages)
    for all_of_it, seen in zip(kept.asked, cut.asked, strict=True):
        assert texts(seen) == texts(all_of_it[len(all_of_it) - len(seen) :])
        assert len(seen) >= min(count, len(all_of_it))


async def test_one_message_is_the_newest_or_the_newest_results_with_their_calls():
    clerk = Clerk()
    await talk(clerk.agent, RunConfig(journal=MemoryJournal(), history=keep_last(1)), "one", "two")
    assert [[text for _, text in texts(messages)] for messages in clerk.asked[:3]] == [
        ["one"],
        ["", "seen 1", "seen 2"],
        ["", "seen 3"],
    ]


async def test_the_target_of_a_handoff_sees_the_brief_however_little_is_kept():
    seen: list[str] = []

    def answer(request: ModelRequest) -> str:
        seen.append(last(request))
        return "sold"

    sales = Agent("sales", model=FunctionModel(answer))
    model = FunctionModel(lambda request: call("transfer_to_sales", reason="wants two"))
    triage = Agent("triage", model=model, handoffs=[handoff(sales)])
    result = await Runner.run(triage, "hello", config=RunConfig(history=keep_last(1)))
    assert result.final_output == "sold"
    assert "wants two" in seen[0]


async def test_a_policy_may_be_any_function_of_the_messages():
    seen: list[list[str]] = []

    def answer(request: ModelRequest) -> str:
        seen.append([message.text for message in request.messages])
        return "done"

    def only_people(messages: Sequence[Message]) -> Sequence[Message]:
        return [message for message in messages if message.role == "user"]

    agent = Agent("clerk", model=FunctionModel(answer))
    await talk(agent, RunConfig(journal=MemoryJournal(), history=only_people), "one", "two")
    assert seen == [["one"], ["one", "two"]]
