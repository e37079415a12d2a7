"""What is looked for in a run: kinds of facts, and the checks that one of them has to pass, each with its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

import msgspec

from switchroom.events import Fact
from switchroom.schema import jsonable
from switchroom.testing.lines import data, quoted
from switchroom.testing.transcript import Moment

Texts: TypeAlias = str | re.Pattern[str] | Callable[[str], Any]
"""A text: exactly this one, one in which the pattern is found, or one of which a function says so."""

Fields: TypeAlias = Mapping[str, Any] | Callable[[Any], Any]
"""Fields: these among others, or those of which a function says so."""


class Check(msgspec.Struct, frozen=True):
    """A property that is wanted.

    Args:
        name: what it is called.
        wanted: what it has to be, in words.
        of: what a moment has there.
        holds: whether that will do.
    """

    name: str
    wanted: str
    of: Callable[[Moment], Any]
    holds: Callable[[Any], Any]

    def fault(self, moment: Moment) -> str:
        """What is wrong with a moment; "" if nothing is."""
        value = self.of(moment)
        if self.holds(value):
            return ""
        shown = "missing" if value is None else data(jsonable(value, self.name))
        return f"{self.name} is {shown}, not {self.wanted}"


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for.

    Args:
        what: in words, such as "handoff triage -> billing".
        kinds: the facts among which it is looked for.
        named: the names that say which of them it is; the words have them.
        checks: what else has to hold of it.
    """

    what: str
    kinds: tuple[type[Fact], ...]
    named: Sequence[Check] = ()
    checks: Sequence[Check] = ()

    def faults(self, moment: Moment) -> list[str]:
        """What is wrong with a moment of a wanted kind. One of other names is not looked at any closer."""
        return _faults(self.named, moment) or _faults(self.checks, moment)

    def nearest(self, moments: Sequence[Moment]) -> Moment | None:
        """That of moments of a wanted kind with which the least is wrong."""
        return min(moments, key=lambda one: (bool(_faults(self.named, one)), len(self.faults(one))), default=None)

    def __str__(self) -> str:
        terms = ", ".join(f"{check.name} {check.wanted}" for check in self.checks)
        return f"{self.what} with {terms}" if terms else self.what


def _faults(checks: Sequence[Check], moment: Moment) -> list[str]:
    return [fault for fault in (check.fault(moment) for check in checks) if fault]


def field(name: str) -> Callable[[Moment], Any]:
    """What a moment's fact has in a field."""
    return lambda moment: getattr(moment.fact, name, None)


def equal(name: str, wanted: Any, of: Callable[[Moment], Any] | None = None) -> list[Check]:
    """That something is as wanted; nothing where nothing is wanted."""
    if wanted is None:
        return []
    plain = jsonable(wanted, name)
    return [Check(name, data(plain), of or field(name), lambda value: value == plain)]


def text(name: str, wanted: Texts | None, of: Callable[[Moment], Any] | None = None) -> list[Check]:
    """That a text is as wanted."""
    match wanted:
        case None:
            return []
        case str():
            return [Check(name, quoted(wanted), of or field(name), lambda value: value == wanted)]
        case re.Pattern():
            return matching(name, wanted, of)
        case _:
            return [Check(name, f"as {_called(wanted)} wants it", of or field(name), _there(wanted))]


def containing(name: str, wanted: str | Sequence[str] | None, of: Callable[[Moment], Any]) -> list[Check]:
    """That a text contains others."""
    wanted = [wanted] if isinstance(wanted, str) else wanted or []

    def check(part: str) -> Check:
        return Check(name, f"containing {quoted(part)}", of, lambda value: part in (value or ""))

    return [check(part) for part in wanted]


def matching(name: str, wanted: str | re.Pattern[str] | None, of: Callable[[Moment], Any] | None = None) -> list[Check]:
    """That a pattern is found in a text."""
    if wanted is None:
        return []
    pattern = re.compile(wanted)
    return [Check(name, f"matching /{pattern.pattern}/", of or field(name), lambda value: pattern.search(value or ""))]


def fields(name: str, wanted: Fields | None, of: Callable[[Moment], Any] | None = None) -> list[Check]:
    """That fields are among others as wanted."""
    if wanted is None:
        return []
    if callable(wanted):
        return [Check(name, f"as {_called(wanted)} wants them", of or field(name), _there(wanted))]
    source = of or field(name)

    def check(key: str, value: Any) -> Check:
        plain = jsonable(value, f"{name}[{key!r}]")
        return Check(f"{name}[{key!r}]", data(plain), lambda moment: _item(source(moment), key), lambda given: given == plain)

    return [check(key, value) for key, value in wanted.items()]


def _there(wanted: Callable[[Any], Any]) -> Callable[[Any], bool]:
    """The same of what need not be there."""
    return lambda value: value is not None and bool(wanted(value))


def _item(value: Any, key: str) -> Any:
    return cast("Mapping[str, Any]", value).get(key) if isinstance(value, Mapping) else None


def _called(function: Any) -> str:
    return getattr(function, "__name__", repr(function))
