"""Facts of a step: agent, team, function or workflow, whatever is run through `scope.call`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from switchroom.events.base import Fact
from switchroom.messages import Message


class StepStarted(Fact, frozen=True):
    """A step began. The fingerprint covers name, version and input.

    Of an agent's run: `agent` is who is active first, `messages` the input, `guarded` whether input guardrails wait for it.
    """

    name: str
    fingerprint: str
    version: str = ""
    input: Any = None
    agent: str = ""
    messages: tuple[Message, ...] = ()
    guarded: bool = False


class StepReturned(Fact, frozen=True):
    """A step ended with an output, kept as JSON."""

    concerns_root: ClassVar[bool] = True
    output: Any = None


class StepFailed(Fact, frozen=True):
    """A step ended with an exception, of which the type's name and the message are kept."""

    concerns_root: ClassVar[bool] = True
    error: str
    message: str


class ValueDrawn(Fact, frozen=True):
    """A step looked at the clock, at chance, or drew an id; on resume it sees the same again."""

    source: Literal["now", "random", "uuid"]
    value: Any
