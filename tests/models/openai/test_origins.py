"""Items that a model gave for itself alone, such as signatures and thoughts, go back to this model and to no other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from switchroom import Agent, RunConfig, Runner, handoff, tool
from switchroom.compat import agents
from switchroom.history import keep_last
from switchroom.journals import MemoryJournal
from switchroom.messages import Message
from switchroom.model import ModelRequest, nobody
from switchroom.models import OpenAIChat, OpenAIResponses
from switchroom.testing import FunctionModel, call
from tests.models.openai.lines import KEY, line, run
from tests.servers.asked import Asked, Json
from tests.servers.faults import Gives
from tests.servers.http import Server, serving
from tests.servers.manners import Manners, characters
from tests.servers.said import Called, Said
from tests.servers.script import LAST_CHUNK, Script, chunk, json_bytes, sse, stream_head


@tool(effect="read")
async def weather(city: str) -> str:
    """Tell the weather."""
    return "sunny"


@tool(effect="read")
async def clock(city: str) -> str:
    """Tell the time."""
    return "3 pm"


@tool(name="weather", effect="irreversible", needs_approval=True)
async def gated(city: str) -> str:
    """Tell the weather, if a person agrees."""
    return "sunny"


def looking(asked: Asked) -> Said:
    """Calls two tools and hands over where that can be, and tells what came out."""
    if "transfer_to_guide" in asked.tools:
        calls = (Called("weather", {"city": "Oslo"}), Called("transfer_to_guide", {"reason": "a trip"}))
        return Said(calls=calls, reasoning="They travel.")
    if asked.results and "puts the conversation through" not in asked.newest:
        return Said("Sunny and 3 pm.")
    calls = tuple(Called(name, {"city": "Oslo"}) for name in ("weather", "clock"))
    return Said(calls=calls, reasoning="Two things are asked.")


def looking_without_a_thought(asked: Asked) -> Said:
    return replace(looking(asked), reasoning="")


def chat(server: Server, provider: str, name: str) -> OpenAIChat:
    return OpenAIChat(name, provider=provider, base_url=server.url, api_key=KEY, retries=0)


def responses(server: Server, name: str) -> OpenAIResponses:
    return OpenAIResponses(name, provider="openai-responses", base_url=server.url, api_key=KEY, retries=0)


GEMINI = ("gemini", "gemini-3-flash")

# Gemini's signatures ---------------------------------------------------------------------------------------------------

WAYS = {
    "as they are": Manners(make="gemini"),
    "without an index": Manners(make="gemini", no_index=True),
    "at once": Manners(make="gemini", both_calls_in_one_delta=True),
    "with one id": Manners(make="gemini", ids="call_0"),
    "in pieces": Manners(make="gemini", pieces=characters(2), interleaved=True),
}


@pytest.mark.parametrize("manners", WAYS.values(), ids=WAYS)
async def test_the_signature_of_a_call_goes_back_with_it(manners: Manners, streamed: bool):
    async with serving(looking, manners, models=[GEMINI[1]]) as server:
        agent = Agent("a", model=chat(server, *GEMINI), tools=[weather, clock])
        assert (await run(agent, "Oslo?", streamed)).final_output == "Sunny and 3 pm."


async def test_a_signature_may_come_in_a_piece_of_its_own():
    def answer(asked: Asked) -> Said | Script:
        if asked.results:
            return Said("Sunny.")
        pieces: list[Json] = [
            {"index": 0, "id": "c1", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}},
            {"index": 0, "extra_content": {"google": {"thought_signature": "signed by gemini-3-flash"}}},
        ]
        deltas: list[Json] = [{"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]} for piece in pieces]
        events = [*map(sse, deltas), sse("[DONE]")]
        return Script([stream_head(), *map(chunk, events), LAST_CHUNK])

    async with serving(answer, Manners(make="gemini"), models=[GEMINI[1]]) as server:
        agent = Agent("a", model=chat(server, *GEMINI), tools=[weather])
        assert (await run(agent, "Oslo?", streamed=True)).final_output == "Sunny."


async def test_a_signature_outlives_a_wait_for_a_person_and_the_process(streamed: bool, tmp_path: Path):
    async with serving(looking, Manners(make="gemini"), models=[GEMINI[1]]) as server:

        def again() -> tuple[Agent[Any], RunConfig]:
            return Agent("a", tools=[gated, clock]), RunConfig(
                model=chat(server, *GEMINI), journal=f"sqlite:///{tmp_path}/chats.db"
            )

        agent, config = again()
        waiting = (await run(agent, "Oslo?", streamed, config, "c")).waiting
        agent, config = again()
        result = await Runner.resume(agent, conversation="c", config=config, answers={waiting[0].id: True})
        assert result.final_output == "Sunny and 3 pm."
        agent, config = again()
        assert (await run(agent, "And now?", streamed, config, "c")).waiting


TERMS: dict[str, dict[str, Any]] = {"plain": {}, "filtered": {"filter": keep_last(20)}}


@pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS)
async def test_a_signature_goes_along_with_a_handoff(terms: dict[str, Any]):
    async with serving(looking, Manners(make="gemini"), models=[GEMINI[1]]) as server:
        model = chat(server, *GEMINI)
        guide = Agent("guide", model=model, tools=[weather, clock])
        triage = Agent("triage", model=model, tools=[weather, clock], handoffs=[handoff(guide, **terms)])
        assert (await Runner.run(triage, "Oslo?")).final_output == "Sunny and 3 pm."


@pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS)
async def test_another_model_gets_no_signature(terms: dict[str, Any]):
    """The next model is another of Gemini, whose server says what signatures of others it takes, or one of somebody else."""
    async with (
        serving(looking, Manners(make="gemini"), models=[GEMINI[1], "gemini-3-pro"]) as google,
        serving(looking, Manners()) as other,
    ):
        for model in (chat(google, "gemini", "gemini-3-pro"), chat(other, "openai", "gpt-test")):
            guide = Agent("guide", model=model, tools=[weather, clock])
            triage = Agent("triage", model=chat(google, *GEMINI), tools=[weather], handoffs=[handoff(guide, **terms)])
            assert (await Runner.run(triage, "Oslo?")).final_output == "Sunny and 3 pm."
    assert "signed by gemini-3-flash" not in str(google.requests[1].body)


async def test_calls_that_another_model_made_are_taken_by_gemini():
    async with serving(looking, Manners(make="gemini"), models=[GEMINI[1]]) as server:
        guide = Agent("guide", model=chat(server, *GEMINI), tools=[weather, clock])
        first = FunctionModel(lambda request: [call("weather", city="Oslo"), call("transfer_to_guide", reason="a trip")])
        result = await Runner.run(Agent("triage", model=first, tools=[weather], handoffs=[guide]), "Oslo?")
    assert result.final_output == "Sunny and 3 pm."


async def test_an_older_gemini_is_sent_no_signature_that_it_did_not_give():
    async with line(looking, provider="gemini") as (server, model):
        await Runner.run(Agent("a", model=model, tools=[weather, clock]), "Oslo?")
    assert "extra_content" not in str(server.requests[1].body)


async def test_the_signature_of_a_text_goes_back_with_it():
    signed = {"google": {"thought_signature": "abc"}}
    body: Json = {"choices": [{"message": {"content": "Hello.", "extra_content": signed}, "finish_reason": "stop"}]}
    config = RunConfig(journal=MemoryJournal())
    async with line(Gives(json_bytes(body)), provider="gemini") as (server, model):
        for text in ("Hello?", "Again?"):
            await Runner.run(Agent("a", model=model), text, conversation="c", config=config)
    assert server.requests[1].items[1] == {"role": "assistant", "content": "Hello.", "extra_content": signed}


# thoughts of the Responses API ------------------------------------------------------------------------------------------


def kinds(asked: Asked) -> list[str]:
    return [str(item.get("type", item.get("role"))) for item in asked.items]


@pytest.mark.parametrize("terms", TERMS.values(), ids=TERMS)
async def test_thoughts_are_not_sent_to_another_model(terms: dict[str, Any]):
    names = ["gpt-5-mini", "gpt-4.1", "gpt-5"]
    async with (
        serving(looking, models=names) as thinking,
        serving(looking_without_a_thought, Manners(make="unthinking"), models=names) as unthinking,
    ):
        for model in (responses(unthinking, "gpt-4.1"), responses(thinking, "gpt-5")):
            guide = Agent("guide", model=model, tools=[weather, clock])
            first = responses(thinking, "gpt-5-mini")
            triage = Agent("triage", model=first, tools=[weather], handoffs=[handoff(guide, **terms)])
            assert (await Runner.run(triage, "Oslo?")).final_output == "Sunny and 3 pm."
    for asked in thinking.requests:
        assert "They travel." not in str(asked.body)
    assert len(thinking.requests) == 4


async def test_the_next_turn_on_another_model_is_sent_no_thoughts():
    config = RunConfig(journal=MemoryJournal())
    names = ["gpt-5", "gpt-4o"]
    async with (
        serving(looking, models=names) as thinking,
        serving(looking_without_a_thought, Manners(make="unthinking"), models=names) as unthinking,
    ):
        for server, name in ((thinking, "gpt-5"), (unthinking, "gpt-4o"), (thinking, "gpt-5")):
            agent = Agent("a", model=responses(server, name), tools=[weather, clock])
            result = await Runner.run(agent, "Oslo?", conversation="c", config=config)
            assert result.final_output == "Sunny and 3 pm."
    assert kinds(thinking.requests[1]).count("reasoning") == 1
    assert kinds(thinking.requests[3]).count("reasoning") == 2  # the model's own, of its first and of its third turn


# DeepSeek's thoughts ----------------------------------------------------------------------------------------------------


async def test_deepseek_gets_its_thoughts_with_each_message_that_calls(streamed: bool):
    async with serving(looking, Manners(make="deepseek")) as server:
        agent = Agent("a", model=chat(server, "deepseek", "gpt-test"), tools=[weather, clock])
        assert (await run(agent, "Oslo?", streamed)).final_output == "Sunny and 3 pm."
    assert server.requests[1].items[1]["reasoning_content"] == "Two things are asked."


async def test_deepseek_gets_empty_thoughts_with_calls_without_any_and_with_calls_of_others():
    first = FunctionModel(lambda request: [call("weather", city="Oslo"), call("transfer_to_guide", reason="a trip")])
    async with serving(looking, Manners(make="deepseek", reasoning_field="")) as server:
        guide = Agent("guide", model=chat(server, "deepseek", "gpt-test"), tools=[weather, clock])
        result = await Runner.run(Agent("triage", model=first, tools=[weather], handoffs=[guide]), "Oslo?")
    assert result.final_output == "Sunny and 3 pm."
    said = [item for item in server.requests[-1].items if item.get("tool_calls")]
    assert [item["reasoning_content"] for item in said] == ["", ""]


async def test_thoughts_of_one_model_of_deepseek_are_not_those_of_another():
    async with serving(looking, Manners(make="deepseek"), models=["deepseek-reasoner", "deepseek-chat"]) as server:
        guide = Agent("guide", model=chat(server, "deepseek", "deepseek-chat"), tools=[weather, clock])
        triage = Agent("triage", model=chat(server, "deepseek", "deepseek-reasoner"), tools=[weather], handoffs=[guide])
        assert (await Runner.run(triage, "Oslo?")).final_output == "Sunny and 3 pm."
    assert "They travel." not in str(server.requests[1].body)


async def test_items_of_an_older_journal_name_no_model_and_are_not_sent():
    """Nobody knows whose they are, and a message is as good without."""
    thought: Json = {"provider": "openai-responses", "item": {"type": "reasoning", "id": "rs_1", "summary": []}}
    said: Json = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]}
    items = (thought, {"provider": "openai-responses", "item": said})
    messages = (Message("user", "Hello?"), Message("assistant", "Hello.", items=items), Message("user", "Again?"))
    async with serving(Said("Hello."), models=["gpt-5"]) as server:
        await responses(server, "gpt-5")(ModelRequest("a", "", messages), nobody)
    assert kinds(server.requests[0]) == ["user", "assistant", "user"]


async def test_a_signature_outlives_a_session_of_the_compatible_layer():
    def answer(asked: Asked) -> Said:
        return Said("Sunny.") if asked.results else Said(calls=(Called("weather", {"city": "Oslo"}),))

    @agents.function_tool(name_override="weather")
    def told(city: str) -> str:
        """Tell the weather."""
        return "sunny"

    session = agents.SQLiteSession("c")
    async with serving(answer, Manners(make="gemini"), models=[GEMINI[1]]) as server:
        agent = agents.Agent(name="a", model=chat(server, *GEMINI), tools=[told])
        for _ in range(2):
            assert (await agents.Runner.run(agent, "Oslo?", session=session)).final_output == "Sunny."
    assert str(server.requests[2].body).count("signed by gemini-3-flash") == 1
