"""The specialists of the course: each is one agent of SupportGenie's team, and may hand over to all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from supportgenie import instructions, routing
from supportgenie.agents import app
from supportgenie.course.router import Department
from supportgenie.desk import Desk
from supportgenie.genie import Answers, Profile, SupportGenie
from supportgenie.judge import ESCALATION
from supportgenie.offline import offline
from supportgenie.reply import Reply, route_of
from supportgenie.routing import ROUTER
from supportgenie.supervision import model_of
from switchroom import Model, Team, UserError
from switchroom.routing import Asked, Decision, Router, routed

_SUMMARY_CHARS = 1_000


class SpecialistAgent:
    """Answers queries for one department, with the tools and the handoffs of SupportGenie's agent of that name.

    A specialist that cannot help hands the query over to a colleague, within the same call of `process`.
    A subclass may set another `SYSTEM_MESSAGE`.

    Attributes:
        department: the agent that gets each message first.
        SYSTEM_MESSAGE: the instructions of that agent.

    Args:
        model: a model or the name of one; None answers by rules and records, without a key.
        desk: the shop's records; None is the demo shop in memory.
        journal: the URL under which conversations are kept; None keeps them in memory, for this agent alone.

    Raises:
        UserError: the model is neither a model nor a name.
    """

    department: ClassVar[Department]
    SYSTEM_MESSAGE: ClassVar[str]

    def __init__(self, model: Model | str | None = None, *, desk: Desk | None = None, journal: str | None = None) -> None:
        if not hasattr(type(self), "department"):
            raise UserError(
                "SpecialistAgent has no department. Use TechnicalAgent, for example, or set `department` in a subclass."
            )
        if self.department == ESCALATION:
            self._genie = _Genie(_team(self, entry=ROUTER), _hands_over(model), desk, journal)
        else:
            self._genie = _Genie(_team(self, entry=self.department), model, desk, journal)

    @property
    def name(self) -> str:
        """The department's name."""
        return self.department

    def process(self, query: str, context: Profile = None, *, conversation: str | None = None) -> Reply:
        """Answer a query.

        Args:
            query: the customer's message.
            context: the customer's profile, such as `{"customer_id": "C1001"}` of a customer who is signed in.
            conversation: the id of a conversation to continue. Whoever answered last in this conversation answers.

        Returns:
            the reply. Its `needs_escalation` is True if a person has to take over, or was called in already.

        Raises:
            UserError: the query is not text, or a field of the profile has the wrong type.
        """
        reply = self._genie.handle_query(query, context, conversation=conversation)
        if reply.run is None or reply.error is not None:
            return reply
        return replace(reply, route=route_of(reply.run.messages, self.department))

    def resume(self, conversation: str, answers: Answers) -> Reply:
        """Continue a conversation that waits for a person at the desk; see `SupportGenie.resume`."""
        return self._genie.resume(conversation, answers)

    def execute(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `state["input"]` as a stage of a `SequentialWorkflow`.

        Args:
            state: the results so far. A profile under "context" is passed on to `process`.

        Returns:
            the text of the reply, under the department's name.
        """
        return {self.name: self.process(state["input"], state.get("context")).text}


class SupportAgent(SpecialistAgent):
    """Answers questions about orders, parcels, addresses and the shop in general."""

    department = "support"
    SYSTEM_MESSAGE = instructions.SUPPORT


class TechnicalAgent(SpecialistAgent):
    """Diagnoses faults by asking questions, and hands broken hardware over to escalation."""

    department = "technical"
    SYSTEM_MESSAGE = instructions.TECHNICAL


class SalesAgent(SpecialistAgent):
    """Sells products and plans, and hands questions about money over to billing."""

    department = "sales"
    SYSTEM_MESSAGE = instructions.SALES


class EscalationAgent(SpecialistAgent):
    """Opens a case for a person: complaints, disputes, danger, anything urgent."""

    department = "escalation"
    SYSTEM_MESSAGE = instructions.ESCALATION


class _Genie(SupportGenie):
    """SupportGenie with another team."""

    def __init__(self, team: Team, model: Model | str | None, desk: Desk | None, journal: str | None) -> None:
        super().__init__(model, desk=desk, journal=journal)
        self._team = team

    @property
    def team(self) -> Team:
        """The agents."""
        return self._team


def _team(specialist: SpecialistAgent, entry: str) -> Team:
    """Return SupportGenie's team, in which the specialist's agent has the instructions of its `SYSTEM_MESSAGE`."""
    own = instructions.instructions(specialist.SYSTEM_MESSAGE)
    agents = [replace(agent, instructions=own) if agent.name == specialist.department else agent for agent in app.agents]
    return Team(agents, entry=entry, fallback=app.fallback, name=app.name, description=app.description)


def _hands_over(model: Model | str | None) -> Model:
    """Return a model by which the router agent hands each message of a customer over to escalation, with an incident.

    Without an incident, the escalation agent would give away messages that are a colleague's subject.
    """
    return routed(offline if model is None else model_of(model), _ToEscalation(), brief=_incident)


class _ToEscalation(Router):
    """Names escalation; the skill is the topic where SupportGenie's router names escalation, too."""

    def __init__(self) -> None:
        self.name: str = "course"
        self.routes: tuple[str, ...] = (ESCALATION,)

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Return the decision for escalation."""
        known = await routing.router().adecide(asked)
        if known.route == ESCALATION:
            return known
        return Decision(ESCALATION, 1.0, ((ESCALATION, 1.0),), False, self.name, "escalation was chosen before")


def _incident(decision: Decision, asked: Asked) -> Mapping[str, Any]:
    """Return the brief for escalation."""
    if decision.skill:
        return routing.brief(decision, asked)
    return {"reason": "a person has to take over", "topic": "not_helped", "summary": asked.text[:_SUMMARY_CHARS]}
