"""Write the golden journal, and beside it what this version gave and gives for each conversation.

It is run with an older version of the library, to hold that version's journals against the versions that follow:

    PYTHONPATH=<older sources>:. python -m tests.golden.write <folder>

Each process of a conversation is a fork, so that it can be killed where the conversation says.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import os
import shutil
import sqlite3
import sys
import tempfile
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, get_args

from switchroom.events import AnyFact
from switchroom.journals import SqliteJournal
from tests.golden.scene import Scene
from tests.golden.scenes import ALL
from tests.golden.world import World

NAME = "journal-1"
"""The file's name: of a journal of SQLite layout 1."""


def in_a_process(work: Callable[[], Coroutine[Any, Any, Any]], folder: Path) -> Any:
    """Do work in a fork; give its result, or None if it was killed."""
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            result.write_text(json.dumps(asyncio.run(work())))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return None
    if status:
        raise SystemExit("a conversation failed; see above")
    return json.loads(result.read_text())


def record(scene: Scene, database: Path, folder: Path) -> dict[str, Any]:
    """Write a conversation into the journal; give what came of it, and what models and tools did."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    last: Any = None
    for life, death in enumerate(scene.lives):

        async def live(life: int = life, death: str = death) -> Any:
            return await scene.record(World(log, death), SqliteJournal(database), life)

        last = in_a_process(live, folder)
        if (last is None) != bool(death):
            raise SystemExit(f"'{scene.name}' was {'not ' if death else ''}killed in life {life}: {last}")
    return {"ends": scene.ends, "seen": last, "log": log.read_text().splitlines() if log.exists() else []}


def follow(scene: Scene, database: Path, folder: Path) -> dict[str, Any]:
    """Take the conversation up, go on with it, and play it, on copies; give what came of it."""

    async def follow_up() -> dict[str, Any]:
        copy = shutil.copy(database, Path(tempfile.mkdtemp(dir=folder)) / "copy.db")
        journal = SqliteJournal(copy)
        world = World(mended=True)
        played = await played_of(scene, journal)
        taken_up = await scene.take_up(world, journal)
        log, world.log = sorted(world.log), []
        next_turn = await scene.go_on(world, journal)
        return {"played": played, "taken_up": taken_up, "log_now": log, "next": next_turn, "log_next": sorted(world.log)}

    return in_a_process(follow_up, folder)


async def played_of(scene: Scene, journal: SqliteJournal) -> Any:
    """The outputs of a record that is played, or the name of the error that it cannot be."""
    try:
        return await scene.play(World(), journal)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:300]}"


def kinds_in(database: Path) -> set[str]:
    """The kinds of fact in the journal."""
    db = sqlite3.connect(database)
    kinds = {kind for (kind,) in db.execute("SELECT DISTINCT json_extract(fact, '$.kind') FROM entries")}
    db.close()
    return kinds


def main(folder: Path) -> None:
    """Write both files."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as scratch:
        database = Path(scratch) / f"{NAME}.db"
        scenes = {scene.name: record(scene, database, Path(scratch)) for scene in ALL}
        db = sqlite3.connect(database, isolation_level=None)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        for scene in ALL:
            scenes[scene.name] |= follow(scene, database, Path(scratch))
        kinds = sorted(str(fact.__struct_config__.tag) for fact in get_args(AnyFact))
        missing = set(kinds) - kinds_in(database)
        (folder / f"{NAME}.db.gz").write_bytes(gzip.compress(database.read_bytes(), mtime=0))
    if missing:
        print(f"The journal has no {', '.join(sorted(missing))}.", file=sys.stderr)
    expected = {"kinds": kinds, "conversations": scenes}
    (folder / f"{NAME}.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
