"""What has changed since an evaluation before: figures that rose or fell, and cases that are right or wrong now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import msgspec

from switchroom.errors import UserError
from switchroom.routing.evaluation.report import Report

FIGURES = ("accuracy", "accuracy_routed", "accuracy_likeliest", "macro_f1", "abstained", "calibration_error")


class Change(NamedTuple):
    """A figure before and now."""

    figure: str
    before: float
    now: float


Figure: TypeAlias = float | None


class _Told(msgspec.Struct):
    """What is read of it."""

    accuracy: float
    accuracy_routed: Figure = None
    accuracy_likeliest: Figure = None
    macro_f1: Figure = None
    abstained: Figure = None
    calibration_error: Figure = None
    wrong: list[int] = []


def read_baseline(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `switchroom eval --json` printed before.

    Raises:
        UserError: the file cannot be read, or is none of those.
    """
    place = Path(path)
    try:
        return msgspec.structs.asdict(msgspec.json.decode(place.read_bytes(), type=_Told))
    except OSError as error:
        raise UserError(f"The baseline {place} cannot be read: {error.strerror or error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(
            f"The baseline {place} is none ({error}). Name a file that `switchroom eval --json` was written to."
        ) from error


def changes(before: dict[str, Any], now: Report) -> Sequence[Change]:
    """The figures of before and now, those that both have."""
    after = now.as_json()
    found = [(figure, before.get(figure), after[figure]) for figure in FIGURES]
    return [Change(figure, float(was), float(is_now)) for figure, was, is_now in found if isinstance(was, int | float)]


def newly_wrong(before: dict[str, Any], now: Report) -> list[int]:
    """The lines of cases that are wrong now and were not before."""
    was = set[int](before["wrong"])
    return [one.case.line for one in now.outcomes if not one.right and one.case.line not in was]
