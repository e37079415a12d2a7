"""The router of the course names one of four departments, and says how sure it is."""

from __future__ import annotations

import asyncio

import pytest

from supportgenie.course import DEPARTMENTS, RouterAgent
from switchroom import Runner, UserError
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel


@pytest.mark.parametrize(
    ("query", "department"),
    [
        ("When does my parcel arrive?", "support"),
        ("How do I change my delivery address?", "support"),
        ("I forgot my password", "technical"),
        ("My laptop won't turn on", "technical"),
        ("How much is the Tern 6 phone?", "sales"),
        ("I was charged twice", "sales"),
        ("I want to complain", "escalation"),
        ("There is smoke coming out of my charger", "escalation"),
        ("Can I talk to a real person?", "escalation"),
    ],
)
def test_a_query_is_classified_as_its_department(query: str, department: str):
    assert RouterAgent().classify(query) == department


@pytest.mark.parametrize("query", ["", "   ", "hm", "🙂", "qwer asdf", "It is about the thing from last week"])
def test_a_query_that_the_router_cannot_tell_is_for_support_and_the_decision_says_so(query: str):
    router = RouterAgent()
    decision = router.decide(query)
    assert (decision.route, router.classify(query)) == (None, "support")
    assert decision.confidence < 0.5


def test_a_decision_has_confidences_of_departments_only():
    decision = RouterAgent().decide("I was charged twice")
    assert {name for name, _ in decision.candidates} <= set(DEPARTMENTS)
    assert decision.candidates[0] == ("sales", decision.confidence)
    assert [share for _, share in decision.candidates] == sorted((share for _, share in decision.candidates), reverse=True)


def test_a_model_object_is_asked_about_every_query():
    asked: list[str] = []

    def model(request: ModelRequest) -> str:
        asked.append(request.messages[-1].text)
        return "technical"

    assert RouterAgent(FunctionModel(model)).classify("I was charged twice") == "technical"
    assert asked == ["I was charged twice"]


def test_a_model_that_names_no_department_leaves_the_query_to_support():
    assert RouterAgent(FunctionModel(lambda request: "astronomy")).classify("I was charged twice") == "support"


async def test_a_router_answers_inside_a_running_event_loop_also_with_a_model():
    await asyncio.sleep(0)
    assert RouterAgent().classify("I forgot my password") == "technical"
    assert RouterAgent(FunctionModel(lambda request: "sales")).classify("I forgot my password") == "sales"


async def test_a_router_answers_inside_a_step_of_another_run():
    async def front_desk(query: str) -> str:
        return RouterAgent(FunctionModel(lambda request: "sales")).classify(query)

    assert (await Runner.run(front_desk, "I forgot my password")).final_output == "sales"


def test_a_query_that_is_no_text_is_refused_with_its_type():
    with pytest.raises(UserError, match=r"The query is int\. Pass the customer's message as text\."):
        RouterAgent().classify(7)  # pyright: ignore[reportArgumentType]


def test_a_model_that_is_none_is_refused_at_once():
    with pytest.raises(UserError, match="pass a model"):
        RouterAgent(7)  # pyright: ignore[reportArgumentType]
