"""Structured output: what an answer is checked against, and what becomes of it live and from the journal."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel, ConfigDict, Field, computed_field

from switchroom import Agent, RunError, Runner, UserError
from switchroom.errors import ModelMisbehaved
from switchroom.guardrail import Replace, on_output
from switchroom.testing import FunctionModel, ScriptedModel
from tests.helpers import keeping


class Dept(Enum):
    BILLING = "billing"
    TECH = "tech"


class Order(BaseModel):
    number: str
    cents: int


class Camel(BaseModel):
    order_id: str = Field(alias="orderId")


class TwoNames(BaseModel):
    order_id: str = Field(validation_alias="orderIn", serialization_alias="orderOut")


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: datetime.date
    dept: Dept


class Computed(BaseModel):
    model_config = ConfigDict(extra="forbid")
    cents: int

    @computed_field
    @property
    def euros(self) -> float:
        return self.cents / 100


@dataclass
class Point:
    x: int
    y: int


TYPED: list[tuple[Any, str, Any]] = [
    (Order, '{"number": "7", "cents": 5}', Order(number="7", cents=5)),
    (Order, '```json\n{"number": "7", "cents": 5}\n```', Order(number="7", cents=5)),
    (Order, '\n```\n{"number": "7", "cents": 5}```  ', Order(number="7", cents=5)),
    (list[Order], '[{"number": "7", "cents": 5}]', [Order(number="7", cents=5)]),
    (Dept, '"tech"', Dept.TECH),
    (Literal["yes", "no"], '"yes"', "yes"),
    (int, "42", 42),
    (bool, "true", True),
    (float | None, "null", None),
    (dict[str, int], '{"a": 1}', {"a": 1}),
    (tuple[int, str], '[1, "a"]', (1, "a")),
    (set[int], "[1, 1, 2]", {1, 2}),
    (datetime.date, '"2025-03-14"', datetime.date(2025, 3, 14)),
    (Decimal, '"1.10"', Decimal("1.10")),
    (Point, '{"x": 1, "y": 2}', Point(1, 2)),
    (Camel, '{"orderId": "7"}', Camel(orderId="7")),
    (TwoNames, '{"orderIn": "7"}', TwoNames.model_validate({"orderIn": "7"})),
    (Strict, '{"day": "2025-03-14", "dept": "tech"}', Strict(day=datetime.date(2025, 3, 14), dept=Dept.TECH)),
    (Computed, '{"cents": 150}', Computed(cents=150)),
]


@pytest.mark.parametrize(("of", "text", "value"), TYPED)
async def test_an_answer_becomes_the_declared_type_live_and_from_the_journal(of: Any, text: str, value: Any):
    config = keeping()
    agent: Agent[Any] = Agent("clerk", model=ScriptedModel([text]), output_type=of)
    live = await Runner.run(agent, "x", config=config, conversation="c")
    kept = await Runner.resume(agent, config=config, conversation="c")
    assert (live.final_output, kept.final_output) == (value, value)
    assert type(live.final_output) is type(kept.final_output) is type(value)


async def test_text_is_taken_as_it_is():
    assert (await Runner.run(Agent("clerk", model=ScriptedModel(['{"a": 1}'])), "x")).final_output == '{"a": 1}'


async def test_the_model_is_shown_the_schema():
    model = ScriptedModel(['{"number": "7", "cents": 5}'])
    await Runner.run(Agent("clerk", model=model, output_type=Order), "x")
    assert model.requests[0].output_schema == snapshot(
        {
            "properties": {
                "number": {"title": "Number", "type": "string"},
                "cents": {"title": "Cents", "type": "integer"},
            },
            "required": ["number", "cents"],
            "title": "Order",
            "type": "object",
        }
    )


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            "no JSON",
            snapshot("[Your answer could not be used: value: Invalid JSON: expected ident at line 1 column 2. Answer again.]"),
        ),
        ('{"number": "7"}', snapshot("[Your answer could not be used: cents: Field required. Answer again.]")),
        (
            "",
            snapshot(
                "[Your answer could not be used: value: Invalid JSON: EOF while parsing a value at line 1 "
                "column 0. Answer again.]"
            ),
        ),
        (
            '{"number": "7", "cents": "many"}',
            snapshot(
                "[Your answer could not be used: cents: Input should be a valid integer, unable to parse "
                "string as an integer. Answer again.]"
            ),
        ),
    ],
)
async def test_an_answer_that_is_not_of_the_type_goes_back_to_the_model(answer: str, told: str):
    model = ScriptedModel([answer, '{"number": "7", "cents": 5}'])
    result = await Runner.run(Agent("clerk", model=model, output_type=Order), "x")
    assert result.final_output == Order(number="7", cents=5)
    assert model.requests[1].messages[-1].text == told


async def test_an_answer_that_never_validates_ends_after_a_bounded_number_of_tries():
    asked: list[int] = []

    def answer(request: Any) -> str:
        asked.append(1)
        return "no JSON"

    with pytest.raises(ModelMisbehaved) as error:
        await Runner.run(Agent("clerk", model=FunctionModel(answer), output_type=int), "x")
    assert len(asked) == 4
    assert str(error.value) == snapshot(
        "The model of agent 'clerk' got something wrong 4 times in a row. Last it was told: [Your "
        "answer could not be used: value: Invalid JSON: expected ident at line 1 column 2. Answer "
        "again.]"
    )
    assert [fact.__class__.__name__ for fact in error.value.run.facts].count("AnswerRejected") == 4


async def test_a_run_that_ended_because_of_its_model_resumes_with_a_better_one():
    config = keeping()
    mended = False

    def answer(request: Any) -> str:
        return "42" if mended else "no JSON"

    agent = Agent("clerk", model=FunctionModel(answer), output_type=int)
    with pytest.raises(RunError):
        await Runner.run(agent, "x", config=config, conversation="c")
    mended = True
    assert (await Runner.resume(agent, config=config, conversation="c")).final_output == 42


async def test_a_type_of_which_no_schema_can_be_made_is_refused():
    class Handle:
        pass

    with pytest.raises(UserError, match=r"Agent 'clerk' declares the type .*Handle.*, of which no schema can be made"):
        await Runner.run(Agent("clerk", model=ScriptedModel([]), output_type=Handle), "x")


async def test_an_output_guardrail_sees_and_replaces_the_typed_value():
    async def cheaper(ctx: Any, order: Order) -> Replace:
        return Replace(Order(number=order.number, cents=1))

    model = ScriptedModel(['{"number": "7", "cents": 5}'])
    agent = Agent("clerk", model=model, output_type=Order, guardrails=[on_output(cheaper)])
    assert (await Runner.run(agent, "x")).final_output == Order(number="7", cents=1)


async def test_an_output_guardrail_replaces_a_value_with_other_names_in_json():
    async def other(ctx: Any, order: Camel) -> Replace:
        return Replace(Camel(orderId="8"))

    agent = Agent("clerk", model=ScriptedModel(['{"orderId": "7"}']), output_type=Camel, guardrails=[on_output(other)])
    assert (await Runner.run(agent, "x")).final_output == Camel(orderId="8")
