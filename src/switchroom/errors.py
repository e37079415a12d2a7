"""What can go wrong, under two roots, by whose fault it is.

* UserError: the developer's. The message says what to do.
    * ModelDenied: a model's server does not take the key, or does not know the address or the model.
    * Diverged: the code asks for something else than the journal recorded.
* RunError: the world's, or a model's that did not mend its ways. It carries the run so far (`error.run`), which resumes.
    * ModelError: a model's server refused the request or gave what is no answer.
        * ModelUnavailable: it failed, was busy, or could not be reached; another try may succeed.
            * ModelTimeout: it took longer than it was given.
    * ModelRefused: the model will not give an answer of the declared type.
    * ModelMisbehaved: the model got the same kind of thing wrong too often.
    * MaxTurnsExceeded: the run had as many model answers as it was given.
    * DeadlineExceeded: the run's time is over.
    * BudgetExceeded: the next call does not fit into what a budget has left.
    * QuorumNotReached: fewer branches succeeded, or voters voted, than were wanted.
    * NoRoute: nothing says who is to answer, and nobody is there for that case.
    * NotAccepted: answers were given, and none was accepted.
    * ToolTimeout, ToolCancelled: a tool took too long; a tool or a step cancelled itself.
    * StepTimeout: a step took longer than it was given.
    * CircuitBreakerOpen: what failed too often is not tried for a while.
    * BulkheadFull: as much as may goes on already, and as much as may waits.
    * GuardrailTripped: a guardrail said no.
    * ConversationWaiting: the conversation waits for a person.
    * ConversationBusy: another message of the conversation is being answered.
    * Fenced: another writer has the conversation.
    * JournalError: a journal did not do its work.
        * JournalBusy: another process writes; another try may succeed.
        * JournalUnwritable: the disk is full, or the journal is read-only.
        * JournalUnreadable: a journal is damaged, or from a newer version.

* TryAgain: raised by a tool, for the model; no caller of a run gets it.

An exception that a tool, a model or a step raises is neither: it reaches the caller as its own type, with `run` attached.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class UserError(Exception):
    """Something in the code that uses Switchroom has to be changed; the message says what."""


class Diverged(UserError):
    """The journal of an unfinished turn and the code that resumes it disagree; the message says in what."""


class ModelDenied(UserError):
    """A model's server does not take the key, or does not know the address or the model; the message says what to set."""


class TryAgain(Exception):
    """Raised by a tool to tell the model what was wrong with its call, so that the model calls again.

    The run goes on. A model that has to be told too often in a row ends the run with `ModelMisbehaved`.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)


class RunError(Exception):
    """The run stopped for a reason outside the code that started it.

    Attributes:
        run: the result so far (`facts`, `usage`, `conversation`), or None when the run did not begin.
    """

    run: Any = None


class ModelError(RunError):
    """A model's server refused the request, or gave what is no answer.

    Attributes:
        model: who was asked, as "provider:model".
        status: the HTTP status, where there was one.
        retry_after: seconds after which the server wants to be asked again, where it said so.
    """

    def __init__(self, message: str, model: str = "", status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, model, status, retry_after)
        self.model = model
        self.status = status
        self.retry_after = retry_after

    def __str__(self) -> str:
        return str(self.args[0])


class ModelUnavailable(ModelError):
    """A model's server failed, was busy, or could not be reached: another try, or another model, may succeed."""


class ModelTimeout(ModelUnavailable):
    """A model took longer to answer than the seconds that it was given."""


class ModelRefused(RunError):
    """The model refused to answer where an answer of a declared type was to be given; the message is what it said."""


class ModelMisbehaved(RunError):
    """The model repeated a fault (unknown tool, invalid arguments or output, an empty answer) beyond the bound."""


class MaxTurnsExceeded(RunError):
    """One agent loop had as many model answers as `max_turns` allows. Runs inside it have loops of their own."""


class DeadlineExceeded(RunError, TimeoutError):
    """The run took longer than its deadline in seconds."""


class BudgetExceeded(RunError):
    """The next call does not fit into what a budget has left, and all that was to be done before failing is done.

    Attributes:
        resource: "turns", "tokens", "money" or "seconds".
        partial: whether the budget says that what there is so far is to be the answer.
        path: the place in the run from which on the budget holds.
    """

    def __init__(self, message: str, resource: str = "", partial: bool = False, path: str = "") -> None:
        super().__init__(message, resource, partial, path)
        self.resource = resource
        self.partial = partial
        self.path = path

    def __str__(self) -> str:
        return str(self.args[0])


class QuorumNotReached(RunError):
    """Fewer branches succeeded, or voters voted, than were wanted; each failure is a fact of the run."""


class NoRoute(RunError):
    """Nothing says who is to answer, and there is nobody for that case."""


class NotAccepted(RunError):
    """Answers were given, and none was accepted."""


class ToolTimeout(RunError, TimeoutError):
    """A tool took longer than its timeout in seconds."""


class ToolCancelled(RunError):
    """A tool, or another step, raised CancelledError though nobody cancelled it."""


class StepTimeout(RunError, TimeoutError):
    """A step took longer than the seconds that it was given."""


class CircuitBreakerOpen(RunError):
    """What a breaker guards failed too often, and is not tried for a while.

    Attributes:
        retry_after: seconds after which a try may be let through; 0 while one is under way.
    """

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message, retry_after)
        self.retry_after = retry_after

    def __str__(self) -> str:
        return str(self.args[0])


class BulkheadFull(RunError):
    """As many calls as may go on at once go on, and as many as may wait for a place wait."""


class GuardrailTripped(RunError):
    """A guardrail refused an input, an output or a call.

    Attributes:
        guardrail: the name of the guardrail's function.
        reason: what it gave as reason.
    """

    def __init__(self, guardrail: str, reason: str) -> None:
        super().__init__(guardrail, reason)
        self.guardrail = guardrail
        self.reason = reason

    def __str__(self) -> str:
        return f"Guardrail '{self.guardrail}' tripped: {self.reason}"


class ConversationWaiting(RunError):
    """A person is to answer first: pass `answers=` to `Runner.resume`, or to `session.answer`."""


class ConversationBusy(RunError):
    """Another message of the conversation is being answered, and the caller does not wait for it any longer.

    Nothing of the refused message was recorded; the running turn is not affected.

    Attributes:
        owner: the id of the process that answers.
        turn: the number of the turn that is being answered.
        since: when that turn's attempt began, in seconds since the epoch.
        tools: the names of the tools that still run although the turn's caller has its result or error.
    """

    def __init__(self, message: str, owner: str = "", turn: int = 0, since: float = 0.0, tools: tuple[str, ...] = ()) -> None:
        super().__init__(message, owner, turn, since, tools)
        self.owner = owner
        self.turn = turn
        self.since = since
        self.tools = tools

    def __str__(self) -> str:
        return str(self.args[0])


class Fenced(RunError):
    """Another writer appended to the conversation: this one has to stop."""


class JournalError(RunError):
    """A journal could not keep or give back the facts of a conversation."""


class JournalBusy(JournalError):
    """Another process held the journal's write lock for too long. Nothing was written; another try may succeed."""


class JournalUnwritable(JournalError):
    """The journal's disk is full, or the journal may only be read. Nothing was written."""


class JournalUnreadable(JournalError):
    """A journal is damaged, or was written by a newer version."""


def unknown(owner: str, kind: str, name: str, known: Iterable[str]) -> str:
    """The sentence for a name that is not known, with what is, and the likely one."""
    names = list(known)
    has = f"it has {names}" if names else "it has none"
    close = get_close_matches(name, names, n=1)
    return f"{owner} has no {kind} '{name}'; {has}." + (f" Did you mean '{close[0]}'?" if close else "")
