"""One owner and one lock for a process and a file, with real processes that are killed, stopped and forked."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from switchroom import UserError
from switchroom.errors import Fenced
from switchroom.events import RunEvent, StepReturned, TurnStarted
from switchroom.journal import Ticket
from switchroom.journals import SqliteJournal, owners
from switchroom.journals.database import settled
from tests.journals.processes import process
from tests.patience import HANGS_S

OPEN = "journal = SqliteJournal(file); say(journal.owner); "


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chats.db"


def lock_files(file: Path) -> set[str]:
    return set(os.listdir(file.with_name(file.name + "-owners")))


def started(seq: int = 1) -> list[RunEvent]:
    return [RunEvent("turn#1", TurnStarted(1, seq, "clerk"), seq)]


def test_a_process_is_alive_until_it_is_killed(file: Path):
    journal = SqliteJournal(file)
    with process(OPEN + "wait()", file) as other:
        owner = other.heard()
        assert owner != journal.owner
        assert journal.is_alive(owner)
        other.kill()
        assert not journal.is_alive(owner)


def test_a_process_that_is_only_stopped_is_alive(file: Path):
    journal = SqliteJournal(file)
    with process(OPEN + "wait()", file) as other:
        owner = other.heard()
        other.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, other.running.pid, os.WSTOPPED | os.WNOWAIT)
        assert journal.is_alive(owner)
        assert not other.running.poll()
        other.signal(signal.SIGCONT)


def test_a_process_that_closed_its_journal_is_alive_until_it_ends(file: Path):
    journal = SqliteJournal(file)
    with process(OPEN + "import gc; journal.close(); del journal; gc.collect(); say('closed'); wait()", file) as other:
        owner = other.heard()
        assert other.heard() == "closed"
        assert journal.is_alive(owner)
        other.tell()
        other.rest()
        assert not journal.is_alive(owner)


def test_a_killed_parent_is_seen_although_its_forked_child_lives(file: Path):
    journal = SqliteJournal(file)
    program = OPEN + (
        "child = os.fork()\n"
        "if not child:\n"
        "    say(journal.owner); wait(); say(journal.owner if journal.is_alive(journal.owner) else 'dead'); os._exit(0)\n"
        "os.waitpid(child, 0)"
    )
    with process(program, file) as parent:
        owner, child = parent.heard(), parent.heard()
        assert owner != child
        assert journal.is_alive(owner)
        assert journal.is_alive(child)
        parent.running.kill()
        parent.running.wait(HANGS_S)
        assert not journal.is_alive(owner)
        assert journal.is_alive(child)
        parent.tell()
        assert parent.heard() == child


def test_a_forked_child_that_never_uses_the_journal_keeps_no_lock(file: Path):
    journal = SqliteJournal(file)
    program = OPEN + "child = os.fork()\nif not child: say('child'); wait(); os._exit(0)\nos.waitpid(child, 0)"
    with process(program, file) as parent:
        owner = parent.heard()
        assert parent.heard() == "child"
        parent.running.kill()
        parent.running.wait(HANGS_S)
        assert not journal.is_alive(owner)
        parent.tell()


def test_a_program_that_a_process_starts_keeps_no_lock(file: Path):
    journal = SqliteJournal(file)
    program = OPEN + (
        "import subprocess; child = subprocess.Popen([sys.executable, '-c', "
        "'import sys; print(1, flush=True); sys.stdin.readline()'], close_fds=False); wait(); wait()"
    )
    with process(program, file) as parent:
        owner = parent.heard()
        assert parent.heard() == "1"
        parent.running.kill()
        parent.running.wait(HANGS_S)
        assert not journal.is_alive(owner)
        parent.tell()


def test_a_forked_child_and_its_parent_both_write_and_nothing_is_lost(file: Path):
    async def write(conversation: str, first: int) -> None:
        for seq in range(first, 200):
            await settled(journal.append(conversation, [RunEvent("turn#1", StepReturned(seq), seq)]))

    journal = SqliteJournal(file)
    asyncio.run(write("before", 1))
    child = os.fork()
    if not child:
        code = 1
        try:
            asyncio.run(write("child", 1))
            journal.close()
            code = 0
        finally:
            os._exit(code)
    asyncio.run(write("parent", 1))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    journal.close()
    reread = SqliteJournal(file)
    for conversation in ("before", "child", "parent"):
        events = reread.read(conversation)
        assert isinstance(events, list)
        assert [event.seq for event in events] == list(range(1, 200))


def test_the_log_stays_while_a_forked_child_is_connected_and_its_parent_ends(file: Path):
    program = OPEN + (
        "journal.append('c', [RunEvent('turn#1', StepReturned(1), 1)])\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    journal.append('c', [RunEvent('turn#1', StepReturned(2), 2)]); say('written'); wait()\n"
        "    journal.append('c', [RunEvent('turn#1', StepReturned(3), 3)]); say('again'); wait(); os._exit(0)\n"
        "wait()"
    )
    with process(program, file) as parent:
        parent.heard()
        assert parent.heard() == "written"
        parent.running.kill()
        parent.running.wait(HANGS_S)
        other = SqliteJournal(file)  # the last connection that closes removes the log: the child's must hold it back
        other.append("d", [RunEvent("turn#1", StepReturned(1), 1)])
        other.close()
        assert file.with_name("chats.db-wal").exists()
        parent.tell()
        assert parent.heard() == "again"
        events = SqliteJournal(file).read("c")
        assert isinstance(events, list)
        assert [event.seq for event in events] == [1, 2, 3]


def test_all_journals_over_one_file_share_the_owner_and_the_place(file: Path, tmp_path: Path):
    first = SqliteJournal(file)
    (tmp_path / "link.db").symlink_to(file)
    second = SqliteJournal(tmp_path / "link.db")
    other = SqliteJournal(tmp_path / "other.db")
    assert (first.owner, first.place) == (second.owner, second.place)
    assert other.owner != first.owner
    assert other.place != first.place
    assert lock_files(file) == {first.owner}


def test_threads_that_open_a_file_at_once_share_the_owner(file: Path):
    together = threading.Barrier(6)
    found: list[str] = []

    def opener() -> None:
        together.wait()
        found.append(SqliteJournal(file).owner)

    threads = [threading.Thread(target=opener) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANGS_S)
    assert len(found) == 6
    assert len(set(found)) == 1


def test_opening_removes_the_files_of_dead_processes_and_of_no_others(file: Path):
    with process(OPEN + "wait()", file) as alive, process(OPEN + "wait()", file) as dead:
        living, ended = alive.heard(), dead.heard()
        assert {living, ended} <= lock_files(file)
        dead.kill()
        journal = SqliteJournal(file)
        assert lock_files(file) == {living, journal.owner}


def test_a_file_that_was_removed_before_it_was_locked_is_made_anew(file: Path, monkeypatch: pytest.MonkeyPatch):
    lock = owners._lock  # pyright: ignore[reportPrivateUsage]
    removed: list[str] = []

    def lock_late(descriptor: int, own: bool) -> bool:
        if own and not removed:
            removed.extend(owners._sweep(file.with_name("chats.db-owners"), ""))  # pyright: ignore[reportPrivateUsage]
        return lock(descriptor, own)

    monkeypatch.setattr(owners, "_lock", lock_late)
    journal = SqliteJournal(file)
    assert len(removed) == 1
    assert lock_files(file) == {journal.owner}
    with process("say(SqliteJournal(file).is_alive(wait()))", file) as other:
        other.tell(journal.owner)
        assert other.heard() == "True"


async def test_tickets_of_dead_processes_are_removed_and_those_of_stopped_ones_stay(file: Path):
    journal = SqliteJournal(file)
    take = OPEN + "say(journal.take_ticket('c')); wait()"
    with process(take, file) as dead, process(take, file) as stopped:
        _, first = dead.heard(), int(dead.heard())
        owner, second = stopped.heard(), int(stopped.heard())
        mine = await settled(journal.take_ticket("c"))
        stopped.signal(signal.SIGSTOP)
        dead.kill()
        only = SqliteJournal.at(f"sqlite:///{file}?mode=ro")
        assert await settled(only.first_ticket("c")) in (None, Ticket(second, owner))
        lowest = await settled(journal.first_ticket("c"))
        assert lowest is not None
        assert lowest.number != first
        assert lowest == Ticket(second, owner)
        with pytest.raises(Fenced):
            await settled(journal.claim("c", started(), 0, mine))
        stopped.signal(signal.SIGCONT)
        stopped.kill()
        assert await settled(journal.first_ticket("c")) == Ticket(mine, journal.owner)
        await settled(journal.claim("c", started(), 0, mine))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks in another way")
def test_a_file_system_without_locks_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(owners.fcntl, "flock", refuse)
    with pytest.raises(UserError, match=r"can be locked \(No locks available\)\. Keep the journal in a folder"):
        SqliteJournal(file)
    assert lock_files(file) == set()


def test_a_journal_that_is_only_read_takes_no_lock(file: Path):
    program = "journal = SqliteJournal(file); journal.append('c', [RunEvent('turn#1', TurnStarted(1, 1, 'clerk'), 1)])"
    assert subprocess.run([sys.executable, "-c", _WITH_IMPORTS + program, str(file)], check=True).returncode == 0
    before = lock_files(file)
    journal = SqliteJournal.at(f"sqlite:///{file}?mode=ro")
    assert journal.owner == ""
    assert lock_files(file) == before


_WITH_IMPORTS = (
    "import sys\nfrom switchroom.events import RunEvent, TurnStarted\nfrom switchroom.journals import SqliteJournal\n"
    "file = sys.argv[1]\n"
)
