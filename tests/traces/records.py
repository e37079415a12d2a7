"""Records as JSON, and the recorded changes to them: each says what it finds, so that none is made twice or out of order."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]


def changed(records: Json, changes: Iterable[Json]) -> None:
    """Make changes to records, in place.

    Args:
        records: JSON objects in JSON objects.
        changes: each with "op" ("add", "remove", "replace"), "path" (a JSON pointer), "old" and "value" as far as it has them.

    Raises:
        AssertionError: a change does not find what it found when it was recorded.
    """
    for change in changes:
        *way, last = _tokens(change["path"])
        place = records
        for part in way:
            assert part in place, f"{change['path']}: there is no {part}"
            place = place[part]
        if change["op"] == "add":
            assert last not in place, f"{change['path']} is there already"
        else:
            assert last in place, f"{change['path']} is not there"
            assert place[last] == change["old"], f"{change['path']} is not what it was"
        if change["op"] == "remove":
            del place[last]
        else:
            place[last] = copy.deepcopy(change["value"])


def by_kind(named: Json) -> Json:
    """Records named as "kind/name", as an object of each kind."""
    records: Json = {}
    for pointer, record in named.items():
        kind, name = _tokens(pointer)
        records.setdefault(kind, {})[name] = copy.deepcopy(record)
    return records


def found_by(changes: Sequence[Json]) -> Json:
    """As much of the records as changes find, to be made one after the other: what they call old, but for what they made."""
    found: Json = {}
    now: Json = {}
    for change in changes:
        *way, last = _tokens(change["path"])
        if _place(now, way) is None:
            _made(found, way)
            _made(now, way)
        place = _place(now, way)
        assert place is not None
        if change["op"] != "add" and last not in place:
            _made(found, way)[last] = copy.deepcopy(change["old"])
            place[last] = copy.deepcopy(change["old"])
        changed(now, [change])
    return found


def _tokens(pointer: str) -> list[str]:
    """The parts of a JSON pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/")]


def _place(records: Json, way: Sequence[str]) -> Json | None:
    place: Json | None = records
    for part in way:
        place = None if place is None else place.get(part)
    return place


def _made(records: Json, way: Sequence[str]) -> Json:
    for part in way:
        records = records.setdefault(part, {})
    return records
