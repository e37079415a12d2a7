"""Snapshots: the fold of a conversation as bytes, its old messages by reference to chunks. They are a cache of the journal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias, cast

import msgspec

from switchroom.chunks import START, Archive, Chunk
from switchroom.errors import JournalError, JournalUnreadable
from switchroom.events.codec import LARGE
from switchroom.history import History
from switchroom.journal import Journal, SharedJournal
from switchroom.messages import Message
from switchroom.rules.root import Root
from switchroom.rules.state import State

log = logging.getLogger("switchroom")

SEAL_BYTES = 16
"""The length of the digest before the body of a snapshot."""

Chunks: TypeAlias = dict[str, bytes]
Remake: TypeAlias = Callable[[], Chunks]
"""A function that makes all chunks of a history again, from the facts."""


class Snapshot(msgspec.Struct, frozen=True):
    """The fold of a conversation up to an entry, without events. For the fields see `Conversation`."""

    seq: int
    root: Root
    before: State
    state: State


class _Row(msgspec.Struct, frozen=True, array_like=True):
    """A history that others in the same snapshot may begin with. Large messages stand in it by their digests."""

    upto: int
    digest: str
    tail: tuple[msgspec.Raw | str, ...]


class _KeptRow(msgspec.Struct, frozen=True, array_like=True):
    """A `_Row` as it is read."""

    upto: int
    digest: str
    tail: tuple[Message | str, ...]


class _Page(msgspec.Struct, frozen=True, array_like=True):
    """A snapshot's histories, and the fold that names each history as (row, length)."""

    rows: tuple[_KeptRow, ...]
    fold: msgspec.Raw


class _KeptChunk(msgspec.Struct, frozen=True, array_like=True):
    """A chunk as it is read."""

    before: str
    messages: tuple[Message | str, ...]


_encode = msgspec.json.Encoder().encode
_page = msgspec.json.Decoder(_Page)
_chunk = msgspec.json.Decoder(_KeptChunk)
_message = msgspec.json.Decoder(Message)


# writing -------------------------------------------------------------------------------------------------------------


class Written:
    """A snapshot as bytes.

    Attributes:
        body: the snapshot.
        chunks: the chunks and large messages that no journal keeps yet, by digest.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.chunks: Chunks = {}
        self._digests: dict[Chunk, str] = {}
        self._rows: list[History] = []
        fold = msgspec.json.encode(snapshot, enc_hook=self._refer)
        rows = [_Row(row.sealed.upto, self._archived(row.sealed), self._said(row.tail)) for row in self._rows]
        body = _encode((rows, msgspec.Raw(fold)))
        self.body = _seal(body) + body

    def is_kept(self) -> None:
        """Know that a journal keeps the chunks: the next snapshot does not write them again."""
        for chunk, digest in self._digests.items():
            chunk.digest = digest

    def _refer(self, value: Any) -> tuple[int, int]:
        if not isinstance(value, History):
            raise TypeError(f"{type(value).__name__} is no JSON")
        for place, row in enumerate(self._rows):
            if value.shares(row):
                self._rows[place] = max(row, value, key=len)
                return place, value.length
        self._rows.append(value)
        return len(self._rows) - 1, value.length

    def _archived(self, newest: Chunk) -> str:
        """Write the chunks that no journal keeps, the oldest first; return the digest of the newest."""
        fresh: list[tuple[Chunk, tuple[Message, ...]]] = []
        chunk = newest
        while chunk.upto and not chunk.digest and chunk not in self._digests:
            before, messages = chunk.read(None)  # what no journal keeps is in memory
            fresh.append((chunk, messages))
            chunk = before
        digest = chunk.digest or self._digests.get(chunk, "")
        for chunk, messages in reversed(fresh):
            body = _encode((digest, self._said(messages)))
            digest = self._digests[chunk] = _digest(body)
            self.chunks[digest] = body
        return digest

    def _said(self, messages: list[Message] | tuple[Message, ...]) -> tuple[msgspec.Raw | str, ...]:
        return tuple(map(self._slim, messages))

    def _slim(self, message: Message) -> msgspec.Raw | str:
        body = _encode(message)
        if len(body) <= LARGE:
            return msgspec.Raw(body)
        digest = _digest(body)
        self.chunks[digest] = body
        return digest


def write(journal: SharedJournal, name: str, generation: int, snapshot: Snapshot) -> Chunks:
    """Give a snapshot to the journal, and return the chunks that were new to it.

    As it is a cache, an error is only logged, and nobody waits for a write that has to wait.
    """
    try:
        written = Written(snapshot)
    except (TypeError, ValueError, OverflowError, RecursionError, JournalError) as error:
        log.debug("Conversation '%s' has no snapshot: %s", name, error)
        return {}
    try:
        writing = journal.write_snapshot(name, generation, written.body, written.chunks)
        if writing is None:
            written.is_kept()
        else:
            _finish_later(writing, written)
    except Exception as error:
        log.debug("No snapshot of conversation '%s' was written: %s", name, error)
    return written.chunks


_unfinished: set[asyncio.Task[None]] = set()


def _finish_later(writing: Awaitable[None], written: Written) -> None:
    """Let a task of its own wait for a write; without a loop, or when the loop ends first, the write is given up."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        give_up(writing)
        return

    async def wait() -> None:
        try:
            await writing
            written.is_kept()
        except Exception as error:
            log.debug("A snapshot was not written: %s", error)

    def forget(task: asyncio.Task[None]) -> None:
        _unfinished.discard(task)
        give_up(writing)

    task = loop.create_task(wait(), name="snapshot")
    _unfinished.add(task)
    task.add_done_callback(forget)


def give_up(awaitable: Awaitable[Any]) -> None:
    """Let an awaitable end for which nobody waits."""
    match awaitable:
        case Coroutine():
            cast("Coroutine[Any, Any, Any]", awaitable).close()
        case asyncio.Future():
            awaitable.cancel()
        case _:
            pass


# reading -------------------------------------------------------------------------------------------------------------


def read(body: bytes, shelf: Shelf) -> Snapshot | None:
    """Return the snapshot of a body; None if it is damaged, or another version of Switchroom wrote it."""
    seal, body = body[:SEAL_BYTES], body[SEAL_BYTES:]
    if seal != _seal(body):
        return None
    try:
        page = _page.decode(body)
        rows = [_history(row, shelf) for row in page.rows]

        def named(kind: type, reference: list[int]) -> History:
            place, length = reference
            row = rows[place]
            return row.without_last(row.length - length)

        return msgspec.json.decode(page.fold, type=Snapshot, dec_hook=named)
    except (msgspec.DecodeError, JournalError, ValueError, TypeError, LookupError) as error:
        log.debug("A snapshot of conversation '%s' cannot be read: %s", shelf.name, error)
        return None


def _history(row: _KeptRow, shelf: Shelf) -> History:
    tail = [shelf.message(one) for one in row.tail]
    if not row.digest:
        return History.of(START, tail, len(tail), None)
    return History.of(Chunk(row.upto, digest=row.digest), tail, row.upto + len(tail), shelf)


class Shelf(Archive):
    """The chunks of a conversation's history in its journal. What is missing or damaged there is made again from the facts.

    Args:
        journal: the journal.
        name: the conversation.
        remake: makes all chunks again.
    """

    def __init__(self, journal: SharedJournal, name: str, remake: Remake) -> None:
        self._journal = journal
        self._remake = remake
        self.name = name

    def read(self, digest: str) -> tuple[str, tuple[Message, ...]]:
        """Return the digest of the chunk before a chunk, and the chunk's messages; see `Archive.read`."""
        kept = _chunk.decode(self._body(digest))
        return kept.before, tuple(map(self.message, kept.messages))

    def message(self, kept: Message | str) -> Message:
        """Return a message that is kept as itself or, if large, under its digest.

        Raises:
            JournalUnreadable: it is gone, and cannot be made again.
        """
        return _message.decode(self._body(kept)) if isinstance(kept, str) else kept

    def _body(self, digest: str) -> bytes:
        try:
            body = self._journal.read_chunk(self.name, digest)
        except JournalError as error:
            log.debug("Chunk %s of conversation '%s' cannot be read: %s", digest, self.name, error)
            body = None
        if body is not None and _digest(body) == digest:
            return body
        body = self._remake().get(digest)
        if body is None:
            raise JournalUnreadable(
                f"The journal lacks a part of the history of conversation '{self.name}' (chunk {digest}), and its entries "
                "do not give it. If the conversation was deleted, recall it anew; otherwise restore the journal from a backup."
            )
        return body


def shared_journal(journal: Journal) -> SharedJournal | None:
    """Return the journal if it keeps snapshots and generations; None if it only appends and reads."""
    return cast("SharedJournal", journal) if hasattr(journal, "write_snapshot") else None


def _digest(body: bytes) -> str:
    return blake2b(body, digest_size=16).hexdigest()


def _seal(body: bytes) -> bytes:
    return blake2b(body, digest_size=SEAL_BYTES, key=SCHEMA).digest()


VALUES = (
    "events.calls",
    "events.session",
    "messages",
    "rules.calls",
    "rules.live",
    "rules.results",
    "rules.root",
    "rules.state",
    "snapshots",
)
"""The modules that define what stands in a snapshot."""

RULES = ("chunks", "conversation", "events.codec", "history", "rules.evolve", "rules.session", "saying")
"""The other modules of which the fold of the same facts depends."""


def schema_of(package: Path) -> bytes:
    """Return a digest of the modules that define a snapshot's values and that fold facts.

    A version that may fold the same facts to something else has another digest, and ignores the snapshot. It is taken when the
    code is loaded: later the files may be those of a newer version.
    """
    meaning = blake2b(digest_size=SEAL_BYTES)
    for name in (*VALUES, *RULES):
        file = package.joinpath(*name.split(".")).with_suffix(".py")
        try:
            meaning.update(_loader.get_data(str(file)))
        except OSError:  # a distribution without sources
            meaning.update(metadata.version("switchroom").encode())
    return meaning.digest()


_loader: Any = __loader__
SCHEMA = schema_of(Path(__file__).parent)
