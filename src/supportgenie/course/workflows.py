"""The workflows of the course: agents one after the other over a dict, and agents at the same time on one query."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from switchroom import Agent, Model, RunConfig, Runner, Step, UserError, parallel, sequential
from switchroom.errors import QuorumNotReached
from switchroom.workflow import Failure

T = TypeVar("T")
State: TypeAlias = dict[str, Any]

SYNTHESIS: Final = Agent(
    "synthesis",
    "You are given the answers of several agents to one query, as JSON. Write one answer that holds all of them and no other "
    "facts. Name the agents that failed.",
)
"""The agent that writes one answer of several, where there is a model."""


class Executes(Protocol):
    """An agent of a `SequentialWorkflow`."""

    def execute(self, state: State, /) -> Any:
        """Return results that update the state."""
        ...


class Processes(Protocol):
    """An agent of a `ParallelWorkflow`."""

    def process(self, query: str, /) -> Any:
        """Answer a query."""
        ...


class SequentialWorkflow:
    """Agents one after the other, each of which adds its results to a state.

    Args:
        agents: objects with a method `execute(state)` that returns a dict, which updates the state. Any other result, and the
            answer of a `switchroom` agent, is put under the agent's name. Results are plain data, as in JSON.
        model: the model of `switchroom` agents among them.

    Raises:
        UserError: there is no agent, or one of them has no method `execute`.
    """

    def __init__(self, agents: Sequence[Executes | Agent[Any]], *, model: Model | str | None = None) -> None:
        self.agents = list(agents)
        self._config = RunConfig(model=model)
        self.workflow: Step[Any, State] = sequential(*(_stage(agent) for agent in self.agents), state={})

    def execute(self, initial_input: Any) -> State:
        """Run the agents in their order.

        Args:
            initial_input: what the first agent finds in the state under "input".

        Returns:
            the state after the last agent. The exception of an agent ends the workflow.
        """
        return Runner.run_sync(self.workflow, initial_input, config=self._config).final_output


class ParallelWorkflow:
    """Agents that answer one query at the same time, and a synthesis of their answers.

    A subclass may define another `synthesize`.

    Args:
        model: writes the synthesis; None joins the answers by a rule.
    """

    def __init__(self, *, model: Model | str | None = None) -> None:
        self.model = model

    def execute_parallel(self, query: str, agents: Sequence[Processes]) -> Any:
        """Give a query to all agents at once, and return the synthesis of their results.

        Args:
            query: the query.
            agents: objects with a method `process(query)`. Each runs in a thread of its own.

        Raises:
            QuorumNotReached: every agent failed.
            UserError: there is no agent, or one of them has no method `process` or raised this error.
        """
        branches = [_Branch(_with_method(agent, "process")) for agent in agents]
        found = Runner.run_sync(parallel(*branches), query).final_output
        if not found.results:
            raise QuorumNotReached(f"All {len(found)} agents failed: {'; '.join(str(one) for one in found.values())}.")
        # The run records texts; the synthesis gets the results themselves. Both have the order of the agents.
        outcomes = zip(branches, found.values(), strict=True)
        return self.synthesize([told if isinstance(told, Failure) else branch.result for branch, told in outcomes])

    def synthesize(self, results: Sequence[Any]) -> Any:
        """Return one text for the results of all agents: each text once, and the number of agents that failed.

        Args:
            results: the results in the order of the agents; a `switchroom.workflow.Failure` stands for an agent that failed.
        """
        texts = [text_of(result) for result in results if not isinstance(result, Failure)]
        failed = len(results) - len(texts)
        missing = [f"({failed} of {len(results)} agents could not answer.)"] if failed else []
        if self.model is None:
            return "\n\n".join([*dict.fromkeys(texts), *missing])
        answers = json.dumps([*texts, *missing], ensure_ascii=False)
        return Runner.run_sync(SYNTHESIS, answers, config=RunConfig(model=self.model)).final_output


def text_of(result: Any) -> str:
    """Return the text of a reply; of any other result, the result as text."""
    return str(getattr(result, "text", result))


@dataclass(frozen=True)
class _Stage:
    """An agent of a `SequentialWorkflow` as a step."""

    agent: Executes

    @property
    def name(self) -> str:
        return _name(self.agent)

    def __call__(self, state: State) -> Any:
        return self.agent.execute(state)


@dataclass
class _Branch:
    """An agent of a `ParallelWorkflow` as a step, with its result of any type."""

    agent: Processes
    result: Any = None

    @property
    def name(self) -> str:
        return _name(self.agent)

    def __call__(self, query: str) -> str:
        self.result = self.agent.process(query)
        return text_of(self.result)


def _stage(agent: Executes | Agent[Any]) -> Any:
    return agent if isinstance(agent, Agent) else _Stage(_with_method(agent, "execute"))


def _with_method(agent: T, method: str) -> T:
    if not callable(getattr(agent, method, None)) or isinstance(agent, type):
        raise UserError(f"{agent!r} is not an agent of this workflow. Pass an object that has the method `{method}`.")
    return agent


def _name(agent: object) -> str:
    name = getattr(agent, "name", None)
    return name if isinstance(name, str) and name else type(agent).__name__
