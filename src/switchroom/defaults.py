"""Which model an agent gets that has none of its own."""

from __future__ import annotations

import os

from switchroom.adapters import load
from switchroom.agent import Agent
from switchroom.errors import UserError
from switchroom.model import Model

_default: Model | str | None = None
_named: dict[str, Model] = {}


def set_default_model(model: Model | str | None) -> None:
    """Set the model of all agents that have none, where the run's config names none either.

    Args:
        model: a model, a name such as "provider:model", or None for none.
    """
    global _default
    _default = model


def model_for(agent: Agent[object], configured: Model | str | None) -> Model:
    """An agent's model: its own, the run's, the default, the one that `SWITCHROOM_MODEL` names; in this order.

    Raises:
        UserError: there is none.
    """
    found = agent.model or configured or _default or os.environ.get("SWITCHROOM_MODEL")
    if found is None or found == "":
        raise UserError(
            f"Agent '{agent.name}' has no model. Three ways out: Agent('{agent.name}', ..., model=...), "
            "set_default_model(...), or RunConfig(model=...). "
            "Without a provider, switchroom.testing.FunctionModel answers by a function."
        )
    if not isinstance(found, str):
        return found
    if found not in _named:
        scheme, colon, _ = found.partition(":")
        if not colon:
            raise UserError(f"The model {found!r} of agent '{agent.name}' names no provider. Write 'provider:{found}'.")
        _named[found] = load("model", scheme)(found)
    return _named[found]
