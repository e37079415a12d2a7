"""The results that tools gave in a turn: a set that only grows, held by reference, so that adding to it copies nothing."""

from __future__ import annotations

import msgspec


class Results(msgspec.Struct, frozen=True, gc=False, eq=False):
    """An immutable set of texts that shares its storage with the sets it grew from, as a `History` does.

    Args:
        places: texts, each with its place in the order in which they came; those of larger sets included.
        count: how many of them are in this set, the first ones.
    """

    places: dict[str, int] = {}
    count: int = 0

    def __len__(self) -> int:
        return self.count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Results) and self._texts() == other._texts()

    def __hash__(self) -> int:
        return hash(frozenset(self._texts()))

    def __repr__(self) -> str:
        return f"Results({sorted(self._texts())!r})"

    def plus(self, text: str) -> Results:
        """Return this set and a text; this set itself if the text is in it."""
        places, count = self.places, self.count
        if not count:  # the empty set is shared by all that begin
            return Results({text: 0}, 1)
        if places.get(text, count) < count:
            return self
        if len(places) > count:  # another set has grown from this one
            places = {text: place for text, place in places.items() if place < count}
        places[text] = count
        return Results(places, count + 1)

    def _texts(self) -> set[str]:
        return {text for text, place in self.places.items() if place < self.count}


NO_RESULTS = Results()
"""What a turn begins with."""
