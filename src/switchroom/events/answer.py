"""Facts of a model's answers: given, rejected, withdrawn from who saw it, cut short by a person."""

from __future__ import annotations

from switchroom.events.base import Fact
from switchroom.messages import Message
from switchroom.usage import Usage


class InputJudged(Fact, frozen=True):
    """The input guardrails let the input pass, with `messages` in its place where one replaced it."""

    agent: str
    messages: tuple[Message, ...] | None = None


class ModelAnswered(Fact, frozen=True):
    """A model answered.

    Args:
        agent: on whose behalf.
        message: the answer.
        usage: what it used.
        digest: of what was new in the request: instructions, tools, messages since the last answer.
        model: who answered, as "provider:model", where the model says it.
        held: the text beside the calls was not shown, because an output guardrail holds the agent's answers back.
        disabled: the names of the tools and handoffs whose `is_enabled` said no before the request.
        finish_reason: why the answer ended, in the server's word, unless it ended as answers do.
    """

    agent: str
    message: Message
    usage: Usage = Usage()
    digest: str = ""
    model: str = ""
    held: bool = False
    disabled: tuple[str, ...] = ()
    finish_reason: str = ""

    @property
    def truncated(self) -> bool:
        """True if the server stopped before the end of the answer."""
        return self.message.truncated


class HistorySummarised(Fact, frozen=True):
    """An agent put the first `upto` messages of the history into the words of `text`, which models see in their place."""

    agent: str
    upto: int
    text: str


class AnswerRejected(Fact, frozen=True):
    """An answer was of no use (empty, or not what the output type asks for); the model is told why."""

    agent: str
    reason: str


class AnswerReplaced(Fact, frozen=True):
    """An output guardrail put another text in the answer's place."""

    agent: str
    text: str


class AnswerWithdrawn(Fact, frozen=True):
    """What was shown of an answer does not hold: whoever showed it, clears it."""

    agent: str
    reason: str


class AnswerCut(Fact, frozen=True):
    """A person interrupted: `text` is what had been said, of which `heard` was heard; `message` is what the person said,
    which input guardrails wait for if it is `guarded`.
    """

    agent: str
    text: str
    heard: str
    message: Message
    guarded: bool = False


class RunInterrupted(Fact, frozen=True):
    """Another message ended the run: `text` is what had been said of the answer, `heard` what the caller had been shown."""

    agent: str
    text: str
    heard: str


class GuardTripped(Fact, frozen=True):
    """A guardrail refused an input, an output or a call, which ends the run."""

    agent: str
    guardrail: str
    reason: str
