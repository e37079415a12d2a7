"""Numbers as a developer gave them to a guard, checked when it is made, so that no call meets them."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from switchroom.errors import UserError


def count(given: Any, owner: str, least: int = 1) -> int:
    """A whole number of at least `least`.

    Raises:
        UserError: it is none; `owner` is the option, as "retrying(attempts=...)".
    """
    if isinstance(given, bool) or not isinstance(given, int) or given < least:
        raise UserError(f"{_shown(owner, given)}: give a whole number of at least {least}.")
    return given


def seconds(given: Any, owner: str, zero: bool = False) -> float:
    """Seconds above 0, as a number or a timedelta; 0 too where `zero` says so.

    Raises:
        UserError: it is none.
    """
    value = given.total_seconds() if isinstance(given, timedelta) else given
    if not _number(value) or not (value > 0 or (zero and value == 0)):
        raise UserError(f"{_shown(owner, given)}: give seconds {'of at least' if zero else 'above'} 0.")
    return float(value)


def share(given: Any, owner: str) -> float:
    """A number above 0 and not above 1.

    Raises:
        UserError: it is none.
    """
    if not _number(given) or not 0 < given <= 1:
        raise UserError(f"{_shown(owner, given)}: give a number above 0, and at most 1.")
    return float(given)


def exceptions(given: Any, owner: str) -> tuple[type[Exception], ...]:
    """Types of exceptions, as a tuple.

    Raises:
        UserError: there is something else among them. A cancellation is no failure, and cannot be one of them.
    """
    kinds: list[Any] = list(given) if isinstance(given, tuple) else [given]  # pyright: ignore[reportUnknownArgumentType]
    if not kinds or not all(isinstance(kind, type) and issubclass(kind, Exception) for kind in kinds):
        raise UserError(f"{_shown(owner, given)}: give a tuple of exceptions, such as (ConnectionError, TimeoutError).")
    return tuple(kinds)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _shown(owner: str, given: Any) -> str:
    return owner.replace("...", repr(given))
