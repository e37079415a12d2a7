"""The id of this process at a database, and the lock that shows other processes that this one has not ended.

A process holds `flock` on a file of its own, named by its id, in a folder beside the database. The kernel drops the lock when
the process ends, however it ends; a process that is only stopped keeps it. Process ids are not used: the system gives them
again. Windows locks the file with `msvcrt` instead, which no test has tried.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
import threading
from pathlib import Path
from typing import Final

from switchroom.errors import UserError

_ID = re.compile("[0-9a-f]{32}")

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, own: bool) -> bool:
        """Lock a file. Return False if another process has it."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int, own: bool) -> bool:
        """Lock a file: for its owner, or shared, to see that it has none. Return False if another process has it."""
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if own else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Owner:
    """This process at one database, until the process ends.

    Attributes:
        id: the id, in hexadecimal digits.
        folder: the folder of the lock files.
        removed: the ids of processes that had ended, whose files were removed.
        is_left: True in a forked child, for the owner of the parent.
    """

    def __init__(self, database: Path) -> None:
        self.is_left = False
        self.database: Final = database
        self.folder: Final = folder_of(database)
        try:
            self.folder.mkdir(exist_ok=True)
            self.id, self._descriptor = _enter(self.folder)
        except OSError as error:
            raise UserError(
                f"The journal {database} cannot be used: no file in {self.folder} can be locked ({error.strerror or error}). "
                "Keep the journal in a folder that you may write to, on a local disk; network drives often have no locks."
            ) from error
        self.removed = _sweep(self.folder, self.id)

    def close(self) -> None:
        """Close the descriptor without unlocking: a forked child does so, and its parent keeps the lock."""
        os.close(self._descriptor)


def folder_of(database: Path) -> Path:
    """Return the folder of the lock files of a database. Symbolic links to one file share the folder."""
    real = database.resolve()
    return real.with_name(real.name + "-owners")


def is_alive(folder: Path, owner: str) -> bool:
    """Return True if the process with this id holds its lock.

    Args:
        folder: the folder of the lock files.
        owner: the id of another process.
    """
    if not _ID.fullmatch(owner):
        return False
    try:
        descriptor = os.open(folder / owner, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    except FileNotFoundError:
        return False
    except PermissionError:  # it cannot be known, and a process that may be alive is left alone
        return True
    try:
        return not _lock(descriptor, own=False)
    finally:
        os.close(descriptor)


def _enter(folder: Path) -> tuple[str, int]:
    """Make a lock file with a new id, and lock it. Return the id and the descriptor."""
    while True:
        id = secrets.token_hex(16)
        file = folder / id
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            # A process that removes the files of dead ones may have come between the two steps.
            if _lock(descriptor, own=True) and _is_at(descriptor, file):
                return id, descriptor
        except BaseException:
            os.close(descriptor)
            file.unlink(missing_ok=True)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(file))
    except FileNotFoundError:
        return False


def _sweep(folder: Path, own: str) -> list[str]:
    """Remove the files of processes that have ended. Return the ids."""
    removed: list[str] = []
    for id in os.listdir(folder):
        if id == own or not _ID.fullmatch(id) or is_alive(folder, id):
            continue
        try:
            os.unlink(folder / id)
        except OSError:  # another process was quicker
            continue
        removed.append(id)
    return removed


_owners: dict[tuple[int, int], Owner] = {}
_guard = threading.Lock()


def owner_at(database: Path) -> Owner:
    """Return this process's owner at a database file that exists: one for all journal objects over the file.

    Raises:
        UserError: the file system has no locks, or the folder of the database cannot be written.
    """
    status = os.stat(database)
    key = (status.st_dev, status.st_ino)
    with _guard:
        owner = _owners.get(key)
        if owner is None:
            _forget_deleted()
            owner = _owners[key] = Owner(database)
        return owner


def _forget_deleted() -> None:
    """Close the locks at databases that were deleted since: nobody asks for their owners, and descriptors are few."""
    for key, owner in list(_owners.items()):
        if not owner.folder.exists() and not owner.database.exists():
            owner.close()
            del _owners[key]


def _leave_parent() -> None:
    """Forget the parent's owners in a forked child, whose death would not be seen if the child kept the descriptors."""
    global _guard
    _guard = threading.Lock()  # another thread of the parent may have held it
    for owner in _owners.values():
        owner.is_left = True
        owner.close()
    _owners.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_parent)
