"""The listener that gives a run's traces to processors: one trace for each attempt at a turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence

from switchroom.context import request_id
from switchroom.errors import ConversationWaiting
from switchroom.events import Delta, RunEvent, StepStarted, TurnStarted
from switchroom.failure import told
from switchroom.tracing.follower import Follower
from switchroom.tracing.places import Run
from switchroom.tracing.spans import Spans
from switchroom.tracing.values import Trace, TraceProcessor, everywhere, trace_id_of


class Tracer:
    """Gives processors the traces of a run.

    Args:
        processors: who is given them, beside those of all runs.
        name: of the workflow; "" for the step's.
        sensitive: whether inputs, outputs, arguments and texts are told.

    Attributes:
        trace_id: of the trace that goes on, or was the last; "" before the first.
    """

    withdraws = True
    deltas = False

    def __init__(self, processors: Sequence[TraceProcessor], name: str, sensitive: bool) -> None:
        own = [one for one in processors if not any(one is other for other in everywhere)]
        self._processors = (*everywhere, *own)
        self._name = name
        self._sensitive = sensitive
        self._conversation = ""
        self._began: float | None = None
        self._runs: dict[str, Run] = {}
        self._follower: Follower | None = None
        self.trace_id = ""

    def begin(self, conversation: str, past: Iterable[RunEvent] = ()) -> None:
        """An attempt is about to begin. One that went on before it, at a turn that a crash left unfinished, is over.

        Args:
            conversation: its id; "" if nothing keeps it.
            past: what was noted of the turn in earlier attempts.
        """
        self.close()
        self._conversation = conversation
        self._began = None
        self._runs = {}
        for event in past:
            match event.fact:
                case StepStarted():
                    self._runs[event.path] = Run(event.path, event.fact)
                case TurnStarted():
                    self._began = event.at if self._began is None else self._began
                case _:
                    if event.path in self._runs:
                        self._runs[event.path].learn(event.fact)

    def __call__(self, event: RunEvent) -> None:
        """Tell what an event begins and ends."""
        fact = event.fact
        if isinstance(fact, TurnStarted):
            self.trace_id = trace_id_of(self._conversation, fact.turn, event.at if self._began is None else self._began)
            known = {"step": fact.name, "turn": fact.turn, "attempt": fact.attempt}
            if request := request_id():
                known["request_id"] = request
            trace = Trace(self.trace_id, self._name or fact.name, self._conversation, known)
            spans = Spans(trace, self._processors, event.at)
            self._follower = Follower(spans, event.path, fact, self._runs, self._sensitive)
        elif self._follower is not None and not isinstance(fact, Delta):
            self._follower.follow(event)

    def close(self, error: BaseException | None = None) -> None:
        """The attempt is over, by whatever left it: what is still open ends.

        Args:
            error: the exception; None if the run returned, or waits for a person.
        """
        follower, self._follower = self._follower, None
        if follower is None:
            return
        match error:
            case None:
                follower.leave("done" if follower.over else "waiting", "", time.time())
            case ConversationWaiting() if not follower.over:  # a turn that a crash left unfinished came to a question
                follower.leave("waiting", "", time.time())
            case asyncio.CancelledError():
                follower.leave("cancelled", "", time.time())
            case _:
                follower.leave("failed", follower.fault(type(error).__name__, told(error)), time.time())
