"""The cascade: the cheapest first, each counted, nobody's failure the end of it."""

from __future__ import annotations

from typing import Any

import pytest

from switchroom import Message, UserError
from switchroom.errors import Fenced, ModelUnavailable
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.routing import CascadeRouter, KeywordRouter, ModelRouter
from switchroom.testing import FunctionModel
from switchroom.usage import Usage
from tests.routing.data import half, learned

WORDS = KeywordRouter({"sales": ["price"], "support": ["broken"]})


async def counted(request: ModelRequest, emit: Emit) -> ModelResponse:
    return ModelResponse(Message("assistant", "Sales."), Usage(1, 100, 10), "openai:gpt-4o-mini")


async def gone(request: ModelRequest, emit: Emit) -> ModelResponse:
    raise ModelUnavailable("the line is down")


def test_each_answers_when_it_is_sure_and_leaves_the_rest_to_the_next():
    cascade = CascadeRouter([WORDS, ModelRouter(counted, ["sales", "support"])])
    first, second = cascade.decide("it is broken"), cascade.decide("hello")
    assert (first.route, first.by, first.tokens) == ("support", "cascade/keywords", 0)
    assert (second.route, second.by, second.tokens) == ("sales", "cascade/model", 110)
    words, model = cascade.stages
    assert (words.calls, words.answered, model.calls, model.answered, model.tokens) == (2, 1, 1, 1, 110)
    assert 0 < second.cost == model.cost
    assert words.seconds > 0


def test_a_confidence_that_is_wanted_of_one_sends_what_is_below_on():
    examples, _ = half("val")
    lenient, strict = (
        CascadeRouter([(learned(), at_least), ModelRouter(FunctionModel(lambda request: "weather"), learned().routes)])
        for at_least in (0.0, 0.9)
    )
    for text, _ in examples[:30]:
        lenient.decide(text)
        strict.decide(text)
    assert strict.stages[1].calls > lenient.stages[1].calls


def test_what_nobody_answers_is_left_open_with_the_last_ones_candidates():
    cascade = CascadeRouter([WORDS, (ModelRouter(FunctionModel(lambda request: "sales"), ["sales", "support"]), 0.95)])
    decision = cascade.decide("hello")
    assert (decision.route, decision.abstained, decision.candidates[0][0]) == (None, True, "sales")
    assert decision.reason == "'sales' has 0.90, and more is wanted"


def test_one_that_fails_is_passed_over_and_counted():
    cascade = CascadeRouter([ModelRouter(gone, ["sales"]), WORDS])
    assert cascade.decide("a price").route == "sales"
    assert [stage.failed for stage in cascade.stages] == [1, 0]


def test_a_failure_at_the_end_leaves_open_what_was_said_before():
    decision = CascadeRouter([WORDS, ModelRouter(gone, ["sales"])]).decide("hello")
    assert decision.abstained
    assert decision.reason.startswith("'model' failed: the line is down; none of the keywords")


def test_a_failure_of_all_is_raised():
    with pytest.raises(ModelUnavailable):
        CascadeRouter([ModelRouter(gone, ["sales"])]).decide("hello")


def test_without_a_model_a_cascade_waits_for_nothing():
    assert not CascadeRouter([WORDS, learned()]).waits
    assert CascadeRouter([WORDS, ModelRouter(counted, ["sales"])]).waits


@pytest.mark.parametrize(
    ("routers", "fault"),
    [
        ([], "has no routers"),
        (["x"], "has 'x' in it"),
        ([WORDS, WORDS], "two routers called 'keywords'"),
        ([(WORDS, 2)], "it is from 0 to 1"),
    ],
)
def test_a_cascade_of_no_use_is_refused(routers: Any, fault: str):
    with pytest.raises(UserError, match=fault):
        CascadeRouter(routers)


async def cut_off(request: ModelRequest, emit: Emit) -> ModelResponse:
    raise ConnectionResetError("the line went dead")


async def fenced(request: ModelRequest, emit: Emit) -> ModelResponse:
    raise Fenced("another writer has the conversation")


def test_a_line_that_goes_dead_is_a_fault_of_the_world_whatever_its_type():
    cascade = CascadeRouter([ModelRouter(cut_off, ["sales", "support"]), WORDS])
    assert cascade.decide("it is broken").route == "support"
    assert cascade.stages[0].failed == 1


def test_a_run_that_somebody_else_took_over_is_ended_and_nobody_else_is_asked():
    cascade = CascadeRouter([ModelRouter(fenced, ["sales", "support"]), WORDS])
    with pytest.raises(Fenced):
        cascade.decide("it is broken")
    assert cascade.stages[1].calls == 0
