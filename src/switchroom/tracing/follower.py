"""From facts to spans: what each fact of an attempt says began, or came to its end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, assert_never, get_args

import msgspec

from switchroom.events import (
    AnswerCut,
    AnsweredWhileWaiting,
    AnswerFact,
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    CallFact,
    CallsJudged,
    CircleBroken,
    DecisionFact,
    EffectCleared,
    GuardTripped,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffFact,
    HandoffProposed,
    HandoffReturned,
    HistorySummarised,
    InputJudged,
    ModelAnswered,
    NodeDidNotHandOver,
    NodeFailed,
    NodeHandedOver,
    PersonAnswered,
    PersonAsked,
    RunEvent,
    RunInterrupted,
    SessionFact,
    StepFact,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    ToolReturnedLate,
    ToolStarted,
    ToolSuspended,
    TurnFact,
    TurnStarted,
    ValueDrawn,
)
from switchroom.messages import Message
from switchroom.tracing.places import Run
from switchroom.tracing.spans import Open, Spans
from switchroom.tracing.values import SpanKind, SpanOutcome

_JUDGEMENTS = (AnswerWithdrawn, InputJudged, GuardTripped, AnswerReplaced)
"""What is noted while a guardrail's own span may be open, and ends it if it does."""


class Follower:
    """Follows the facts of one attempt.

    Args:
        spans: where they are opened and ended.
        path: of the turn.
        started: how the turn began.
        runs: what is known of the turn's runs from earlier attempts, by path.
        sensitive: whether inputs, outputs, arguments and texts are told.
    """

    def __init__(self, spans: Spans, path: str, started: TurnStarted, runs: dict[str, Run], sensitive: bool) -> None:
        self._spans = spans
        self._runs = runs
        self._sensitive = sensitive
        self._root = f"{path}/{started.name}#0"
        for run in runs.values():
            run.last = spans.now
        trace = spans.trace
        asked = _said(started.messages) if started.messages else started.input
        content = self._content(input=asked) if started.attempt == 1 else {}
        about = {"workflow": trace.name, "conversation": trace.group, **trace.metadata, **content}
        self._turn = spans.open("turn", started.name, None, about)

    @property
    def over(self) -> bool:
        """Whether the turn's step has ended."""
        return self._root in self._runs and self._runs[self._root].over

    def fault(self, kind: str, message: str) -> str:
        """What is told of an exception."""
        return f"{kind}: {message}" if self._sensitive else kind

    def leave(self, outcome: SpanOutcome, error: str, at: float) -> None:
        """End what is still open, the turn's step as the turn itself, and the trace."""
        spans = self._spans
        spans.now = max(spans.now, at)
        root = self._runs.get(self._root)
        if root is not None and root.span is not None and not root.over:
            spans.end(root.span, outcome, error)
        spans.end(self._turn, outcome, error)
        spans.end_trace()

    def follow(self, event: RunEvent) -> None:
        """Open and end what a fact says."""
        fact: Any = event.fact
        spans = self._spans
        spans.now = max(spans.now, event.at)
        run = self._runs.get(event.path)
        if isinstance(fact, StepStarted):
            run = self._runs[event.path] = Run(event.path, fact)
            run.last = spans.now
            self._opened(run, fact)
        elif run is None:  # a function of an agent's own, or a tool's body
            return
        elif isinstance(fact, AnsweredWhileWaiting):
            self._turn.counts("answered_while_waiting")
            self._turn.data |= self._content(input=_said((fact.message,)), output=fact.text)
        elif not isinstance(fact, TurnFact | ValueDrawn | DecisionFact):
            place = self._place(event.path)
            if not isinstance(fact, _JUDGEMENTS):
                self._hook_ends(run)
            self._BY_KIND[type(fact)](self, run, place, fact)
            run.learn(fact)
        run.last = spans.now

    # where it belongs ------------------------------------------------------------------------------------------------

    def _opened(self, run: Run, started: StepStarted | None = None) -> Open:
        """The span of a run, opened: as it starts, as another attempt goes on with it, as another agent takes it over."""
        data: dict[str, Any] = {"path": run.path}
        if started is not None:
            data |= {"version": started.version} if started.version else {}
            data |= self._content(input=_said(started.messages) if started.agent else started.input)
        around = self._around(run.path)
        run.span = self._spans.open("agent" if run.agent else "step", run.agent or run.name, around, data, run.last)
        return run.span

    def _place(self, path: str) -> Open:
        """The span that what happens at a path is part of."""
        run = self._runs.get(path)
        if run is None or run.over:
            return self._around(path)
        return self._opened(run) if run.span is None or run.span.over else run.span

    def _around(self, path: str) -> Open:
        """The span that a run at a path begins in: of a call, of a function of an agent's own, of the step that runs it."""
        parent, _, segment = path.rpartition("/")
        if not parent:
            return self._turn
        run = self._runs.get(parent)
        if run is None or run.over or not run.agent:
            return self._place(parent)
        index = run.place_of(segment)
        if index is None:
            return self._hook(run, path)
        if index not in run.tools:  # an earlier attempt noted that it started
            return self._tool(run, index, run.calls[index].name, run.last)
        return self._place(parent) if run.tools[index].over else run.tools[index]

    def _tool(self, run: Run, index: int, name: str, at: float) -> Open:
        args = self._content(arguments=run.calls[index].args) if 0 <= index < len(run.calls) else {}
        opened = self._spans.open("tool", name, self._place(run.path), {"index": index, **args}, at)
        run.tools[index] = opened
        return opened

    def _hook(self, run: Run, path: str) -> Open:
        if run.hook is not None and run.hook[0] == path and not run.hook[1].over:
            return run.hook[1]
        self._hook_ends(run)
        name = path.rpartition("/")[2].rpartition("#")[0]
        kind: SpanKind = "guardrail" if name.startswith(("on_input", "on_output", "on_tool")) else "step"
        opened = self._spans.open(kind, name, self._place(run.path), {"path": path})
        run.hook = (path, opened)
        return opened

    def _hook_ends(self, run: Run) -> None:
        """End the span of the agent's own function that ran last: it was over when the last thing in it was."""
        if run.hook is not None:
            self._spans.end(run.hook[1], at=run.hook[1].last)
            run.hook = None

    def _judged(self, name: str, run: Run, data: dict[str, Any], error: str = "") -> None:
        """A guardrail's judgement: the end of the span that it has if it ran anything, else one of its own."""
        if run.hook is not None and run.hook[1].span.kind == "guardrail" and not run.hook[1].over:
            run.hook[1].data |= data
            self._spans.end(run.hook[1], "failed" if error else "done", error)
            run.hook = None
        else:
            self._hook_ends(run)
            self._at_once("guardrail", name, run, data, error)

    def _at_once(self, kind: SpanKind, name: str, run: Run, data: dict[str, Any], error: str = "") -> None:
        """A span of which is known only that it ended; it began when something was noted last."""
        opened = self._spans.open(kind, name, self._place(run.path), data, run.last)
        self._spans.end(opened, "failed" if error else "done", error)

    def _content(self, **content: Any) -> dict[str, Any]:
        return content if self._sensitive else {}

    # by family -------------------------------------------------------------------------------------------------------

    def _step(self, run: Run, place: Open, fact: StepFact) -> None:
        match fact:
            case StepReturned():
                place.data |= self._content(output=fact.output)
                self._spans.end(place)
                run.over = True
            case StepFailed():
                self._spans.end(place, "failed", self.fault(fact.error, fact.message))
                run.over = True
            case StepStarted() | ValueDrawn():
                pass
            case _:
                assert_never(fact)

    def _answer(self, run: Run, place: Open, fact: AnswerFact) -> None:
        match fact:
            case ModelAnswered():
                place.counts("answers")
                self._answered(run, fact)
            case InputJudged():
                self._judged("on_input", run, {"replaced": fact.messages is not None})
            case GuardTripped():
                error = self.fault("GuardrailTripped", fact.reason)
                self._judged(fact.guardrail, run, {"guardrail": fact.guardrail}, error)
            case AnswerReplaced():
                self._judged("on_output", run, {"replaced": True, **self._content(text=fact.text)})
            case AnswerRejected():
                place.counts("rejected")
                self._at_once("guardrail", "answer", run, {}, self.fault("AnswerRejected", fact.reason))
            case AnswerWithdrawn():
                place.counts("withdrawn")
            case AnswerCut() | RunInterrupted():
                place.counts("cut")
                self._cut(run, fact)
            case HistorySummarised():
                place.counts("summaries")
            case _:
                assert_never(fact)

    def _answered(self, run: Run, fact: ModelAnswered) -> None:
        calls = fact.message.calls
        data = {"model": fact.model, **msgspec.to_builtins(fact.usage), "calls": [call.name for call in calls]}
        data |= self._content(text=fact.message.text, arguments=[call.args for call in calls])
        self._at_once("generation", fact.model or "model", run, data)

    def _cut(self, run: Run, fact: AnswerCut | RunInterrupted) -> None:
        """A person interrupted: calls in flight, or the answer that was being given, or none of them."""
        for opened in run.tools.values():
            self._spans.end(opened, "cancelled")
        if not run.unsettled:
            data = {"cut": True, **self._content(text=fact.text, heard=fact.heard)}
            opened = self._spans.open("generation", "model", self._place(run.path), data, run.last)
            self._spans.end(opened, "cancelled")

    def _call(self, run: Run, place: Open, fact: CallFact) -> None:
        match fact:
            case CallsJudged():
                self._refused(run, fact)
            case ToolStarted():
                self._called(run, fact.index, fact.tool, self._spans.now)
            case ToolReturned() | ToolReturnedLate():
                opened = self._called(run, fact.index, fact.tool, run.last)
                opened.data |= self._content(text=fact.text)
                error = self.fault("the tool failed", fact.text) if fact.failed else ""
                self._spans.end(opened, "failed" if fact.failed else "done", error)
            case ToolFailed():
                opened = self._called(run, fact.index, fact.tool, run.last)
                self._spans.end(opened, "failed", self.fault(fact.error, fact.message))
            case ToolSuspended():
                self._spans.end(self._called(run, fact.index, fact.tool, run.last), "waiting")
            case EffectCleared() | PersonAsked() | PersonAnswered():
                pass
            case _:
                assert_never(fact)

    def _called(self, run: Run, index: int, name: str, at: float) -> Open:
        """The span of a call; opened, as far as it is not."""
        opened = run.tools.get(index)
        return self._tool(run, index, name, at) if opened is None or opened.over else opened

    def _refused(self, run: Run, fact: CallsJudged) -> None:
        for index, (call, verdict) in enumerate(zip(run.calls, fact.verdicts, strict=False)):
            if verdict.kind == "refused":
                data = {"index": index, **self._content(arguments=call.args)}
                self._at_once("tool", call.name, run, data, self.fault("refused", verdict.reason))

    def _handoff(self, run: Run, place: Open, fact: HandoffFact) -> None:
        match fact:
            case HandoffProposed():
                pass
            case HandoffDeclined():
                self._handed(run, fact, "declined", self._content(reason=fact.reason))
            case HandoffCommitted():
                self._handed(run, fact, "committed", self._content(reason=fact.reason, brief=fact.brief))
                self._put_through(run, place, fact.target)
            case HandoffReturned():
                self._handed(run, fact, "returned", self._content(outcome=fact.outcome))
                self._put_through(run, place, fact.target)
            case HandoffExpired():
                self._handed(run, fact, "expired", {})
                self._put_through(run, place, fact.source)
            case CircleBroken():
                self._handed(run, fact, "circle", {})
                if fact.fallback:
                    self._put_through(run, place, fact.fallback)
            case _:
                assert_never(fact)

    def _session(self, run: Run, place: Open, fact: SessionFact) -> None:
        match fact:
            case NodeHandedOver():
                self._handed(run, fact, "committed", self._content(reason=fact.reason, brief=fact.context))
            case NodeDidNotHandOver():
                self._handed(run, fact, "declined", self._content(reason=fact.why))
            case NodeFailed():
                place.counts("failed nodes")
            case _:
                pass

    def _handed(self, run: Run, fact: Any, result: str, content: dict[str, Any]) -> None:
        data = {"source": fact.source, "target": fact.target, "result": result, **content}
        self._at_once("handoff", f"{fact.source} to {fact.target}", run, data)

    def _put_through(self, run: Run, place: Open, agent: str) -> None:
        self._spans.end(place)
        run.agent = agent
        run.last = self._spans.now
        self._opened(run)

    _BY_KIND: ClassVar[dict[type[Any], Callable[..., None]]] = {
        **dict.fromkeys(get_args(StepFact), _step),
        **dict.fromkeys(get_args(AnswerFact), _answer),
        **dict.fromkeys(get_args(CallFact), _call),
        **dict.fromkeys(get_args(HandoffFact), _handoff),
        **dict.fromkeys(get_args(SessionFact), _session),
    }


def _said(messages: Sequence[Message]) -> list[dict[str, Any]]:
    return [message.as_chat() for message in messages]
