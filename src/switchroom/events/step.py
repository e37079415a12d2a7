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
    """A step ended with an output, kept as JSON.

    Args:
        output: the output. A turn's agent that answers with text gives all parts that were heard, in lines of their own.
        last: the last of these parts, if there were several.
    """

    concerns_root: ClassVar[bool] = True
    output: Any = None
    last: str = ""


class StepFailed(Fact, frozen=True):
    """A step ended with an exception.

    Args:
        error: the name of its type.
        message: its text.
        of: where the type stands, as "module:qualified.name".
        args: what it was made with, as far as that is JSON.
        fields: its attributes, as far as they are JSON.
        through: the paths of the children whose failure it is, passed on or named as the cause.
    """

    concerns_root: ClassVar[bool] = True
    error: str
    message: str
    of: str = ""
    args: tuple[Any, ...] = ()
    fields: dict[str, Any] = {}
    through: tuple[str, ...] = ()


class ValueDrawn(Fact, frozen=True):
    """A step looked at the clock, at chance, or drew an id; on resume it sees the same again."""

    source: Literal["now", "random", "uuid"]
    value: Any
