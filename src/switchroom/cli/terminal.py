"""The person at the terminal: asked for a line, and heard when they press Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import signal
import sys
from collections.abc import Generator


class Left(Exception):
    """The person wants to leave."""


def present() -> bool:
    """Whether somebody can be asked: they see what is said, and can type."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def tolerate() -> None:
    """Let a byte of stdin that is no character be read as one that says so: U+FFFD."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # pyright: ignore[reportUnknownMemberType]


def leaves(line: str) -> bool:
    """Whether a line that a person typed says that they want to leave."""
    return line.strip().lower() in LEAVE


LEAVE = ("exit", "quit", "/exit", "/quit", "/q")


def ask_line(prompt: str) -> str:
    """A line that the person types; of a stdin that is no terminal, the next one.

    Raises:
        Left: they pressed Ctrl-C or Ctrl-D; or there are no more lines.
    """
    try:
        with _raising():
            return _typed(prompt) if sys.stdin.isatty() else _read()
    except (KeyboardInterrupt, EOFError):
        if sys.stdin.isatty():
            print(file=sys.stderr)
        raise Left from None


def ask_yes(prompt: str) -> tuple[bool, str]:
    """A yes or a no, and what the person adds to it.

    Raises:
        Left: they leave instead.
    """
    while True:
        line = ask_line(prompt)
        if leaves(line):
            raise Left
        word, _, note = line.strip().partition(" ")
        if word.lower().rstrip(",") in YES:
            return True, note.strip()
        if word.lower().rstrip(",") in NO:
            return False, note.strip()
        print("Please answer y or n; what follows it is a note for the agent.", file=sys.stderr)


YES = ("y", "yes")
NO = ("n", "no")


def _typed(prompt: str) -> str:
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]  # lets input() edit the line
    if sys.stdout.isatty():
        return input(prompt)
    print(prompt, end="", file=sys.stderr, flush=True)  # input() would put it among the data
    return input()


def _read() -> str:
    line = sys.stdin.buffer.readline()  # not of the text layer, which reads ahead: see `unread`
    if not line:
        raise EOFError
    return line.decode(sys.stdin.encoding, "replace").rstrip("\r\n")


def unread() -> str:
    """That lines of a stdin that is no terminal were not read, as the start of a sentence; "" if none stand there.

    Takes them away, and does not wait for a writer who may send more.
    """
    if sys.stdin.isatty():
        return ""
    with _not_waiting():
        there = sys.stdin.buffer.read(MOST) or b""
    number = sum(bool(line.strip()) for line in there.splitlines())
    if not number:
        return ""
    about = "at least " if len(there) == MOST else ""
    return f"{about}{number} line was not read" if number == 1 else f"{about}{number} lines were not read"


MOST = 1 << 20
"""Bytes in which lines that were not read are counted."""


@contextlib.contextmanager
def _not_waiting() -> Generator[None]:
    """Let reads of stdin give what is there. The setting belongs to the open file, so other processes have it too meanwhile."""
    try:
        file = sys.stdin.fileno()
        before = os.get_blocking(file)
    except OSError:  # it is no file of the system's
        yield
        return
    os.set_blocking(file, False)
    try:
        yield
    finally:
        os.set_blocking(file, before)


@contextlib.contextmanager
def _raising() -> Generator[None]:
    """Let Ctrl-C raise KeyboardInterrupt at once, also where a running loop would take it for a cancellation."""
    if not sys.stdin.isatty():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def ctrl_c() -> Generator[asyncio.Event]:
    """While this holds, Ctrl-C sets an event and stops nothing."""
    pressed = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    loop.add_signal_handler(signal.SIGINT, pressed.set)
    try:
        yield pressed
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
