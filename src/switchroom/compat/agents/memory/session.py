"""The protocol of sessions."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol, runtime_checkable

from switchroom.compat.agents.convert import TResponseInputItem
from switchroom.compat.agents.exceptions import UserError
from switchroom.compat.agents.missing import missing_from


@runtime_checkable
class Session(Protocol):
    """What keeps the items of runs; any class with these methods is one."""

    session_id: str

    @abstractmethod
    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The items in their order; with a limit, the newest."""
        ...

    @abstractmethod
    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Keep more items."""
        ...

    @abstractmethod
    async def pop_item(self) -> TResponseInputItem | None:
        """Take the newest item away, and give it; None if there is none."""
        ...

    @abstractmethod
    async def clear_session(self) -> None:
        """Forget all items."""
        ...


SessionABC = Session


def checked(session: object) -> Session | None:
    """A session that runs can use.

    Raises:
        UserError: it has not the methods of one.
    """
    if session is None:
        return None
    if not isinstance(session, Session):
        raise UserError(
            f"session={session!r} has not the methods of a session (get_items, add_items, pop_item, clear_session). "
            "Pass SQLiteSession(...); or give the conversation to switchroom.Runner.run as conversation=, with a journal."
        )
    return session


__getattr__ = missing_from(__name__)
