"""The function that joins a session's history and new input."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from switchroom.compat.agents.convert import TResponseInputItem

SessionInputCallback: TypeAlias = Callable[
    [list[TResponseInputItem], list[TResponseInputItem]], "list[TResponseInputItem] | Awaitable[list[TResponseInputItem]]"
]
"""`f(history, new)` that returns the items that a run is asked, sync or async."""
