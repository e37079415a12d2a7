"""A beginning for the instructions of agents that hand over. The words are Switchroom's own."""

from __future__ import annotations

from switchroom import RECOMMENDED_PROMPT_PREFIX as RECOMMENDED_PROMPT_PREFIX


def prompt_with_handoff_instructions(prompt: str) -> str:
    """Instructions with that beginning."""
    return f"{RECOMMENDED_PROMPT_PREFIX}\n\n{prompt}"
