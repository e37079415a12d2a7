"""What is asked in Responses: the whole bodies, with the reasoning of answers before."""

from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Message, RunConfig, Runner, handoff, tool
from switchroom.history import keep_last
from switchroom.journals import MemoryJournal
from switchroom.messages import File, Image, Text
from switchroom.model import Settings
from switchroom.models import OpenAIResponses
from tests.models.openai.lines import KEY, bodies, hear, line, model_at, run
from tests.servers.asked import Asked, Json
from tests.servers.faults import Gives
from tests.servers.http import in_turn, serving
from tests.servers.manners import Manners
from tests.servers.said import Called, Said


class Case(pydantic.BaseModel):
    order: str


@tool(effect="read")
async def lookup(order: str) -> dict[str, Any]:
    """Look an order up."""
    return {"order": order, "state": "sent"}


def looking_up(asked: Asked) -> Said:
    """Thinks, calls a tool, thinks again, and answers."""
    if asked.results or asked.newest == "Thank you.":
        return Said("It was sent.", reasoning="Nothing is left.")
    return Said("One moment.", calls=(Called("lookup", {"order": "7"}, "call_1"),), reasoning="I look it up.")


def items(asked: Asked) -> list[Json]:
    """What was said before, without the ids that the server made up."""
    return [{key: value for key, value in item.items() if key != "id"} for item in asked.items]


async def test_the_whole_of_a_request():
    async with line(Said("Hello."), "responses") as (server, model):
        billing = Agent("billing", "You bill.", model=model, description="invoices")
        triage = Agent(
            "triage",
            "Greet.",
            model=model,
            tools=[lookup],
            handoffs=[handoff(billing, requires=Case)],
            settings=Settings(temperature=0.2, max_tokens=99, tool_choice="auto", extra={"top_p": 0.5}),
        )
        await hear(triage, "Hello?")
    assert bodies(server) == snapshot(
        [
            {
                "model": "gpt-test",
                "store": False,
                "input": [{"role": "user", "content": "Hello?"}],
                "instructions": "Greet.",
                "include": ["reasoning.encrypted_content"],
                "tools": [
                    {
                        "type": "function",
                        "name": "lookup",
                        "description": "Look an order up.",
                        "parameters": {
                            "additionalProperties": False,
                            "properties": {"order": {"type": "string"}},
                            "required": ["order"],
                            "type": "object",
                        },
                        "strict": False,
                    },
                    {
                        "type": "function",
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
                        "strict": False,
                    },
                ],
                "tool_choice": "auto",
                "temperature": 0.2,
                "max_output_tokens": 99,
                "stream": True,
                "top_p": 0.5,
            }
        ]
    )


async def test_where_nobody_listens_nothing_is_streamed():
    async with line(Said("Hello."), "responses") as (server, model):
        await Runner.run(Agent("a", model=model), "Hello?")
    assert bodies(server) == snapshot(
        [
            {
                "model": "gpt-test",
                "store": False,
                "input": [{"role": "user", "content": "Hello?"}],
                "include": ["reasoning.encrypted_content"],
            }
        ]
    )


@pytest.mark.parametrize(("name", "asked"), [("gpt-4o", None), ("gpt-5.4", ["reasoning.encrypted_content"])])
async def test_reasoning_is_asked_for_where_the_model_may_have_some(name: str, asked: Any):
    async with serving(Said("Hello.")) as server:
        await Runner.run(Agent("a", model=OpenAIResponses(name, base_url=server.url, api_key=KEY)), "Hello?")
    assert server.requests[0].body.get("include") == asked


async def test_what_was_called_and_returned_is_said_again_also_after_a_handoff():
    answers = in_turn(
        Said("One moment.", calls=(Called("lookup", {"order": "7"}, "call_1"),)),
        Said(calls=(Called("transfer_to_billing", {"reason": "an invoice", "order": "7"}, "call_2"),)),
        Said("Here it is."),
    )
    async with line(answers, "responses") as (server, model):
        billing = Agent("billing", "You bill.", model=model)
        triage = Agent("triage", "Greet.", model=model, tools=[lookup], handoffs=[handoff(billing, requires=Case)])
        result = await Runner.run(triage, "Where is my invoice?")
    assert result.final_output == "One moment.\nHere it is."
    assert bodies(server, "instructions", "input")[2] == snapshot(
        {
            "instructions": "You bill.",
            "input": [
                {"role": "user", "content": "Where is my invoice?"},
                {"role": "assistant", "content": [{"type": "output_text", "text": "One moment."}]},
                {"type": "function_call", "call_id": "call_1", "name": "lookup", "arguments": '{"order":"7"}'},
                {"type": "function_call_output", "call_id": "call_1", "output": '{"order":"7","state":"sent"}'},
                {
                    "type": "function_call",
                    "call_id": "call_2",
                    "name": "transfer_to_billing",
                    "arguments": '{"reason":"an invoice","order":"7"}',
                },
                {
                    "type": "function_call_output",
                    "call_id": "call_2",
                    "output": """\
triage puts the conversation through to you.
Reason: an invoice
Brief: {"order":"7"}\
""",
                },
            ],
        }
    )


async def test_reasoning_comes_back_as_it_was_with_all_that_followed_it(streamed: bool):
    config = RunConfig(journal=MemoryJournal())
    async with line(looking_up, "responses") as (server, model):
        agent = Agent("a", model=model, tools=[lookup])
        result = await run(agent, "Where is it?", streamed, config, "c")
        await run(agent, "Thank you.", streamed, config, "c")
    assert items(server.requests[2]) == snapshot(
        [
            {"role": "user", "content": "Where is it?"},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "I look it up."}]},
            {
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": "One moment."}],
            },
            {
                "type": "function_call",
                "status": "completed",
                "call_id": "call_1",
                "name": "lookup",
                "arguments": '{"order": "7"}',
            },
            {"type": "function_call_output", "call_id": "call_1", "output": '{"order":"7","state":"sent"}'},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Nothing is left."}]},
            {
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": "It was sent."}],
            },
            {"role": "user", "content": "Thank you."},
        ]
    )
    given = [item["item"]["id"] for message in result.messages for item in message.items]
    assert len(given) == 5
    assert [item["id"] for item in server.requests[2].items if "id" in item] == given


async def test_reasoning_is_not_sent_to_another_provider_or_in_another_protocol():
    config = RunConfig(journal=MemoryJournal())
    async with serving(looking_up) as server:
        agent = Agent("a", model=model_at(server.url, "responses"), tools=[lookup])
        await Runner.run(agent, "Where is it?", conversation="c", config=config)
        for model in (model_at(server.url, "responses", provider="vllm"), model_at(server.url, "chat")):
            agent = Agent("a", model=model, tools=[lookup])
            await Runner.run(agent, "And now?", conversation="c", config=config)
    others = [asked for asked in server.requests if asked.results == {} and asked.newest == "And now?"]
    assert len(others) == 2
    assert all(b"I look it up." not in asked.raw for asked in others)
    assert items(others[0]) == snapshot(
        [
            {"role": "user", "content": "Where is it?"},
            {"role": "assistant", "content": [{"type": "output_text", "text": "One moment."}]},
            {"type": "function_call", "call_id": "call_1", "name": "lookup", "arguments": '{"order":"7"}'},
            {"type": "function_call_output", "call_id": "call_1", "output": '{"order":"7","state":"sent"}'},
            {"role": "assistant", "content": [{"type": "output_text", "text": "It was sent."}]},
            {"role": "user", "content": "And now?"},
        ]
    )


async def test_reasoning_that_led_to_nothing_is_not_sent_back():
    def answer(asked: Asked) -> Said | Gives:
        if len(asked.items) > 1:
            return Said("Hello.")
        thought: Json = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "xyz"}
        body: Json = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": [thought]}
        return Gives(json.dumps(body).encode())

    async with line(answer, "responses") as (server, model):
        result = await Runner.run(Agent("a", model=model), "Hello?")
    assert result.final_output == "Hello."
    assert items(server.requests[1]) == snapshot(
        [
            {"role": "user", "content": "Hello?"},
            {
                "role": "system",
                "content": "[Your answer could not be used: it was cut off before its end: the answer is empty. Answer again.]",
            },
        ]
    )


async def test_an_answer_that_a_policy_changed_is_sent_as_it_is_now():
    def hushed(messages: Any) -> list[Message]:
        return [
            Message(m.role, m.text.replace("sent", "***"), m.calls, m.call_id, m.agent, m.refusal, m.items) for m in messages
        ]

    config = RunConfig(journal=MemoryJournal(), history=hushed)
    async with line(looking_up, "responses") as (server, model):
        agent = Agent("a", model=model, tools=[lookup])
        await Runner.run(agent, "Where is it?", conversation="c", config=config)
        await Runner.run(agent, "Thank you.", conversation="c", config=config)
    assert b"was sent" not in server.requests[2].raw
    assert [item.get("type", item.get("role")) for item in server.requests[2].items] == snapshot(
        ["user", "reasoning", "message", "function_call", "function_call_output", "assistant", "user"]
    )


async def test_a_policy_that_keeps_little_leaves_nothing_half():
    config = RunConfig(journal=MemoryJournal(), history=keep_last(2))
    async with line(looking_up, "responses") as (server, model):
        agent = Agent("a", model=model, tools=[lookup])
        outputs = [(await Runner.run(agent, "Where is it?", conversation="c", config=config)).final_output for _ in range(3)]
    assert outputs == ["One moment.\nIt was sent."] * 3  # the server would have refused a half
    assert len(server.requests) == 6


async def test_calls_of_one_id_are_told_apart_when_they_are_said_again():
    def answer(asked: Asked) -> Said:
        if asked.results:
            return Said("Both were sent.")
        return Said(calls=(Called("lookup", {"order": "7"}), Called("lookup", {"order": "8"})), reasoning="Both.")

    async with line(answer, "responses", Manners(ids="call_0")) as (server, model):
        result = await Runner.run(Agent("a", model=model, tools=[lookup]), "Where are they?")
    assert result.final_output == "Both were sent."
    assert items(server.requests[1])[1:] == snapshot(
        [
            {"type": "function_call", "call_id": "call_1_0", "name": "lookup", "arguments": '{"order":"7"}'},
            {"type": "function_call", "call_id": "call_1_1", "name": "lookup", "arguments": '{"order":"8"}'},
            {"type": "function_call_output", "call_id": "call_1_0", "output": '{"order":"7","state":"sent"}'},
            {"type": "function_call_output", "call_id": "call_1_1", "output": '{"order":"8","state":"sent"}'},
        ]
    )


async def test_what_one_protocol_keeps_is_nothing_to_the_other():
    config = RunConfig(journal=MemoryJournal())
    async with serving(looking_up, Manners(strict=False)) as server:
        for api in ("responses", "chat", "responses"):
            agent = Agent("a", model=model_at(server.url, api, provider="openrouter"), tools=[lookup])
            await Runner.run(agent, "Where is it?", conversation="c", config=config)
    assert [asked.raw.count(b"I look it up.") for asked in server.requests] == snapshot([0, 1, 0, 1, 1, 2])


@pytest.mark.parametrize(
    ("choice", "sent"),
    [("auto", "auto"), ("required", "required"), ("none", "none"), ("lookup", {"type": "function", "name": "lookup"})],
)
async def test_the_choice_of_tools_holds_until_the_first_results(choice: str, sent: Any):
    def answer(asked: Asked) -> Said:
        wanted = asked.body.get("tool_choice") not in (None, "none")
        return Said(calls=(Called("lookup", {"order": "7"}),)) if wanted else Said("It was sent.")

    async with line(answer, "responses") as (server, model):
        await Runner.run(Agent("a", model=model, tools=[lookup], settings=Settings(tool_choice=choice)), "Where is it?")
    assert [asked.body.get("tool_choice") for asked in server.requests] == ([sent] if choice == "none" else [sent, None])


async def test_pictures_files_and_notes_go_with_the_words():
    notes = [
        {"role": "user", "content": "Hello?"},
        {"role": "system", "content": "Told later."},
        Message(
            "user",
            (
                Text("What is this?"),
                Image(url="https://example.com/a.png"),
                Image(data=b"\x89PNG"),
                File(name="a.pdf", data=b"%PDF", media_type="application/pdf"),
                File(url="https://example.com/b.pdf"),
            ),
        ),
    ]
    async with line(Said("A cat."), "responses") as (server, model):
        await Runner.run(Agent("a", model=model), notes)
    assert bodies(server, "input") == snapshot(
        [
            {
                "input": [
                    {"role": "user", "content": "Hello?"},
                    {"role": "system", "content": "Told later."},
                    {
                        "role": "user",
                        "content": [
                            {"type": "input_text", "text": "What is this?"},
                            {"type": "input_image", "image_url": "https://example.com/a.png"},
                            {"type": "input_image", "image_url": "data:image/png;base64,iVBORw=="},
                            {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
                            {"type": "input_file", "file_url": "https://example.com/b.pdf"},
                        ],
                    },
                ]
            }
        ]
    )


@pytest.mark.parametrize("given", ['{"order": ', "[1]"])
async def test_arguments_that_are_no_object_are_said_again_as_one(given: str):
    answers = in_turn(Said(calls=(Called("lookup", given, "call_1"),), reasoning="Well."), Said("Sorry."))
    async with line(answers, "responses") as (server, model):
        await Runner.run(Agent("a", model=model, tools=[lookup]), "Where is order 7?")
    _, called, told = server.requests[1].items
    assert json.loads(called["arguments"]) == {"invalid": given}
    assert told["call_id"] == "call_1"
    assert "[refused:" in told["output"]
