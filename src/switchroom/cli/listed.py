"""Findings as a list on stdout: how grave each is, what it is about, what it says, and the remedy below."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import NamedTuple

import click

from switchroom.cli.brief import clean

_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red", "error": "red"}


class Row(NamedTuple):
    """A finding as it is shown.

    Args:
        level: "ok", "warning", or "fault" or "error".
        what: what it is about, in a word.
        says: the finding in a sentence.
        remedy: what to do; "" where nothing has to be done.
        where: the file and line; "" where that is not known.
    """

    level: str
    what: str
    says: str
    remedy: str = ""
    where: str = ""


def show(rows: Sequence[Row]) -> None:
    """Print findings, their words below one another."""
    width = max((len(row.what) for row in rows), default=0)
    margin = " " * (width + 9)
    for row in rows:
        level = click.style(f"{row.level:7}", fg=_COLOURS[row.level])
        where = f" ({row.where})" if row.where else ""
        click.echo(f"{level}  {row.what:{width}}  {_folded(row.says + where, margin + '  ')}", color=_colour())
        if row.remedy:
            click.echo(f"{margin}  → {_folded(row.remedy, margin + '    ')}", color=_colour())


def counted(*counts: tuple[int, str]) -> str:
    """How many there are of each, those of which there are none left out: "1 error and 2 warnings"."""
    return " and ".join(f"{number} {what}{'' if number == 1 else 's'}" for number, what in counts if number)


def _folded(text: str, margin: str) -> str:
    """A text as one line; at a terminal, as lines that stand under one another behind a margin."""
    line = _line(text)
    if not sys.stdout.isatty():
        return line
    room = max(shutil.get_terminal_size().columns - len(margin), 20)
    folded = textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False)
    return f"\n{margin}".join(folded)


def _line(text: str) -> str:
    """A text as one line that does not steer the terminal."""
    return " ".join(clean(text).split())


def _colour() -> bool | None:
    """Whether colours are wanted: not where NO_COLOR says so, else as stdout is."""
    return False if os.environ.get("NO_COLOR") else None
