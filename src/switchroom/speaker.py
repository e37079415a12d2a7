"""Showing an answer piece by piece, and taking back what was shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from switchroom.attempt import Attempt
from switchroom.events import AnswerWithdrawn, RunEvent, TextDelta
from switchroom.model import Emit

Ear: TypeAlias = Callable[[Any, str, int], Emit]
"""Says where an agent's model shows an answer: of (the scope of the run, the agent, the number of the answer)."""


class Speaker:
    """Where a model shows an answer: an `Emit` to which somebody listens.

    Args:
        attempt: whose listeners are told.
        path: the place of the agent's run.
        piece: a piece without text, which says whose answer it is and which.
        said: where the pieces are put that were shown and hold.
        note: notes that they do not hold any more.
    """

    __slots__ = ("_attempt", "_note", "_path", "_piece", "_said", "_try")

    def __init__(
        self,
        attempt: Attempt,
        path: str,
        piece: TextDelta,
        said: list[str],
        note: Callable[[AnswerWithdrawn], Awaitable[None]],
    ) -> None:
        self._attempt = attempt
        self._path = path
        self._piece = piece
        self._said = said
        self._note = note
        self._try = 1

    def __call__(self, text: str) -> None:
        """Show a piece."""
        if text:
            self._said.append(text)
            piece = self._piece
            self._attempt.show(RunEvent(self._path, TextDelta(text, piece.agent, piece.answer, self._try)))

    def __bool__(self) -> bool:
        return True

    async def withdraw(self, reason: str) -> bool:
        """Take back what was shown; see `Emit.withdraw`."""
        if self._said:
            if not self._attempt.withdraws:
                return False
            self._said.clear()
            await self._note(AnswerWithdrawn(self._piece.agent, reason))
        self._try += 1
        return True
