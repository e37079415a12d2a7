"""What agents did, in numbers: of one run, from its facts, or of all runs that go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from switchroom.errors import RunError, UserError
from switchroom.events import RunEvent
from switchroom.observe.tally import RunTally, Tally
from switchroom.result import RunResult


@dataclass(frozen=True)
class AgentMetrics:
    """What an agent did, in one run or in several.

    Args:
        agent_name: whose numbers they are.
        execution_time: seconds that it worked: its models and its tools. Calls beside one another count once; an agent that
            is a tool's body works in the tool's time too.
        success: whether it never failed, counting what was tried again and came off as no failure.
        error: what it failed with last, as "type: text"; None if it did not.
        input_tokens: tokens sent to its models.
        output_tokens: tokens received.
        confidence: how sure its last output says it is (a field `confidence`); None if none said it.
        counted: some tokens were counted here, because no server did: of what its models were sent then, only what was said
            in this turn, without instructions, tools and earlier turns.
        calls: requests to its models.
        runs: how often it had the conversation: began a run, took a handoff, got it back.
        failures: how many of its runs failed.
        model_seconds: of the time, what its models took, from what was noted last before an answer.
        tool_seconds: of the time, what its tools took.
        cost: US dollars at list prices; None where the price of any of its answers is not known.
        tools: how often it called each of its tools.
        handoffs_given: handoffs of its own that were taken.
        handoffs_taken: handoffs that it took.
        handoffs_declined: handoffs that it declined.
        handoffs_returned: how often it gave a conversation back to who had asked.
        answers_rejected: answers that were of no use, as ones that are not of the declared type.
        answers_withdrawn: answers that were shown, and taken back.
    """

    agent_name: str
    execution_time: float = 0.0
    success: bool = True
    error: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    confidence: float | None = None
    counted: bool = False
    calls: int = 0
    runs: int = 0
    failures: int = 0
    model_seconds: float = 0.0
    tool_seconds: float = 0.0
    cost: Decimal | None = Decimal(0)
    tools: Mapping[str, int] = field(default_factory=dict[str, int])
    handoffs_given: int = 0
    handoffs_taken: int = 0
    handoffs_declined: int = 0
    handoffs_returned: int = 0
    answers_rejected: int = 0
    answers_withdrawn: int = 0

    @staticmethod
    def of(run: RunResult[Any] | BaseException | Iterable[RunEvent]) -> dict[str, AgentMetrics]:
        """The metrics of each agent that took part in a run, by name.

        Args:
            run: a result; an exception that a run raised, for what it came to before; or events, as a journal keeps them.

        Raises:
            UserError: the exception comes from no run.
        """
        agents: dict[str, Tally] = {}
        tally = RunTally(agents)
        for event in _events(run):
            tally(event)
        return {name: _metrics(name, one) for name, one in agents.items()}

    def __add__(self, other: AgentMetrics) -> AgentMetrics:
        """Both together, under the name of the first."""
        return AgentMetrics(
            self.agent_name,
            self.execution_time + other.execution_time,
            self.success and other.success,
            other.error or self.error,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.confidence if other.confidence is None else other.confidence,
            self.counted or other.counted,
            self.calls + other.calls,
            self.runs + other.runs,
            self.failures + other.failures,
            self.model_seconds + other.model_seconds,
            self.tool_seconds + other.tool_seconds,
            None if self.cost is None or other.cost is None else self.cost + other.cost,
            dict(Counter(self.tools) + Counter(other.tools)),
            self.handoffs_given + other.handoffs_given,
            self.handoffs_taken + other.handoffs_taken,
            self.handoffs_declined + other.handoffs_declined,
            self.handoffs_returned + other.handoffs_returned,
            self.answers_rejected + other.answers_rejected,
            self.answers_withdrawn + other.answers_withdrawn,
        )


class Metrics:
    """A listener that adds up what agents do, over all the runs that it is given to: `RunConfig(listeners=(metrics,))`.

    Runs may go on beside one another. A failure stays counted when its turn is resumed by another call and comes off. Making
    one loads the price list (0.2 s), so that no run has to wait for it.
    """

    withdraws = True
    deltas = False

    def __init__(self) -> None:
        import genai_prices as genai_prices

        self._agents: dict[str, Tally] = {}
        self._run = self.for_run()

    def __call__(self, event: RunEvent) -> None:
        """Count an event of one run after the other, as a journal keeps them."""
        self._run(event)

    def for_run(self) -> RunTally:
        """The listener of one run, which knows its facts from those of other runs."""
        return RunTally(self._agents)

    @property
    def by_agent(self) -> dict[str, AgentMetrics]:
        """The metrics so far, by the agents' names."""
        return {name: _metrics(name, tally) for name, tally in self._agents.items()}


def total_of(name: str, metrics: Iterable[AgentMetrics]) -> AgentMetrics:
    """The metrics of several agents together."""
    return sum(metrics, AgentMetrics(name))


def _metrics(name: str, tally: Tally) -> AgentMetrics:
    return AgentMetrics(
        name,
        tally.model_seconds + tally.tool_seconds,
        not tally.failures,
        tally.error,
        tally.usage.input_tokens,
        tally.usage.output_tokens,
        tally.confidence,
        tally.counted,
        tally.usage.requests,
        tally.runs,
        tally.failures,
        tally.model_seconds,
        tally.tool_seconds,
        tally.cost,
        dict(tally.tools),
        tally.given,
        tally.taken,
        tally.declined,
        tally.returned,
        tally.rejected,
        tally.withdrawn,
    )


def _events(run: Any) -> Iterable[RunEvent]:
    given: Any = getattr(run, "run", None) if isinstance(run, BaseException) else run
    match given:
        case RunResult():
            return cast("RunResult[Any]", given).events
        case None if isinstance(run, RunError):  # the run did not begin
            return ()
        case None:
            raise UserError(f"AgentMetrics.of({run!r}) needs a result, events, or an exception that a run raised.")
        case _:
            return given
