"""APP as a router: one by name, one in a file, the classifier of a `route(...)`, or any application by whom it routed to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from switchroom.cli.app import App, find_app
from switchroom.cli.faults import Wrong
from switchroom.errors import RunError, UserError
from switchroom.events import RouteDecided, TurnAnswered
from switchroom.journals import MemoryJournal
from switchroom.messages import Message
from switchroom.perform import AgentRun, Perform
from switchroom.perform.run import Note
from switchroom.routing import LearnedRouter, Router
from switchroom.routing.asked import Asked
from switchroom.routing.decision import Decision
from switchroom.rules.commands import AnyCommand, CallTool
from switchroom.runner import Runner
from switchroom.session import Graph
from switchroom.team import speaks
from switchroom.workflow.route import Route


class AppRouter(Router):
    """An application as a router: each message is run, and who it was routed to, or who had it at the end, is the route.

    Who hands over does not say how sure that is, and counts as sure. A run is stopped before its first tool that does more than
    read: who would have called it has the message, and the world is left as it is.
    """

    waits = True

    def __init__(self, app: App) -> None:
        self.name = app.reference
        self.routes = ()
        self._app = app

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Run the message."""
        # A journal of its own, which is forgotten: agents whose tools wait for a person need one.
        stop = _Stop()
        config = replace(self._app.config, journal=MemoryJournal(), wrappers=(*self._app.config.wrappers, stop.before_effects))
        said = [*asked.before, Message("user", asked.text)] if asked.before else asked.text
        try:
            result = await Runner.run(self._app.step_for_turn(), said, config=config, conversation="eval")
        except _Stopped as stopped:
            result = stopped.run
            assert result is not None, "what leaves a run has it attached"
        if isinstance(self._app.step, Graph):
            answers = [fact for fact in result.facts if isinstance(fact, TurnAnswered)]
            return self._heard(answers) if stop.agent is None else self._had(stop.agent)
        decided = [fact for fact in result.facts if isinstance(fact, RouteDecided) and self._is_last(fact)]
        if decided:
            fact = decided[-1]
            sure = 1.0 if fact.confidence is None else fact.confidence
            candidates = fact.candidates or ((fact.route or fact.to, sure),)
            return Decision(fact.route, candidates[0][1], candidates, fact.route is None, fact.by, fact.reason)
        if stop.agent is not None:
            return self._had(stop.agent)
        last = result.last_agent
        if last is None:
            raise UserError(f"'{self.name}' routes to nobody: no agent answers in it, and no route(...) decides.")
        return self._had(last.name, result.usage.total_tokens)

    def _heard(self, answers: list[TurnAnswered]) -> Decision:
        """A session's decision: who spoke; nobody, where the fallback had to."""
        said = answers[-1] if answers else TurnAnswered(fallback=True)
        if said.fallback:
            return Decision(None, 0.0, ((said.by, 0.0),), True, self.name)
        return self._had(said.by)

    def _had(self, name: str, tokens: int = 0) -> Decision:
        """The decision that lies in who had the message at the end."""
        route = self._app.routes.get(name, name)
        sure = 0.0 if route is None else 1.0
        return Decision(route, sure, ((route or name, sure),), route is None, self.name, tokens=tokens)

    def _is_last(self, fact: RouteDecided) -> bool:
        """Whether nobody decides after it: where a team's router left it open, an agent puts the message through."""
        return fact.route is not None or not speaks(self._app.step)


class _Stopped(RunError):
    """A run was about to change something."""


class _Stop:
    """Stops a run before its first effect.

    Attributes:
        agent: who would have had it; None if nobody came so far.
    """

    def __init__(self) -> None:
        self.agent: str | None = None

    def before_effects(self, perform: Perform) -> Perform:
        """What performs commands, but for calls of tools that do more than read."""

        async def performed(run: AgentRun, command: AnyCommand, note: Note) -> None:
            if isinstance(command, CallTool):
                state = run.scope.fold
                call = state.calls[command.index]
                if call.kind == "tool" and call.effect != "read":
                    self.agent = self.agent or state.asker
                    raise _Stopped(f"'{call.call.name}' is not called in an evaluation.")
            await perform(run, command, note)

        return performed


def router_of(reference: str) -> Router:
    """The router that the user names.

    Raises:
        Wrong: there is none.
    """
    if Path(reference).is_file() and not reference.endswith(".py"):
        try:
            return LearnedRouter.load(reference)
        except UserError as error:
            raise Wrong(str(error)) from error
    app = find_app(reference)
    match app.step:
        case Router() as router:
            return router
        case Route(classifier=Router() as router):
            return router
        case _:
            return AppRouter(app)
