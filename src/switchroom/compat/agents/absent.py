"""Refusals of options that only the OpenAI Agents SDK has; each says what to use instead."""

from __future__ import annotations

from typing import Any

from switchroom.compat.agents.counterparts import OPTION_INSTEAD
from switchroom.compat.agents.exceptions import UserError


def refuse(owner: str, **options: Any) -> None:
    """Refuse options that were given and have no counterpart.

    Args:
        owner: whose options they are, for the error's text.
        options: the options with what was given; None, False and what is empty was not given.

    Raises:
        UserError: one was given; it says what to use instead.
    """
    for name, given in options.items():
        if given is None or given is False or (isinstance(given, list | dict | tuple | str) and not given):
            continue
        if name not in OPTION_INSTEAD:
            raise UserError(f"{owner}: there is no option '{name}'.")
        raise UserError(f"{owner}: {name}={given!r} has no counterpart in Switchroom. Instead: {OPTION_INSTEAD[name]}.")
