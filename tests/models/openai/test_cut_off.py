"""Answers that the server cut off: no call of them is made, and text that ends too early is marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import Agent, Message, RunConfig, Runner, Session, handoff, tool
from switchroom.errors import ModelMisbehaved
from switchroom.events import ModelAnswered
from switchroom.messages import ToolCall
from switchroom.testing import FunctionModel, ScriptedModel
from switchroom.wrap import cached
from tests.models.openai.lines import line, run
from tests.servers.asked import Api, Asked, Json
from tests.servers.faults import Gives
from tests.servers.http import in_turn
from tests.servers.said import Called, Said
from tests.servers.script import json_bytes

cleared: list[tuple[int, str]] = []


@tool(effect="irreversible")
async def clear(older_than_days: int = 0, folder: str = "all") -> str:
    """Delete mails."""
    cleared.append((older_than_days, folder))
    return "cleared"


@pytest.fixture(autouse=True)
def nothing_cleared() -> None:
    cleared.clear()


WHOLE = Called("clear", {"older_than_days": 30, "folder": "spam"})
CUT: dict[str, tuple[Called, ...]] = {
    "before the arguments": (Called("clear", ""),),
    "in the arguments": (Called("clear", '{"older_than_days": 3'),),
    "after the arguments": (Called("clear", "{}"),),
    "before the arguments of the second": (WHOLE, Called("clear", "")),
    "in the handoff": (WHOLE, Called("transfer_to_postmaster", "")),
}


def assistant(model: Any, **options: Any) -> Agent[Any]:
    return Agent("assistant", model=model, tools=[clear], handoffs=[handoff(Agent("postmaster", model=model))], **options)


@pytest.mark.parametrize("finish", ["length", "content_filter"])
@pytest.mark.parametrize("cut", CUT.values(), ids=CUT)
async def test_no_call_of_an_answer_that_was_cut_off_is_made(cut: tuple[Called, ...], finish: str, api: Api, streamed: bool):
    answers = in_turn(Said("One moment.", calls=cut, finish=finish), Said(calls=(WHOLE,)), Said("Cleared."))
    async with line(answers, api) as (server, model):
        result = await run(assistant(model), "Clear spam older than 30 days.", streamed)
    assert cleared == [(30, "spam")]
    assert result.last_agent is not None
    assert result.last_agent.name == "assistant"
    told = list(server.requests[1].results.values())
    assert len(told) == len(cut)
    assert all("cut off" in text for text in told)
    assert [fact.truncated for fact in result.facts if isinstance(fact, ModelAnswered)] == [True, False, False]
    assert not result.truncated  # the model said afterwards what it had to say


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_a_model_whose_calls_are_always_cut_off_is_asked_a_few_times(api: Api, streamed: bool):
    async with line(Said(calls=(Called("clear", ""),), finish="length"), api) as (server, model):
        with pytest.raises(ModelMisbehaved, match="cut off before its end"):
            await run(assistant(model), "Clear.", streamed)
    assert cleared == []
    assert len(server.requests) == 4


async def test_an_item_may_be_incomplete_in_a_response_that_is_complete():
    def answer(asked: Asked) -> Said | Gives:
        if asked.results:
            return Said("Nothing was cleared.")
        call: Json = {"type": "function_call", "call_id": "c1", "name": "clear", "arguments": "", "status": "incomplete"}
        return Gives(json_bytes({"status": "completed", "output": [call]}))

    async with line(answer, "responses") as (_, model):
        result = await Runner.run(assistant(model), "Clear.")
    assert (cleared, result.final_output) == ([], "Nothing was cleared.")


async def test_an_answer_that_was_cut_off_among_its_thoughts_is_asked_for_again(api: Api, streamed: bool):
    answers = in_turn(Said(reasoning="I think and", finish="length"), Said("Yes."))
    async with line(answers, api) as (server, model):
        result = await run(Agent("a", model=model), "Is it?", streamed)
    assert result.final_output == "Yes."
    assert "cut off before its end" in server.requests[1].newest


async def test_text_that_was_cut_off_is_marked_on_the_fact_and_on_the_result(api: Api, streamed: bool, tmp_path: Path):
    config = RunConfig(journal=f"sqlite:///{tmp_path}/chats.db")
    async with line(lambda asked: Said("First, open the", finish="length"), api) as (_, model):
        result = await run(Agent("a", model=model), "How?", streamed, config, "c")
    assert (result.final_output, result.truncated) == ("First, open the", True)
    answered = result.facts[-2]
    assert isinstance(answered, ModelAnswered)
    assert answered.truncated
    assert answered.finish_reason == {"chat": "length", "responses": "max_output_tokens"}[api]
    again = await Runner.resume(Agent("a", model=model), conversation="c", config=config)
    assert again.truncated


async def test_whole_text_is_not_marked(api: Api, streamed: bool):
    async with line(Said("First, open the door."), api) as (_, model):
        result = await run(Agent("a", model=model), "How?", streamed)
    assert not result.truncated
    answered = result.facts[-2]
    assert isinstance(answered, ModelAnswered)
    assert (answered.truncated, answered.finish_reason) == (False, "")


async def test_a_reply_of_a_session_says_that_it_was_cut_off():
    session = Session(Agent("a", model=FunctionModel(lambda request: Message("assistant", "First, open the", truncated=True))))
    assert (await session.send("How?")).truncated
    await session.stop()


class Plan(BaseModel):
    steps: list[str]


async def test_a_typed_answer_that_was_cut_off_goes_back_to_the_model(api: Api, streamed: bool):
    answers = in_turn(Said('{"steps": ["open', finish="length"), Said('{"steps": ["open"]}'))
    async with line(answers, api) as (server, model):
        result = await run(Agent("a", model=model, output_type=Plan), "How?", streamed)
    assert (result.final_output, result.truncated) == (Plan(steps=["open"]), False)
    assert "cut off before its end" in server.requests[1].newest


@pytest.mark.parametrize(
    "word", ["max_tokens", "MAX_TOKENS", "model_length", "insufficient_system_resource", "content_filter: SAFETY"]
)
async def test_servers_have_many_words_for_an_answer_that_ends_too_early(word: str, streamed: bool):
    async with line(Said("First, open the", finish=word)) as (_, model):
        assert (await run(Agent("a", model=model), "How?", streamed)).truncated


@pytest.mark.parametrize("word", ["eos", "stop_sequence", "recitation", "a new word"])
async def test_an_unknown_word_for_the_end_is_kept_and_no_error(word: str, streamed: bool):
    def answer(asked: Asked) -> Said:
        return Said("Cleared.", finish=word) if asked.results else Said(calls=(WHOLE,), finish=word)

    async with line(answer) as (_, model):
        result = await run(assistant(model), "Clear spam.", streamed)
    assert (result.final_output, result.truncated, cleared) == ("Cleared.", False, [(30, "spam")])
    assert [fact.finish_reason for fact in result.facts if isinstance(fact, ModelAnswered)] == [word, word]


@pytest.mark.parametrize("word", [7, ["stop"], {"reason": "stop"}])
async def test_an_end_that_is_no_word_is_no_error(word: Any):
    body: Json = {"choices": [{"message": {"content": "Hello."}, "finish_reason": word}]}
    async with line(Gives(json_bytes(body))) as (_, model):
        result = await Runner.run(Agent("a", model=model), "Hello?")
    assert result.final_output == "Hello."


async def test_a_refusal_that_was_cut_off_makes_no_call(streamed: bool):
    answers = in_turn(Said(refusal="I will not", calls=(WHOLE,), finish="length"), Said("No."))
    async with line(answers) as (_, model):
        result = await run(assistant(model), "Clear.", streamed)
    assert (cleared, result.final_output.split("\n")[-1]) == ([], "No.")


async def test_an_answer_that_was_cut_off_is_not_kept_for_others():
    async with line(in_turn(Said("First, open the", finish="length"), Said("First, open the door."))) as (_, model):
        agent = Agent("a", model=cached(model))
        answers = [(await Runner.run(agent, "How?")).final_output for _ in range(3)]
    assert answers == ["First, open the", "First, open the door.", "First, open the door."]


async def test_any_model_may_say_that_its_answer_was_cut_off():
    cut = Message("assistant", calls=(ToolCall("clear", {}),), truncated=True)
    result = await Runner.run(assistant(ScriptedModel([cut, "I could not."])), "Clear.")
    assert (result.final_output, cleared) == ("I could not.", [])
