"""The orchestrator of the course: router, then specialist, then escalation if a person is needed and was not called in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from supportgenie import Desk, Reply
from supportgenie.course import AgentOrchestrator, RouterAgent, SupportAgent, SupportGenieV6
from supportgenie.genie import Profile
from switchroom import UserError
from switchroom.testing import FunctionModel

ROBERT = {"customer_id": "C1002"}
ANN = {"customer_id": "C1006"}
Handler = AgentOrchestrator | SupportGenieV6


@pytest.fixture(params=[AgentOrchestrator, SupportGenieV6])
def handler(request: pytest.FixtureRequest, desk: Desk) -> Handler:
    return request.param(desk=desk)


class Helpless(SupportAgent):
    """Gives up on every query."""

    def process(self, query: str, context: Profile = None, *, conversation: str | None = None) -> Reply:
        reply = super().process(query, context, conversation=conversation)
        return replace(reply, text="I do not know.", needs_escalation=True)


class Answers:
    """An agent of another library: it knows neither conversations nor this library's replies."""

    def __init__(self, text: str, needs_escalation: bool = False) -> None:
        self.text = text
        self.needs_escalation = needs_escalation
        self.asked: list[tuple[str, Profile]] = []

    def process(self, query: str, context: Profile = None) -> Answers:
        self.asked.append((query, context))
        return self


class Names:
    """A router that always names the same agent."""

    def __init__(self, name: str) -> None:
        self.name = name

    def classify(self, query: str) -> str:
        return self.name


@pytest.mark.parametrize(
    ("query", "agent", "escalates"),
    [
        ("Where is my order 732201349959?", "support", False),
        ("I forgot my password", "technical", False),
        ("How much is the Tern 6 phone?", "sales", False),
        ("You lost my parcel, this is unacceptable!", "escalation", True),
        ("The battery of my phone is swollen", "escalation", True),
        ("hello", "support", False),
    ],
)
def test_a_query_is_answered_by_the_specialist_that_the_router_names(handler: Handler, query: str, agent: str, escalates: bool):
    reply = handler.handle_query(query, ROBERT)
    assert (reply.answered_by, reply.needs_escalation) == (agent, escalates)


def test_the_agents_share_one_desk_and_a_conversation(handler: Handler):
    first = handler.handle_query("My laptop does not start any more", ROBERT, conversation="c-1")
    again = handler.handle_query("The light stays off", ROBERT, conversation="c-1")
    assert (first.answered_by, again.answered_by, again.conversation) == ("technical", "technical", "c-1")
    waiting = handler.handle_query("I was charged twice for my order", ANN)
    done = handler.resume(waiting.conversation, {waiting.waiting[0].id: True})
    assert handler.desk.refunds_of("C1006")[0].number in done.text


def test_a_reply_that_waits_for_a_person_is_not_escalated(desk: Desk):
    reply = AgentOrchestrator(desk=desk).handle_query("I was charged twice for my order, this is urgent", ANN)
    assert reply.waiting


def test_a_specialist_that_gives_up_is_followed_by_escalation(desk: Desk):
    orchestrator = AgentOrchestrator(desk=desk)
    orchestrator.agents["support"] = Helpless(desk=desk)
    reply = orchestrator.handle_query("When does my parcel arrive?", ROBERT)
    assert (reply.answered_by, reply.needs_escalation) == ("escalation", True)
    genie = SupportGenieV6(desk=desk)
    genie.support_agent = Helpless(desk=desk)
    assert genie.handle_query("When does my parcel arrive?", ROBERT).answered_by == "escalation"


def test_escalation_is_not_asked_twice_about_what_was_handed_to_it(desk: Desk):
    before = len(desk.tickets_of("C1002"))
    reply = AgentOrchestrator(desk=desk).handle_query("I want to complain about my parcel, it is broken", ROBERT)
    assert reply.answered_by == "escalation"
    assert len(desk.tickets_of("C1002")) <= before + 1


def test_router_and_agents_may_be_objects_of_other_classes(desk: Desk):
    orchestrator = AgentOrchestrator(desk=desk)
    calm, helpless, person = (
        Answers("calm"),
        Answers("helpless", needs_escalation=True),
        Answers("person", needs_escalation=True),
    )
    orchestrator.agents |= {"support": calm, "sales": helpless, "escalation": person}  # pyright: ignore[reportOperatorIssue, reportAttributeAccessIssue]
    orchestrator.router = Names("support")  # pyright: ignore[reportAttributeAccessIssue]
    assert orchestrator.handle_query("q", ROBERT).text == "calm"
    assert (calm.asked, person.asked) == ([("q", ROBERT)], [])
    orchestrator.router = Names("sales")  # pyright: ignore[reportAttributeAccessIssue]
    assert orchestrator.handle_query("q", ROBERT).text == "person"
    assert person.asked == [("q", ROBERT)]
    orchestrator.router = Names("escalation")  # pyright: ignore[reportAttributeAccessIssue]
    assert orchestrator.handle_query("q").text == "person"
    assert len(person.asked) == 2


def test_a_router_that_names_no_agent_is_an_error_that_lists_them(desk: Desk):
    orchestrator = AgentOrchestrator(desk=desk)
    orchestrator.router = Names("suport")  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(UserError, match=r"no agent 'suport'; it has \['support', .*Did you mean 'support'\?"):
        orchestrator.handle_query("hello")


def test_v6_has_the_parts_of_the_document_and_a_subclass_may_replace_them(desk: Desk):
    class Mine(SupportGenieV6):
        """SupportGenie with a technical agent of its own."""

        def setup_agents(self) -> None:
            super().setup_agents()
            self.tech_agent = Answers("mine")  # pyright: ignore[reportAttributeAccessIssue, reportIncompatibleVariableOverride]

    genie = Mine(desk=desk)
    assert isinstance(genie.router, RouterAgent)
    assert [agent.department for agent in (genie.support_agent, genie.sales_agent, genie.escalation_agent)] == [
        "support",
        "sales",
        "escalation",
    ]
    assert genie.handle_query("I forgot my password", ROBERT).text == "mine"


def test_a_model_answers_for_router_and_specialists(desk: Desk):
    def model(request: object) -> str:
        agent = getattr(request, "agent", "")
        return "technical" if agent == "router" else f"This is {agent}."

    reply = SupportGenieV6(FunctionModel(model), desk=desk).handle_query("I was charged twice", ROBERT)
    assert (reply.text, reply.answered_by, reply.route) == ("This is technical.", "technical", "technical")
