"""Bad input from everybody: each ends in a clear error or a bounded retry, with the facts so far kept."""

from __future__ import annotations

from typing import Any, cast

import pytest
from inline_snapshot import snapshot

from switchroom import Agent, Message, RunConfig, RunError, Runner, Team, UserError, set_default_model, tool
from switchroom.errors import MaxTurnsExceeded, ModelMisbehaved
from switchroom.events import ModelAnswered, ToolReturned, TurnStarted
from switchroom.messages import File, Image, Text, ToolCall
from switchroom.model import ModelResponse
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import facts_of, keeping, last, run_of

echo = Agent("clerk", model=FunctionModel(last))


async def refusal(input: Any) -> str:
    with pytest.raises(UserError) as error:
        await Runner.run(echo, input)
    return str(error.value)


# messages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "👩‍👩‍👧‍👦 🇺🇦 👍🏽",
        "مرحبا، أين طردي؟ \u202e!",
        "שלום",
        "\0 and \x07 and \x1b[31m",
        "a\u0301 \ufeff \u200b",
        "\U0010ffff",
        '{"kind": "turn_started"}',
    ],
)
async def test_any_text_is_answered_and_kept_as_it_is(text: str):
    config = keeping()
    live = await Runner.run(echo, text, config=config, conversation="c")
    kept = await Runner.resume(echo, config=config, conversation="c")
    assert live.final_output == kept.final_output == text


@pytest.mark.parametrize("empty", ["", "   ", "\n\t"])
async def test_an_empty_message_is_refused(empty: str):
    assert await refusal(empty) == snapshot("The input is empty. Pass the text of a message.")


async def test_input_of_no_known_form_is_refused():
    given: list[Any] = [[], b"\xff\xfe", bytearray(b"x"), None, 5, [5], ["text"], [b"x"], {"role": "robot"}, object()]
    assert [await refusal(one) for one in given] == snapshot(
        [
            "The input is an empty list. Pass at least one message.",
            "The input is bytes. Pass text, or File(data=..., media_type=...) for a document.",
            "The input is bytes. Pass text, or File(data=..., media_type=...) for a document.",
            "The input is NoneType. Pass text, chat messages, or parts (Text, Image, File).",
            "The input is int. Pass text, chat messages, or parts (Text, Image, File).",
            "A message in the input is int. Pass Message, or a dict with role and content.",
            "A message in the input is str. Pass Message, or a dict with role and content.",
            "A message in the input is bytes. Pass Message, or a dict with role and content.",
            "A chat message has the role 'robot'; it may be system, user, assistant or tool.",
            "The input is object. Pass text, chat messages, or parts (Text, Image, File).",
        ]
    )


async def test_text_that_is_no_unicode_is_refused():
    assert await refusal("broken \ud800") == snapshot(
        "The input is no valid Unicode text (position 7: surrogates not allowed). Decode it with "
        'errors="replace", or pass File(data=...) for binary content.'
    )


@pytest.mark.parametrize(
    "given",
    [
        Message("user", "broken \ud800"),
        [Text("broken \ud800")],
        [Message("user", (Text("broken \ud800"),))],
        [{"role": "user", "content": [{"type": "text", "text": "broken \ud800"}]}],
        [{"role": "assistant", "content": "broken \ud800"}],
        [File(name="broken \ud800", data=b"x")],
    ],
)
async def test_text_that_is_no_unicode_is_refused_wherever_it_stands(given: Any):
    assert "no valid Unicode" in await refusal(given)


WRONG_CHAT: list[dict[str, Any]] = [
    {"role": "user", "content": 5},
    {"role": "user", "content": [1]},
    {"role": "user", "content": [{"type": "video"}]},
    {"role": "user", "content": [{"type": "image_url", "image_url": "not an object"}]},
    {"role": "assistant", "tool_calls": [{}]},
    {"role": "assistant", "tool_calls": ["look"]},
    {"role": "assistant", "tool_calls": 5},
]


@pytest.mark.parametrize("chat", WRONG_CHAT)
async def test_a_chat_message_of_the_wrong_form_is_refused(chat: dict[str, Any]):
    assert await refusal([chat])


async def test_a_chat_messages_call_may_have_its_arguments_as_an_object():
    given = [
        {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "look", "arguments": {"n": 1}}}]},
        {"role": "tool", "tool_call_id": "1", "content": "seen"},
    ]
    result = await Runner.run(echo, given)
    assert result.messages[0].calls == (ToolCall("look", {"n": 1}, "1"),)


async def test_pictures_and_files_by_their_bytes_survive_the_journal():
    config = keeping()
    parts = [Text("look"), Image(data=b"\x89PNG\xff", media_type="image/png"), File(name="a.pdf", data=b"%PDF\x00")]
    await Runner.run(echo, parts, config=config, conversation="c")
    result = await Runner.run(echo, "and?", config=config, conversation="c")
    assert result.messages[0].content == tuple(parts)
    kept = await Runner.resume(echo, config=config, conversation="c")
    assert kept.messages[0].content == tuple(parts)


# what a model gets wrong ---------------------------------------------------------------------------------------------


@tool(effect="read")
async def look(n: int, deep: bool = False) -> str:
    """Look."""
    return f"seen {n}"


async def told(*answers: Any) -> str:
    """What the model is told after its first answer."""
    model = ScriptedModel([*answers, "done"])
    await Runner.run(Agent("clerk", model=model, tools=[look]), "x")
    return last(model.requests[1])


async def test_an_unknown_tool_goes_back_to_the_model():
    assert await told(call("loook", n=1)) == snapshot(
        "[refused: you called a tool that is not there: the agent has no tool 'loook'; it has ['look']. Did you mean 'look'?]"
    )


async def test_arguments_that_are_no_json_go_back_to_the_model():
    assert await told(ToolCall("look", '{"n": 1')) == snapshot(
        """[refused: the arguments of look are no JSON object: '{"n": 1']"""
    )


@pytest.mark.parametrize("args", [None, [1], 5])
async def test_arguments_that_are_no_object_go_back_to_the_model(args: Any):
    assert "are no JSON object" in await told(ToolCall("look", args))


@pytest.mark.parametrize("args", [None, [1], 5])
async def test_a_handoffs_arguments_that_are_no_object_go_back_to_the_model(args: Any):
    target = Agent("target", model=ScriptedModel([]))
    model = ScriptedModel([ToolCall("transfer_to_target", args), "done"])
    await Runner.run(Agent("clerk", model=model, handoffs=[target]), "x")
    assert "are no JSON object" in last(model.requests[1])


async def test_arguments_of_wrong_types_go_back_to_the_model():
    assert await told(call("look", n="many", deep="perhaps", more=1)) == snapshot(
        "[refused: n: Input should be a valid integer, unable to parse string as an integer; deep: "
        "Input should be a valid boolean, unable to interpret input; more: Extra inputs are not "
        "permitted]"
    )


async def test_good_calls_beside_a_bad_one_are_made():
    model = ScriptedModel([[call("look", n=1), call("loook"), call("look", n=2)], "done"])
    result = await Runner.run(Agent("clerk", model=model, tools=[look]), "x")
    assert [fact.text for fact in facts_of(ToolReturned, result.events)] == ["seen 1", "seen 2"]


async def bounded(answer: Any, error: type[RunError], **options: Any) -> tuple[int, str]:
    """How often a model that always gives this answer is asked, and how the run ends; its facts are kept."""
    asked: list[int] = []

    def model(request: Any) -> Any:
        asked.append(1)
        return answer

    config = keeping()
    agent: Agent[Any] = Agent("clerk", model=FunctionModel(model), tools=[look], **options)
    with pytest.raises(error) as raised:
        await Runner.run(agent, "x", config=config, conversation="c")
    facts = raised.value.run.facts
    assert isinstance(facts[0], TurnStarted)
    assert sum(isinstance(fact, ModelAnswered) for fact in facts) == len(asked)
    return len(asked), str(raised.value)


async def test_a_model_that_answers_nothing_is_given_up():
    assert await bounded("", ModelMisbehaved) == snapshot(
        (
            4,
            (
                "The model of agent 'clerk' got something wrong 4 times in a row. Last it was told: [Your "
                "answer could not be used: the answer is empty. Answer again.]"
            ),
        )
    )


async def test_a_model_that_calls_an_unknown_tool_for_ever_is_given_up():
    asked, text = await bounded(call("gone"), ModelMisbehaved)
    assert asked == 4
    assert text == snapshot(
        "The model of agent 'clerk' got something wrong 4 times in a row. Last it was told: "
        "[refused: you called a tool that is not there: the agent has no tool 'gone'; it has "
        "['look'].]"
    )


async def test_a_model_that_makes_the_same_call_for_ever_ends_at_the_limit():
    assert await bounded(call("look", n=1), MaxTurnsExceeded) == snapshot(
        (
            20,
            (
                "The agent loop at turn#1/clerk#0 had 20 model answers and is not finished; agent 'clerk' is next. "
                "Allow more than RunConfig(max_turns=20), or find the repetition in error.run.facts."
            ),
        )
    )


async def test_a_run_that_ended_at_the_limit_goes_on_where_it_was_with_a_higher_one():
    config = keeping(max_turns=2)
    agent = Agent("clerk", model=ScriptedModel([call("look", n=1), call("look", n=2), "done"]), tools=[look])
    with pytest.raises(MaxTurnsExceeded):
        await Runner.run(agent, "x", config=config, conversation="c")
    more = RunConfig(journal=config.journal, max_turns=5)
    result = await Runner.resume(agent, config=more, conversation="c")
    assert (result.final_output, result.usage.requests) == ("done", 3)


async def test_a_model_that_answers_with_text_that_is_no_unicode_is_bounded():
    asked, text = await bounded("broken \ud800", ModelMisbehaved)
    assert asked == 4
    assert "Unicode" in text


@pytest.mark.parametrize(
    "response",
    [
        None,
        "text",
        {"role": "assistant"},
        ModelResponse(cast("Message", "text")),
        ModelResponse(cast("Message", None)),
        ModelResponse(Message("assistant", cast("str", None))),
        ModelResponse(Message("assistant", cast("str", 5))),
        ModelResponse(Message("assistant", calls=cast("Any", ["look"]))),
    ],
)
async def test_a_model_that_returns_garbage_ends_in_an_error_that_names_its_agent(response: Any):
    async def model(request: Any, emit: Any) -> Any:
        return response

    with pytest.raises((UserError, RunError), match="agent 'clerk'"):
        await Runner.run(Agent("clerk", model=model), "x")


async def test_a_function_that_gives_no_answer_is_the_developers_fault():
    with pytest.raises(UserError) as error:
        await Runner.run(Agent("clerk", model=FunctionModel(cast("Any", lambda request: 5))), "x")  # pyright: ignore[reportUnknownLambdaType]
    assert str(error.value) == snapshot(
        "The model of agent 'clerk' gave 5; it gives text, call(...), a list of both, deltas([...]) or a Message."
    )


async def test_a_models_exception_reaches_the_caller_as_itself_with_the_run():
    def fail(request: Any) -> str:
        raise ConnectionResetError("the server hung up")

    with pytest.raises(ConnectionResetError, match="the server hung up") as error:
        await Runner.run(Agent("clerk", model=FunctionModel(fail)), "x")
    assert run_of(error.value).usage.requests == 0


# what a developer gets wrong -----------------------------------------------------------------------------------------


def test_declarations_that_cannot_work_are_refused_where_they_stand():
    clerk = Agent("clerk")
    cases: list[Any] = [
        lambda: Agent(""),
        lambda: Agent(cast("Any", None)),
        lambda: Agent("a", tools=[look, look]),
        lambda: Agent("a", tools=[5]),
        lambda: Agent("a", handoffs=["a"]),
        lambda: Agent("a", handoffs=[clerk, "clerk"]),
        lambda: Agent("a", handoffs=cast("Any", [5])),
        lambda: Agent("a", guardrails=cast("Any", [len])),
        lambda: Team([]),
        lambda: Team([clerk, Agent("clerk")]),
        lambda: Team([clerk], entry="clark"),
        lambda: Team([clerk], fallback="nobody"),
        lambda: RunConfig(max_turns=0),
        lambda: RunConfig(parallel_tools=0),
        lambda: RunConfig(deadline=0),
    ]
    said: list[str] = []
    for case in cases:
        with pytest.raises(UserError) as error:
            case()
        said.append(str(error.value))
    assert said == snapshot(
        [
            "An agent is called ''; give it a name.",
            "An agent is called None; give it a name.",
            "Agent 'a' has two tools called 'look'; rename one with tool(name=...).",
            "Agent 'a': tools holds 5; it takes tools, functions, and steps with name and description.",
            "Agent 'a' hands over to itself; remove 'a' from its handoffs.",
            "Agent 'a' has two handoffs to 'clerk'; keep one.",
            "Agent 'a': handoffs holds 5; it takes Agent, Handoff, str.",
            "Agent 'a': guardrails holds <built-in function len>; it takes Guardrail.",
            "A team has no agents. Pass at least one.",
            "A team has two agents called 'clerk'; names are unique.",
            "The team (entry=...) has no agent 'clark'; it has ['clerk']. Did you mean 'clerk'?",
            "The team (fallback=...) has no agent 'nobody'; it has ['clerk'].",
            "RunConfig(max_turns=0): a run needs at least 1 model answer.",
            "RunConfig(parallel_tools=0): at least 1 call runs at a time.",
            "RunConfig(deadline=0): give seconds above 0.",
        ]
    )


async def test_an_agent_without_a_model_is_told_the_three_ways_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SWITCHROOM_MODEL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UserError) as error:
        await Runner.run(Agent("clerk"), "x")
    assert str(error.value) == snapshot(
        "Agent 'clerk' has no model. Three ways out: Agent('clerk', ..., model=...), "
        "set_default_model(...), or RunConfig(model=...). Without a provider, "
        "switchroom.testing.FunctionModel answers by a function."
    )


async def test_models_are_looked_for_at_the_agent_then_the_run_then_the_default():
    def named(name: str) -> FunctionModel:
        return FunctionModel(lambda request: name)

    set_default_model(named("the default"))
    try:
        bare, own = Agent("a"), Agent("a", model=named("its own"))
        config = RunConfig(model=named("the run's"))
        said = [await Runner.run(bare, "x"), await Runner.run(bare, "x", config=config)]
        said.append(await Runner.run(own, "x", config=config))
    finally:
        set_default_model(None)
    assert [result.final_output for result in said] == ["the default", "the run's", "its own"]


@pytest.mark.parametrize("name", ["gpt", "nobody:gpt"])
async def test_a_models_name_that_leads_nowhere_is_refused(name: str):
    with pytest.raises(UserError):
        await Runner.run(Agent("clerk", model=name), "x")


async def test_two_agents_of_one_name_that_can_both_be_reached_are_refused():
    one = Agent("b", model=ScriptedModel([]))
    other = Agent("b", model=ScriptedModel([]))
    entry = Agent("a", model=ScriptedModel([]), handoffs=[one, Agent("c", handoffs=[other])])
    with pytest.raises(UserError) as error:
        await Runner.run(entry, "x")
    assert str(error.value) == snapshot("Two agents are called 'b' and can both be reached; names are unique in a run.")


async def test_a_handoff_to_nobody_is_refused():
    with pytest.raises(UserError) as error:
        await Runner.run(Team([Agent("orders", handoffs=["return"]), Agent("returns")]), "x")
    assert str(error.value) == snapshot(
        "Agent 'orders' hands over to 'return': the team has no agent 'return'; it has ['orders', "
        "'returns']. Did you mean 'returns'?"
    )


async def test_a_tool_with_the_name_of_a_handoff_is_refused():
    made = Agent("x").as_tool("transfer_to_after_sales")
    with pytest.raises(UserError) as error:
        await Runner.run(Agent("a", model=ScriptedModel([]), tools=[made], handoffs=[Agent("after sales")]), "x")
    assert str(error.value) == snapshot(
        "Agent 'a' has two tools called 'transfer_to_after_sales', one of them a handoff; rename one."
    )


async def test_names_may_be_in_any_script():
    target = Agent("счета и 返金", model=ScriptedModel(["done"]))

    def model(request: Any) -> Any:
        return call(request.tools[0].name)

    result = await Runner.run(Agent("приёмная", model=FunctionModel(model), handoffs=[target]), "x")
    assert result.final_output == "done"


async def test_a_name_may_hold_what_separates_paths():
    agent = Agent("a/b#0", model=ScriptedModel(["one", "two"]))
    config = keeping()
    await Runner.run(agent, "x", config=config, conversation="c")
    result = await Runner.run(agent, "y", config=config, conversation="c")
    assert [message.text for message in result.messages] == ["x", "one", "y", "two"]
