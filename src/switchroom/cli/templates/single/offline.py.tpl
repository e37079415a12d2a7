"""Answers by rules, so that the project runs without a key."""

from __future__ import annotations

import re

from switchroom.models import (
    Heard,
    OfflineModel,
    Reply,
    Returned,
    after,
    call,
    otherwise,
)

DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


def told(heard: Heard, returned: Returned) -> Reply:
    """What the tool told: a number of days, or what is wrong with the dates."""
    if not isinstance(returned.data, int):
        return f"I cannot count that: {returned.text}"
    return f"That is {returned.text} day{'' if returned.data == 1 else 's'}."


def count(heard: Heard) -> Reply:
    """The call of the tool, where the message has two dates."""
    dates = DATE.findall(heard.text)
    if len(dates) < 2:
        return "Write two dates as YYYY-MM-DD, and I count the days between them."
    return call("days_between", first=dates[0], last=dates[1])


model = OfflineModel({"calendar": [after("days_between", told), otherwise(count)]})
