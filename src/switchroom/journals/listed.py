"""A journal that also lists its conversations and deletes them."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from switchroom.journal import SharedJournal, Soon


class Listed(NamedTuple):
    """A conversation as a journal lists it, without reading its facts.

    Args:
        id: the conversation.
        path: the path of its last entry.
        at: when that entry was written, in seconds since the epoch.
        may_wait: True if a person was asked in its last turn, as far as is noted.
    """

    id: str
    path: str
    at: float
    may_wait: bool


class Catalogue(SharedJournal, Protocol):
    """A journal that can list and delete its conversations."""

    def list_conversations(self, prefix: str, after: str, limit: int, only_waiting: bool) -> Soon[list[Listed]]:
        """List conversations whose ids begin with `prefix` and follow `after`, in the order of their ids.

        Args:
            prefix: the beginning of the ids.
            after: the id after which the page begins.
            limit: how many at most.
            only_waiting: True for those that may wait for a person.
        """
        ...

    async def erase(self, conversation: str, generation: int, last: int) -> None:
        """Remove all that is kept of a conversation, and count the deletion.

        Args:
            conversation: the id.
            generation: the generation that the caller has read.
            last: the number of the last entry that the caller has read.

        Raises:
            Fenced: the generation is another, or the last entry is.
        """
        ...

    async def compact(self) -> None:
        """Leave nothing of erased conversations where the journal keeps its data.

        Raises:
            JournalError: it could not be done; the conversations are erased all the same.
        """
        ...
