"""What the rules ask of the world."""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Command(msgspec.Struct, frozen=True, gc=False):
    """Something to be done next."""


class JudgeInput(Command, frozen=True):
    """Put the input to the input guardrails."""


class AskModel(Command, frozen=True):
    """Ask an agent's model for its next answer."""

    agent: str


class JudgeCalls(Command, frozen=True):
    """Judge the calls of an answer by the policy of the agent who was asked."""

    agent: str


class CallTools(Command, frozen=True):
    """Make several calls at once, by their places in the answer."""

    indexes: tuple[int, ...]


class CallTool(Command, frozen=True):
    """Make one call."""

    index: int


class Reconcile(Command, frozen=True):
    """Find out whether a call happened before a crash: by the tool's own means, else by asking a person."""

    index: int


class AskPerson(Command, frozen=True):
    """Ask a person to approve calls."""

    indexes: tuple[int, ...]


class Wait(Command, frozen=True):
    """Nothing can go on until a person answers."""


class HandOver(Command, frozen=True):
    """Put the conversation through to another agent, if it accepts."""

    index: int


class HandBack(Command, frozen=True):
    """Give the conversation back to who asked."""

    index: int


class BreakCircle(Command, frozen=True):
    """Refuse a handoff that would go round again, and let the fallback answer."""

    index: int


class Finish(Command, frozen=True):
    """Judge the answer, and return it."""


class GiveUp(Command, frozen=True):
    """Stop: a model repeats its faults beyond the bound."""

    agent: str


AnyCommand: TypeAlias = (
    JudgeInput
    | AskModel
    | JudgeCalls
    | CallTools
    | CallTool
    | Reconcile
    | AskPerson
    | Wait
    | HandOver
    | HandBack
    | BreakCircle
    | Finish
    | GiveUp
)
