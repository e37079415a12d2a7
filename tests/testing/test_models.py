"""Models for tests: the exact meaning of what a function or a script gives."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, Message, Runner, Team, UserError, tool
from switchroom.messages import ToolCall
from switchroom.model import ModelRequest, ModelResponse, nobody
from switchroom.testing import FunctionModel, ScriptedModel, call, deltas
from switchroom.usage import Usage


async def response(given: Any) -> ModelResponse:
    """What a model made of a function that gives this answers to whoever does not listen."""
    return await FunctionModel(lambda request: given)(ModelRequest("clerk", "", ()), nobody)


async def pieces(given: Any) -> list[str]:
    async with Runner.stream(Agent("clerk", model=FunctionModel(lambda request: given)), "go") as events:
        return [event.text async for event in events if event.kind == "text_delta"]


# what a function gives ------------------------------------------------------------------------------------------------

REFUND = ToolCall("refund", {"order_id": "7"})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("hello", Message("assistant", "hello")),
        ("", Message("assistant", "")),
        (call("refund", order_id="7"), Message("assistant", calls=(REFUND,))),
        ([call("refund", order_id="7"), call("look")], Message("assistant", calls=(REFUND, ToolCall("look")))),
        (["wait", call("refund", order_id="7"), "please"], Message("assistant", "wait\nplease", calls=(REFUND,))),
        (("wait", call("look")), Message("assistant", "wait", calls=(ToolCall("look"),))),
        ([], Message("assistant", "")),
        (deltas(["a", "b", ""]), Message("assistant", "ab")),
        (Message("assistant", "hello", agent="x"), Message("assistant", "hello", agent="x")),
    ],
)
async def test_what_a_function_gives_is_made_a_message(given: Any, message: Message):
    assert await response(given) == ModelResponse(message, Usage(requests=1))


async def test_a_function_may_be_async():
    async def answer(request: ModelRequest) -> str:
        return f"{request.agent} heard {request.messages[-1].text}"

    assert (await Runner.run(Agent("clerk", model=FunctionModel(answer)), "hello")).final_output == "clerk heard hello"


async def test_what_is_no_answer_is_refused():
    asked = " gave {}; it gives text, call(...), a list of both, deltas([...]) or a Message."
    for given in (None, 7, {"role": "assistant"}, ["a", 7], [Message("assistant", "x")]):
        with pytest.raises(UserError) as error:
            await response(given)
        assert str(error.value) == "The model of agent 'clerk'" + asked.format(given)


def test_a_call_takes_its_name_by_position_only_so_that_an_argument_may_be_called_name():
    assert call("look", name="Ann", args=1, id="x") == ToolCall("look", {"name": "Ann", "args": 1, "id": "x"})


async def test_an_exception_of_the_function_is_the_models():
    def broken(request: ModelRequest) -> str:
        raise ConnectionError("the line is down")

    with pytest.raises(ConnectionError, match="the line is down"):
        await Runner.run(Agent("clerk", model=FunctionModel(broken)), "hello")


# what a function is given ---------------------------------------------------------------------------------------------


class Answer(BaseModel):
    n: int


@tool(effect="read")
def count(what: str) -> dict[str, int]:
    """Count."""
    return {what: 7}


@tool(effect="read")
def say(what: str) -> str:
    """Say."""
    return what


async def test_a_request_has_the_agents_own_text_its_tools_and_handoffs_and_the_conversation():
    seen: list[ModelRequest] = []

    def answer(request: ModelRequest) -> Any:
        seen.append(request)
        return [call("say", what='"quoted"'), call("count", what="parcels")] if len(seen) == 1 else '{"n": 7}'

    orders = Agent(
        "orders", "You count.", model=FunctionModel(answer), tools=[count, say], handoffs=["returns"], output_type=Answer
    )
    result = await Runner.run(Team([orders, Agent("returns", "You take back.")]), "how many?")
    first, second = seen
    assert (first.agent, first.instructions) == ("orders", "You count.")
    assert [spec.name for spec in first.tools] == ["count", "say", "transfer_to_returns"]
    assert first.messages[-1] == Message("user", "how many?")
    assert first.output_schema == Answer.model_json_schema()
    assert [message.text for message in second.messages[-2:]] == ['"quoted"', '{"parcels":7}']
    assert result.final_output == Answer(n=7)


async def test_a_plain_agent_has_no_schema_for_its_output():
    model = ScriptedModel(["done"])
    await Runner.run(Agent("clerk", model=model), "go")
    assert model.requests[0].output_schema is None


# pieces ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("one two  three", ["one", " two", "  three"]),
        (" one\n\ntwo ", [" one", "\n\ntwo "]),
        ("one", ["one"]),
        (deltas(["on", "", "e two", " "]), ["on", "e two", " "]),
        (Message("assistant", "one two"), ["one", " two"]),
    ],
)
async def test_an_answer_is_said_word_by_word_or_in_the_pieces_that_it_has(given: Any, said: list[str]):
    assert await pieces(given) == said


async def test_text_beside_calls_is_said_too():
    model = ScriptedModel([["one moment", call("say", what="x")], "done"])
    async with Runner.stream(Agent("clerk", model=model, tools=[say]), "go") as events:
        assert [event.text async for event in events if event.kind == "text_delta"] == ["one", " moment", "done"]


# scripts --------------------------------------------------------------------------------------------------------------


async def test_a_script_is_answered_from_in_its_order_whoever_asks():
    model = ScriptedModel(answer for answer in [call("transfer_to_b", reason="x"), deltas(["don", "e"])])
    team = Team([Agent("a", model=model, handoffs=["b"]), Agent("b", model=model)])
    result = await Runner.run(team, "go")
    assert result.final_output == "done"
    assert [request.agent for request in model.requests] == ["a", "b"]


async def test_a_script_that_has_run_out_says_who_asked_and_after_what():
    model = ScriptedModel(["hello"])
    agent = Agent("clerk", model=model)
    await Runner.run(agent, "one")
    with pytest.raises(UserError) as error:
        await Runner.run(agent, "two")
    assert str(error.value) == snapshot(
        "The script of 1 answers has run out: agent 'clerk' asks for answer 2, after 'two'. "
        "Add an answer, or find out why it was asked again."
    )
    assert len(model.requests) == 2


async def test_a_script_may_be_empty():
    with pytest.raises(UserError, match="The script of 0 answers has run out: agent 'clerk' asks for answer 1, after 'one'"):
        await Runner.run(Agent("clerk", model=ScriptedModel([])), "one")


async def test_an_answer_of_a_script_that_is_none_is_named_by_its_number():
    with pytest.raises(UserError, match="The script's answer 1 gave 7"):
        await Runner.run(Agent("clerk", model=ScriptedModel([7])), "one")  # pyright: ignore[reportArgumentType]
