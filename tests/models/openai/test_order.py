"""Messages in an order that strict servers take: the request is put in order, and the record stays as it was."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import Agent, Message, RunConfig, Runner, Team, handoff, tool
from switchroom.events import ModelAnswered
from switchroom.history import keep_last
from switchroom.journals import MemoryJournal
from switchroom.messages import ToolCall
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.models import OpenAIChat, OpenAIResponses
from switchroom.models.openai import PROVIDERS
from switchroom.models.openai.order import AFTER_TOOL, EARLIER, EMPTY, GO_ON, ordered
from switchroom.models.openai.providers import FREE
from tests.helpers import soon
from tests.models.openai.lines import KEY, bodies
from tests.servers.asked import Asked
from tests.servers.http import Server, in_turn, serving
from tests.servers.makes import MAKES, Make
from tests.servers.manners import Manners
from tests.servers.said import Called, Said

STRICT: dict[str, Make] = {
    "mistral": "mistral",
    "vllm": "template",
    "ollama": "template",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "deepseek": "deepseek",
}


@pytest.fixture(params=STRICT)
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


def strict(provider: str, answer: Callable[[Asked], Any]) -> Any:
    return serving(answer, Manners(make=STRICT[provider]))


def model_of(server: Server, provider: str) -> OpenAIChat:
    return OpenAIChat("gpt-test", provider=provider, base_url=server.url, api_key=KEY, retries=0)


@tool(effect="read")
async def look() -> str:
    """Look."""
    return "found"


@tool(effect="irreversible", needs_approval=True)
async def pay() -> str:
    """Pay."""
    return "paid"


def handing_over(asked: Asked) -> Said:
    """A look and then a handoff, in two answers."""
    if "transfer_to_b" not in asked.tools:
        return Said("b answers")
    return Said(calls=(Called("transfer_to_b", {"reason": "r"}),)) if asked.results else Said(calls=(Called("look"),))


def handing_over_at_once(asked: Asked) -> Said:
    if "transfer_to_b" not in asked.tools:
        return Said("b answers")
    return Said(calls=(Called("look"), Called("transfer_to_b", {"reason": "r"})))


@pytest.mark.parametrize("answer", [handing_over, handing_over_at_once])
async def test_a_handoff_with_a_filter(provider: str, answer: Callable[[Asked], Said]):
    config = RunConfig(journal=MemoryJournal())
    async with strict(provider, answer) as server:
        model = model_of(server, provider)
        b = Agent("b", model=model, tools=[look])
        a = Agent("a", model=model, tools=[look], handoffs=[handoff(b, filter=keep_last(10))])
        for text in ("hello", "and?"):
            result = await Runner.run(a, text, conversation="c", config=config)
            assert result.final_output == "b answers"
            assert not any(message in (AFTER_TOOL, EARLIER, EMPTY, GO_ON) for message in result.messages)


async def test_a_handoff_that_expires(provider: str):
    async def slow(request: ModelRequest, emit: Emit) -> ModelResponse:
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")

    def answer(asked: Asked) -> Said:
        if any("in time" in str(item["content"]) for item in asked.items):
            return Said("a answers itself")
        return Said(calls=(Called("transfer_to_late", {"reason": "r"}),))

    async with strict(provider, answer) as server:
        late = Agent("late", model=slow)
        a = Agent("a", model=model_of(server, provider), handoffs=[handoff(late, deadline=0.05)])
        assert (await Runner.run(a, "hello")).final_output == "a answers itself"


async def test_an_interruption_inside_a_tool(provider: str):
    @tool(effect="read")
    async def look_slowly() -> str:
        """Look slowly."""
        await asyncio.Event().wait()
        return "found"

    def answer(asked: Asked) -> Said:
        return Said("fine") if "stop" in asked.newest else Said(calls=(Called("look_slowly"),))

    async with strict(provider, answer) as server:
        agent = Agent("a", model=model_of(server, provider), tools=[look_slowly])
        async with Runner.stream(agent, "hello") as events:

            async def interrupting() -> None:
                async for event in events:
                    if event.kind == "tool_started":
                        await events.interrupt("stop it")

            await soon(interrupting())
    assert events.result.final_output == "fine"


@pytest.mark.parametrize("empty", ["", "  \n"])
async def test_an_empty_answer(provider: str, empty: str):
    config = RunConfig(journal=MemoryJournal())
    async with strict(provider, in_turn(Said(empty), Said("now with words"), Said("again"))) as server:
        agent = Agent("a", model=model_of(server, provider))
        assert (await Runner.run(agent, "hello", conversation="c", config=config)).final_output == "now with words"
        result = await Runner.run(agent, "and?", conversation="c", config=config)
    assert result.final_output == "again"
    assert [message.text for message in result.messages if message.role == "assistant"] == [empty, "now with words", "again"]


async def test_a_message_that_was_answered_while_a_person_is_asked(provider: str):
    """The answer to that message is the last of the request, after the result of the call that waited."""
    config = RunConfig(journal=MemoryJournal())
    answers = in_turn(Said(calls=(Called("look"), Called("pay"))), Said("It is paid."), Said("Goodbye."))
    async with strict(provider, answers) as server:
        agent = Agent("a", model=model_of(server, provider), tools=[look, pay])
        waiting = (await Runner.run(agent, "pay", conversation="c", config=config)).waiting
        await Runner.run(agent, "are you there?", conversation="c", config=config)
        result = await Runner.resume(agent, conversation="c", config=config, answers={waiting[0].id: True})
        assert result.final_output == "It is paid."
        assert (await Runner.run(agent, "bye", conversation="c", config=config)).final_output == "Goodbye."
    roles = [item["role"] for item in server.requests[1].items]
    assert roles[-2:] == ["assistant", "user"]


async def test_a_window_that_begins_with_a_call(provider: str):
    config = RunConfig(journal=MemoryJournal())

    def answer(asked: Asked) -> Said:
        return Said("done") if asked.results else Said(calls=(Called("look"),))

    async with strict(provider, answer) as server:
        agent = Agent("a", model=model_of(server, provider), tools=[look], history=keep_last(2))
        for text in ("hello", "more", "again"):
            assert (await Runner.run(agent, text, conversation="c", config=config)).final_output == "done"


async def test_an_input_that_begins_with_an_assistant_s_message(provider: str):
    said = [{"role": "assistant", "content": "How can I help?"}, {"role": "user", "content": "hello"}]
    async with strict(provider, lambda asked: Said("fine")) as server:
        assert (await Runner.run(Agent("a", model=model_of(server, provider)), said)).final_output == "fine"


async def test_an_input_that_ends_with_an_assistant_s_message(provider: str):
    said = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "Well,"}]
    async with strict(provider, lambda asked: Said("fine")) as server:
        assert (await Runner.run(Agent("a", model=model_of(server, provider)), said)).final_output == "fine"


async def test_an_answer_of_the_wrong_type_after_a_tool(provider: str):
    async with strict(
        provider, in_turn(Said("no"), Said(calls=(Called("look"),)), Said("no"), Said('{"answer": 1}'))
    ) as server:
        agent = Agent("a", model=model_of(server, provider), tools=[look], output_type=int)
        assert (await Runner.run(agent, "hello")).final_output == 1


async def test_a_circle_of_handoffs_that_is_broken(provider: str):
    def answer(asked: Asked) -> Said:
        if "f" in asked.instructions.split("\n"):
            return Said("f answers")
        target = "transfer_to_y" if "transfer_to_y" in asked.tools else "transfer_to_x"
        return Said(calls=(Called(target, {"reason": "r"}),))

    config = RunConfig(journal=MemoryJournal())
    async with strict(provider, answer) as server:
        model = model_of(server, provider)
        agents = [Agent("x", "x", model=model, handoffs=["y"]), Agent("y", "y", model=model, handoffs=["x"])]
        team = Team([*agents, Agent("f", "f", model=model)], entry="x", fallback="f")
        for text in ("hello", "and?"):
            assert (await Runner.run(team, text, conversation="c", config=config)).final_output == "f answers"


# what is sent, and what is kept -----------------------------------------------------------------------------------------


async def test_the_record_is_what_was_said():
    def answer(asked: Asked) -> Said:
        return handing_over(asked)

    async with strict("mistral", answer) as server:
        model = model_of(server, "mistral")
        b = Agent("b", model=model, tools=[look])
        a = Agent("a", model=model, tools=[look], handoffs=[handoff(b, filter=keep_last(10))])
        result = await Runner.run(a, "hello")
    sent = bodies(server, "messages")[2]["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool", "assistant", "user"]
    assert sent[3] == {"role": "assistant", "content": AFTER_TOOL.text}
    assert [message.role for message in result.messages] == ["user", "assistant", "tool", "system", "assistant"]
    assert sum(isinstance(fact, ModelAnswered) for fact in result.facts) == 3


CALL = ToolCall("look", {}, "c1")
MESSAGES = st.sampled_from(
    [
        [Message("user", "hello")],
        [Message("assistant", "fine")],
        [Message("assistant", "")],
        [Message("assistant", " \n")],
        [Message("system", "[note]")],
        [Message("assistant", "", (CALL,)), Message("tool", "found", call_id="c1")],
        [Message("assistant", "look", (CALL,)), Message("tool", "", call_id="c1")],
    ]
)
HISTORIES = st.lists(MESSAGES, min_size=1, max_size=8).map(lambda parts: tuple(message for part in parts for message in part))


@given(HISTORIES, st.sampled_from(["", "Be kind."]), st.sampled_from(sorted(PROVIDERS)))
def test_any_history_is_sent_in_an_order_that_the_server_takes(history: tuple[Message, ...], instructions: str, name: str):
    provider = PROVIDERS[name]
    sent = list(ordered(ModelRequest("a", instructions, history), provider))
    order = provider.order
    roles = [message.role for message in sent]
    pairs = list(pairwise(roles))
    assert order.user_after_tool or ("tool", "user") not in pairs
    assert order.assistant_last or roles[-1] != "assistant"
    assert order.assistant_first or [role for role in roles if role != "system"][:1] != ["assistant"]
    if not order.empty_assistant:
        assert all(message.text.strip() or message.calls for message in sent if message.role == "assistant")
    if not provider.system_anywhere:
        assert "system" not in roles[0 if instructions else 1 :]
    # All that was said stands there, in its order.
    said = [message.text for message in history if message.text.strip()]
    rest = iter([message.text for message in sent])
    assert all(text in rest for text in said)


def test_a_server_that_takes_any_order_is_sent_the_history_as_it_is():
    request = ModelRequest("a", "", (Message("tool", "found", call_id="c1"), Message("user", "and?"), Message("assistant", "")))
    assert ordered(request, PROVIDERS["openai"]) is request.messages


def test_an_unknown_provider_counts_as_strict():
    assert [name for name, provider in PROVIDERS.items() if provider.order == FREE] == ["openai", "openai-responses", "xai"]
    assert set(STRICT.values()) | {"openai", "unthinking"} == set(get_args(Make)) == set(MAKES)


async def test_a_strict_server_behind_the_responses_api():
    """A server of open models may speak both."""
    async with serving(handing_over) as server:
        model = OpenAIResponses("gpt-test", provider="vllm", base_url=server.url, api_key=KEY, retries=0)
        b = Agent("b", model=model, tools=[look])
        a = Agent("a", model=model, tools=[look], handoffs=[handoff(b, filter=keep_last(10))])
        assert (await Runner.run(a, "hello")).final_output == "b answers"
    kinds = [item.get("role") or item["type"] for item in server.requests[2].items]
    assert kinds == ["user", "function_call", "function_call_output", "assistant", "user"]
