"""The paths of a run at which something is active, and which of them can end without help from outside."""

from __future__ import annotations


class ActivePaths:
    """The active paths of a run. A path is blocked while something at or below it waits.

    Starting, ending, blocking and unblocking a path cost as much as the path is deep, however many paths there are.

    Attributes:
        unblocked: how many active paths are not blocked.
    """

    __slots__ = ("_active", "_blocks", "unblocked")

    def __init__(self) -> None:
        self._active: set[str] = set()
        self._blocks: dict[str, int] = {}  # how many wait at or below a path
        self.unblocked = 0

    def start(self, path: str) -> None:
        """Add an active path. Nothing happens if it is active already."""
        if path not in self._active:
            self._active.add(path)
            self.unblocked += path not in self._blocks

    def end(self, path: str) -> None:
        """Remove an active path. Nothing happens if it is not active."""
        if path in self._active:
            self._active.remove(path)
            self.unblocked -= path not in self._blocks

    def block(self, path: str) -> None:
        """Block a path and those around it: something waits there."""
        for place in _around(path):
            waiting = self._blocks.get(place, 0)
            self._blocks[place] = waiting + 1
            if not waiting and place in self._active:
                self.unblocked -= 1

    def unblock(self, path: str) -> None:
        """Undo one `block` of the same path."""
        for place in _around(path):
            waiting = self._blocks.pop(place) - 1
            if waiting:
                self._blocks[place] = waiting
            elif place in self._active:
                self.unblocked += 1

    def unblocked_beside(self, path: str) -> int:
        """Return how many active paths would not be blocked if something waited at `path`."""
        return self.unblocked - sum(place in self._active and place not in self._blocks for place in _around(path))


def _around(path: str) -> list[str]:
    """The path and all paths around it."""
    places: list[str] = []
    while path:
        places.append(path)
        path = path.rpartition("/")[0]
    return places
