"""APP on the command line: `app.py[:name]` or `package.module[:name]` becomes a step and its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from switchroom.agent import Agent
from switchroom.cli.faults import Wrong
from switchroom.cli.modules import routes_in
from switchroom.config import RunConfig
from switchroom.defaults import model_for
from switchroom.errors import UserError
from switchroom.journals.memory import MemoryJournal
from switchroom.roster import roster_of
from switchroom.team import Team


@dataclass(frozen=True)
class App:
    """An application as the command line runs it.

    Args:
        reference: as the user wrote it.
        step: what answers.
        config: how it is run.
        routes: for agents that stand for another route than their name, which; None for who takes what is for nobody.
        renewed: makes what answers one turn, of agents of another SDK; None if `step` answers all turns.
    """

    reference: str
    step: Any
    config: RunConfig
    routes: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    renewed: Callable[[], Any] | None = None

    def step_for_turn(self) -> Any:
        """Return what answers the next turn."""
        return self.step if self.renewed is None else self.renewed()

    @property
    def honest(self) -> str:
        """What its models say of themselves, where one is no language model; "" otherwise."""
        models = [*map(self._model, self.agents)] or [self.config.model]
        return next((said for model in models if (said := getattr(model, "honest", ""))), "")

    def _model(self, agent: Agent[Any]) -> Any:
        """An agent's model; None for one that a function has to give it."""
        try:
            return model_for(agent, self.config.model)
        except UserError:
            return None

    @property
    def agents(self) -> list[Agent[Any]]:
        """The agents that can be reached, as far as that is known before the run."""
        if isinstance(self.step, Agent | Team):
            return list(roster_of(self.step).agents.values())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        from switchroom.blueprint import steps_in

        return [step for step in steps_in(self.step) if isinstance(step, Agent)]


def load_app(reference: str) -> App:
    """The application that the user names, ready to be run.

    Raises:
        Wrong: it cannot be found, or somebody would be left without an answer: `switchroom check` tells all of it.
    """
    from switchroom.check import errors  # and all that can be in an application with it

    app = find_app(reference)
    try:
        for finding in errors(app.step, app.config):
            raise Wrong(f"{finding.says} {finding.remedy}")
    except UserError as error:
        raise Wrong(str(error)) from error
    return app


def find_app(reference: str) -> App:
    """The application that the user names, as it stands in its module; of a session, its graph, which is a step.

    A session's turns are run as the session says, where the module has no `config`.

    Raises:
        Wrong: it is not there, cannot be imported, or holds nothing that can be run.
    """
    from switchroom.cli.seen import seen  # and sessions with it
    from switchroom.session import Session

    found = seen(reference)
    routes = routes_in(found.module)
    if found.original is not None:
        renewed = partial(found.original.team_for_turn, found.options, found.config.model)
        return App(reference, found.app, found.config, routes, renewed)
    if not isinstance(found.app, Session):
        return App(reference, found.app, found.config, routes)
    config = found.config if found.config != RunConfig() else found.app.config
    if isinstance(config.journal, MemoryJournal):  # it would end with the process
        config = replace(config, journal=None)
    return App(reference, found.app.graph, config, routes)
