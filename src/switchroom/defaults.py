"""Which model an agent gets that has none of its own."""

from __future__ import annotations

import inspect
import os
from typing import Any

from switchroom.adapters import load
from switchroom.agent import Agent
from switchroom.arguments import as_given
from switchroom.errors import UserError
from switchroom.model import Model
from switchroom.team import speaks

DEFAULT_MODEL = "openai:gpt-5.4-mini"
"""What answers where nothing names a model and OpenAI's key is present."""

_default: Model | str | None = None
_named: dict[str, Model] = {}


def set_default_model(model: Model | str | None) -> None:
    """Set the model of all agents that have none, where the run's config names none either.

    Args:
        model: a model, a name such as "provider:model", or None for none.

    Raises:
        UserError: it is no model and no name.
    """
    global _default
    check_model(model, "set_default_model(...)")
    _default = model


def check_model(given: Any, where: str) -> None:
    """Check that a value is a model, the name of one, or None, as far as its signature says. No name is looked up.

    Args:
        given: the value.
        where: the name of the argument, for the error message.

    Raises:
        UserError: it is none of them.
    """
    if given is None or isinstance(given, str):
        return
    if isinstance(given, type):
        raise UserError(f"{as_given(where, given)} is a class: pass an object of it, {given.__name__}(...).")
    if speaks(given) or hasattr(given, "parts") or not callable(given):
        raise UserError(f"{as_given(where, given)} is no model: give a model, or the name of one, 'provider:model'.")
    if inspect.isfunction(given) and given.__code__.co_argcount < 2:
        raise UserError(
            f"{as_given(where, given)}: a model takes (request, emit). "
            "A function of the request alone is made one by switchroom.testing.FunctionModel(fn)."
        )


def model_for(agent: Agent[object], configured: Model | str | None) -> Model:
    """An agent's model: its own, the run's, the default, the one that `SWITCHROOM_MODEL` names, OpenAI's; in this order.

    The last only where `OPENAI_API_KEY` is set.

    Raises:
        UserError: there is none.
    """
    found = agent.model or configured or _default or os.environ.get("SWITCHROOM_MODEL")
    if not found and os.environ.get("OPENAI_API_KEY"):
        found = DEFAULT_MODEL
    if found is None or found == "":
        raise UserError(
            f"Agent '{agent.name}' has no model. Three ways out: Agent('{agent.name}', ..., model=...), "
            "set_default_model(...), or RunConfig(model=...). "
            "Without a provider, switchroom.testing.FunctionModel answers by a function."
        )
    return named(found, f" of agent '{agent.name}'") if isinstance(found, str) else found


def named(name: str, whose: str = "") -> Model:
    """The model of a name such as "openai:gpt-5.4-mini"; made once in a process.

    Raises:
        UserError: it names no provider, or one that is not known.
    """
    if name not in _named:
        scheme, colon, _ = name.partition(":")
        if not colon:
            raise UserError(f"The model {name!r}{whose} names no provider. Write 'provider:{name}'.")
        _named[name] = load("model", scheme)(name)
    return _named[name]
