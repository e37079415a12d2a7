"""Facts of the calls in an answer: how each was judged, that it started, returned, failed, waits for a person."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from switchroom.events.base import Fact

Effect = Literal["read", "idempotent", "compensable", "irreversible"]
REPEATABLE: tuple[Effect, ...] = ("read", "idempotent")
"""The effects of which a second call does no harm."""

CallKind = Literal["tool", "step", "handoff", "return", "refused"]
Question = Literal["approval", "unknown_effect"]


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """How a call was judged by the policy of the agent who was asked.

    Args:
        kind: what it calls; "refused" goes back to the model with the reason.
        effect: a tool's effect.
        approval: whether a person has to approve.
        target: the agent that a handoff or a return names.
        reason: why it was refused.
        args: the arguments that a guardrail put in place of the model's, if one did.
    """

    kind: CallKind
    effect: Effect = "irreversible"
    approval: bool = False
    target: str = ""
    reason: str = ""
    args: dict[str, Any] | None = None


class CallsJudged(Fact, frozen=True):
    """The calls of an answer were judged, one verdict each, in their order."""

    agent: str
    verdicts: tuple[Verdict, ...]


class ToolStarted(Fact, frozen=True):
    """A call is about to touch the world. Without an end in the journal, a crash left its effect unknown."""

    index: int
    agent: str
    tool: str


class ToolReturned(Fact, frozen=True):
    """A call returned; `text` is what the model reads. `failed`: it is the account of a failure that the model was told.

    `again`: the tool told the model what was wrong with the call, so that the model calls again.
    """

    index: int
    agent: str
    tool: str
    text: str
    failed: bool = False
    again: bool = False


class ToolReturnedLate(Fact, frozen=True):
    """A tool ended after its run had stopped waiting for it; `text` is its result, or the account of its failure.

    `answer` counts the answers of the run, as in the call's path: the result belongs to a call of that answer.
    """

    answer: int
    index: int
    agent: str
    tool: str
    text: str
    failed: bool = False


class ToolFailed(Fact, frozen=True):
    """A call raised. `through` are the paths of the runs inside it whose failure it is; they are tried again with the call."""

    index: int
    agent: str
    tool: str
    error: str
    message: str
    through: tuple[str, ...] = ()


class ToolSuspended(Fact, frozen=True):
    """Something inside a call waits for a person; the call is entered again when the answer is there."""

    index: int
    tool: str


class EffectCleared(Fact, frozen=True):
    """It is known now that a call whose effect was unknown did not happen: it may run."""

    index: int
    tool: str


class PersonAsked(Fact, frozen=True):
    """A person is asked about a call: to approve it, or whether it happened before a crash."""

    concerns_root: ClassVar[bool] = True
    index: int
    id: str
    agent: str
    tool: str
    args: dict[str, Any]
    question: Question = "approval"


class PersonAnswered(Fact, frozen=True):
    """A person answered; `note` is what they added for the model."""

    concerns_root: ClassVar[bool] = True
    index: int
    id: str
    yes: bool
    note: str = ""
