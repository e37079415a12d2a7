"""Tools: what a model is shown of a function, what the function is given, and what cannot be a tool."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal, Optional, cast

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel, Field

from switchroom import Agent, RunConfig, RunContext, Runner, Team, Tool, ToolContext, UserError, function_tool, tool
from switchroom.model import ModelRequest
from switchroom.schema import Invalid
from switchroom.step import Scope
from switchroom.testing import FunctionModel, ScriptedModel, call
from tests.helpers import asked_by_person, last
from tests.patience import HANGS_S


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


class Address(BaseModel):
    street: str
    number: int = Field(1, ge=1)


class Parcel(BaseModel):
    size: Size
    to: Address


def fields(made: Tool) -> dict[str, Any]:
    """The parameters as the model is shown them."""
    return made.parameters["properties"]


def caller(made: Any, **args: Any) -> Agent[str]:
    """An agent that calls its tool once, and says what came of it."""
    name = made.name if hasattr(made, "name") else made.__name__
    model = FunctionModel(lambda request: call(name, **args) if asked_by_person(request) else last(request))
    return Agent("clerk", model=model, tools=[made])


async def outcome(made: Any, **args: Any) -> str:
    return (await Runner.run(caller(made, **args), "go")).final_output


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(UserError) as error:
        make()
    return str(error.value)


# the signature --------------------------------------------------------------------------------------------------------


def test_a_function_is_shown_by_its_name_its_docstring_and_its_parameters():
    @tool
    def look(order_id: str, deep: bool = False) -> str:
        """Look an order up."""
        return order_id

    assert (look.name, look.description, look.effect) == ("look", "Look an order up.", "irreversible")
    assert look.parameters == snapshot(
        {
            "additionalProperties": False,
            "properties": {"order_id": {"type": "string"}, "deep": {"default": False, "type": "boolean"}},
            "required": ["order_id"],
            "type": "object",
        }
    )


def test_a_function_without_parameters_takes_an_empty_object():
    @tool
    def ring() -> None: ...

    assert (fields(ring), ring.check({}), ring.description) == ({}, {}, "")


def test_types_of_all_kinds_have_schemas():
    @tool
    def send(
        parcel: Parcel,
        note: Optional[str],  # noqa: UP045
        tags: list[str],
        prices: dict[str, float],
        speed: Literal["slow", "fast"] = "slow",
        size: Size = Size.SMALL,
        weight: int | None = None,
        anything: Any = None,
    ) -> None: ...

    assert send.parameters == snapshot(
        {
            "$defs": {
                "Address": {
                    "properties": {
                        "street": {"type": "string"},
                        "number": {"default": 1, "minimum": 1, "type": "integer"},
                    },
                    "required": ["street"],
                    "type": "object",
                },
                "Parcel": {
                    "properties": {"size": {"$ref": "#/$defs/Size"}, "to": {"$ref": "#/$defs/Address"}},
                    "required": ["size", "to"],
                    "type": "object",
                },
                "Size": {"enum": ["s", "l"], "type": "string"},
            },
            "additionalProperties": False,
            "properties": {
                "parcel": {"$ref": "#/$defs/Parcel"},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "tags": {"items": {"type": "string"}, "type": "array"},
                "prices": {"additionalProperties": {"type": "number"}, "type": "object"},
                "speed": {"default": "slow", "enum": ["slow", "fast"], "type": "string"},
                "size": {"$ref": "#/$defs/Size", "default": "s"},
                "weight": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
                "anything": {"default": None},
            },
            "required": ["parcel", "note", "tags", "prices"],
            "type": "object",
        }
    )


async def test_a_function_gets_values_of_the_types_that_it_declares():
    @tool
    async def send(parcel: Parcel, size: Size = Size.LARGE, note: str | None = None) -> str:
        assert isinstance(parcel, Parcel)
        return f"{parcel.size.name} to {parcel.to.street} {parcel.to.number}, {size.name}, {note}"

    assert await outcome(send, parcel={"size": "s", "to": {"street": "Elm St"}}) == "SMALL to Elm St 1, LARGE, None"


async def test_a_default_that_can_be_changed_is_each_calls_own():
    @tool
    async def add(to: list[str] = []) -> list[str]:  # noqa: B006
        to.append("x")
        return to

    assert [await outcome(add), await outcome(add)] == ['["x"]', '["x"]']


def test_parameters_may_be_named_as_what_models_of_fields_have_themselves():
    @tool
    def odd(json: str, schema: str, copy: str, model_config: str, _id: str, title: str, properties: str) -> None: ...

    names = ["json", "schema", "copy", "model_config", "_id", "title", "properties"]
    assert list(fields(odd)) == odd.parameters["required"] == names
    assert odd.check(dict.fromkeys(names, "x")) == dict.fromkeys(names, "x")


def test_types_of_the_function_around_are_found():
    class Colour(Enum):
        RED = "red"

    @tool
    def paint(colour: Colour) -> None: ...

    assert paint.check({"colour": "red"}) == {"colour": Colour.RED}


def test_what_the_model_gets_wrong_is_told_by_the_names_that_it_knows():
    @tool
    def send(parcel: Parcel, times: Annotated[int, Field(ge=1)]) -> None: ...

    with pytest.raises(Invalid) as error:
        send.check({"parcel": {"size": "xl", "to": {}}, "times": 0, "fast": True})
    assert str(error.value) == snapshot(
        "parcel.size: Input should be 's' or 'l'; parcel.to.street: Field required; "
        "times: Input should be greater than or equal to 1; "
        "fast: Extra inputs are not permitted"
    )


def test_what_annotated_says_of_a_parameter_is_shown():
    @tool
    def send(times: Annotated[int, Field(description="how many", ge=1, examples=[2])] = 3) -> None: ...

    assert fields(send)["times"] == {
        "type": "integer",
        "minimum": 1,
        "description": "how many",
        "examples": [2],
        "default": 3,
    }


def test_the_docstring_comes_before_annotated():
    @tool
    def send(times: Annotated[int, Field(description="from the annotation")]) -> None:
        """Send it.

        Args:
            times: from the docstring
        """

    assert fields(send)["times"]["description"] == "from the docstring"


def test_a_field_as_the_default_is_a_field_and_no_default():
    @tool
    def send(times: int = Field(3, description="how many", ge=1)) -> None: ...

    assert fields(send)["times"] == {"type": "integer", "default": 3, "description": "how many", "minimum": 1}
    assert send.check({}) == {"times": 3}


def test_a_default_is_shown_whole():
    @tool
    def greet(name: dict[str, str] = {"title": "Dr", "last": "Who"}) -> None: ...  # noqa: B006

    assert fields(greet)["name"]["default"] == {"title": "Dr", "last": "Who"}


# the docstring --------------------------------------------------------------------------------------------------------


@tool
def google(order_id: str, cents: int = 0) -> str:
    """Refund an order.

    Only what was paid.

    Args:
        order_id (str): the order,
            by its number
        cents: how much

    Returns:
        what the bank says
    """
    return order_id


@tool
def numpy(order_id: str, cents: int = 0) -> str:
    """Refund an order.

    Only what was paid.

    Parameters
    ----------
    order_id : str
        the order,
        by its number
    cents : int, optional
        how much

    Returns
    -------
    str
        what the bank says
    """
    return order_id


@tool
def sphinx(order_id: str, cents: int = 0) -> str:
    """Refund an order.

    Only what was paid.

    :param order_id: the order,
        by its number
    :type order_id: str
    :param cents: how much
    :returns: what the bank says
    """
    return order_id


@pytest.mark.parametrize("made", [google, numpy, sphinx], ids=lambda made: made.name)
def test_a_docstring_of_any_style_describes_the_tool_and_its_parameters(made: Tool):
    assert made.description == "Refund an order.\n\nOnly what was paid."
    described = {name: " ".join(about["description"].split()) for name, about in fields(made).items()}
    assert described == {"order_id": "the order, by its number", "cents": "how much"}


def test_a_docstring_without_parameters_is_the_description_whole():
    @tool
    def look() -> None:
        """Look: everything.

        Note: nothing is changed.
        """

    assert look.description == "Look: everything.\n\nNote: nothing is changed."


def test_what_a_docstring_says_of_parameters_that_are_not_there_is_left_out():
    @tool
    def look(n: int) -> None:
        """Look.

        Args:
            m: gone
        """

    assert fields(look) == {"n": {"type": "integer"}}


# the context ----------------------------------------------------------------------------------------------------------


async def test_a_first_parameter_of_the_contexts_type_is_given_the_context_and_not_shown():
    @tool
    async def who(ctx: ToolContext, n: int) -> str:
        return f"{ctx.agent} calls {ctx.call.name}({ctx.call.args['n']})"

    assert list(fields(who)) == ["n"]
    assert await outcome(who, n=1) == "clerk calls who(1)"


async def test_the_context_may_say_what_handles_it_has():
    @tool
    async def ask(context: ToolContext[dict[str, str]]) -> str:
        return context.deps["name"]

    result = await Runner.run(caller(ask), "go", deps={"name": "Ann"})
    assert (fields(ask), result.final_output) == ({}, "Ann")


class Own(ToolContext[dict[str, str]]):
    """A context that no run gives."""


Named = ToolContext[dict[str, str], Address]


async def test_a_context_may_have_a_name_and_be_annotated_further():
    @tool
    async def ask(ctx: Annotated[Named, "the run"], n: int) -> str:
        return f"{ctx.deps['name']} {ctx.state.street} {n}"

    result = await Runner.run(caller(ask, n=1), "go", deps={"name": "Ann"}, state=Address(street="Elm St", number=1))
    assert (list(fields(ask)), result.final_output) == (["n"], "Ann Elm St 1")


CONTEXTS: tuple[Any, ...] = (ToolContext, ToolContext[Any], Named, RunContext, Annotated[ToolContext, "x"], ToolContext | None)


@pytest.mark.parametrize("hint", CONTEXTS, ids=str)
def test_a_context_elsewhere_than_first_is_refused(hint: Any):
    def late(n: int, context: Any) -> None: ...
    def by_name(*, context: Any) -> None: ...

    for fn in (late, by_name):
        fn.__annotations__["context"] = hint
        told = refusal(lambda fn=fn: tool(fn))
        assert f"Tool '{fn.__name__}': the parameter 'context' is a " in told
        assert "which a model cannot pass. Make it the first parameter" in told


def test_a_context_of_another_class_or_without_a_type_is_refused():
    def own(ctx: Own, n: int) -> None: ...
    def untyped(ctx, n: int) -> None: ...  # pyright: ignore

    assert refusal(lambda: tool(own)) == snapshot(
        "Tool 'own': the parameter 'ctx' is annotated Own, a subclass of the context, and a run gives none. "
        "Annotate the first parameter ToolContext[Deps, State], or give that a name: Own = ToolContext[Deps, State]."
    )
    assert refusal(lambda: tool(untyped)) == snapshot(  # pyright: ignore
        "Tool 'untyped': the parameter 'ctx' has no annotation, so that a model would have to pass it. Annotate the context, "
        "as the first parameter: (ctx: ToolContext, ...); rename the parameter if it is something else."
    )


# threads --------------------------------------------------------------------------------------------------------------


async def test_plain_functions_run_several_at_once_each_in_a_thread_of_its_own():
    together = threading.Barrier(40, timeout=HANGS_S)
    threads: set[int] = set()

    @tool(effect="read")
    def meet(n: int) -> int:
        threads.add(threading.get_ident())
        together.wait()
        return n

    answers = ScriptedModel([[call("meet", n=n) for n in range(40)], "done"])
    await Runner.run(Agent("clerk", model=answers, tools=[meet]), "go", config=RunConfig(parallel_tools=40))
    assert [message.text for message in answers.requests[1].messages[2:]] == [str(n) for n in range(40)]
    assert len(threads) == 40
    assert threading.get_ident() not in threads


LANGUAGE: ContextVar[str] = ContextVar("language", default="none")


async def test_a_plain_function_sees_the_callers_context_variables_and_changes_only_its_own():
    @tool
    def speak() -> str:
        before = LANGUAGE.get()
        LANGUAGE.set("changed")
        return before

    LANGUAGE.set("Frisian")
    assert (await outcome(speak), LANGUAGE.get()) == ("Frisian", "Frisian")


async def test_an_async_function_runs_where_the_run_runs():
    @tool
    async def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert await outcome(where) == "true"


async def test_an_object_that_is_called_is_a_tool():
    class Desk:
        async def __call__(self, n: int) -> int:
            return n + 1

        def look(self, n: int) -> int:
            """Look."""
            return n + 2

    assert await outcome(tool(name="desk")(Desk()), n=1) == "2"
    assert await outcome(tool(Desk().look), n=1) == "3"


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator as people write them, which is no coroutine function itself."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


async def test_an_async_function_behind_a_plain_decorator_is_awaited():
    @tool
    @logged
    async def look(n: int) -> int:
        return n + 1

    assert await outcome(look, n=1) == "2"


def test_a_function_with_some_arguments_given_keeps_its_types_and_its_text():
    def look(n: int, deep: bool = False) -> None:
        """Look."""

    made = tool(name="look")(functools.partial(look, deep=True))
    assert (made.description, fields(made)["n"]) == ("Look.", {"type": "integer"})


# options --------------------------------------------------------------------------------------------------------------


def test_options_are_taken_as_they_are_given():
    made = function_tool(name="look-up", description="It looks.", effect="read", timeout=2.5, on_error="tell_model")(lambda: 1)
    assert (made.name, made.description, made.effect) == ("look-up", "It looks.", "read")
    assert (made.timeout, made.on_error, made.needs_approval) == (2.5, "tell_model", False)


def test_tools_are_compared_by_identity():
    def look() -> None: ...

    assert tool(look) != tool(look)
    assert len({tool(look), tool(look)}) == 2


def test_an_option_that_cannot_hold_is_refused():
    def look() -> None: ...

    given: list[dict[str, Any]] = [
        {"efect": "read"},
        {"effect": "harmless"},
        {"timeout": 0},
        {"timeout": -1.5},
        {"name": "look up"},
    ]
    assert [refusal(functools.partial(tool(**options), look)) for options in given] == snapshot(
        [
            "tool(efect=...) is not known; there is name, description, effect, needs_approval, timeout, on_error, "
            "on_interrupt, reconcile, is_enabled.",
            "Tool 'look' has effect='harmless'; it may be read, idempotent, compensable, irreversible.",
            "Tool 'look' has timeout=0; give seconds above 0.",
            "Tool 'look' has timeout=-1.5; give seconds above 0.",
            "A tool is called 'look up'. Models take 1 to 64 letters, digits, '_' and '-'; pass name=... to rename it.",
        ]
    )


def test_a_name_may_have_64_characters():
    assert tool(name="x" * 64)(lambda: 1).name == "x" * 64
    assert "x" * 65 in refusal(lambda: tool(name="x" * 65)(lambda: 1))


@pytest.mark.parametrize("options", [{"on_error": "tell_modle"}, {"on_interrupt": "stop"}])
def test_a_misspelt_choice_is_refused_and_not_taken_for_the_default(options: dict[str, Any]):
    assert "it may be" in refusal(lambda: tool(name="look", **options)(lambda: 1))


def test_a_function_without_a_name_has_to_be_given_one():
    assert refusal(lambda: tool(lambda: 1)) == snapshot(
        "A tool is called '<lambda>'. Models take 1 to 64 letters, digits, '_' and '-'; pass name=... to rename it."
    )


def test_parameters_without_a_name_are_refused():
    def many(*numbers: int) -> None: ...
    def more(**numbers: int) -> None: ...
    def first(n: int, /) -> None: ...

    assert [refusal(functools.partial(tool, function)) for function in (many, more, first)] == snapshot(
        [
            "Tool 'many': a model cannot pass *numbers: 'int'. Give each parameter a name of its own.",
            "Tool 'more': a model cannot pass **numbers: 'int'. Give each parameter a name of its own.",
            "Tool 'first': a model cannot pass n: 'int'. Give each parameter a name of its own.",
        ]
    )


def test_an_annotation_that_nobody_can_resolve_is_refused():
    def look(n: Nowhere) -> None: ...  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType] # noqa: F821

    assert refusal(lambda: tool(look)) == snapshot(  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
        "Tool 'look': an annotation cannot be resolved: name 'Nowhere' is not defined. Define the type at module level."
    )


def test_a_name_in_place_of_the_function_is_refused():
    assert "look" in refusal(lambda: tool(cast("Any", "look")))


def test_a_method_of_a_class_is_refused_for_nobody_can_pass_self():
    class Desk:
        def look(self, n: int) -> None: ...

    assert "self" in refusal(lambda: tool(Desk.look))


# schemas from elsewhere -----------------------------------------------------------------------------------------------

ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "integer"}},
        "speed": {"enum": ["slow", "fast"]},
        "from": {"type": "string"},
    },
    "required": ["id"],
}


async def echo(**kwargs: Any) -> dict[str, Any]:
    return kwargs


def test_a_schema_from_elsewhere_is_shown_as_it_is():
    made = Tool.from_schema("order", "Order it.", ORDER, echo, effect="read")
    assert (made.name, made.description, made.effect) == ("order", "Order it.", "read")
    assert made.parameters == ORDER


async def test_a_tool_with_a_schema_from_elsewhere_is_called_with_what_was_given_and_no_more():
    made = Tool.from_schema("order", "Order it.", ORDER, echo)
    result = await Runner.run(
        Agent("clerk", model=ScriptedModel([call("order", id="7", **{"from": "here"}), "done"]), tools=[made]), "go"
    )
    assert result.messages[2].text == '{"id":"7","from":"here"}'


def test_plain_types_and_enums_of_a_schema_are_checked():
    made = Tool.from_schema("order", "", ORDER, echo)
    given: list[dict[str, Any]] = [{}, {"id": 7}, {"id": "7", "lines": ["x"]}, {"id": "7", "speed": "warp"}]
    told: list[str] = []
    for args in given:
        with pytest.raises(Invalid) as error:
            made.check(args)
        told.append(str(error.value))
    assert told == snapshot(
        [
            "id: Field required",
            "id: Input should be a valid string",
            "lines.0: Input should be a valid integer, unable to parse string as an integer",
            "speed: Input should be 'slow' or 'fast'",
        ]
    )


def test_other_properties_are_let_through_unless_the_schema_is_closed():
    assert Tool.from_schema("order", "", ORDER, echo).check({"id": "7", "more": [1]}) == {"id": "7", "more": [1]}
    with pytest.raises(Invalid, match="more: Extra inputs are not permitted"):
        Tool.from_schema("order", "", {**ORDER, "additionalProperties": False}, echo).check({"id": "7", "more": 1})


@pytest.mark.parametrize(
    "about",
    [{"type": "null"}, {"type": ["string", "null"]}, {"anyOf": [{"type": "string"}]}, {"$ref": "#/$defs/X"}, {}, True],
)
def test_any_property_is_taken_whatever_its_schema_says(about: Any):
    made = Tool.from_schema("order", "", {"type": "object", "properties": {"a": about}}, echo)
    assert (made.check({"a": None}), made.check({})) == ({"a": None}, {})


def test_a_schema_that_is_not_of_an_object_is_refused():
    assert refusal(lambda: Tool.from_schema("order", "", {"type": "array"}, echo)) == snapshot(
        "Tool 'order': the parameters' schema has to be of an object."
    )


# steps as tools -------------------------------------------------------------------------------------------------------


async def double(input: str, scope: Scope) -> str:
    return input * 2


double.name = "double"  # pyright: ignore[reportFunctionMemberAccess]
double.description = "Says it twice."  # pyright: ignore[reportFunctionMemberAccess]


async def test_a_function_with_a_name_and_a_description_is_a_step_among_the_tools():
    agent = Agent("clerk", model=ScriptedModel([call("double", input="ab"), "done"]), tools=[double])
    result = await Runner.run(agent, "go")
    assert (agent.all_tools[0].description, fields(agent.all_tools[0])) == ("Says it twice.", {"input": {"type": "string"}})
    assert result.messages[2].text == "abab"
    assert "turn#1/clerk#0/double#1.0" in {event.path for event in result.events}


def worker(**options: Any) -> Agent[str]:
    return Agent("worker", description="It works.", model=FunctionModel(last), **options)


async def test_an_agent_among_the_tools_is_asked_with_a_text_and_the_caller_stays_in_charge():
    agent = Agent("clerk", model=ScriptedModel([call("worker", input="dig"), "done"]), tools=[worker()])
    result = await Runner.run(agent, "go")
    assert (agent.all_tools[0].name, agent.all_tools[0].description) == ("worker", "It works.")
    assert (result.messages[2].text, result.last_agent) == ("dig", agent)


async def test_a_team_among_the_tools_is_asked_as_an_agent_is():
    team = Team([worker()], name="yard", description="The yard.")
    result = await Runner.run(Agent("clerk", model=ScriptedModel([call("yard", input="dig"), "done"]), tools=[team]), "go")
    assert result.messages[2].text == "dig"


def test_an_agent_as_a_tool_may_be_renamed():
    made = worker().as_tool("dig", "Digs.")
    assert (made.name, made.description, worker().as_tool().name) == ("dig", "Digs.", "worker")


def test_an_agents_name_becomes_one_that_models_take():
    assert Agent("the worker (2)").as_tool().name == "the_worker__2_"


async def test_the_fields_of_the_input_type_are_the_tools_parameters():
    made = worker(input_type=Parcel).as_tool()
    assert (list(fields(made)), made.parameters["required"]) == (["size", "to"], ["size", "to"])
    result = await Runner.run(
        Agent("clerk", model=ScriptedModel([call("worker", size="s", to={"street": "Elm St"}), "done"]), tools=[made]), "go"
    )
    assert result.messages[2].text == '{"size":"s","to":{"street":"Elm St","number":1}}'


async def test_an_input_that_is_not_of_the_type_goes_back_to_the_model():
    made = worker(input_type=Address).as_tool()
    result = await Runner.run(Agent("clerk", model=ScriptedModel([call("worker"), "done"]), tools=[made]), "go")
    assert result.messages[2].text == snapshot("[refused: street: Field required]")


async def test_a_step_gets_its_input_typed():
    async def pack(input: Address, scope: Scope) -> str:
        return f"{input.street} {input.number}"

    for field, value in (("name", "pack"), ("description", ""), ("input_type", Address)):
        setattr(pack, field, value)
    agent = Agent("clerk", model=ScriptedModel([call("pack", street="Elm St", number="3"), "done"]), tools=[pack])
    assert (await Runner.run(agent, "go")).messages[2].text == "Elm St 3"


@dataclass
class Plain:
    street: str


def test_an_input_type_without_fields_of_a_model_is_refused_or_shown_but_no_riddle():
    try:
        made = worker(input_type=Plain).as_tool()
    except UserError:
        return
    assert list(fields(made)) == ["street"]


def test_the_tools_of_a_request_are_the_agents_own():
    seen: list[ModelRequest] = []

    def answer(request: ModelRequest) -> str:
        seen.append(request)
        return "done"

    Runner.run_sync(Agent("clerk", model=FunctionModel(answer), tools=[google, double, worker()]), "go")
    assert [spec.name for spec in seen[0].tools] == ["google", "double", "worker"]
