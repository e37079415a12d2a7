"""What a server answered is not asked again: after a failure, after a crash, after a person's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from switchroom import Agent, RunConfig, Runner, RunResult, handoff, tool
from switchroom.errors import ModelUnavailable
from switchroom.events import ModelAnswered
from tests.models.openai.lines import hear, line, run
from tests.servers.asked import Api, Asked
from tests.servers.errors import server_error
from tests.servers.faults import Cut, Fault
from tests.servers.said import Called, Said
from tests.servers.script import Script, Wait, stream_head

looked: list[str] = []


@tool(effect="read")
async def lookup(order: str) -> str:
    looked.append(order)
    return f"{order} was sent"


@tool(effect="irreversible", needs_approval=lambda call: True)
async def refund(order: str) -> str:
    return f"{order} was paid back"


class Clerk:
    """Looks up, hands over, pays back and says so; fails at the requests that it is told to."""

    def __init__(self) -> None:
        self.faults: dict[int, Fault | Script] = {}
        self.asked = 0

    def __call__(self, asked: Asked) -> Said | Fault | Script:
        self.asked += 1
        if self.asked in self.faults:
            return self.faults[self.asked]
        told = asked.newest
        if "was paid back" in told:
            return Said("It is done.", usage=(40, 4))
        if "puts the conversation through" in told:
            return Said(calls=(Called("refund", {"order": "7"}),), usage=(30, 3), reasoning="I pay it back.")
        if "was sent" in told:
            return Said(calls=(Called("transfer_to_billing", {"reason": "money"}),), usage=(20, 2))
        return Said("One moment.", calls=(Called("lookup", {"order": "7"}),), usage=(10, 1), reasoning="I look it up.")


def desk(model: Any) -> Agent[Any]:
    billing = Agent("billing", model=model, tools=[refund])
    return Agent("triage", model=model, tools=[lookup], handoffs=[handoff(billing)])


class Trying:
    """Goes on with a conversation after a failure."""

    def __init__(self, agent: Agent[Any], conversation: str, config: RunConfig) -> None:
        self._agent = agent
        self._conversation = conversation
        self._config = config
        self.failures = 0

    async def at_last(self, running: Awaitable[RunResult[Any]]) -> RunResult[Any]:
        try:
            return await running
        except ModelUnavailable:
            self.failures += 1
        return await Runner.resume(self._agent, conversation=self._conversation, config=self._config)


@pytest.mark.parametrize("fault", [server_error(), Cut(), Cut("before")], ids=["500", "cut", "nothing"])
async def test_a_turn_that_failed_anywhere_asks_only_for_what_was_not_answered(
    fault: Fault, api: Api, streamed: bool, tmp_path: Path
):
    config = RunConfig(journal=f"sqlite:///{tmp_path}/chats.db")
    for failing in (1, 2, 3, 4):
        looked.clear()
        clerk = Clerk()
        clerk.faults[failing] = fault
        async with line(clerk, api) as (server, model):
            agent, name = desk(model), f"c-{failing}"
            trying = Trying(agent, name, config)
            result = await trying.at_last(run(agent, "My order 7?", streamed, config, name))
            answers = {question.id: True for question in result.waiting}
            result = await trying.at_last(Runner.resume(agent, conversation=name, config=config, answers=answers))
            again = await Runner.resume(agent, conversation=name, config=config)
            assert again.final_output == result.final_output == "One moment.\nIt is done."
        assert trying.failures == 1
        assert len(server.requests) == 4 + 1  # each answer once, and the one that failed once more
        assert looked == ["7"]
        assert (result.usage.requests, result.usage.input_tokens, result.usage.output_tokens) == (4, 100, 10)


async def test_a_run_that_is_killed_while_the_server_speaks_asks_that_one_again(api: Api, streamed: bool, tmp_path: Path):
    config = RunConfig(journal=f"sqlite:///{tmp_path}/chats.db")
    clerk = Clerk()
    clerk.faults[2] = Script([stream_head(), Wait()])
    async with line(clerk, api) as (server, model):
        agent = desk(model)
        task = asyncio.create_task(run(agent, "My order 7?", streamed, config, "c"))
        await server.until(lambda: len(server.requests) == 2)
        task.cancel()
        await asyncio.wait([task])
        result = await Runner.resume(agent, conversation="c", config=config)
        assert [question.tool for question in result.waiting] == ["refund"]
        assert len(server.requests) == 4
        # The same was asked, the reasoning of the first answer included.
        first, again = (server.requests[at].body for at in (1, 2))
        assert {key: first[key] for key in first.keys() - {"stream", "stream_options"}} == {
            key: again[key] for key in again.keys() - {"stream", "stream_options"}
        }


async def test_another_process_reads_what_was_answered_from_the_file(api: Api, tmp_path: Path):
    config = RunConfig(journal=f"sqlite:///{tmp_path}/chats.db")
    async with line(Clerk(), api) as (server, model):
        heard = await hear(desk(model), "My order 7?", config, "c")
        assert len(server.requests) == 3
        elsewhere = RunConfig(journal=f"sqlite:///{tmp_path}/chats.db")
        answers = {question.id: True for question in heard.result.waiting}
        result = await Runner.resume(desk(model), conversation="c", config=elsewhere, answers=answers)
    assert len(server.requests) == 4
    answered = [fact for fact in result.facts if isinstance(fact, ModelAnswered)]
    assert [fact.model for fact in answered] == ["openai:gpt-test"] * 4
    if api == "responses":  # what it thought was kept, and came back with the next request
        kept = [item["item"]["type"] for item in answered[2].message.items]
        assert kept == ["reasoning", "function_call"]
        assert "I pay it back." in server.requests[3].raw.decode()
