"""An agent of the OpenAI Agents SDK without a model, and one whose handoff leads to nobody."""

from __future__ import annotations

from typing import Any

from switchroom.compat.agents import Agent

silent = Agent[Any]("silent", handoff_description="nothing")
strange = Agent[Any]("strange", model="gpt-test", handoffs=["nobody"])  # pyright: ignore[reportArgumentType]
wrong = Agent[Any]("wrong", model="gpt-test", hooks=None)
wrong.hooks = object()
