"""The orchestrator of the course: the router chooses a specialist, and escalation answers where a person is needed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from supportgenie.course.router import RouterAgent
from supportgenie.course.specialists import EscalationAgent, SalesAgent, SpecialistAgent, SupportAgent, TechnicalAgent
from supportgenie.desk import Desk
from supportgenie.genie import Answers, Profile
from supportgenie.judge import ESCALATION
from supportgenie.reply import Reply
from switchroom import Model, UserError
from switchroom.errors import unknown


class AgentOrchestrator:
    """Sends each query to one of four specialists, which share one desk and one journal.

    Attributes:
        router: names the specialist. It may be replaced by any object with the same method `classify`.
        agents: the specialists by name. Each may be replaced by any object with the same method `process`, and others may be
            added for a router that names them.

    Args:
        model: a model or the name of one; None answers by rules and records, without a key.
        desk: the shop's records; None is the demo shop in memory.
        journal: the URL under which conversations are kept; None keeps them in memory.

    Raises:
        UserError: the model is neither a model nor a name.
    """

    def __init__(self, model: Model | str | None = None, *, desk: Desk | None = None, journal: str | None = None) -> None:
        self.desk = Desk.open() if desk is None else desk
        journal = f"memory:{uuid.uuid4().hex}" if journal is None else journal
        self.router: RouterAgent = RouterAgent(model)
        self.agents: dict[str, SpecialistAgent] = {
            kind.department: kind(model, desk=self.desk, journal=journal)
            for kind in (SupportAgent, TechnicalAgent, SalesAgent, EscalationAgent)
        }

    def handle_query(self, query: str, context: Profile = None, *, conversation: str | None = None) -> Reply:
        """Answer a query by the specialist that the router names.

        Args:
            query: the customer's message.
            context: the customer's profile, such as `{"customer_id": "C1001"}` of a customer who is signed in.
            conversation: the id of a conversation to continue. Whoever answered last in this conversation answers.

        Returns:
            the specialist's reply; or, if this reply needs a person and no person was called in yet, the reply of escalation.

        Raises:
            UserError: the query is not text, a field of the profile has the wrong type, or the router names no agent.
        """
        return _handle(self.router, self.agents, query, context, conversation)

    def resume(self, conversation: str, answers: Answers) -> Reply:
        """Continue a conversation that waits for a person at the desk; see `SupportGenie.resume`."""
        return self.agents[ESCALATION].resume(conversation, answers)


class SupportGenieV6:
    """The support system of the course: a router and four specialists, each in an attribute of its own.

    The attributes `router`, `support_agent`, `tech_agent`, `sales_agent` and `escalation_agent` may be replaced.

    Args:
        model: a model or the name of one; None answers by rules and records, without a key.
        desk: the shop's records; None is the demo shop in memory.
        journal: the URL under which conversations are kept; None keeps them in memory.

    Raises:
        UserError: the model is neither a model nor a name.
    """

    def __init__(self, model: Model | str | None = None, *, desk: Desk | None = None, journal: str | None = None) -> None:
        self._parts = AgentOrchestrator(model, desk=desk, journal=journal)
        self.setup_agents()

    @property
    def desk(self) -> Desk:
        """The shop's records."""
        return self._parts.desk

    def setup_agents(self) -> None:
        """Set the router and the specialists. A subclass may replace some of them afterwards."""
        agents = self._parts.agents
        self.router = self._parts.router
        self.support_agent = agents["support"]
        self.tech_agent = agents["technical"]
        self.sales_agent = agents["sales"]
        self.escalation_agent = agents[ESCALATION]

    def handle_query(self, query: str, customer_profile: Profile = None, *, conversation: str | None = None) -> Reply:
        """Answer a customer's query; see `AgentOrchestrator.handle_query`."""
        agents = {
            "support": self.support_agent,
            "technical": self.tech_agent,
            "sales": self.sales_agent,
            "escalation": self.escalation_agent,
        }
        return _handle(self.router, agents, query, customer_profile, conversation)

    def resume(self, conversation: str, answers: Answers) -> Reply:
        """Continue a conversation that waits for a person at the desk; see `SupportGenie.resume`."""
        return self._parts.resume(conversation, answers)


def _handle(
    router: RouterAgent, agents: Mapping[str, SpecialistAgent], query: str, context: Profile, conversation: str | None
) -> Reply:
    name: str = router.classify(query)
    if name not in agents:
        raise UserError(f"{unknown('The orchestrator', 'agent', name, agents)} The router has to name one of them.")
    # An object of another class need not know of conversations.
    continued = {} if conversation is None else {"conversation": conversation}
    reply = agents[name].process(query, context, **continued)
    if name != ESCALATION and ESCALATION in agents and _lacks_a_person(reply):
        return agents[ESCALATION].process(query, context)
    return reply


def _lacks_a_person(reply: Reply) -> bool:
    """Return whether a person is needed and was not called in. A reply of another class has at least `needs_escalation`."""
    called_in = getattr(reply, "answered_by", "") == ESCALATION or bool(getattr(reply, "waiting", ()))
    return reply.needs_escalation and not called_in
