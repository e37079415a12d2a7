"""One agent with one tool: models are bad at counting days, a function is not."""

from __future__ import annotations

import os
from datetime import date

from switchroom import Agent, RunConfig, tool

from offline import model


@tool(effect="read", on_error="tell_model")
async def days_between(first: date, last: date) -> int:
    """Count the days from one date to another.

    Args:
        first: the date to count from, as YYYY-MM-DD.
        last: the date to count to, as YYYY-MM-DD.
    """
    return (last - first).days


app = Agent(
    "calendar",
    "You answer questions about dates, briefly. Count days with the tool only.",
    tools=[days_between],
)

# A language model answers if SWITCHROOM_MODEL names one, else the rules of offline.py.
config = RunConfig(model=os.environ.get("SWITCHROOM_MODEL") or model)
