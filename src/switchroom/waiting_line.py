"""A line of calls that wait until others have ended: each end has the first in line asked again, and not all of them."""

from __future__ import annotations

import asyncio
from collections import deque

from switchroom.active_paths import ActivePaths


class _Waiting:
    """A call in line.

    Attributes:
        path: its place.
        turn: done when it is the call's turn.
        was_asked: it did not fit when it was asked since the last end.
        has_left: it is in line no more, though it may still stand in a deque.
    """

    __slots__ = ("has_left", "path", "turn", "was_asked")

    def __init__(self, path: str, was_asked: bool) -> None:
        self.path = path
        self.turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.was_asked = was_asked
        self.has_left = False


class WaitingLine:
    """Calls that wait for calls in flight, in order.

    A call in flight that another one in line is a part of cannot end before that one goes on. As long as any call in flight
    can end, only the first in line is asked after an end, and the next one only when that one has gone on. When none can,
    all are asked, one after the other: the one that goes on, or is told that it cannot, lets the others go on.
    """

    __slots__ = ("_asked", "_blocked_by_all", "_blocked_by_asked", "_to_ask")

    def __init__(self) -> None:
        self._to_ask: deque[_Waiting] = deque()
        self._asked: deque[_Waiting] = deque()  # asked since the last end; they come before those that are to be asked
        self._blocked_by_all = ActivePaths()
        self._blocked_by_asked = ActivePaths()

    def start(self, path: str) -> None:
        """Know of a call in flight."""
        self._blocked_by_all.start(path)
        self._blocked_by_asked.start(path)

    def end(self, path: str) -> None:
        """Know that a call in flight has ended."""
        self._blocked_by_all.end(path)
        self._blocked_by_asked.end(path)

    def may_wait(self, path: str) -> bool:
        """Whether a call in flight may end while one waits for that: none that it is a part of, none that waits itself."""
        return self._blocked_by_asked.unblocked_beside(path) > 0

    async def wait(self, path: str, asked_again: bool) -> None:
        """Wait until it is a call's turn. Whoever was waiting says afterwards that the next one is to be asked, or waits again.

        Args:
            path: the call's place.
            asked_again: the call was asked, and goes back to the front of the line.
        """
        waiting = _Waiting(path, was_asked=asked_again or not self._to_ask)
        self._blocked_by_all.block(path)
        if waiting.was_asked:
            self._asked.append(waiting)
            self._blocked_by_asked.block(path)
        else:
            self._to_ask.append(waiting)
        if not self._blocked_by_all.unblocked:
            self.ask_next()
        try:
            await waiting.turn
        finally:
            self._leave(waiting)

    def ask_again(self) -> None:
        """Have the line asked from its front, for something has ended."""
        for waiting in self._asked:
            if not waiting.has_left:
                self._blocked_by_asked.unblock(waiting.path)
                waiting.was_asked = False
        self._to_ask.extendleft(reversed(self._asked))
        self._asked.clear()
        self.ask_next()

    def ask_next(self) -> None:
        """Ask the next call in line, if there is one that was not asked since the last end."""
        while self._to_ask:
            waiting = self._to_ask.popleft()
            if not waiting.has_left:
                self._leave(waiting)
                if not waiting.turn.done():  # else it was cancelled
                    waiting.turn.set_result(None)
                    return

    def _leave(self, waiting: _Waiting) -> None:
        """Have a call wait no more. It stays in its deque, from which it is dropped when its turn comes."""
        if waiting.has_left:
            return
        waiting.has_left = True
        self._blocked_by_all.unblock(waiting.path)
        if waiting.was_asked:
            self._blocked_by_asked.unblock(waiting.path)
