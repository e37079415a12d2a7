"""The calls of one answer: values that change one at a time, at a cost that does not depend on how many there are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from math import isqrt
from typing import Literal, TypeAlias

import msgspec

from switchroom.events import CallKind, Effect
from switchroom.messages import ToolCall

Consent = Literal["free", "needed", "asked", "given"]

FEW = 32
"""Calls that are kept as a plain tuple, which is copied when one of them changes."""


class Call(msgspec.Struct, frozen=True, gc=False):
    """One call of the answer that is being dealt with, and how far it has come.

    Args:
        call: what the model asked for.
        kind: what it calls, "" until it is judged.
        effect: a tool's effect.
        consent: whether a person has to say yes, was asked, said yes.
        target: whom a handoff or return names.
        started: it touched the world, or was about to.
        inside: something inside of it waits for a person.
        unsettled: a person was asked whether it happened.
        text: its result; None while it has none.
        again: the tool told the model to call again.
    """

    call: ToolCall
    kind: CallKind | Literal[""] = ""
    effect: Effect = "irreversible"
    consent: Consent = "free"
    target: str = ""
    started: bool = False
    inside: bool = False
    unsettled: bool = False
    text: str | None = None
    again: bool = False


class ManyCalls(msgspec.Struct, frozen=True, gc=False, eq=False):
    """More than `FEW` calls, in rows of equal width, so that a change copies one row and the list of rows.

    Args:
        rows: the calls in order; all rows but the last have `width` calls.
        width: about the square root of the number of calls.
        unanswered: how many calls have no result.
    """

    rows: tuple[tuple[Call, ...], ...]
    width: int
    unanswered: int

    def __len__(self) -> int:
        return (len(self.rows) - 1) * self.width + len(self.rows[-1])

    def __getitem__(self, index: int) -> Call:
        if not 0 <= index < len(self):
            raise IndexError(f"call {index} of {len(self)}")
        return self.rows[index // self.width][index % self.width]

    def __iter__(self) -> Iterator[Call]:
        return chain.from_iterable(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ManyCalls) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def replaced(self, index: int, call: Call) -> ManyCalls:
        """Return these calls with one of them replaced."""
        place, column = divmod(index, self.width)
        row = self.rows[place]
        answered = (call.text is not None) - (row[column].text is not None)
        row = (*row[:column], call, *row[column + 1 :])
        return ManyCalls((*self.rows[:place], row, *self.rows[place + 1 :]), self.width, self.unanswered - answered)


Calls: TypeAlias = tuple[Call, ...] | ManyCalls
"""The calls of one answer, in order. Those of an answer with many calls are rows; the others, which are the rule, a tuple."""


def many(calls: tuple[Call, ...]) -> ManyCalls:
    """Return calls as rows."""
    width = isqrt(len(calls) - 1) + 1
    rows = tuple(calls[start : start + width] for start in range(0, len(calls), width))
    return ManyCalls(rows, width, sum(call.text is None for call in calls))


def with_replaced(calls: Calls, index: int, call: Call) -> Calls:
    """Return calls with one of them replaced."""
    if isinstance(calls, ManyCalls):
        return calls.replaced(index, call)
    return (*calls[:index], call, *calls[index + 1 :])
