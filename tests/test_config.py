"""Options of a run: what they are when nothing is said, and values that cannot hold."""

from __future__ import annotations

from typing import Any, cast

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, Message, RunConfig, Runner, ToolContext, UserError, tool
from switchroom.history import keep_last
from switchroom.testing import FunctionModel, ScriptedModel, call, deltas


def refusal(**options: Any) -> str:
    with pytest.raises(UserError) as error:
        RunConfig(**options)
    return str(error.value)


async def refusal_of_a_run(**options: Any) -> str:
    with pytest.raises(UserError) as error:
        await Runner.run(Agent("clerk", model=ScriptedModel(["done"])), "go", config=RunConfig(**options))
    return str(error.value)


def test_without_options_nothing_is_kept_and_a_run_has_twenty_answers():
    config = RunConfig()
    assert (config.journal, config.max_turns, config.deadline, config.parallel_tools) == (None, 20, None, 16)
    assert (config.model, config.history, config.listeners, config.detached) == (None, None, (), False)


def test_options_are_a_value():
    assert RunConfig(max_turns=3) == RunConfig(max_turns=3)
    with pytest.raises(AttributeError):
        RunConfig().max_turns = 3  # pyright: ignore[reportAttributeAccessIssue]


def test_numbers_out_of_range_are_refused():
    given: list[dict[str, Any]] = [
        {"max_turns": 0},
        {"max_turns": -1},
        {"parallel_tools": 0},
        {"deadline": 0},
        {"deadline": -0.5},
    ]
    assert [refusal(**options) for options in given] == snapshot(
        [
            "RunConfig(max_turns=0): a run needs at least 1 model answer.",
            "RunConfig(max_turns=-1): a run needs at least 1 model answer.",
            "RunConfig(parallel_tools=0): at least 1 call runs at a time.",
            "RunConfig(deadline=0): give seconds above 0.",
            "RunConfig(deadline=-0.5): give seconds above 0.",
        ]
    )


@pytest.mark.parametrize("options", [{"deadline": float("nan")}, {"deadline": "5"}, {"max_turns": "5"}, {"max_turns": None}])
def test_what_is_no_number_is_refused(options: dict[str, Any]):
    assert next(iter(options)) in refusal(**options)


def test_the_smallest_numbers_hold():
    assert RunConfig(max_turns=1, parallel_tools=1, deadline=0.001).max_turns == 1


@pytest.mark.parametrize("count", [0, -3])
def test_a_history_of_nothing_is_refused(count: int):
    with pytest.raises(UserError, match="keeps nothing"):
        RunConfig(history=keep_last(count))


async def test_a_journal_that_is_none_is_refused():
    told = [await refusal_of_a_run(journal=where) for where in ("chats.db", "mysql://x", "")]
    assert told == snapshot(
        [
            "journal='chats.db' is no URL. Write 'sqlite:///chats.db' for a file, or 'memory:'.",
            "Switchroom has no journal adapter 'mysql'; it has ['memory', 'sqlite'].",
            "journal='' is no URL. Write 'sqlite:///' for a file, or 'memory:'.",
        ]
    )


async def test_a_model_that_is_none_is_refused():
    with pytest.raises(UserError) as error:
        await Runner.run(Agent("clerk"), "go", config=RunConfig(model="gpt"))
    assert str(error.value) == snapshot("The model 'gpt' of agent 'clerk' names no provider. Write 'provider:gpt'.")


async def test_one_listener_in_place_of_a_tuple_is_refused_before_anything_happens():
    heard: list[Any] = []
    assert "listeners" in await refusal_of_a_run(listeners=cast("Any", heard.append))


async def test_what_comes_in_is_redacted_before_anything_keeps_it():
    def redact(message: Message) -> Message:
        return Message(message.role, message.text.replace("4111", "****"))

    model = FunctionModel(lambda request: f"You said: {request.messages[-1].text}")
    result = await Runner.run(Agent("clerk", model=model), "my card is 4111", config=RunConfig(redact=redact))
    assert result.final_output == "You said: my card is ****"
    assert "4111" not in repr(result.facts)


async def test_what_a_person_interrupts_with_is_redacted_too():
    def redact(message: Message) -> Message:
        return Message(message.role, message.text.replace("4111", "****"))

    said = deltas(["Let me ", "tell you ", "a long story."])
    model = FunctionModel(lambda request: said if len(request.messages) == 1 else f"You said: {request.messages[-1].text}")
    async with Runner.stream(Agent("clerk", model=model), "hello", config=RunConfig(redact=redact)) as events:
        async for event in events:
            if event.text == "Let me ":
                await events.interrupt("stop: 4111")
    assert events.result.final_output.splitlines()[-1] == "You said: stop: ****"
    assert "4111" not in repr(events.result.facts)


async def test_a_redaction_that_gives_no_message_is_an_error_that_says_so():
    def redact(message: Message) -> Message:
        return message.text  # pyright: ignore[reportReturnType]

    with pytest.raises(UserError, match=r"RunConfig\(redact=\.\.\.\) gave 'hi'; it gives a Message"):
        await Runner.run(Agent("clerk", model=FunctionModel(lambda request: "x")), "hi", config=RunConfig(redact=redact))


async def test_a_result_has_the_shared_state_as_it_is_now():
    class Case(BaseModel):
        open: bool = True

    @tool(effect="idempotent")
    async def close(ctx: ToolContext) -> str:
        await ctx.update(open=False)
        return "closed"

    agent = Agent("clerk", model=ScriptedModel([call("close"), "Done."]), tools=[close])
    assert (await Runner.run(agent, "close it", state=Case())).state == Case(open=False)
    assert (await Runner.run(Agent("clerk", model=ScriptedModel(["Hi."])), "hi")).state is None
