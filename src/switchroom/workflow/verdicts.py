"""What an answer says of a thing: whether it is good, how good, and what to do better, in the forms in which answers say so."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, cast

from switchroom.errors import UserError

_YES = ("passes", "passed", "accepted", "accept", "approved", "ok")
_SCORE = ("score", "rating", "grade")
_WORDS = ("feedback", "reason", "reasoning", "comment")


def field_of(value: Any, names: tuple[str, ...]) -> Any:
    """The first of several fields that a typed answer, or a dict, has; None if it has none of them."""
    for name in names:
        if isinstance(value, Mapping):
            found: Any = cast("Mapping[str, Any]", value).get(name)
        else:
            found = getattr(value, name, None)
        if found is not None and not callable(found):
            return found
    return None


def says_yes(value: Any, owner: str) -> bool:
    """Whether an answer says yes: True, or a field `passes`, `passed`, `accepted`, `approved` that is true.

    Raises:
        UserError: it says neither yes nor no.
    """
    if isinstance(value, bool):
        return value
    told = field_of(value, _YES)
    if isinstance(told, bool):
        return told
    raise UserError(
        f"{owner} gave {value!r}, which says neither yes nor no. Let it give True or False, or a type with a field "
        "'passes' that does; or pass accept=, a function of what it gives."
    )


def score_of(value: Any) -> float | None:
    """How good an answer says that it is: a number, or a field `score`, `rating`, `grade`; None where it does not say."""
    told = value if isinstance(value, int | float) else field_of(value, _SCORE)
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def words_of(value: Any) -> str:
    """What an answer says in words: text, or a field `feedback`, `reason`, `reasoning`, `comment`; "" where there are none."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return value
    told = field_of(value, _WORDS)
    return told if isinstance(told, str) else ""


def confidence_of(value: Any) -> float | None:
    """How sure an answer is, from its field `confidence`; None where it does not say."""
    told = field_of(value, ("confidence",))
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None
