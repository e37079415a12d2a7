"""The command `switchroom`: data on stdout, talk on stderr, exit codes 0, 1 (something failed) and 2 (wrong use)."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run the command line, and exit with its code."""
    from switchroom.cli.commands import switchroom

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows a question mark
    switchroom(prog_name="switchroom")
