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
    """Return the line that the person types; of a stdin that is no terminal, the next one.

    Ctrl-C clears a line of which something is typed, and asks for it again.

    Raises:
        Left: they pressed Ctrl-C on an empty line, or Ctrl-D; or there are no more lines.
    """
    if not sys.stdin.isatty():
        try:
            return _read()
        except (KeyboardInterrupt, EOFError):
            raise Left from None
    is_warned = False
    while True:
        try:
            with _raising():
                return _typed(prompt)
        except EOFError:
            print(file=sys.stderr)
            raise Left from None
        except HalfTyped:
            print(file=sys.stderr)
        except KeyboardInterrupt:
            print(file=sys.stderr)
            if _edits_lines() or is_warned:
                raise Left from None
            # The terminal has dropped what was typed, and does not say whether that was something.
            is_warned = True
            print("Ctrl-C again leaves.", file=sys.stderr)


class HalfTyped(KeyboardInterrupt):
    """The person pressed Ctrl-C, and had typed a part of a line."""


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


def _edits_lines() -> bool:
    """Return True if `input` edits lines, so that it is known what is typed so far."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # pyright: ignore[reportUnusedImport]  # lets input() edit the line

        return sys.stdout.isatty()
    return False


def _typed(prompt: str) -> str:
    if _edits_lines() or sys.stdout.isatty():
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
    """Let Ctrl-C raise KeyboardInterrupt at once, also where a running loop would take it for a cancellation.

    Raises:
        HalfTyped: a part of a line is typed.
    """

    def interrupt(number: int, frame: object) -> None:
        if _edits_lines():
            import readline

            if readline.get_line_buffer():
                raise HalfTyped
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
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
