"""What a model gets to see of a conversation: by the policy, which may have an agent summarise what is old."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from typing import Any

from switchroom.errors import ModelError, UserError
from switchroom.events import HistorySummarised
from switchroom.history import HistoryPolicy, Summary
from switchroom.messages import Message
from switchroom.perform.run import AgentRun, Note

log = logging.getLogger("switchroom")


async def seen(run: AgentRun, agent: str, policy: HistoryPolicy, note: Note) -> Sequence[Message]:
    """The messages of the run that an agent's model sees.

    A summary that is made is noted: the next request builds on it. Where the model that makes it is not there, the person still
    gets an answer: all is shown this time, and the next request tries again.
    """
    state = run.scope.fold
    if not isinstance(policy, Summary):
        return await _kept(run, agent, policy, state.history)
    past = state.summary
    begin = 0 if past is None else past.upto
    messages = state.history[begin:] if begin else state.history
    cut = policy.cut(messages)
    if cut:
        try:
            text = await _summarised(run, agent, policy, _with_past(past and past.text, messages[:cut]))
        except ModelError as error:
            log.warning("The history of agent '%s' is shown in full, for it could not be summarised: %s", agent, error)
        else:
            await note(HistorySummarised(agent, begin + cut, text))
            return _with_past(text, messages[cut:])
    return _with_past(past and past.text, messages)


async def windowed(run: AgentRun, agent: str, policy: HistoryPolicy, messages: Sequence[Message]) -> Sequence[Message]:
    """Messages as a policy leaves them, once; `agent` is on whose behalf."""
    if not isinstance(policy, Summary):
        return await _kept(run, agent, policy, messages)
    cut = policy.cut(messages)
    if not cut:
        return messages
    return _with_past(await _summarised(run, agent, policy, messages[:cut]), messages[cut:])


async def _kept(run: AgentRun, agent: str, policy: Any, messages: Sequence[Message]) -> Sequence[Message]:
    if inspect.iscoroutinefunction(policy):
        kept = await run.ask(f"history#{run.scope.fold.answers}", agent, lambda context: policy(messages))
    else:
        kept = policy(messages)
    if not isinstance(kept, Sequence):
        raise UserError(f"The history policy {policy!r} gave {kept!r}; it gives a sequence of messages.")
    return kept  # pyright: ignore[reportUnknownVariableType]


def _with_past(text: str | None, messages: Sequence[Message]) -> Sequence[Message]:
    return messages if text is None else [Message("system", f"[What was said before, in short: {text}]"), *messages]


async def _summarised(run: AgentRun, agent: str, policy: Summary, messages: Sequence[Message]) -> str:
    """What a summary's step makes of messages. It has a place of its own, so that a crash does not have it made twice.

    Raises:
        UserError: it gave no text.
    """
    told = policy.told(messages)
    place = f"summary#{run.scope.fold.answers}"
    text = await run.ask(place, agent, lambda context: context.scope.call(policy.by, told))
    if not isinstance(text, str) or not text.strip():
        raise UserError(f"The summary of agent '{agent}' gave {text!r}; Summary(by=...) is a step that gives text.")
    return text
