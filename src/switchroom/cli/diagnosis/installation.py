"""What is installed: Python, the packages that Switchroom needs, SQLite, and the terminal."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from importlib import metadata

from switchroom.cli.diagnosis.finding import Finding

PYTHON = (3, 11)
SQLITE = (3, 8, 2)
"""The oldest that knows all that the journal's tables are made with."""


def installation() -> Iterator[Finding]:
    """The findings about this process's surroundings."""
    yield _python()
    yield from packages("switchroom")
    yield _sqlite()
    yield from _terminal()


def _python() -> Finding:
    says = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] < PYTHON:
        return Finding("python", "fault", says, f"Install Python {'.'.join(map(str, PYTHON))} or newer.")
    return Finding("python", "ok", says)


def packages(name: str) -> Iterator[Finding]:
    """What a distribution needs, and what is there of it."""
    try:
        there = [f"{name} {metadata.version(name)}"]
        needs = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        says = f"{name} runs from a source tree that is not installed, so nothing says which versions it needs."
        yield Finding("packages", "warning", says, "Install it: pip install -e . in its folder.")
        return
    for need in needs:
        requirement, _, marker = need.partition(";")
        found = _REQUIREMENT.match(requirement)
        if found is None or "extra" in marker:
            continue
        wanted, bounds = found[1], found[2].strip()
        try:
            installed = metadata.version(wanted)
        except metadata.PackageNotFoundError:
            yield Finding("packages", "fault", f"{wanted} is not installed.", f"pip install '{requirement.strip()}'")
            continue
        there.append(f"{wanted} {installed}")
        if not _within(installed, bounds):
            says = f"{wanted} is {installed}; {name} needs {bounds}."
            yield Finding("packages", "fault", says, f"pip install '{requirement.strip()}'")
    yield Finding("packages", "ok", ", ".join(there))


_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(.*)")


def _within(installed: str, bounds: str) -> bool:
    """Whether a version is within bounds. Only the kinds of bounds that Switchroom sets are judged."""
    for bound in filter(None, bounds.strip("() ").split(",")):
        kind, version = bound.strip()[:2].rstrip("0123456789"), bound.strip().lstrip("<>=!~ ")
        if kind == ">=" and _release(installed) < _release(version):
            return False
        if kind == "<" and _release(installed) >= _release(version):
            return False
    return True


def _release(version: str) -> tuple[int, ...]:
    numbers = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def _sqlite() -> Finding:
    says = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < SQLITE:
        remedy = f"Journals in files need {'.'.join(map(str, SQLITE))}: use a Python that was built with a newer one."
        return Finding("sqlite", "fault", says, remedy)
    return Finding("sqlite", "ok", says)


def _terminal() -> Iterator[Finding]:
    if not sys.stdout.isatty():
        yield Finding("terminal", "ok", "none here: text without colours, and nobody is asked anything")
    else:
        size = shutil.get_terminal_size()
        colours = "without colours" if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else "with colours"
        yield Finding("terminal", "ok", f"{size.columns} columns, {colours}")
    encoding = sys.stdout.encoding or "ascii"
    if not encoding.lower().replace("-", "").startswith("utf8"):
        says = f"stdout is written as {encoding}: a character that it lacks becomes a question mark."
        yield Finding("terminal", "warning", says, "Set PYTHONUTF8=1, or a UTF-8 locale such as LC_ALL=C.UTF-8.")
