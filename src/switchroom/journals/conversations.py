"""The conversations of a journal, for whoever looks after them: which there are, which wait, what was said and used."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import msgspec

from switchroom.conversation import Conversation, forget, left, recall
from switchroom.errors import ConversationBusy, Fenced, UserError
from switchroom.events import ModelAnswered
from switchroom.journal import SharedJournal, journal_at
from switchroom.journals.database import settled
from switchroom.journals.listed import Catalogue
from switchroom.messages import Message
from switchroom.ownership import Owned, table_at
from switchroom.result import Waiting, waiting_of
from switchroom.rules.root import Root
from switchroom.session.heard import is_heard
from switchroom.usage import Usage

_LARGEST_PAGE = 1000
_TRIES = 10
_ENDING_S = 0.5
"""Seconds in which a turn may end before its conversation is deleted: a session gives its reply shortly before the end."""
_LOOK_S = 0.02


class ConversationSummary(msgspec.Struct, frozen=True):
    """A conversation in a list.

    Args:
        id: its id.
        turn: the number of its last turn.
        waiting: True if it waits for a person.
        updated_at: when its last fact was written, in seconds since the epoch.
    """

    id: str
    turn: int
    waiting: bool
    updated_at: float


class ConversationUsage(Usage, frozen=True):
    """The usage of all turns of a conversation.

    Args:
        by_agent: the same by the name of the agent.
    """

    by_agent: dict[str, Usage] = {}


class Conversations:
    """Lists, reads and deletes the conversations of a journal. Nothing is run.

    Args:
        journal: the URL of a journal, or a journal.

    Raises:
        UserError: the journal cannot list its conversations.
    """

    def __init__(self, journal: SharedJournal | str) -> None:
        opened = journal_at(journal)
        if not hasattr(opened, "list_conversations") or not hasattr(opened, "erase"):
            raise UserError(
                f"Conversations({journal!r}): this journal cannot list its conversations. Pass the URL of an SQLite file, "
                "such as 'sqlite:///chats.db', or a MemoryJournal."
            )
        self._journal = cast("Catalogue", opened)

    async def list(
        self, *, prefix: str = "", waiting: bool | None = None, limit: int = 100, after: str = ""
    ) -> list[ConversationSummary]:
        """Return a page of conversations, in the order of their ids.

        Args:
            prefix: the beginning of the ids.
            waiting: True for those that wait for a person, False for the others.
            limit: the length of the page, at most 1,000.
            after: the last id of the page before.

        Raises:
            UserError: `limit` is out of range.
        """
        if not 1 <= limit <= _LARGEST_PAGE:
            raise UserError(f"Conversations.list(limit={limit!r}): pass a number from 1 to {_LARGEST_PAGE}.")
        page: list[ConversationSummary] = []
        while len(page) < limit:
            rows = await settled(self._journal.list_conversations(prefix, after, limit, waiting is True))
            for row in rows:
                waits = row.may_wait and bool((await recall(self._journal, row.id)).root.asked)
                if waiting is None or waits == waiting:
                    page.append(ConversationSummary(row.id, _turn_of(row.path), waits, row.at))
            if len(rows) < limit:
                break
            after = rows[-1].id
        return page[:limit]

    async def waiting(self, id: str) -> tuple[Waiting, ...]:
        """Return what a person is asked in a conversation; () if nobody is asked.

        Pass the answers to `Runner.resume(..., answers={waiting.id: True})`.

        Raises:
            UserError: there is no such conversation.
        """
        return waiting_of((await self._known(id)).root)

    async def messages(self, id: str) -> Sequence[Message]:
        """Return what was said in a conversation: `result.messages` of its last turn, or `session.messages`.

        Raises:
            UserError: there is no such conversation.
        """
        known = await self._known(id)
        if known.state.live is not None:
            return tuple(filter(is_heard, known.state.history))
        if known.root.messages:
            return tuple(known.state.history)
        return tuple(left(known.before, known.root, known.state).history)

    async def usage(self, id: str) -> ConversationUsage:
        """Return what all turns of a conversation used, also the ones that failed, and the same by agent (`.by_agent`).

        Raises:
            UserError: there is no such conversation.
        """
        by_agent: dict[str, Usage] = {}
        events = await settled(self._journal.read(id))
        if not events:
            raise _unknown(id)
        for fact in (event.fact for event in events):
            if isinstance(fact, ModelAnswered):
                by_agent[fact.agent] = by_agent.get(fact.agent, Usage()) + fact.usage
        total = sum(by_agent.values(), Usage())
        return ConversationUsage(**msgspec.structs.asdict(total), by_agent=by_agent)

    async def delete(self, *ids: str) -> int:
        """Delete all that is kept of conversations. Return how many of them there were.

        A caller that still writes to one of them is refused afterwards. What agents remember (`AgentMemory`) stays. The file is
        rewritten once, so that nothing is left in it; deleting many conversations at once costs no more than deleting one.

        Raises:
            ConversationBusy: a turn is being answered. The conversations before it are deleted.
            JournalError: the conversations are deleted, but the file could not be rewritten: `compact` tries again.
        """
        count = 0
        try:
            for id in ids:
                count += await self._erase(id)
        finally:
            if count:
                await self._journal.compact()
        return count

    async def compact(self) -> None:
        """Rewrite the file, so that nothing is left in it of conversations that were deleted. `delete` does so by itself.

        Raises:
            JournalError: the file could not be rewritten.
        """
        await self._journal.compact()

    async def _erase(self, id: str) -> bool:
        table = table_at(self._journal)
        until = asyncio.get_running_loop().time() + _ENDING_S
        tries = 0
        while tries < _TRIES:
            await table.write(id)
            generation = await settled(self._journal.generation(id))
            known = await recall(self._journal, id)
            if known.seq == 0:
                return False
            if table.is_live(id, known.root):
                if asyncio.get_running_loop().time() > until:
                    raise _busy(id, known.root, table.live(id))
                await table.change(id, _LOOK_S)
                continue
            try:
                await self._journal.erase(id, generation, known.seq)
            except Fenced:  # another caller wrote in between
                tries += 1
                continue
            finally:
                forget(self._journal, id)
            return True
        raise ConversationBusy(f"Conversation '{id}' cannot be deleted: other callers write to it all the time. Try again.")

    async def _known(self, id: str) -> Conversation:
        known = await recall(self._journal, id)
        if known.seq == 0:
            raise _unknown(id)
        return known

    def __repr__(self) -> str:
        return f"Conversations({self._journal!r})"


def _busy(id: str, root: Root, attempt: Owned | None) -> ConversationBusy:
    """Return the error of a deletion that a live attempt prevents, here (`attempt`) or in another process (None)."""
    turn, tools = (root.turn, root.running) if attempt is None else (attempt.turn, attempt.running)
    held = f"the tool {', '.join(sorted(set(tools)))} still runs" if tools else f"turn {turn} is being answered"
    return ConversationBusy(
        f"Conversation '{id}' cannot be deleted: {held}. Delete it after the turn.", root.owner, turn, root.since, tools
    )


def _unknown(id: str) -> UserError:
    return UserError(f"There is no conversation '{id}' in this journal. `Conversations.list()` returns the ids.")


def _turn_of(path: str) -> int:
    """Return the number of the turn in a path such as "turn#12/clerk#0"."""
    _, _, number = path.partition("/")[0].partition("#")
    return int(number) if number.isdigit() else 0
