"""One agent of the OpenAI Agents SDK, under no agreed name, with options of its runs."""

from __future__ import annotations

from typing import Any

from switchroom.compat.agents import Agent, RunConfig
from switchroom.testing import FunctionModel

config = RunConfig(model=FunctionModel(lambda request: f"alone answers {request.messages[-1].text!r}"))
assistant = Agent[Any]("assistant", instructions="Answer.")
