"""The old part of a history: rows of messages that never change, each with the row before it, in memory or in an archive."""

from __future__ import annotations

from typing import Protocol

from switchroom.errors import JournalUnreadable
from switchroom.messages import Message

CHUNK = 64
"""Messages in a chunk. A chunk begins at a multiple of this number, so that equal histories have equal chunks."""


class Archive(Protocol):
    """A store that gives chunks by their digests."""

    def read(self, digest: str) -> tuple[str, tuple[Message, ...]]:
        """Return the digest of the chunk before a chunk ("" if it is the first), and the chunk's messages.

        Raises:
            JournalUnreadable: the chunk is gone, and cannot be made again.
        """
        ...


class _NoArchive:
    """Stands in the place of an archive that a history has to be given before its old part is read."""

    def read(self, digest: str) -> tuple[str, tuple[Message, ...]]:
        raise JournalUnreadable(f"Chunk {digest} of a history cannot be read: the history was not recalled from a journal.")


NO_ARCHIVE = _NoArchive()


class Chunk:
    """A row of `CHUNK` messages and the rows before it.

    Attributes:
        upto: the number of messages in this chunk and all before it.
        digest: the digest under which the conversation's journal keeps the chunk; "" while no journal does.
        first: the first message of the first chunk; None while that is not known without a walk through all chunks.
    """

    __slots__ = ("_before", "_messages", "digest", "first", "upto")

    def __init__(
        self, upto: int, before: Chunk | None = None, messages: tuple[Message, ...] | None = None, digest: str = ""
    ) -> None:
        self.upto = upto
        self.digest = digest
        self._before = before
        self._messages = messages
        self.first: Message | None = None
        if before is not None and messages is not None:
            self.first = before.first if before.upto else messages[0]

    def read(self, archive: Archive | None) -> tuple[Chunk, tuple[Message, ...]]:
        """Return the chunk before this one, and this one's messages. They are loaded from the archive once."""
        before, messages = self._before, self._messages
        if before is None or messages is None:
            digest, messages = (archive or NO_ARCHIVE).read(self.digest)
            if len(messages) != CHUNK or bool(digest) != (self.upto > CHUNK):
                raise JournalUnreadable(
                    f"Chunk {self.digest} of a history does not fit its place in it. Restore the journal from a backup."
                )
            before = Chunk(self.upto - CHUNK, digest=digest) if digest else START
            self._before, self._messages = before, messages
        return before, messages


START = Chunk(0)
"""Stands before the first chunk."""
