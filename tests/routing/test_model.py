"""The router that asks a model: typed if the model can, understood if it cannot, and a step of the run that it is in."""

from __future__ import annotations

import re
from typing import Any

import pytest

from switchroom import RunConfig, Runner, UserError, route
from switchroom.errors import ModelUnavailable
from switchroom.journals import MemoryJournal
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.routing import ModelRouter
from switchroom.testing import FunctionModel, ScriptedModel
from tests.helpers import kinds

ROUTES = {"sales": "prices and demos", "support": "", "tier 2 support": "what support cannot solve"}


def said(answer: str, **options: Any) -> tuple[str | None, float]:
    decision = ModelRouter(FunctionModel(lambda request: answer), ROUTES, **options).decide("hello")
    assert decision.confidence == decision.candidates[0][1]
    assert decision.abstained == (decision.route is None)
    return decision.route, round(decision.confidence, 3)


@pytest.mark.parametrize(
    ("answer", "route", "confidence"),
    [
        ('{"route": "sales", "confidence": 0.8, "reason": "asks for a price"}', "sales", 0.8),
        ('```json\n{"route": "Support", "confidence": "80%"}\n```', "support", 0.8),
        ('Sure! {"route": "sales"} is my answer.', "sales", 0.9),
        ("Sales.", "sales", 0.9),
        ("**SUPPORT**", "support", 0.9),
        ("tier-2_support", "tier 2 support", 0.9),
        ("I think that this is for sales, really.", "sales", 0.7),
        ("This is for Tier 2 Support.", "tier 2 support", 0.7),
        ('{"route": "sales", "confidence": 95}', "sales", 0.95),
        ('{"route": "sales", "confidence": -1}', "sales", 0.9),
        ('{"category": "sales"}', "sales", 0.9),
        ('{"Route": "sales", "Confidence": 0.6}', "sales", 0.6),
        ('{"result": {"route": "sales", "confidence": 0.6}}', "sales", 0.6),
        ('<think>{maybe support}</think>{"route": "sales", "confidence": 0.6}', "sales", 0.6),
        ('{"route": "sales", "confidence": 0.6} {"route": "sales", "confidence": 0.7}', "sales", 0.7),
        ('{"route": "sales", "confidence": "inf"}', "sales", 0.9),
        ('{"route": "sales", "confidence": ' + "9" * 400 + "}", "sales", 0.9),
        ('{"route": "sales", "confidence": 0.1}', "sales", 0.1),
        ("sales, as it is not about support", "sales", 0.7),
        ("It's sales rather than support.", "sales", 0.7),
    ],
)
def test_whatever_a_model_says_is_understood(answer: str, route: str, confidence: float):
    assert said(answer) == (route, confidence)


@pytest.mark.parametrize(
    "answer",
    [
        "Sales or support?",
        "marketing",
        '{"route": "marketing", "confidence": 1}',
        '{"route": null}',
        "none",
        "{",
        "[]",
        "Not sales.",
        "It isn't for 'sales'.",
        '{"route": "sales"} {"route": "support"}',
        '{"reason": "no sales here"}',
        "{" * 100_000,
        '{"a":' * 100_000,
    ],
    ids=range(13),
)
def test_what_names_no_route_or_several_is_left_open(answer: str):
    assert said(answer) == (None, 0.333)


def test_a_label_that_is_no_route_is_named():
    decision = ModelRouter(FunctionModel(lambda request: "salse"), ROUTES).decide("hello")
    assert decision.reason == (
        "'model' has no route 'salse'; it has ['sales', 'support', 'tier 2 support']. Did you mean 'sales'?"
    )


def test_below_the_wanted_confidence_it_is_left_open():
    assert said('{"route": "sales", "confidence": 0.4}', at_least=0.5) == (None, 0.4)
    for routes in (["sales"], ["sales", "support"]):
        router = ModelRouter(FunctionModel(lambda request: '{"route": "sales", "confidence": 0.2}'), routes, at_least=0.3)
        assert router.decide("hello").abstained


def test_the_model_is_told_the_routes_the_conversation_and_who_has_it():
    asked: list[ModelRequest] = []

    def answer(request: ModelRequest) -> str:
        asked.append(request)
        return "sales"

    conversation = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello.", "agent": "support"},
        {"role": "user", "content": "what does it cost?"},
    ]
    ModelRouter(FunctionModel(answer), ROUTES, instructions="Prices are for sales.").decide(conversation)
    (request,) = asked
    assert "- sales: prices and demos\n- support\n" in request.instructions
    assert request.instructions.endswith("Prices are for sales.")
    assert [message.text for message in request.messages] == [
        "hi",
        "Hello.",
        "'support' has the conversation now.",
        "what does it cost?",
    ]
    assert request.output_schema is not None
    assert request.output_schema["properties"]["route"]["anyOf"][0]["enum"] == list(ROUTES)


async def test_inside_an_event_loop_it_is_awaited():
    router = ModelRouter(FunctionModel(lambda request: "sales"), ROUTES)
    with pytest.raises(UserError, match=re.escape("Write `await router.adecide(...)`")):
        router.decide("hello")
    assert (await router.adecide("hello")).route == "sales"


async def test_in_a_run_its_answer_is_counted_and_kept():
    router = ModelRouter(ScriptedModel(["Sales."]), ROUTES)
    app = route(router, {"sales": lambda text: "from sales", "support": lambda text: "from support"})
    result = await Runner.run(app, "how much?", config=RunConfig(journal=MemoryJournal()), conversation="c")
    assert result.final_output == "from sales"
    assert result.usage.requests == 1
    assert "model_answered" in kinds(result.events)
    assert "route_decided" in kinds(result.events)


async def test_a_model_that_is_not_there_raises_its_own_error():
    async def gone(request: ModelRequest, emit: Emit) -> ModelResponse:
        raise ModelUnavailable("the line is down")

    with pytest.raises(ModelUnavailable, match="the line is down"):
        await ModelRouter(gone, ROUTES).adecide("hello")


def test_without_routes_it_is_refused():
    with pytest.raises(UserError, match="has no routes"):
        ModelRouter("openai:x", [])


@pytest.mark.parametrize("routes", ["sales", ["sales", ""], ["sales", "?"], {"": "all"}])
def test_routes_that_have_no_name_are_refused(routes: Any):
    with pytest.raises(UserError, match=r"ModelRouter 'model' has the routes? "):
        ModelRouter("openai:x", routes)
