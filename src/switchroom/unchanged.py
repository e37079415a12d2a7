"""Whether code that resumes an unfinished turn starts what it had started: the same step, version and input."""

from __future__ import annotations

from typing import Any

from switchroom.errors import Diverged, JournalUnreadable
from switchroom.events import StepStarted


def compare(path: str, before: Any, now: StepStarted) -> None:
    """Compare what was started at a place with what is started there now.

    Raises:
        Diverged: they differ.
        JournalUnreadable: nothing was started there.
    """
    if not isinstance(before, StepStarted):
        raise JournalUnreadable(f"The journal is damaged: at {path} it begins with {before!r}.")
    if before.fingerprint == now.fingerprint:
        return
    for what, was, has in (("step", before.name, now.name), ("version", before.version, now.version)):
        if was != has:
            raise Diverged(
                f"At {path} the unfinished turn ran {what} '{was}', and now it is '{has}'. Resume it with the old code."
            )
    raise Diverged(
        f"At {path} the unfinished turn gave '{now.name}' another input: {_shown(before)}, and now {_shown(now)}. "
        "Take clock, chance and ids from the scope, so that they are the same on resume."
    )


def _shown(started: StepStarted) -> str:
    text = started.messages[-1].text if started.messages else repr(started.input)
    return repr(text if len(text) <= 80 else text[:77] + "...")
