"""Tools: their schema, what they are given, what models are told of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel, Field

import switchroom
from switchroom.compat.agents import (
    Agent,
    FunctionTool,
    ModelBehaviorError,
    RunContextWrapper,
    Runner,
    RunResult,
    ToolContext,
    ToolTimeoutError,
    UserError,
    default_tool_error_function,
    function_tool,
)
from switchroom.messages import ToolCall
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.compat.ways import told


class Place(BaseModel):
    city: str
    country: str = "FR"


async def _run(tool: Any, *answers: Any, context: Any = None) -> tuple[RunResult, ScriptedModel]:
    model = ScriptedModel([*answers, "Done."])
    agent = Agent("clerk", tools=[tool], model=model)
    return await Runner.run(agent, "hi", context=context), model


def test_the_schema_comes_from_signature_and_docstring() -> None:
    @function_tool
    async def weather(place: Place, days: Annotated[int, Field(ge=1)] = 3) -> str:
        """Look at the weather.

        Args:
            place: where.
            days: how far ahead.
        """
        return ""

    assert (weather.name, weather.description, weather.strict_json_schema) == ("weather", "Look at the weather.", True)
    assert weather.params_json_schema == snapshot(
        {
            "properties": {
                "place": {"$ref": "#/$defs/Place", "description": "where."},
                "days": {"default": 3, "description": "how far ahead.", "minimum": 1, "type": "integer"},
            },
            "$defs": {
                "Place": {
                    "properties": {"city": {"type": "string"}, "country": {"default": "FR", "type": "string"}},
                    "required": ["city", "country"],
                    "type": "object",
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
            "required": ["place", "days"],
            "type": "object",
        }
    )


def test_a_schema_that_is_not_strict_leaves_out_what_has_a_default() -> None:
    @function_tool(strict_mode=False)
    def weather(city: str, days: int = 3) -> str:
        return ""

    assert weather.params_json_schema["required"] == ["city"]


def test_name_and_description_can_be_given_and_the_docstring_left_out() -> None:
    @function_tool(name_override="look", description_override="Look outside.", docstring_style="google")
    def weather() -> str:
        """Look at the weather."""
        return ""

    @function_tool(use_docstring_info=False)
    def secret(of: str) -> str:
        """Not for models.

        Args:
            of: not for models either.
        """
        return ""

    assert (weather.name, weather.description) == ("look", "Look outside.")
    assert (secret.description, secret.params_json_schema["properties"]) == ("", {"of": {"type": "string"}})


@dataclass
class Customer:
    name: str


async def test_a_first_parameter_gets_the_context_and_no_model_sees_it() -> None:
    @function_tool
    def greet(wrapper: RunContextWrapper[Customer], word: str) -> str:
        """Greet."""
        return f"{word}, {wrapper.context.name} ({wrapper.usage.requests})"

    @function_tool
    async def about(context: ToolContext[Customer]) -> str:
        """Tell about the call."""
        return f"{context.tool_name} {context.tool_call_id} {context.tool_arguments} {context.agent.name}"

    assert greet.params_json_schema["required"] == ["word"]
    result, _ = await _run(greet, call("greet", word="Hello"), context=Customer("Ann"))
    assert told(result)[1] == "clerk is told Hello, Ann (1)"
    result, _ = await _run(about, _answer_of("about", "c1"), context=Customer("Ann"))
    assert told(result)[1] == "clerk is told about c1 {} clerk"


def _answer_of(name: str, id: str) -> switchroom.Message:
    """An answer with one call of a given id."""
    return switchroom.Message("assistant", calls=(ToolCall(name, {}, id),))


async def test_arguments_are_given_as_the_types_that_are_declared() -> None:
    given: list[Any] = []

    @function_tool
    def go(place: Place, when: list[int]) -> None:
        """Go."""
        given.extend((place, when))

    await _run(go, call("go", place={"city": "Nice"}, when=["1", 2]))
    assert given == [Place(city="Nice"), [1, 2]]


async def test_a_plain_function_runs_in_a_thread_and_an_async_one_in_the_loop() -> None:
    threads: list[str] = []

    @function_tool
    def plain() -> str:
        """Plain."""
        threads.append(threading.current_thread().name)
        return "plain"

    @function_tool
    async def loop() -> str:
        """Async."""
        threads.append(threading.current_thread().name)
        return "async"

    await Runner.run(Agent("clerk", tools=[plain, loop], model=ScriptedModel([[call("plain"), call("loop")], "Done."])), "hi")
    assert sorted(threads) == ["MainThread", "switchroom-tool"]


async def test_results_reach_the_model_as_text_and_the_items_as_they_are() -> None:
    @function_tool
    def where() -> Place:
        """Where it is."""
        return Place(city="Nice")

    result, model = await _run(where, call("where"))
    assert model.requests[1].messages[-1].text == '{"city":"Nice","country":"FR"}'
    assert result.new_items[1].output == Place(city="Nice")  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]


async def test_what_a_tool_raises_is_told_to_the_model() -> None:
    @function_tool
    def reserve(item: str) -> str:
        """Reserve."""
        raise LookupError(f"no {item} in stock")

    result, model = await _run(reserve, call("reserve", item="phone"))
    assert result.final_output == "Done."
    assert model.requests[1].messages[-1].text == "[failed: LookupError: no phone in stock]"
    assert default_tool_error_function(result.context_wrapper, LookupError("gone")) == "[failed: LookupError: gone]"


async def test_a_function_may_put_a_failure_into_words() -> None:
    async def softly(context: RunContextWrapper[str], error: Exception) -> str:
        return f"Sorry {context.context}, {error}."

    @function_tool(failure_error_function=softly)
    def reserve() -> str:
        """Reserve."""
        raise LookupError("out of stock")

    _, model = await _run(reserve, call("reserve"), context="Ann")
    assert model.requests[1].messages[-1].text == "Sorry Ann, out of stock."


async def test_without_such_a_function_the_exception_leaves_the_run_as_itself() -> None:
    @function_tool(failure_error_function=None)
    def reserve() -> str:
        """Reserve."""
        raise LookupError("out of stock")

    with pytest.raises(LookupError, match="out of stock"):
        await _run(reserve, call("reserve"))


async def test_a_fault_of_the_developer_leaves_the_run_always() -> None:
    @function_tool
    async def ask() -> str:
        """Ask another."""
        return (await Runner.run(Agent("other"), "hi", hooks=object())).final_output

    with pytest.raises(UserError, match="listeners"):
        await _run(ask, call("ask"))


async def test_arguments_of_no_parameter_are_ignored() -> None:
    calls: list[tuple[int, str]] = []

    @function_tool
    def look(context: ToolContext[Any], at: int) -> str:
        """Look."""
        calls.append((at, context.tool_arguments))
        return "seen"

    @function_tool(strict_mode=False)
    async def rest() -> str:
        """Rest."""
        return "rested"

    result, _ = await _run(look, call("look", at=3, to=4))
    assert told(result)[1] == "clerk is told seen"
    assert calls == [(3, '{"at": 3, "to": 4}')]
    result, _ = await _run(rest, call("rest", reason="tired"))
    assert told(result)[1] == "clerk is told rested"
    context: ToolContext[Any] = ToolContext(None, tool_name="look", tool_arguments='{"at": 5, "to": 4}')
    assert await look.on_invoke_tool(context, context.tool_arguments) == "seen"
    assert calls[1][0] == 5


async def test_a_call_of_an_agent_without_a_text_goes_back_to_the_model() -> None:
    helper = Agent("helper", model=FunctionModel(lambda request: f"heard {request.messages[-1].text!r}"))
    tool = helper.as_tool("ask", "Ask.")
    result, _ = await _run(tool, call("ask"), call("ask", input=7), call("ask", input="hi", tone="kind"))
    assert told(result)[1::2] == [
        "clerk is told [refused: input: a text is required]",
        "clerk is told [refused: input: a text is required]",
        "clerk is told heard 'hi'",
    ]


async def test_arguments_that_are_not_valid_go_back_to_the_model() -> None:
    calls: list[int] = []

    @function_tool
    def look(at: int) -> str:
        """Look."""
        calls.append(at)
        return "seen"

    result, _ = await _run(look, call("look", at="the sky"), call("look", to=4), [ToolCall("look", "{")], call("look", at=3))
    assert calls == [3]
    assert told(result) == snapshot(
        [
            'clerk calls look({"at":"the sky"})',
            "clerk is told [refused: at: Input should be a valid integer, unable to parse string as an integer]",
            'clerk calls look({"to":4})',
            "clerk is told [refused: at: Field required]",
            "clerk calls look({)",
            "clerk is told [refused: the arguments of look are no JSON object: '{']",
            'clerk calls look({"at":3})',
            "clerk is told seen",
            "clerk: Done.",
        ]
    )


@pytest.mark.parametrize("enabled", [False, True])
async def test_a_tool_that_is_switched_off_is_not_shown_and_cannot_be_called(enabled: bool) -> None:
    async def asked(context: RunContextWrapper[bool], agent: Agent[bool]) -> bool:
        assert agent.name == "clerk"
        return context.context

    @function_tool(is_enabled=asked)
    def look() -> str:
        """Look."""
        return "seen"

    result, model = await _run(look, call("look"), context=enabled)
    assert [spec.name for spec in model.requests[0].tools] == (["look"] if enabled else [])
    assert told(result)[1] == ("clerk is told seen" if enabled else "clerk is told [refused: look is not to be used now]")


async def test_a_tool_that_is_off_for_good_is_not_there() -> None:
    @function_tool(is_enabled=False)
    def look() -> str:
        """Look."""
        return "seen"

    _, model = await _run(look, "Nothing to see.")
    assert model.requests[0].tools == ()
    assert model.requests[0].messages[-1].text == "hi"
    model = ScriptedModel([])


async def test_a_call_that_takes_too_long_is_told_or_ends_the_run() -> None:
    async def slow() -> str:
        """Take long."""
        await asyncio.Event().wait()
        return ""

    _, model = await _run(function_tool(timeout=0.01)(slow), call("slow"))
    assert "took longer than its 0.01 s" in model.requests[1].messages[-1].text
    with pytest.raises(ToolTimeoutError) as caught:
        await _run(function_tool(timeout=0.01, timeout_behavior="raise_exception")(slow), call("slow"))
    assert (caught.value.tool_name, caught.value.timeout_seconds) == ("slow", 0.01)


async def test_a_failure_is_told_though_a_late_call_would_end_the_run() -> None:
    @function_tool(timeout=5, timeout_behavior="raise_exception")
    def fail() -> str:
        """Fail."""
        raise LookupError("gone")

    _, model = await _run(fail, call("fail"))
    assert model.requests[1].messages[-1].text == "[failed: LookupError: gone]"


async def test_a_tool_made_by_hand_gets_the_arguments_as_json() -> None:
    async def invoke(context: ToolContext[Any], arguments: str) -> str:
        return f"{context.tool_name} {arguments}"

    tool = FunctionTool("echo", "Say it again.", {"type": "object", "properties": {"of": {"type": "string"}}}, invoke)
    result, _ = await _run(tool, call("echo", of="é"))
    assert told(result)[1] == 'clerk is told echo {"of": "é"}'


async def test_a_tool_may_be_invoked_by_itself() -> None:
    @function_tool
    def look(at: int) -> str:
        """Look."""
        return f"at {at}"

    context = ToolContext(None, tool_name="look", tool_call_id="1", tool_arguments='{"at": 1}')
    assert await look.on_invoke_tool(context, '{"at": 1}') == "at 1"
    with pytest.raises(ModelBehaviorError, match="not valid"):
        await look.on_invoke_tool(context, "{")


async def test_tools_of_switchroom_are_taken_as_well() -> None:
    @switchroom.tool
    def greet(context: switchroom.ToolContext[Customer]) -> str:
        """Greet."""
        return f"Hello {context.deps.name}"

    result, _ = await _run(greet, call("greet"), context=Customer("Ann"))
    assert told(result)[1] == "clerk is told Hello Ann"


class _Desk:
    def find(self, order: str) -> str:
        """Find an order."""
        return f"order {order}"

    def __call__(self, wrapper: RunContextWrapper[Any], order: str) -> str:
        """Find an order."""
        return f"order {order} for {wrapper.context}"


@pytest.mark.parametrize(("made", "answer"), [(_Desk().find, "order 7"), (_Desk(), "order 7 for Ann")])
async def test_methods_and_objects_that_are_called_are_tools(made: Callable[..., str], answer: str) -> None:
    tool = function_tool(made)
    result, _ = await _run(tool, call(tool.name, order="7"), context="Ann")
    assert told(result)[1] == f"clerk is told {answer}"


def test_what_has_no_schema_is_refused() -> None:
    def strange(of: threading.Thread) -> str:
        return ""

    def unnamed(*of: str) -> str:
        return ""

    for function in (strange, unnamed):
        with pytest.raises(UserError, match=r"schema|name"):
            function_tool(function)
    assert issubclass(UserError, switchroom.UserError)
