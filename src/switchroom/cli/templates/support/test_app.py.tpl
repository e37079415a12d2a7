"""The desk at work, without a key: models are functions, and all else is real."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from switchroom import RunConfig, Runner
from switchroom.journals import MemoryJournal
from switchroom.model import ModelRequest
from switchroom.models import Reply
from switchroom.testing import FunctionModel, call

from app import app, config
from offline import model


@pytest.fixture
def desk() -> RunConfig:
    """The application's own, with rules for a model, and a journal for one test."""
    return replace(config, model=model, journal=MemoryJournal())


def test_a_question_about_an_order_is_put_through_to_billing(desk: RunConfig) -> None:
    result = Runner.run_sync(app, "Where is my order A-19?", config=desk)
    assert result.last_agent is not None
    assert result.last_agent.name == "billing"
    assert result.final_output == (
        "One moment, please.\n"
        "Your lamp is on its way, and was charged once: $45.00."
    )


def test_a_small_refund_is_made_at_once(desk: RunConfig) -> None:
    result = Runner.run_sync(app, "I was charged twice for A-18", config=desk)
    assert result.final_output == (
        "One moment, please.\n"
        "I am sorry for that: it was charged twice. $9.00 refunded for order A-18."
    )


@pytest.mark.parametrize(
    ("yes", "told"),
    [(True, "$89.00 refunded for order A-17"), (False, "call 555-0100")],
)
def test_a_large_refund_waits_for_a_person(
    desk: RunConfig, yes: bool, told: str
) -> None:
    asked = Runner.run_sync(
        app, "I was charged twice for A-17", conversation="c-1", config=desk
    )
    (question,) = asked.waiting
    assert (question.tool, question.args) == (
        "refund",
        {"order": "A-17", "cents": 8900},
    )
    answered = asyncio.run(
        Runner.resume(app, conversation="c-1", config=desk, answers={question.id: yes})
    )
    assert told in answered.final_output


def test_the_customer_need_not_say_everything_at_once(desk: RunConfig) -> None:
    first = Runner.run_sync(
        app, "I was charged twice!", conversation="c-1", config=desk
    )
    assert "Which order is it about?" in first.final_output
    second = Runner.run_sync(app, "A-18", conversation="c-1", config=desk)
    assert "$9.00 refunded" in second.final_output


def test_whoever_wants_a_person_gets_reception(desk: RunConfig) -> None:
    result = Runner.run_sync(app, "Let me talk to a person", config=desk)
    assert "call 555-0100" in result.final_output


def test_no_more_than_is_owed_is_paid_back_whatever_the_model_asks(
    desk: RunConfig,
) -> None:
    def greedy(request: ModelRequest) -> Reply:
        told = request.messages[-1].text
        if request.agent == "triage":
            return call("transfer_to_billing", reason="?", order="A-18", problem="?")
        return told if "owed" in told else call("refund", order="A-18", cents=2_000)

    result = Runner.run_sync(
        app, "I want more!", config=replace(desk, model=FunctionModel(greedy))
    )
    assert result.final_output == "[not done: $9.00 is owed for order A-18]"


def test_when_agents_send_the_customer_in_a_circle_the_fallback_answers(
    desk: RunConfig,
) -> None:
    def lost(request: ModelRequest) -> Reply:
        match request.agent:
            case "triage":
                return call(
                    "transfer_to_billing",
                    reason="a charge",
                    order="A-17",
                    problem="unclear",
                )
            case "billing":
                return call("transfer_to_triage", reason="no charge")
            case _:
                return "Please call 555-0100."

    result = Runner.run_sync(
        app, "Hm.", config=replace(desk, model=FunctionModel(lost))
    )
    assert result.final_output == "Please call 555-0100."
