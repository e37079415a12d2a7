"""A manager whose tools are workers: what it may have as workers, and what it is told of those who fail."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import Agent, Runner, Team, UserError, parallel, sequential, supervisor, tool
from switchroom.step import Scope
from switchroom.testing import ScriptedModel, call, transcript
from tests.helpers import asked_by_person, keeping, last, soon
from tests.workflow.cuts import agent, echo, failing


class Task(BaseModel):
    """What a worker is given."""

    topic: str
    pages: int


def manager(*answers: Any) -> Agent[str]:
    """A manager that gives these answers."""
    return Agent("manager", model=ScriptedModel(answers))


def shout(text: str) -> str:
    """Make it loud."""
    return text.upper()


async def test_a_manager_asks_its_workers_and_what_they_use_is_counted():
    boss = supervisor(
        manager(call("research", input="bees"), call("write", input="it"), "done"), [echo("research"), echo("write")]
    )
    result = await Runner.run(boss, "go")
    assert result.final_output == "done"
    assert {name: usage.requests for name, usage in result.by_agent.items()} == {"manager": 3, "research": 1, "write": 1}
    assert transcript(result) == snapshot("""\
person: "go"
  research begins, person: "bees"
  research: "research(bees)"
manager calls research(input='bees') -> "research(bees)"
  write begins, person: "it"
  write: "write(it)"
manager calls write(input='it') -> "write(it)"
manager: "done"\
""")


async def test_workers_are_agents_teams_workflows_functions_and_tools():
    workers = {
        "an_agent": echo("one"),
        "a_team": Team([echo("entry")]),
        "a_workflow": sequential(echo("a"), echo("b")),
        "a_function": shout,
        "a_tool": tool(shout),
    }
    calls = [call(name, **({"text": "x"} if name in ("a_function", "a_tool") else {"input": "x"})) for name in workers]
    result = await Runner.run(supervisor(manager(calls, "done"), workers), "go")
    told = [message.text for message in result.messages if message.role == "tool"]
    assert told == ["one(x)", "entry(x)", "b(a(x))", "X", "X"]


async def test_a_worker_that_takes_a_scope_is_a_step_and_its_input_is_a_text():
    async def look_up(topic: str, scope: Scope) -> str:
        """Look a topic up."""
        return await scope.call(echo("inner"), topic)

    boss = supervisor(manager(call("look_up", input="bees"), "done"), [look_up])
    assert boss.all_tools[0].description == "Look a topic up."
    result = await Runner.run(boss, "go")
    assert [message.text for message in result.messages if message.role == "tool"] == ["inner(bees)"]


async def test_a_worker_with_an_input_type_is_called_with_its_fields():
    seen: list[str] = []

    def answer(request: Any) -> str:
        seen.append(last(request))
        return "written"

    boss = supervisor(manager(call("writer", topic="bees", pages=2), "done"), [agent("writer", answer, input_type=Task)])
    await Runner.run(boss, "go")
    assert seen == ['{"topic":"bees","pages":2}']


async def test_the_manager_is_told_the_kind_of_a_workers_error_and_goes_on():
    boss = supervisor(
        manager([call("bad", input="x"), call("broken", text="x")], "so be it"), {"bad": failing("bad"), "broken": broken}
    )
    result = await Runner.run(boss, "go")
    told = [message.text for message in result.messages if message.role == "tool"]
    assert (result.final_output, told) == snapshot(
        ("so be it", ["[failed: ConnectionError: the line is down]", "[failed: LookupError: nothing is known]"])
    )


def broken(text: str) -> str:
    raise LookupError("nothing is known")


async def test_what_the_developer_has_to_change_in_a_worker_ends_the_run():
    boss = supervisor(manager(call("bad", input="x"), "done"), [failing("bad", lambda: UserError("change this"))])
    with pytest.raises(UserError, match="change this"):
        await Runner.run(boss, "go")


async def test_a_manager_keeps_its_own_tools_and_the_one_that_was_given_has_no_workers():
    plain = Agent("manager", model=ScriptedModel([]), tools=[tool(shout)])
    assert [made.name for made in supervisor(plain, [echo("a")]).all_tools] == ["shout", "a"]
    assert [made.name for made in plain.all_tools] == ["shout"]


async def test_a_worker_that_asks_a_person_makes_the_run_wait_and_is_answered_by_its_path():
    @tool(effect="irreversible", needs_approval=True)
    async def sign() -> str:
        return "signed"

    clerk = agent("clerk", lambda request: call("sign") if asked_by_person(request) else last(request), tools=[sign])
    model = agent("m", lambda request: call("clerk", input="x") if asked_by_person(request) else last(request)).model
    boss = supervisor(Agent("manager", model=model), [sequential(parallel(clerk=clerk, other=echo())).named("clerk")])
    config = keeping()
    waiting = await soon(Runner.run(boss, "go", conversation="c", config=config))
    [asked] = waiting.waiting
    assert asked.agent == "clerk"
    result = await Runner.resume(boss, conversation="c", config=config, answers={asked.id: True})
    assert result.final_output == '{"clerk":"signed","other":"echo(x)"}'


async def test_a_supervisor_supervises_supervisors():
    inner = supervisor(Agent("inner", model=ScriptedModel([call("worker", input="x"), "inner is done"])), [echo("worker")])
    outer = supervisor(manager(call("inner", input="go on"), "all done"), [inner])
    result = await Runner.run(sequential(outer, echo("after")), "go")
    assert result.final_output == "after(all done)"
    assert result.usage.requests == 6


unchecked: Any = supervisor  # as a caller without a type checker has it


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unchecked(echo(), {}), "has no workers"),
        (lambda: unchecked(echo(), []), "'echo' has no workers"),
        (lambda: unchecked(echo(), {"a": 5}), "worker 'a' is 5"),
        (lambda: unchecked(sequential(echo()), [echo()]), "the manager is"),
        (lambda: unchecked(echo(), None), "workers is None"),
        (lambda: unchecked(echo(), echo()), "workers is Agent"),
        (lambda: unchecked(Agent("m", tools=[tool(shout)]), {"shout": echo()}), "two tools called 'shout'"),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_made(make: Any, message: str):
    with pytest.raises(UserError, match=message):
        make()
