"""The specialists of the course answer with their own tools, and hand over what is a colleague's."""

from __future__ import annotations

from typing import Any

import pytest

from supportgenie import Desk, Reply
from supportgenie.course import EscalationAgent, SalesAgent, SpecialistAgent, SupportAgent, TechnicalAgent
from switchroom import UserError
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel

ROBERT = {"customer_id": "C1002"}


def calls(reply: Reply) -> list[str]:
    """The names of the calls of a reply's run."""
    assert reply.run is not None
    return [call.name for message in reply.run.messages for call in message.calls]


def test_each_specialist_answers_its_own_subject_from_the_records(desk: Desk):
    order = SupportAgent(desk=desk).process("Where is my order 732201349959?", ROBERT)
    assert (order.answered_by, order.route, order.needs_escalation) == ("support", "support", False)
    assert "find_order" in calls(order)
    assert "SP7322013499US" in order.text
    price = SalesAgent(desk=desk).process("How much is the Quill keyboard?", ROBERT)
    assert (price.answered_by, price.route) == ("sales", "sales")
    assert "$160.00" in price.text
    assert "Pebble mouse" in price.text
    password = TechnicalAgent(desk=desk).process("I forgot my password", ROBERT)
    assert (password.answered_by, password.route) == ("technical", "technical")


def test_a_fault_is_diagnosed_by_questions_and_broken_hardware_goes_to_escalation(desk: Desk):
    technical = TechnicalAgent(desk=desk)
    said = ["My laptop does not start any more", "The light stays off", "Yes, with another cable and socket", "No, it is dead"]
    replies = [technical.process(text, {"customer_id": "C1001"}, conversation="laptop") for text in said]
    assert [reply.answered_by for reply in replies] == ["technical", "technical", "technical", "escalation"]
    assert [reply.text.count("?") > 0 for reply in replies[:3]] == [True, True, True]
    assert replies[-1].needs_escalation
    assert replies[-1].route == "technical"
    [ticket] = desk.tickets_of("C1001")
    assert "The light stays off" in ticket.body


def test_a_query_of_another_subject_is_handed_over_and_not_made_up(desk: Desk):
    reply = SalesAgent(desk=desk).process("I forgot my password", ROBERT)
    assert reply.answered_by == "technical"
    assert [name for name in calls(reply) if name.startswith("transfer")] == ["transfer_to_router", "transfer_to_technical"]


def test_a_double_charge_travels_over_three_levels_and_waits_for_a_person(desk: Desk):
    sales = SalesAgent(desk=desk)
    reply = sales.process("I was charged twice for my order", {"customer_id": "C1006"})
    assert [name for name in calls(reply) if "_to_" in name] == [
        "transfer_to_billing",
        "transfer_to_payment_investigator",
        "return_to_billing",
        "transfer_to_refunds",
    ]
    assert [(question.tool, question.args["cents"]) for question in reply.waiting] == [("refund", 16_000)]
    before = len(desk.refunds_of("C1006"))
    done = sales.resume(reply.conversation, {reply.waiting[0].id: True})
    assert done.answered_by == "billing"
    assert len(desk.refunds_of("C1006")) == before + 1


@pytest.mark.parametrize("query", ["When does my parcel arrive?", "hello", "I want a refund", "I forgot my password"])
def test_escalation_takes_over_whatever_it_is_given(desk: Desk, query: str):
    reply = EscalationAgent(desk=desk).process(query, ROBERT)
    assert (reply.answered_by, reply.route, reply.needs_escalation) == ("escalation", "escalation", True)
    [ticket] = [ticket for ticket in desk.tickets_of("C1002") if query in ticket.body]
    assert ticket.number in reply.text


def test_escalation_knows_danger_from_other_subjects(desk: Desk):
    reply = EscalationAgent(desk=desk).process("There is smoke coming out of my charger", ROBERT)
    assert "unplug it" in reply.text


def test_the_system_message_of_a_class_is_what_its_model_is_told(desk: Desk):
    class Poet(TechnicalAgent):
        """A technical agent with other instructions."""

        SYSTEM_MESSAGE = "Answer in rhymes."

    told: dict[str, str] = {}

    def model(request: ModelRequest) -> str:
        told[request.agent] = request.instructions
        return "Off and on, the fault is gone."

    assert Poet(FunctionModel(model), desk=desk).process("The app crashes").text == "Off and on, the fault is gone."
    assert list(told) == ["technical"]
    assert "Answer in rhymes." in told["technical"]
    TechnicalAgent(FunctionModel(model), desk=desk).process("The app crashes")
    assert TechnicalAgent.SYSTEM_MESSAGE in told["technical"]
    assert "Answer in rhymes." not in told["technical"]


def test_a_model_that_fails_leads_to_an_apology_with_the_offer_of_a_person(desk: Desk):
    def broken(request: ModelRequest) -> str:
        raise ConnectionError("secret host")

    reply = SupportAgent(FunctionModel(broken), desk=desk).process("Where is my parcel?")
    assert reply.needs_escalation
    assert reply.error is not None
    assert "secret host" not in reply.text


def test_a_specialist_is_a_stage_of_a_sequential_workflow(desk: Desk):
    state: dict[str, Any] = {"input": "Where is my order 732201349959?", "context": ROBERT}
    assert "SP7322013499US" in SupportAgent(desk=desk).execute(state)["support"]


def test_the_base_class_says_what_to_use_instead():
    with pytest.raises(UserError, match="Use TechnicalAgent, for example"):
        SpecialistAgent()
