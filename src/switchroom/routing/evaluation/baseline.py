"""What has changed since an evaluation before: figures that rose or fell, and cases that are right or wrong now."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec

from switchroom.errors import UserError
from switchroom.routing.evaluation.report import Report

FIGURES = ("accuracy", "accuracy_routed", "accuracy_likeliest", "macro_f1", "abstained", "calibration_error")


class Change(NamedTuple):
    """A figure before and now."""

    figure: str
    before: float
    now: float


def read_baseline(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `switchroom eval --json` printed before.

    Raises:
        UserError: the file cannot be read, or is none of those.
    """
    place = Path(path)
    try:
        told: Any = msgspec.json.decode(place.read_bytes())
    except OSError as error:
        raise UserError(f"The baseline {place} cannot be read: {error.strerror or error}.") from error
    except msgspec.DecodeError as error:
        raise UserError(
            f"The baseline {place} is no JSON ({error}). Name a file that `switchroom eval --json` was written to."
        ) from error
    if not isinstance(told, dict) or not isinstance(cast("dict[str, Any]", told).get("accuracy"), int | float):
        raise UserError(f"The baseline {place} has no accuracy. Name a file that `switchroom eval --json` was written to.")
    return cast("dict[str, Any]", told)


def changes(before: dict[str, Any], now: Report) -> Sequence[Change]:
    """The figures of before and now, those that both have."""
    after = now.as_json()
    found = [(figure, before.get(figure), after[figure]) for figure in FIGURES]
    return [Change(figure, float(was), float(is_now)) for figure, was, is_now in found if isinstance(was, int | float)]


def newly_wrong(before: dict[str, Any], now: Report) -> list[int]:
    """The lines of cases that are wrong now and were not before."""
    was = set(cast("list[int]", before.get("wrong") or []))
    return [one.case.line for one in now.outcomes if not one.right and one.case.line not in was]
