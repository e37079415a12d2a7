"""Runs that wait for one another's conversations: a circle of waits is refused, because nobody in it could go on."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

from switchroom.errors import UserError
from switchroom.ownership import Owned

_waits: dict[object, tuple[Owned, Owned]] = {}


@contextmanager
def waiting_for(within: Owned | None, attempt: Owned | None, conversation: str) -> Generator[None]:
    """Note, while a caller waits, that the run around the caller waits for a live attempt.

    Args:
        within: the attempt whose code is the caller, if any.
        attempt: the live attempt that the caller waits for, if it is of this process.
        conversation: the id that the caller waits for, for the error.

    Raises:
        UserError: the attempt waits for the caller itself, directly or through other runs.
    """
    if within is None or attempt is None:
        yield
        return
    if _waits_for(attempt, within):
        raise UserError(
            f"This run waits for conversation '{conversation}', which waits for this run: neither could go on. "
            "Use another conversation id, or run the step without conversation= as a child of this run."
        )
    key = object()
    _waits[key] = (within, attempt)
    try:
        yield
    finally:
        del _waits[key]


def _waits_for(attempt: Owned, other: Owned) -> bool:
    """Return True if an attempt is, or waits for, one of the attempts around and including `other`."""
    chain = _around(other)
    seen: list[Owned] = []
    ahead = [attempt]
    while ahead:
        now = ahead.pop()
        if any(now is one for one in chain):
            return True
        if any(now is one for one in seen):
            continue
        seen.append(now)
        ahead.extend(target for source, target in list(_waits.values()) if any(now is one for one in _around(source)))
    return False


def _around(attempt: Owned | None) -> list[Owned]:
    chain: list[Owned] = []
    while attempt is not None:
        chain.append(attempt)
        attempt = attempt.within
    return chain


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_waits.clear)
