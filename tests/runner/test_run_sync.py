"""`run_sync`: a run waited for by code that is not async, wherever that code runs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Generator
from contextvars import ContextVar

import pytest

from supportgenie import SupportGenie
from switchroom import Agent, RunConfig, Runner, UserError, tool
from switchroom.compat import agents
from switchroom.errors import MaxTurnsExceeded
from switchroom.model import ModelRequest
from switchroom.routing import ModelRouter
from switchroom.step import Scope
from switchroom.testing import FunctionModel, ScriptedModel, call
from switchroom.testing.models import Reply
from tests.helpers import asked_by_person, keeping, last, run_of, soon
from tests.patience import HANGS_S


def worker(name: str = "worker") -> Agent[str]:
    return Agent(name, model=FunctionModel(lambda request: f"{name} did {last(request)}"))


def manager(child: Agent[str], times: int = 1) -> Agent[str]:
    """An agent whose plain function runs another."""

    @tool(effect="read")
    def delegate(task: str) -> str:
        """Have it done."""
        return Runner.run_sync(child, task).final_output

    calls = [call("delegate", task=str(n)) for n in range(times)]
    model = FunctionModel(lambda request: calls if asked_by_person(request) else last(request))
    return Agent("manager", model=model, tools=[delegate])


# where it may be called -----------------------------------------------------------------------------------------------


def test_a_script_waits_for_the_result():
    result = Runner.run_sync(worker(), "sums", config=keeping(), conversation="c")
    assert (result.final_output, result.conversation, result.usage.requests) == ("worker did sums", "c", 1)


def test_a_script_may_run_one_after_the_other():
    assert [Runner.run_sync(worker(), str(n)).final_output for n in range(3)] == [f"worker did {n}" for n in range(3)]


def test_a_script_of_a_few_lines_ends_by_itself():
    script = (
        "from switchroom import Agent, Runner\nfrom switchroom.testing import FunctionModel\n"
        "print(Runner.run_sync(Agent('clerk', model=FunctionModel(lambda request: 'hello')), 'hi').final_output)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=HANGS_S, check=True)
    assert (done.stdout, done.stderr) == ("hello\n", "")


async def test_a_notebook_whose_loop_is_running_waits_for_the_result():
    assert Runner.run_sync(worker(), "sums").final_output == "worker did sums"


async def test_a_thread_beside_the_loop_waits_for_the_result():
    result = await asyncio.to_thread(Runner.run_sync, worker(), "sums")
    assert result.final_output == "worker did sums"


def test_what_the_run_raised_is_raised_as_itself_with_the_run():
    with pytest.raises(MaxTurnsExceeded) as error:
        Runner.run_sync(manager(worker()), "go", config=RunConfig(max_turns=1))
    assert run_of(error.value).usage.requests == 2


async def test_what_the_run_raised_is_raised_as_itself_while_a_loop_is_running():
    def broken(request: ModelRequest) -> str:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there") as error:
        Runner.run_sync(Agent("clerk", model=FunctionModel(broken)), "go")
    assert run_of(error.value).usage.requests == 0


LANGUAGE: ContextVar[str] = ContextVar("spoken_language", default="none")
SPEAKER = Agent("speaker", model=FunctionModel(lambda request: LANGUAGE.get()))


def test_a_script_shares_its_context_variables():
    LANGUAGE.set("Frisian")
    assert Runner.run_sync(SPEAKER, "go").final_output == "Frisian"


async def test_a_notebook_shares_its_context_variables_as_a_script_does():
    LANGUAGE.set("Frisian")
    assert Runner.run_sync(SPEAKER, "go").final_output == "Frisian"


# inside another run ---------------------------------------------------------------------------------------------------


async def test_a_run_in_a_tools_thread_is_counted_up_to_the_parent():
    result = await Runner.run(manager(worker()), "go")
    assert result.final_output == "worker did 0"
    assert {name: usage.requests for name, usage in result.by_agent.items()} == {"manager": 2, "worker": 1}
    assert "turn#1/manager#0/delegate#1.0/worker#0" in {event.path for event in result.events}


def test_a_script_counts_the_runs_in_its_tools_threads_too():
    assert Runner.run_sync(manager(manager(worker())), "go").usage.requests == 5


async def test_runs_one_after_the_other_in_one_tool_have_places_of_their_own():
    @tool(effect="read")
    def delegate() -> str:
        """Have it done."""
        return ", ".join(Runner.run_sync(worker(), str(n)).final_output for n in range(2))

    result = await Runner.run(Agent("manager", model=ScriptedModel([call("delegate"), "done"]), tools=[delegate]), "go")
    assert result.messages[2].text == "worker did 0, worker did 1"
    assert {event.path[-9:] for event in result.events if event.agent == "worker"} == {"/worker#0", "/worker#1"}


async def test_what_a_run_in_a_tools_thread_raised_may_be_caught_there():
    def broken(request: ModelRequest) -> str:
        raise LookupError("nothing there")

    @tool(effect="read")
    def delegate() -> str:
        """Have it done."""
        try:
            return Runner.run_sync(Agent("worker", model=FunctionModel(broken)), "go").final_output
        except LookupError as error:
            return f"caught {error}"

    result = await Runner.run(Agent("manager", model=ScriptedModel([call("delegate"), "done"]), tools=[delegate]), "go")
    assert result.messages[2].text == "caught nothing there"


async def test_eighty_plain_tools_that_run_agents_with_plain_tools_do_not_hold_each_other_up():
    together = threading.Barrier(80, timeout=HANGS_S)

    @tool(effect="read")
    def dig(where: str) -> str:
        """Dig."""
        together.wait()
        return f"dug {where}"

    def dig_once(request: ModelRequest) -> Reply:
        return call("dig", where=last(request)) if asked_by_person(request) else last(request)

    child = Agent("worker", model=FunctionModel(dig_once), tools=[dig])
    boss = manager(child, times=80)
    result = await soon(Runner.run(boss, "go", config=RunConfig(parallel_tools=80, max_turns=200)))
    told = [message.text for message in result.messages if message.role == "tool"]
    assert told == [f"dug {n}" for n in range(80)]
    assert result.usage.requests == 2 + 2 * 80


async def test_a_run_in_the_thread_of_a_tool_that_took_too_long_does_not_go_on_for_ever():
    cancelled: list[str] = []

    async def slow(request: ModelRequest) -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(request.agent)
            raise
        raise AssertionError("nobody wakes it")

    @tool(timeout=0.05, on_error="tell_model")
    def delegate() -> str:
        """Have it done."""
        return Runner.run_sync(Agent("worker", model=FunctionModel(slow)), "go").final_output

    agent = Agent("manager", model=ScriptedModel([call("delegate"), "done"]), tools=[delegate])
    assert (await Runner.run(agent, "go")).final_output == "done"
    assert cancelled == ["worker"]


# where it cannot be waited for ----------------------------------------------------------------------------------------


async def test_inside_a_run_on_its_own_loop_it_is_refused_or_counted_but_never_a_run_that_nobody_knows_of():
    @tool(effect="read")
    async def delegate() -> str:
        """Have it done."""
        return Runner.run_sync(worker(), "sums").final_output

    agent = Agent("manager", model=ScriptedModel([call("delegate"), "done"]), tools=[delegate])
    try:
        result = await Runner.run(agent, "go")
    except UserError:
        return
    assert "worker" in result.by_agent


async def test_in_a_plain_step_it_is_refused_or_counted_but_never_a_run_that_nobody_knows_of():
    def work(input: str, scope: Scope) -> str:
        return Runner.run_sync(worker(), input).final_output

    try:
        result = await Runner.run(work, "sums")
    except UserError:
        return
    assert "worker" in result.by_agent


def test_what_a_run_raises_in_a_script_does_not_seem_to_come_of_there_being_no_loop():
    def fails(text: str) -> str:
        raise ConnectionError("the line is down")

    with pytest.raises(ConnectionError) as raised:
        Runner.run_sync(fails, "go")
    assert raised.value.__context__ is None


# the caller's loop ----------------------------------------------------------------------------------------------------


@pytest.fixture
def own_loop() -> Generator[asyncio.AbstractEventLoop]:
    """An event loop that the caller has set and goes on with."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield loop
    asyncio.set_event_loop(None)
    loop.close()


WAITED: dict[str, Callable[[], object]] = {
    "run_sync": lambda: Runner.run_sync(worker(), "sums"),
    "compat": lambda: agents.Runner.run_sync(agents.Agent(name="a", model=ScriptedModel(["hello"])), "sums"),
    "router": lambda: ModelRouter(ScriptedModel(['{"route": "a"}']), ["a", "b"]).decide("sums"),
    "SupportGenie": lambda: SupportGenie().handle_query("Where is my order?", {}),
}


@pytest.mark.parametrize("wait", WAITED.values(), ids=WAITED)
def test_the_loop_that_the_caller_has_set_stays_set(wait: Callable[[], object], own_loop: asyncio.AbstractEventLoop):
    future = own_loop.create_future()
    wait()
    assert asyncio.get_event_loop() is own_loop
    own_loop.call_soon(future.set_result, "went on")
    assert own_loop.run_until_complete(future) == "went on"


def test_it_stays_set_also_after_a_run_that_failed(own_loop: asyncio.AbstractEventLoop):
    with pytest.raises(MaxTurnsExceeded):
        Runner.run_sync(manager(worker()), "go", config=RunConfig(max_turns=1))
    assert asyncio.get_event_loop() is own_loop
