"""Which active paths can end: those at or below which nothing waits, told without looking at all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from switchroom.active_paths import ActivePaths

paths = st.sampled_from(["a", "a/b", "a/b/c", "a/bb", "d", "d/b", "d/b/a"])
moves = st.lists(st.tuples(st.sampled_from(["start", "end", "block", "unblock"]), paths), max_size=30)


def holds(place: str, waiting: str) -> bool:
    return f"{waiting}/".startswith(f"{place}/")


@given(moves, paths)
def test_an_active_path_is_blocked_by_what_waits_at_or_below_it(moves: list[tuple[str, str]], here: str):
    known = ActivePaths()
    active: set[str] = set()
    waiting: list[str] = []
    for move, path in moves:
        match move:
            case "start":
                known.start(path)
                active.add(path)
            case "end":
                known.end(path)
                active.discard(path)
            case "block":
                known.block(path)
                waiting.append(path)
            case _ if path in waiting:
                known.unblock(path)
                waiting.remove(path)
            case _:
                pass
        free = [place for place in active if not any(holds(place, one) for one in waiting)]
        assert known.unblocked == len(free)
        assert known.unblocked_beside(here) == sum(not holds(place, here) for place in free)
