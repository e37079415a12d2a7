"""Labelled cases: a message, or a conversation, and who should answer it; from lines of JSON."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec

from switchroom.errors import UserError, unknown
from switchroom.routing.asked import Asked, asked_of

STRANGE = ("oos", "out_of_scope", "none")
"""Labels that mean no route, where no route is called so."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message with who should answer it.

    Args:
        asked: the message, and what was said before.
        route: who should answer; None if it is for nobody: the router should abstain.
        line: where it stands in its file, from 1; 0 for one that was made.
    """

    asked: Asked
    route: str | None
    line: int = 0

    @property
    def text(self) -> str:
        """The message."""
        return self.asked.text


def read_cases(path: str | os.PathLike[str], *, label: str = "route", routes: Sequence[str] | None = None) -> list[Case]:
    """Read cases from a file of JSON lines.

    A line has `text`, or `messages` in chat form; `route`, null for a message that is for nobody; and may have `active`, the
    route that has the conversation. Other fields are not looked at.

    Args:
        path: the file.
        label: the field that names the route.
        routes: the routes that there are; a case of another is a fault.

    Raises:
        UserError: the file cannot be read, or a line is wrong; it says which, and in what.
    """
    place = Path(path)
    try:
        lines = place.read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n")
    except OSError as error:
        raise UserError(f"The cases {place} cannot be read: {error.strerror or error}.") from error
    cases = [
        _case(line, f"{place}, line {number}", number, label) for number, line in enumerate(lines, start=1) if line.strip()
    ]
    if not cases:
        raise UserError(f'{place} has no cases. Write lines such as {{"text": "where is my parcel", "{label}": "orders"}}.')
    return cases if routes is None else [_of(case, routes, place) for case in cases]


def _case(line: bytes, where: str, number: int, label: str) -> Case:
    try:
        told: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{where}: it is no JSON ({error}).") from error
    if not isinstance(told, dict):
        raise UserError(f"{where}: a case is a JSON object with 'text' and '{label}'.")
    fields = cast("dict[str, Any]", told)
    if label not in fields:
        raise UserError(
            f"{where}: " + unknown("the case", "field", label, fields) + " For a message that is for nobody, write null."
        )
    route = fields[label]
    if route is not None and (not isinstance(route, str) or not route.strip()):
        raise UserError(f"{where}: '{label}' is {route!r}. Write the name of a route, or null.")
    active = fields.get("active")
    if active is not None and not isinstance(active, str):
        raise UserError(f"{where}: 'active' is {active!r}. Write the route that has the conversation.")
    return Case(_asked(fields, active, where), route.strip() if route else None, number)


def _asked(fields: Mapping[str, Any], active: str | None, where: str) -> Asked:
    if isinstance(messages := fields.get("messages"), list):
        try:
            asked = asked_of(cast("list[Any]", messages))
        except UserError as error:
            raise UserError(f"{where}: {error}") from error
        return asked if active is None else Asked(asked.text, asked.before, active)
    text = fields.get("text")
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"{where}: 'text' is {text!r}. Write the message, or 'messages' in chat form.")
    return Asked(text, (), active)


def _of(case: Case, routes: Sequence[str], place: Path) -> Case:
    if case.route is None or case.route in routes:
        return case
    if case.route in STRANGE:
        return Case(case.asked, None, case.line)
    raise UserError(f"{place}, line {case.line}: " + unknown("the router", "route", case.route, routes))


def examples_of(cases: Iterable[Case]) -> tuple[list[tuple[str, str]], list[str]]:
    """Cases as `LearnedRouter.fit` takes them: examples, and what is out of scope."""
    known = list(cases)
    examples = [(case.text, case.route) for case in known if case.route is not None]
    return examples, [case.text for case in known if case.route is None]
