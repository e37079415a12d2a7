"""Exceptions that cannot be written: the caller gets the original, and the journal keeps as much of it as it can."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings

from switchroom import Agent, OutputNode, RunConfig, Runner, Session, Team, fallback, parallel, sequential, supervisor, tool
from switchroom.events import NodeFailed, StepFailed
from switchroom.events.codec import decode, encode
from switchroom.failure import failure, revived, told
from switchroom.guardrail import Pass, on_input, on_output
from switchroom.journals import MemoryJournal
from switchroom.testing import FunctionModel, ScriptedModel, call
from switchroom.wrap import CircuitBreaker, breaking, falling_back, hedged, retrying, timed
from tests.helpers import facts_of
from tests.hostile import ERRORS, errors

Raise: TypeAlias = Callable[[], Any]


@pytest.fixture(autouse=True)
def encodable_log() -> Iterator[None]:
    """Tracebacks in the log with half characters escaped, for pytest sends its captured log between processes."""

    def escape(record: logging.LogRecord) -> bool:
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info).encode(errors="backslashreplace").decode()
        return True

    loggers = [logging.getLogger(name) for name in ("switchroom", "switchroom.session", "switchroom.bus", "asyncio")]
    for logger in loggers:
        logger.addFilter(escape)
    yield
    for logger in loggers:
        logger.removeFilter(escape)


def clerk(model: Any = None, **options: Any) -> Agent[Any]:
    return Agent("clerk", model=model or ScriptedModel([call("act"), "done"] * 3), **options)


def acting(fail: Raise, threaded: bool = False, **options: Any) -> Any:
    async def act() -> str:
        return fail()

    def act_in_thread() -> str:
        return fail()

    options = {"effect": "idempotent", **options}
    return tool(name="act", **options)(act_in_thread if threaded else act)


def modelled(fail: Raise) -> Any:
    return FunctionModel(lambda request: fail())


def function(fail: Raise) -> Any:
    async def step(input: str, scope: Any) -> str:
        return fail()

    return step


def plain(fail: Raise) -> Any:
    def step(input: str) -> str:
        return fail()

    return step


def guarded(fail: Raise) -> Any:
    tried: Any = retrying(function(fail), attempts=2, wait=0, on=(Exception,))
    return timed(tried, 30)


def checking(fail: Raise) -> Any:
    async def check(ctx: Any, value: str) -> Pass:
        return fail()

    return check


def instructed(fail: Raise) -> Any:
    def instructions(ctx: Any) -> str:
        return fail()

    return Agent("clerk", instructions, model=ScriptedModel(["hi"]))


PASSING: dict[str, Callable[[Raise], Any]] = {
    "tool": lambda fail: clerk(tools=[acting(fail)]),
    "tool in a thread": lambda fail: clerk(tools=[acting(fail, threaded=True)]),
    "two tools": lambda fail: clerk(ScriptedModel([[call("act"), call("act")], "done"]), tools=[acting(fail)]),
    "tool that is retried": lambda fail: clerk(tools=[retrying(acting(fail), attempts=2, wait=0, on=(Exception,))]),
    "tools one after the other": lambda fail: clerk(tools=[falling_back(acting(fail), acting(fail), on=(Exception,))]),
    "model": lambda fail: clerk(modelled(fail)),
    "models one after the other": lambda fail: clerk(falling_back(modelled(fail), modelled(fail), on=(Exception,))),
    "model that is retried": lambda fail: clerk(retrying(modelled(fail), attempts=2, wait=0, on=(Exception,))),
    "model with a breaker": lambda fail: clerk(breaking(modelled(fail), CircuitBreaker())),
    "model that is hedged": lambda fail: clerk(hedged(modelled(fail), after=30)),
    "function": function,
    "function in a thread": plain,
    "function in a workflow": lambda fail: sequential(str.upper, function(fail)),
    "function with guards": guarded,
    "step that is retried": lambda fail: retrying(clerk(modelled(fail)), attempts=2, wait=0, on=(Exception,)),
    "agent in a workflow": lambda fail: sequential(clerk(tools=[acting(fail)]), str.upper),
    "the last to be asked": lambda fail: fallback(function(fail), function(fail)),
    "agent that is a tool": lambda fail: clerk(
        ScriptedModel([call("inner", input="go"), "done"]), tools=[Agent("inner", "", model=modelled(fail)).as_tool()]
    ),
    "team": lambda fail: Team([clerk(modelled(fail))]),
    "input guardrail": lambda fail: clerk(ScriptedModel(["hi"]), guardrails=[on_input(checking(fail))]),
    "output guardrail": lambda fail: clerk(ScriptedModel(["hi"]), guardrails=[on_output(checking(fail))]),
    "instructions": instructed,
}
"""Steps whose exceptions reach the caller."""

hostile = pytest.mark.parametrize("make", ERRORS.values(), ids=list(ERRORS))


def raising(error: Exception) -> Raise:
    def fail() -> Any:
        raise error

    return fail


async def raised_by(running: Awaitable[Any]) -> Exception:
    """The exception that leaves a run. pytest cannot print these, so no assertion here is given one."""
    try:
        await running
    except Exception as error:
        return error
    raise AssertionError("it raised nothing")


WORST = ("half a character", "a circle", "no text", "properties that raise", "no attributes", "no equality", "a group")
PAIRS = [(site, error) for site in PASSING for error in ERRORS if error in WORST or site in ("tool", "model", "function")]
"""Every exception in three steps, and the worst in all."""


@pytest.mark.parametrize(
    ("build", "make"), [(PASSING[site], ERRORS[error]) for site, error in PAIRS], ids=[": ".join(pair) for pair in PAIRS]
)
async def test_the_original_reaches_the_caller_and_the_failure_is_kept(
    build: Callable[[Raise], Any], make: Callable[[], Exception]
):
    error, journal = make(), MemoryJournal()
    step = build(raising(error))
    raised = await raised_by(Runner.run(step, "go", conversation="c", config=RunConfig(journal=journal)))
    assert id(raised) == id(error)
    events = journal.read("c")
    assert isinstance(events[-1].fact, StepFailed)
    assert events[-1].fact.error == type(error).__name__
    again = await raised_by(Runner.resume(step, conversation="c", config=RunConfig(journal=journal)))
    assert type(again).__name__ == type(error).__name__  # and the turn can be taken up


@hostile
async def test_a_step_that_is_not_tried_again_raises_the_original(make: Callable[[], Exception]):
    error = make()
    step = retrying(clerk(tools=[acting(raising(error), effect="irreversible")]), wait=0, on=(Exception,))
    assert id(await raised_by(Runner.run(step, "go"))) == id(error)


@hostile
async def test_a_model_is_told_of_any_exception(make: Callable[[], Exception]):
    journal = MemoryJournal()
    agents = [clerk(tools=[acting(raising(make()), on_error="tell_model")])]
    agents += [supervisor(clerk(ScriptedModel([call("act", input="x"), "done"])), workers={"act": function(raising(make()))})]
    for number, agent in enumerate(agents):
        result = await Runner.run(agent, "go", conversation=f"c{number}", config=RunConfig(journal=journal))
        assert result.final_output == "done"


@hostile
async def test_a_branch_that_fails_with_any_exception_is_a_value(make: Callable[[], Exception]):
    journal = MemoryJournal()
    workflow = parallel(bad=function(raising(make())), good=str.upper)
    result = await Runner.run(workflow, "go", conversation="c", config=RunConfig(journal=journal))
    assert result.final_output["good"] == "GO"
    assert result.final_output.failures["bad"].failed == type(make()).__name__
    answered = await Runner.run(fallback(function(raising(make())), str.upper), "go", config=RunConfig(journal=journal))
    assert answered.final_output == "GO"


class Failing(OutputNode):
    """Fails once, before its answer or in it."""

    def __init__(self, fail: Raise, late: bool) -> None:
        super().__init__("failing")
        self.fail, self.late, self.failed = fail, late, False

    async def process_event(self, event: Any) -> None:
        if not self.late and not self.failed:
            self.failed = True
            self.fail()
        await super().process_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        if self.late and not self.failed:
            self.failed = True
            self.fail()
        yield "here"


@pytest.mark.parametrize("late", [False, True], ids=["in process_event", "in generate_response"])
@hostile
async def test_a_node_that_fails_with_any_exception_is_answered_for_and_the_session_goes_on(
    make: Callable[[], Exception], late: bool
):
    session = Session()
    session.add_node(Failing(raising(make()), late))
    await session.start()
    reply = await session.send("one")
    assert reply.answered_by == "fallback"
    assert [fact.error for fact in facts_of(NodeFailed, reply.events)] == [type(make()).__name__]
    assert (await session.send("two")).text == "here"
    await session.stop()


@hostile
async def test_a_session_over_a_step_answers_whatever_the_step_raises(make: Callable[[], Exception]):
    down = [make()]

    async def step(input: str, scope: Any) -> str:
        if down:
            raise down.pop()
        return f"heard {input}"

    session = Session(step)
    assert (await session.send("one")).answered_by == "fallback"
    assert (await session.send("two")).text == "heard two"
    await session.stop()


@hostile
async def test_a_listener_that_fails_with_any_exception_stops_nothing(make: Callable[[], Exception]):
    def listen(event: Any) -> None:
        raise make()

    config = RunConfig(listeners=(listen,), journal=MemoryJournal())
    assert (await Runner.run(str.upper, "go", config=config)).final_output == "GO"


async def kept(error: Exception) -> tuple[StepFailed, Exception]:
    """The fact that a run keeps of an exception, and the exception that reached the caller."""
    journal = MemoryJournal()
    running = Runner.run(function(raising(error)), "go", conversation="c", config=RunConfig(journal=journal))
    raised = await raised_by(running)
    fact = journal.read("c")[-1].fact
    assert isinstance(fact, StepFailed)
    return fact, raised


@settings(max_examples=100, deadline=None)
@given(errors())
def test_any_exception_reaches_the_caller_is_kept_and_comes_back(error: Exception):
    fact, raised = asyncio.run(kept(error))
    assert id(raised) == id(error)
    body, blobs = encode(failure(error, ()))
    assert decode(1, body, blobs.__getitem__) == fact
    again = revived(fact)
    assert type(again).__name__ == type(error).__name__
    assert told(again) == fact.message == told(error)
