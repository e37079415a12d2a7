"""What is asked in Chat Completions: the whole bodies, from agents, tools, handoffs, settings and what was said before."""

from __future__ import annotations

import re
from typing import Any

import pydantic
import pytest
from inline_snapshot import snapshot

from switchroom import Agent, RunConfig, Runner, handoff, tool
from switchroom.journals import MemoryJournal
from switchroom.messages import File, Image, Text
from switchroom.model import Settings
from switchroom.models import OpenAIChat
from switchroom.models.openai import PROVIDERS
from tests.models.openai.lines import KEY, bodies, hear, line, model_at
from tests.servers import speech
from tests.servers.asked import Asked
from tests.servers.http import in_turn, serving
from tests.servers.manners import Manners
from tests.servers.said import Called, Said
from tests.servers.script import LAST_CHUNK, Script, chunk, sse, stream_head


class Case(pydantic.BaseModel):
    order: str


@tool(effect="read")
async def lookup(order: str, days: int = 3) -> dict[str, Any]:
    """Look an order up.

    Args:
        order: its number.
        days: how far back.
    """
    return {"order": order, "state": "sent", "days": days}


@tool(effect="read")
async def weather(town: str) -> str:
    return f"dry in {town}"


async def test_the_whole_of_a_request():
    async with line(Said("Hello.")) as (server, model):
        billing = Agent("billing", "You bill.", model=model, description="invoices")
        triage = Agent(
            "triage",
            "Greet.",
            model=model,
            tools=[lookup],
            handoffs=[handoff(billing, requires=Case)],
            settings=Settings(temperature=0.2, max_tokens=99, tool_choice="auto", extra={"seed": 7, "top_p": 0.5}),
        )
        await hear(triage, "Hello?")
    assert bodies(server) == snapshot(
        [
            {
                "model": "gpt-test",
                "messages": [{"role": "system", "content": "Greet."}, {"role": "user", "content": "Hello?"}],
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "lookup",
                            "description": "Look an order up.",
                            "parameters": {
                                "additionalProperties": False,
                                "properties": {
                                    "order": {"description": "its number.", "type": "string"},
                                    "days": {"default": 3, "description": "how far back.", "type": "integer"},
                                },
                                "required": ["order"],
                                "type": "object",
                            },
                        },
                    },
                    {
                        "type": "function",
                        "function": {
                            "name": "transfer_to_billing",
                            "description": "Hand the conversation over to billing: invoices",
                            "parameters": {
                                "properties": {
                                    "reason": {"type": "string", "description": "why, in a few words"},
                                    "order": {"type": "string"},
                                },
                                "required": ["order"],
                                "type": "object",
                            },
                        },
                    },
                ],
                "tool_choice": "auto",
                "temperature": 0.2,
                "max_completion_tokens": 99,
                "stream": True,
                "stream_options": {"include_usage": True},
                "seed": 7,
                "top_p": 0.5,
            }
        ]
    )


async def test_where_nobody_listens_nothing_is_streamed():
    async with line(Said("Hello.")) as (server, model):
        await Runner.run(Agent("a", model=model), "Hello?")
    assert bodies(server) == snapshot([{"model": "gpt-test", "messages": [{"role": "user", "content": "Hello?"}]}])


async def test_what_was_called_and_returned_is_said_again_also_after_a_handoff():
    answers = in_turn(
        Said("One moment.", calls=(Called("lookup", {"order": "7"}, "call_1"), Called("weather", {"town": "Bonn"}, "call_2"))),
        Said(calls=(Called("transfer_to_billing", {"reason": "an invoice", "order": "7"}, "call_3"),)),
        Said("Here it is."),
    )
    async with line(answers) as (server, model):
        billing = Agent("billing", "You bill.", model=model)
        triage = Agent("triage", "Greet.", model=model, tools=[lookup, weather], handoffs=[handoff(billing, requires=Case)])
        result = await Runner.run(triage, "Where is my invoice?")
    assert result.final_output == "One moment.\nHere it is."
    assert bodies(server, "messages")[1:] == snapshot(
        [
            {
                "messages": [
                    {"role": "system", "content": "Greet."},
                    {"role": "user", "content": "Where is my invoice?"},
                    {
                        "role": "assistant",
                        "content": "One moment.",
                        "tool_calls": [
                            {"id": "call_1", "type": "function", "function": {"name": "lookup", "arguments": '{"order":"7"}'}},
                            {
                                "id": "call_2",
                                "type": "function",
                                "function": {"name": "weather", "arguments": '{"town":"Bonn"}'},
                            },
                        ],
                    },
                    {"role": "tool", "tool_call_id": "call_1", "content": '{"order":"7","state":"sent","days":3}'},
                    {"role": "tool", "tool_call_id": "call_2", "content": "dry in Bonn"},
                ]
            },
            {
                "messages": [
                    {"role": "system", "content": "You bill."},
                    {"role": "user", "content": "Where is my invoice?"},
                    {
                        "role": "assistant",
                        "content": "One moment.",
                        "tool_calls": [
                            {"id": "call_1", "type": "function", "function": {"name": "lookup", "arguments": '{"order":"7"}'}},
                            {
                                "id": "call_2",
                                "type": "function",
                                "function": {"name": "weather", "arguments": '{"town":"Bonn"}'},
                            },
                        ],
                    },
                    {"role": "tool", "tool_call_id": "call_1", "content": '{"order":"7","state":"sent","days":3}'},
                    {"role": "tool", "tool_call_id": "call_2", "content": "dry in Bonn"},
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {
                                "id": "call_3",
                                "type": "function",
                                "function": {"name": "transfer_to_billing", "arguments": '{"reason":"an invoice","order":"7"}'},
                            }
                        ],
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_3",
                        "content": """\
triage puts the conversation through to you.
Reason: an invoice
Brief: {"order":"7"}\
""",
                    },
                ]
            },
        ]
    )
    assert [list(asked.tools) for asked in server.requests] == snapshot(
        [["lookup", "weather", "transfer_to_billing"], ["lookup", "weather", "transfer_to_billing"], []]
    )


async def test_the_next_turn_has_the_turns_before():
    config = RunConfig(journal=MemoryJournal())
    async with line(in_turn(Said("Hello Ann."), Said("You are Ann."))) as (server, model):
        agent = Agent("a", "Be kind.", model=model)
        await Runner.run(agent, "I am Ann.", conversation="c", config=config)
        await Runner.run(agent, "Who am I?", conversation="c", config=config)
    assert bodies(server, "messages")[1] == snapshot(
        {
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "I am Ann."},
                {"role": "assistant", "content": "Hello Ann."},
                {"role": "user", "content": "Who am I?"},
            ]
        }
    )


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("required", "required"),
        ("none", "none"),
        ("lookup", {"type": "function", "function": {"name": "lookup"}}),
    ],
)
async def test_the_choice_of_tools_holds_until_the_first_results(choice: str, sent: Any):
    def answer(asked: Asked) -> Said:
        wanted = asked.body.get("tool_choice") not in (None, "none")
        return Said(calls=(Called("lookup", {"order": "7"}),)) if wanted else Said("It was sent.")

    async with line(answer) as (server, model):
        agent = Agent("a", model=model, tools=[lookup, weather], settings=Settings(tool_choice=choice))
        await Runner.run(agent, "Where is order 7?")
    assert [asked.body.get("tool_choice") for asked in server.requests] == ([sent] if choice == "none" else [sent, None])


async def test_an_agent_that_takes_over_has_its_own_choice_of_tools():
    answers = in_turn(
        Said(calls=(Called("transfer_to_billing", {"reason": "money"}),)),
        Said(calls=(Called("lookup", {"order": "7"}),)),
        Said("It was sent."),
    )
    async with line(answers) as (server, model):
        wants = Settings(tool_choice="required")
        billing = Agent("billing", model=model, tools=[lookup], settings=wants)
        triage = Agent("triage", model=model, handoffs=[billing], settings=wants)
        await Runner.run(triage, "Where is my money?")
    assert [asked.body.get("tool_choice") for asked in server.requests] == ["required", "required", None]


async def test_without_tools_none_is_chosen():
    async with line(Said("Hello.")) as (server, model):
        await Runner.run(Agent("a", model=model, settings=Settings(tool_choice="required")), "Hello?")
    assert bodies(server, "tools", "tool_choice") == [{}]


async def test_pictures_and_files_go_by_address_or_as_bytes():
    parts = [
        Text("What is this?"),
        Image(url="https://example.com/a.png"),
        Image(data=b"\x89PNG", media_type="image/jpeg"),
        Image(data=b"\x89PNG"),
        File(name="a.pdf", data=b"%PDF", media_type="application/pdf"),
        File(url="https://example.com/b.pdf"),
        File(data=b"\x00"),
    ]
    async with line(Said("A cat.")) as (server, model):
        await Runner.run(Agent("a", model=model), parts)
    assert bodies(server, "messages") == snapshot(
        [
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "What is this?"},
                            {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                            {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,iVBORw=="}},
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                            {
                                "type": "file",
                                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
                            },
                            {"type": "file", "file": {"filename": "file", "file_data": "https://example.com/b.pdf"}},
                            {
                                "type": "file",
                                "file": {"filename": "file", "file_data": "data:application/octet-stream;base64,AA=="},
                            },
                        ],
                    }
                ]
            }
        ]
    )


async def test_what_each_provider_is_asked_differently():
    asked: dict[str, Any] = {}
    notes = [
        {"role": "system", "content": "Told first."},
        {"role": "user", "content": "Hello?"},
        {"role": "system", "content": "Told later."},
    ]
    async with serving(Said("Hello."), Manners(strict=False)) as server:
        for name, provider in PROVIDERS.items():
            if provider.api == "chat":
                model = model_at(server.url, provider=name)
                agent = Agent("a", model=model, settings=Settings(max_tokens=99))
                await hear(agent, notes)
                body = server.requests[-1].body
                asked[name] = [
                    " ".join(message["role"] for message in body["messages"]),
                    sorted(body.keys() - {"model", "messages", "stream"}),
                ]
    assert asked == snapshot(
        {
            "openai": ["system user system", ["max_completion_tokens", "stream_options"]],
            "anthropic": ["system user user", ["max_tokens", "stream_options"]],
            "gemini": ["system user user", ["max_tokens", "stream_options"]],
            "ollama": ["system user user", ["max_tokens", "stream_options"]],
            "vllm": ["system user user", ["max_tokens", "stream_options"]],
            "lmstudio": ["system user user", ["max_tokens", "stream_options"]],
            "openrouter": ["system user user", ["max_tokens", "stream_options"]],
            "mistral": ["system user user", ["max_tokens"]],
            "groq": ["system user user", ["max_tokens", "stream_options"]],
            "together": ["system user user", ["max_tokens", "stream_options"]],
            "fireworks": ["system user user", ["max_tokens", "stream_options"]],
            "deepseek": ["system user user", ["max_tokens", "stream_options"]],
            "xai": ["system user user", ["max_tokens", "stream_options"]],
        }
    )


@pytest.mark.parametrize(("provider", "said", "role"), [("openai", "", "system"), ("ollama", "(No answer.)", "user")])
async def test_the_runtime_s_own_notes_are_the_person_s_where_the_provider_takes_no_others(provider: str, said: str, role: str):
    async with line(in_turn(Said(), Said("Hello.")), provider=provider) as (server, model):
        result = await Runner.run(Agent("a", "Be kind.", model=model), "Hello?")
    assert result.final_output == "Hello."
    assert server.requests[1].body["messages"][1:] == [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": said},
        {"role": role, "content": "[Your answer could not be used: the answer is empty. Answer again.]"},
    ]


@pytest.mark.parametrize("given", ['{"order": ', "[1]", "null", "sent"])
async def test_arguments_that_are_no_object_are_said_again_as_one(given: str):
    async with line(in_turn(Said(calls=(Called("lookup", given, "call_1"),)), Said("Sorry."))) as (server, model):
        await Runner.run(Agent("a", model=model, tools=[lookup]), "Where is order 7?")
    called, told = server.requests[1].body["messages"][1:]
    assert pydantic.TypeAdapter(dict[str, Any]).validate_json(called["tool_calls"][0]["function"]["arguments"]) == {
        "invalid": given
    }
    assert (told["role"], told["tool_call_id"]) == ("tool", "call_1")
    assert "[refused:" in told["content"]


async def test_what_a_provider_thought_is_said_again_to_it_and_to_no_other():
    def answer(asked: Asked) -> Said:
        if asked.results:
            return Said("Done.", reasoning="Nothing is left.")
        return Said(calls=(Called("lookup", {"order": "7"}),), reasoning="I look it up.")

    thinking = Manners(strict=False)
    async with serving(answer, thinking) as deepseek, serving(Said("Hello."), thinking) as other:
        model = model_at(deepseek.url, provider="deepseek")
        config = RunConfig(journal=MemoryJournal())
        await Runner.run(Agent("a", model=model, tools=[lookup]), "Where is it?", conversation="c", config=config)
        for provider in ("openai", "openrouter", "ollama"):
            model = model_at(other.url, provider=provider)
            await Runner.run(Agent("a", model=model, tools=[lookup]), "Well?", conversation="c", config=config)
    assert deepseek.requests[1].body["messages"][1]["reasoning_content"] == "I look it up."
    assert len(other.requests) == 3
    assert all("I look it up." not in asked.raw.decode() for asked in other.requests)


async def test_reasoning_in_parts_goes_back_in_parts():
    first = {"type": "reasoning.text", "text": "I look", "index": 0}
    second = {"type": "reasoning.encrypted", "data": "xyz", "index": 1}

    # As OpenRouter sends it: a list in each delta.
    def answer(asked: Asked) -> Said:
        return Said("Done.") if asked.results else Said(calls=(Called("lookup", {"order": "7"}, "call_1"),))

    def scripted(asked: Asked) -> Said | Script:
        if asked.results:
            return answer(asked)
        parts = [sse({"choices": [{"index": 0, "delta": {"reasoning_details": [part]}}]}) for part in (first, second)]
        events = [*parts, *speech.stream(asked, answer(asked), Manners())]
        return Script([stream_head(), *map(chunk, events), LAST_CHUNK])

    async with serving(scripted, Manners(strict=False)) as server:
        model = model_at(server.url, provider="openrouter")
        await hear(Agent("a", model=model, tools=[lookup]), "Where is it?")
    assert server.requests[1].body["messages"][1]["reasoning_details"] == [first, second]


@pytest.mark.parametrize(
    ("provider", "id", "kept"),
    [
        ("openai", "call_1", True),
        ("openai", "chatcmpl-tool-0123456789abcdef0123456789abcdef", False),  # as vLLM gives them; OpenAI takes 40 characters
        ("mistral", "abcABC123", True),
        ("mistral", "call_0123456789", False),
    ],
)
async def test_the_ids_of_calls_are_such_as_the_provider_takes(provider: str, id: str, kept: bool):
    history = [
        {"role": "user", "content": "Where is it?"},
        {"role": "assistant", "tool_calls": [{"id": id, "function": {"name": "lookup", "arguments": '{"order": "7"}'}}]},
        {"role": "tool", "tool_call_id": id, "content": "sent"},
    ]
    async with line(Said("It was sent."), provider=provider) as (server, model):
        await Runner.run(Agent("a", model=model, tools=[lookup]), history)
    _, called, told = server.requests[0].body["messages"]
    sent = called["tool_calls"][0]["id"]
    assert sent == told["tool_call_id"]
    assert re.fullmatch(PROVIDERS[provider].ids, sent)
    assert (sent == id) is kept


async def test_what_the_settings_say_beside_goes_through_as_it_is():
    extra = {"metadata": {"a": "b"}, "reasoning_effort": "low", "stop": ["\n"]}
    async with line(Said("Hello.")) as (server, model):
        await Runner.run(Agent("a", model=model, settings=Settings(extra=extra)), "Hello?")
    assert bodies(server, *extra) == [extra]


def test_a_model_shows_its_name_and_nothing_else():
    assert repr(OpenAIChat("gpt-test", api_key=KEY)) == "OpenAIChat('openai:gpt-test')"
