"""The workflows of the course: a state that agents add to in order, and results of agents that run at the same time."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from supportgenie import Desk
from supportgenie.course import ParallelWorkflow, SequentialWorkflow, SupportAgent, TechnicalAgent
from switchroom import Agent, UserError
from switchroom.errors import QuorumNotReached
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel
from switchroom.workflow import Failure


class Adds:
    """Adds one result, and keeps the state that it was given."""

    def __init__(self, name: str, result: Any) -> None:
        self.name = name
        self.result = result
        self.seen: dict[str, Any] = {}

    def execute(self, state: dict[str, Any]) -> Any:
        self.seen = dict(state)
        state["smuggled"] = True
        return self.result


class Says:
    """Answers a query."""

    def __init__(self, text: str, barrier: threading.Barrier | None = None) -> None:
        self.text = text
        self.barrier = barrier

    def process(self, query: str) -> str:
        if self.barrier is not None:
            self.barrier.wait()
        return f"{query} {self.text}"


class Fails:
    """An agent whose server is down."""

    def process(self, query: str) -> str:
        raise ConnectionError("secret host")


# sequential -----------------------------------------------------------------------------------------------------------


def test_each_agent_sees_the_results_before_it_and_updates_the_state():
    research, writer = Adds("research", {"notes": ["a", "b"]}), Adds("writer", {"article": "a and b", "notes": ["a"]})
    assert SequentialWorkflow([research, writer]).execute("AI") == {"input": "AI", "notes": ["a"], "article": "a and b"}
    assert research.seen == {"input": "AI"}
    assert writer.seen == {"input": "AI", "notes": ["a", "b"]}


def test_a_result_that_is_no_dict_stands_under_the_agents_name():
    assert SequentialWorkflow([Adds("writer", "text")]).execute("AI") == {"input": "AI", "writer": "text"}


def test_agents_of_the_library_are_stages_too():
    def model(request: ModelRequest) -> str:
        return f"{request.agent} read {sorted(json.loads(request.messages[-1].text))}"

    workflow = SequentialWorkflow([Adds("research", {"notes": 1}), Agent("writer", "Write.")], model=FunctionModel(model))
    assert workflow.execute("AI")["writer"] == "writer read ['input', 'notes']"


def test_a_specialist_is_a_stage(desk: Desk):
    state = SequentialWorkflow([Adds("sign_in", {"context": {"customer_id": "C1002"}}), SupportAgent(desk=desk)]).execute(
        "Where is my order 732201349959?"
    )
    assert "SP7322013499US" in state["support"]


def test_the_exception_of_an_agent_ends_the_workflow_as_itself():
    class Broken:
        """Fails."""

        def execute(self, state: dict[str, Any]) -> dict[str, Any]:
            raise LookupError("no sources")

    last = Adds("last", {})
    with pytest.raises(LookupError, match="no sources"):
        SequentialWorkflow([Broken(), last]).execute("AI")
    assert last.seen == {}


@pytest.mark.parametrize("wrong", [7, Adds, Says("no such method")])
def test_what_cannot_be_executed_is_refused_when_the_workflow_is_made(wrong: Any):
    with pytest.raises(UserError, match="Pass an object that has the method `execute`"):
        SequentialWorkflow([wrong])


def test_a_workflow_without_agents_is_refused():
    with pytest.raises(UserError, match="no stages"):
        SequentialWorkflow([])


# parallel -------------------------------------------------------------------------------------------------------------


def test_all_agents_run_at_the_same_time():
    barrier = threading.Barrier(12, timeout=60)  # one after the other, the first would wait for the others in vain
    agents = [Says(str(number), barrier) for number in range(12)]
    assert ParallelWorkflow().execute_parallel("q", agents) == "\n\n".join(f"q {number}" for number in range(12))


def test_results_have_the_order_of_the_agents_and_their_own_type(desk: Desk):
    class Kept(ParallelWorkflow):
        """Gives the results themselves."""

        def synthesize(self, results: Sequence[Any]) -> Any:
            return list(results)

    reply, text = Kept().execute_parallel("My laptop does not start", [TechnicalAgent(desk=desk), Says("too")])
    assert reply.answered_by == "technical"
    assert text == "My laptop does not start too"


def test_the_same_answer_is_told_once():
    assert ParallelWorkflow().execute_parallel("q", [Says("a"), Says("a"), Says("b")]) == "q a\n\nq b"


def test_an_agent_that_fails_is_missing_by_number_and_its_error_is_not_told():
    answer = ParallelWorkflow().execute_parallel("q", [Says("a"), Fails(), Says("b")])
    assert answer == "q a\n\nq b\n\n(1 of 3 agents could not answer.)"


def test_a_synthesis_of_ones_own_gets_failures_in_their_places():
    class Kinds(ParallelWorkflow):
        """Gives the types of the results."""

        def synthesize(self, results: Sequence[Any]) -> Any:
            return [type(result) for result in results]

    assert Kinds().execute_parallel("q", [Fails(), Says("a")]) == [Failure, str]


def test_when_all_agents_fail_there_is_no_answer():
    with pytest.raises(QuorumNotReached, match="All 2 agents failed: ConnectionError"):
        ParallelWorkflow().execute_parallel("q", [Fails(), Fails()])


def test_a_model_writes_the_synthesis():
    def model(request: ModelRequest) -> str:
        return " + ".join(json.loads(request.messages[-1].text))

    answer = ParallelWorkflow(model=FunctionModel(model)).execute_parallel("q", [Says("a"), Fails()])
    assert answer == "q a + (1 of 2 agents could not answer.)"


async def test_workflows_run_inside_a_running_event_loop():
    assert ParallelWorkflow().execute_parallel("q", [Says("a")]) == "q a"
    assert SequentialWorkflow([Adds("a", {"b": 1})]).execute("q") == {"input": "q", "b": 1}


@pytest.mark.parametrize("agents", [[], [7], [Says]])
def test_what_cannot_process_is_refused(agents: list[Any]):
    with pytest.raises(UserError, match=r"no branches|Pass an object that has the method `process`"):
        ParallelWorkflow().execute_parallel("q", agents)
