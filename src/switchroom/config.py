"""How a run is to go: the options of a run, as one value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import pydantic

from switchroom.arguments import as_given, check_flag, check_function, check_name, shown
from switchroom.budget import Budget
from switchroom.defaults import check_model
from switchroom.errors import UserError
from switchroom.events import RunEvent
from switchroom.history import HistoryPolicy, Summary
from switchroom.journal import Journal, check_journal
from switchroom.messages import Message
from switchroom.model import Model
from switchroom.rules.limits import MAX_TURNS
from switchroom.schema import is_model_type
from switchroom.tracing.values import TraceProcessor, check_processor

Listener: TypeAlias = Callable[[RunEvent], None]

WhenBusy: TypeAlias = Literal["wait", "refuse", "interrupt"]

WHILE_WAITING = "A person is still checking your earlier request. I have noted your message and will come back to you."
"""The answer to a message that comes while a person is asked."""


def check_while_waiting(owner: str, answer: object) -> None:
    """Check the answer to messages that come while a person is asked.

    Raises:
        UserError: it is neither text nor a step nor None; the text names the owner of the option.
    """
    if isinstance(answer, type) or not (answer is None or callable(answer) or (isinstance(answer, str) and answer.strip())):
        raise UserError(f"{owner}(while_waiting={answer!r}): give a text, a step, or None to raise ConversationWaiting.")


def check_when_busy(owner: str, when_busy: object, busy_timeout: object) -> None:
    """Check the options for a busy conversation.

    Raises:
        UserError: one of them is not usable; the text names the owner of the option.
    """
    if when_busy not in ("wait", "refuse", "interrupt"):
        raise UserError(f"{owner}(when_busy={when_busy!r}): write 'wait', 'refuse' or 'interrupt'.")
    if not _number(busy_timeout, int | float) or not busy_timeout >= 0:  # pyright: ignore[reportOperatorIssue]
        raise UserError(f"{owner}(busy_timeout={busy_timeout!r}): give seconds, 0 or more.")


def _number(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


@dataclass(frozen=True)
class RunConfig:
    """Options of a run.

    Args:
        journal: where facts are kept: a journal, or a URL ("sqlite:///chats.db", "memory:"); None keeps nothing.
        model: the model of agents that have none of their own.
        max_turns: model answers in one agent loop, over all attempts of the turn. A handoff stays in the loop. Agents that are
            tools, workers and runs inside tools have loops of their own with the same limit; `Budget(turns=)` limits all
            loops together.
        deadline: seconds that a turn may take.
        budget: how much it may use, and what it does with less before it fails.
        deps: makes the handles of a conversation when none are passed: `f(conversation)`.
        state: makes the shared state of a conversation that begins without one: `f(conversation)`.
        state_type: the pydantic model of the shared state; by default the type of the `state` that is passed or made.
        history: which messages models get to see, such as `keep_last(50)`.
        redact: a function of each message that comes in, to what is kept and shown of it. Unlike an input guardrail it comes
            before the journal.
        parallel_tools: calls of one answer that run at the same time.
        listeners: functions that are told each event. One that clears what was withdrawn says so by an attribute
            `withdraws = True`. Events of runs beside one another come mixed; one that has to tell them apart has a method
            `for_run()`, which gives the listener of one run. One that wants no answers piece by piece has `deltas = False`.
        withdraws: whether the reader of the stream clears what was withdrawn.
        wrappers: functions of what performs the commands of the rules, that give the same with something around it; the
            first is the outermost. They see each effect of the run, its children's included.
        detached: a run started inside another stands on its own, with its own journal, limits and usage.
        workflow_name: what traces of the run are called; "" for the step's name.
        trace_include_sensitive_data: whether spans hold inputs, outputs, arguments and texts. They do not by default: what
            people write and tools know is not to leave for where traces go unless somebody decides it. Names, counts, tokens
            and times are always there.
        trace_processors: who is given the traces of the run, beside those of `add_trace_processor`. Nested runs are in them.
        when_busy: for a message to a conversation whose last message is still being answered. "wait" answers it next, in the
            order of arrival; "refuse" raises `ConversationBusy` at once; "interrupt" ends the running turn with the text that
            its caller has been shown, and answers the message next. A run that cannot be interrupted is waited for.
        busy_timeout: seconds to wait for a busy conversation before `ConversationBusy` is raised.
        while_waiting: the answer to a message that comes while the conversation waits for a person: a text, or a step that
            makes one from the message. None raises `ConversationWaiting`.
        request_id: of the request that the run serves, for logs and traces: `switchroom.context.request_id()` gives it anywhere
            in the run. By default what a context variable says (`switchroom.context.REQUEST_ID`). Never kept: who resumes a
            turn serves another request. Nested runs have their parent's.

    Raises:
        UserError: a number is out of range.
    """

    journal: Journal | str | None = None
    model: Model | str | None = None
    max_turns: int = MAX_TURNS
    deadline: float | None = None
    budget: Budget | None = None
    deps: Callable[[str], Any] | None = None
    state: Callable[[str], pydantic.BaseModel] | None = None
    state_type: type[pydantic.BaseModel] | None = None
    history: HistoryPolicy | None = None
    redact: Callable[[Message], Message] | None = None
    parallel_tools: int = 16
    listeners: tuple[Listener, ...] = ()
    withdraws: bool = False
    wrappers: tuple[Callable[[Any], Any], ...] = ()
    detached: bool = False
    workflow_name: str = ""
    trace_include_sensitive_data: bool = False
    trace_processors: tuple[TraceProcessor, ...] = ()
    request_id: str = ""
    when_busy: WhenBusy = "wait"
    busy_timeout: float = 30.0
    while_waiting: Any = WHILE_WAITING

    def __post_init__(self) -> None:
        check_journal(self.journal, "RunConfig(journal=...)")
        check_model(self.model, "RunConfig(model=...)")
        self._check_numbers()
        self._check_functions()
        for option in ("withdraws", "detached", "trace_include_sensitive_data"):
            check_flag(getattr(self, option), f"RunConfig({option}=...)")
        for option in ("workflow_name", "request_id"):
            check_name(getattr(self, option), f"RunConfig({option}=...)")

    def _check_numbers(self) -> None:
        if not _number(self.max_turns, int) or self.max_turns < 1:
            raise UserError(f"RunConfig(max_turns={shown(self.max_turns)}): a run needs at least 1 model answer.")
        if not _number(self.parallel_tools, int) or self.parallel_tools < 1:
            raise UserError(f"RunConfig(parallel_tools={shown(self.parallel_tools)}): at least 1 call runs at a time.")
        if self.deadline is not None and (not _number(self.deadline, int | float) or not self.deadline > 0):
            raise UserError(f"RunConfig(deadline={shown(self.deadline)}): give seconds above 0.")
        if self.budget is not None and not isinstance(self.budget, Budget):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"RunConfig(budget={shown(self.budget)}): give Budget(...).")

    def _check_functions(self) -> None:
        if self.deps is not None:
            check_function(self.deps, "RunConfig(deps=...)", "f(conversation), which makes the handles", may_be_async=True)
        if self.state is not None:
            if isinstance(self.state, type):
                raise UserError(
                    f"RunConfig(state={self.state.__name__}) is a class: give a function that makes the shared state, "
                    f"lambda conversation: {self.state.__name__}(). The type alone is RunConfig(state_type=...)."
                )
            check_function(self.state, "RunConfig(state=...)", "f(conversation), which makes the shared state")
        if self.state_type is not None and not is_model_type(self.state_type):
            raise UserError(f"RunConfig(state_type={shown(self.state_type)}): give the class of a pydantic model.")
        if self.history is not None and not isinstance(self.history, Summary):
            check_function(self.history, "RunConfig(history=...)", "a policy such as keep_last(50)", may_be_async=True)
        if self.redact is not None:
            check_function(self.redact, "RunConfig(redact=...)", "f(message), which gives a Message")
        for listener in _listed(self.listeners, "listeners", "functions"):
            if isinstance(listener, type):
                raise UserError(f"RunConfig(listeners=...): {shown(listener)} is a class. Pass an object of it.")
            check_function(listener, "RunConfig(listeners=...)", "f(event), which is no coroutine")
        for wrapper in _listed(self.wrappers, "wrappers", "functions"):
            check_function(wrapper, "RunConfig(wrappers=...)", "f(perform), which gives a function like it")
        for processor in _listed(self.trace_processors, "trace_processors", "trace processors"):
            check_processor(processor)
        check_when_busy("RunConfig", self.when_busy, self.busy_timeout)
        check_while_waiting("RunConfig", self.while_waiting)

    def fresh_state(self, conversation: str) -> pydantic.BaseModel:
        """Return the shared state that `state` makes for a conversation.

        Raises:
            UserError: `state` gave something else than a pydantic model.
        """
        made = None if self.state is None else self.state(conversation)
        if not isinstance(made, pydantic.BaseModel):
            raise UserError(f"RunConfig(state=...) gave {shown(made)}; it gives a pydantic model.")
        return made

    def redacted(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Messages that came in, as they are to be kept.

        Raises:
            UserError: `redact` gave something else than a message.
        """
        if self.redact is None:
            return messages
        kept = tuple(map(self.redact, messages))
        for message in kept:
            if not isinstance(message, Message):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UserError(f"RunConfig(redact=...) gave {message!r}; it gives a Message.")
        return kept


def checked_config(given: Any, where: str) -> RunConfig:
    """Return the options that a caller passed; the default ones for None.

    Raises:
        UserError: they are no `RunConfig`.
    """
    if given is None:
        return DEFAULT_CONFIG
    if not isinstance(given, RunConfig):
        raise UserError(f"{as_given(where, given)}: pass RunConfig(...).")
    return given


def _listed(given: Any, option: str, kind: str) -> Sequence[Any]:
    if not isinstance(given, tuple | list):
        raise UserError(f"RunConfig({option}={shown(given)}): give a tuple of {kind}.")
    return cast("Sequence[Any]", given)


DEFAULT_CONFIG = RunConfig()


def of_run(listener: Listener) -> Listener:
    """The listener of one run, of one that tells runs apart; any other as it is."""
    own: Callable[[], Listener] | None = getattr(listener, "for_run", None)
    return listener if own is None else own()
