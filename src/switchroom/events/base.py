"""What every fact and delta is: a frozen value with a kind, and the entry that carries it."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import msgspec


def _kind(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class Fact(msgspec.Struct, frozen=True, tag=_kind, tag_field="kind", omit_defaults=True, gc=False):
    """Something that happened and is kept. Fields are JSON; the kind is the class's name in snake case.

    Values of the runtime are trees and never circles, so the garbage collector need not look at them (`gc=False`).
    """

    concerns_root: ClassVar[bool] = False
    """Whether the conversation's own fold looks at it, besides the fold of the run that noted it."""

    @property
    def kind(self) -> str:
        """The fact's kind, such as "model_answered"."""
        return str(self.__struct_config__.tag)


class Delta(msgspec.Struct, frozen=True, tag=_kind, tag_field="kind", omit_defaults=True, gc=False):
    """Something that is only shown, and never kept."""

    concerns_root: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        """The delta's kind, such as "text_delta"."""
        return str(self.__struct_config__.tag)


class TextDelta(Delta, frozen=True):
    """A piece of an answer while it is spoken.

    `answer` counts the answers of the run, `attempt` the tries at this one: when a try is withdrawn, what it showed is void.
    """

    text: str
    agent: str = ""
    answer: int = 1
    attempt: int = 1


class RunEvent(msgspec.Struct, frozen=True, gc=False):
    """What listeners get and journals keep: a fact (or a delta, which no journal sees) and where and when it happened.

    Args:
        path: the place in the run, such as "turn#1/triage#0".
        fact: what happened; of a delta, what is shown.
        seq: the entry's number in its conversation, from 1; 0 for a delta.
        at: seconds since the epoch.
    """

    path: str
    fact: Fact | Delta
    seq: int = 0
    at: float = 0.0

    @property
    def kind(self) -> str:
        """The kind of the fact or the delta, such as "model_answered" or "text_delta"."""
        return self.fact.kind

    @property
    def text(self) -> str:
        """The text that a delta, an answer or a tool's result brings; "" where there is none."""
        return _text_of(self.fact)

    @property
    def agent(self) -> str:
        """The agent it is about, where the fact names one."""
        return getattr(self.fact, "agent", "")


def _text_of(fact: Any) -> str:
    text = getattr(fact, "text", None)
    if text is None:
        text = getattr(getattr(fact, "message", None), "text", "")
    return text
