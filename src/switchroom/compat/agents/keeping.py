"""A run's session, written turn by turn while the run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from switchroom.compat.agents.convert import TResponseInputItem, called, returned, said
from switchroom.compat.agents.memory.session import Session
from switchroom.compat.agents.result import new_input_items
from switchroom.compat.agents.running import Running
from switchroom.messages import Message

UNKNOWN = "[interrupted: the run ended before this call returned; it may have taken effect]"
"""The result of a call of which the result is not known, as models read it."""


class Keeper:
    """Writes the items of a run to its session.

    Args:
        run: the run.
        session: the session; None keeps nothing.
    """

    def __init__(self, run: Running, session: Session | None) -> None:
        self._run = run
        self._session = session
        self._kept = 0
        self._adding: asyncio.Future[None] | None = None
        self._end: asyncio.Future[None] | None = None

    async def keep(self, history: Sequence[Message]) -> None:
        """Add the complete turns of a history that the session does not have yet."""
        if self._session is not None and self._end is None:
            items = new_input_items(self._run, tuple(history))
            new, self._kept = items[self._kept :], len(items)
            await self._add(new)

    async def end(self) -> None:
        """Add what is left when the run ends early: complete turns, and the calls of the turn that was cut off.

        The first call decides what is added; later calls wait for the same addition.
        """
        if self._end is None:
            self._end = asyncio.ensure_future(self._add_rest())
        await asyncio.shield(self._end)

    async def _add_rest(self) -> None:
        if self._session is None:
            return
        items = new_input_items(self._run, tuple(self._run.history))[self._kept :]
        items += self._cut_off()
        if self._adding is not None:
            await self._adding
        await self._add(items)

    async def _add(self, items: list[TResponseInputItem]) -> None:
        """Add items. An addition that has begun goes on when the run is cancelled."""
        if items and self._session is not None:
            self._adding = asyncio.ensure_future(self._session.add_items(items))
            await asyncio.shield(self._adding)

    def _cut_off(self) -> list[TResponseInputItem]:
        """Return the items of the answer whose calls did not all return: the calls that began, with their results."""
        answer = self._run.unfinished
        began = [] if answer is None else [call for call in answer.calls if call.id in self._run.began]
        if answer is None or not began:
            return []
        text = [said(answer)] if answer.text else []
        texts = [(call.id, self._run.began[call.id]) for call in began]
        results = [returned(id, UNKNOWN if text is None else text) for id, text in texts]
        return [*text, *map(called, began), *results]
