"""What went wrong, as a person at the command line reads it: a sentence and a place in their file, no traceback."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path
from typing import NoReturn

import click

from switchroom import failure
from switchroom.cli.brief import clean
from switchroom.errors import JournalError, UserError

_OWN = str(Path(__file__).parents[1])
_FOREIGN = (_OWN, *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")))


class _Told(click.ClickException):
    """An error whose text does not steer the terminal that shows it."""

    def format_message(self) -> str:
        """Return the text without control characters."""
        return clean(self.message)


class Wrong(_Told):
    """The command was used wrongly, or the application it names is at fault: exit code 2."""

    exit_code = 2


class Failed(_Told):
    """Something that was well asked for did not succeed: exit code 1."""

    exit_code = 1


def give_up(error: Exception) -> NoReturn:
    """End the command with an exception that left a run, in one sentence.

    Raises:
        Wrong: the developer's fault, or a journal that cannot be used.
        Failed: any other.
    """
    kind = Wrong if isinstance(error, UserError | JournalError) else Failed
    raise kind(told(error)) from error


def told(error: BaseException) -> str:
    """An exception in one sentence: what it says, and for one of Python's or the user's own, its type and place."""
    if type(error).__module__.startswith("switchroom."):
        return failure.told(error)
    where = place(error)
    said = error.msg if isinstance(error, SyntaxError) else failure.told(error)
    return f"{type(error).__name__}{': ' if said else ''}{said}{f' ({where})' if where else ''}"


def place(error: BaseException) -> str:
    """The line of the user's own code in which an exception came up; "" if none of theirs took part."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return _line(error.filename, error.lineno, error.text or "")
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_foreign(frame.filename)]
    return _line(own[-1].filename, own[-1].lineno or 0, own[-1].line or "") if own else ""


def _is_foreign(file: str) -> bool:
    return file.startswith(("<", *_FOREIGN))


def _line(file: str, number: int, text: str) -> str:
    try:
        shown = str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        shown = file
    text = text.strip()
    return f"{shown}, line {number}{f': {text}' if text else ''}"
