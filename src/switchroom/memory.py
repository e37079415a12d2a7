"""What an agent remembers from one conversation to the next: values by key, in a database that processes share."""

from __future__ import annotations

import os
from typing import Any, Protocol, cast

from switchroom.adapters import load
from switchroom.errors import UserError
from switchroom.schema import jsonable


class Memories(Protocol):
    """Where agents' memories are kept: JSON by agent and key."""

    async def put(self, agent: str, key: str, value: Any) -> None:
        """Keep a value, in the place of what was kept under the key."""
        ...

    async def find(self, agent: str, key: str) -> tuple[Any] | None:
        """What is kept under a key, in a tuple, for it may be null; None if nothing is."""
        ...

    async def drop(self, agent: str, key: str) -> bool:
        """Keep nothing under a key any more; whether something was."""
        ...

    async def listed(self, agent: str, prefix: str) -> dict[str, Any]:
        """What is kept under keys that begin so, by key, in the order of the keys."""
        ...


class AgentMemory:
    """What an agent remembers. Keys are its own: another agent's are not seen.

    Args:
        agent_id: whose memory it is.
        db: where it is kept: a URL, such as the journal's "sqlite:///chats.db" or one of its own; an SQLite journal, for the
            same file; or an object of yours that is `Memories`. "memory:" lasts as long as the process.

    Raises:
        UserError: the agent has no name, or the database is none.
    """

    def __init__(self, agent_id: str, db: Any) -> None:
        if not isinstance(agent_id, str) or not agent_id:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"AgentMemory({agent_id!r}, ...): say whose memory it is, by the agent's name.")
        self.agent_id = agent_id
        self.db = memories_at(db)

    async def remember(self, key: str, value: Any) -> None:
        """Keep a value, in the place of what was remembered under the key.

        Args:
            key: any text but the empty one.
            value: anything that JSON can hold.

        Raises:
            UserError: JSON cannot hold it.
        """
        await self.db.put(self.agent_id, self._checked(key), jsonable(value, f"remember('{key}', ...)"))

    async def recall(self, key: str, default: Any = None) -> Any:
        """What is remembered under a key, as plain data; the default if nothing is."""
        found = await self.db.find(self.agent_id, self._checked(key))
        return default if found is None else found[0]

    async def forget(self, key: str) -> bool:
        """Remember nothing under a key any more; whether something was."""
        return await self.db.drop(self.agent_id, self._checked(key))

    async def keys(self, prefix: str = "") -> list[str]:
        """The keys under which something is remembered, those that begin so, in order."""
        return list(await self.items(prefix))

    async def items(self, prefix: str = "") -> dict[str, Any]:
        """What is remembered, by key, of the keys that begin so, in order."""
        return await self.db.listed(self.agent_id, prefix)

    def _checked(self, key: str) -> str:
        if not isinstance(key, str) or not key:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"The memory of '{self.agent_id}' is asked for {key!r}; a key is text, such as 'customer:7'.")
        return key

    def __repr__(self) -> str:
        return f"AgentMemory({self.agent_id!r}, {self.db!r})"


_opened: dict[tuple[int, str], Memories] = {}


def memories_at(where: Any) -> Memories:
    """What keeps memories: at a URL, beside a journal, or an object that does. A URL is opened once per process.

    Raises:
        UserError: it is none of these.
        JournalUnreadable: what is there is no database.
    """
    if not isinstance(where, str):
        beside: Memories | None = getattr(where, "memories", None)
        if beside is not None:
            return beside
        if all(callable(getattr(where, name, None)) for name in ("put", "find", "drop", "listed")):
            return cast("Memories", where)
        raise UserError(f"AgentMemory(db={where!r}): pass a URL such as 'sqlite:///chats.db', or an SQLite journal.")
    key = (os.getpid(), where)  # a database connection does not survive a fork
    if key not in _opened:
        scheme, colon, _ = where.partition(":")
        if not colon:
            raise UserError(f"AgentMemory(db={where!r}) is no URL. Write 'sqlite:///{where}' for a file, or 'memory:'.")
        _opened[key] = load("memories", scheme)(where)
    return _opened[key]
