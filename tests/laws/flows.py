"""Random workflows, nested in one another, as plans that are built anew for each process: who fails, waits, asks a person."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import TypeAdapter
from pydantic_core import to_jsonable_python

from switchroom import (
    Agent,
    Budget,
    RunConfig,
    Runner,
    debate,
    fallback,
    parallel,
    refine,
    route,
    sequential,
    supervisor,
    tool,
    vote,
)
from switchroom.budget import CheaperModel, Degradation, FewerVoters, PartialAnswer, SkipOptional
from switchroom.context import CURRENT
from switchroom.digest import digest
from switchroom.errors import GuardrailTripped, ModelUnavailable, UserError
from switchroom.events import Effect
from switchroom.model import Emit, ModelRequest, ModelResponse, Settings
from switchroom.reply import Reply, call
from switchroom.result import Waiting
from switchroom.testing import FunctionModel
from switchroom.tokens import count_tokens
from switchroom.usage import Usage
from switchroom.workflow import budgeted, plurality
from tests.laws.worlds import own_answers


class OutOfStock(Exception):
    """An exception of an application, made in its own way."""

    def __init__(self, item: str, left: int) -> None:
        super().__init__(item)
        self.left = left


FAULTS: dict[str, Callable[[str], Exception]] = {
    "value": lambda name: ValueError(name),
    "key": lambda name: KeyError((name, 1)),
    "file": lambda name: FileNotFoundError(2, "No such file", name),
    "stock": lambda name: OutOfStock(name, 0),
    "model": lambda name: ModelUnavailable(name, "provider:model", 503),
    "guard": lambda name: GuardrailTripped("guard", name),
    "user": lambda name: UserError(name),
}
"""What goes wrong, by kind; "valid" is what pydantic raises."""

Fault: TypeAlias = Literal["", "value", "key", "file", "stock", "model", "guard", "user", "valid"]


@dataclass(frozen=True)
class Called:
    """A tool of an agent."""

    name: str
    effect: Effect
    asks: bool = False
    delay: float = 0
    fault: Fault = ""


@dataclass(frozen=True)
class Leaf:
    """An agent or a function, which takes its time, and fails or answers."""

    kind: Literal["agent", "async", "scoped", "sync"]
    name: str
    delay: float = 0
    fault: Fault = ""
    tools: tuple[Called, ...] = ()


Kind: TypeAlias = Literal[
    "sequential",
    "state",
    "parallel",
    "route",
    "vote",
    "debate",
    "refine",
    "fallback",
    "supervisor",
    "code",
    "timed",
    "budgeted",
]


@dataclass(frozen=True)
class Flow:
    """A workflow over parts. Of its options each kind takes what it knows."""

    kind: Kind
    name: str
    parts: tuple[Plan, ...]
    quorum: int | None = None
    limit: int | None = None
    optional: bool = False
    last: bool = False
    seconds: float = 0
    budget: Budget | None = None

    @property
    def names(self) -> list[str]:
        """The names of its parts."""
        return [part.name for part in self.parts]


Plan: TypeAlias = Leaf | Flow


def mark(value: Any) -> str:
    """A short sign of any value: who is given another one answers otherwise."""
    return digest(to_jsonable_python(value))[:6]


def chance(value: Any, of: int) -> int:
    """A number below `of` that a value stands for."""
    return int(mark(value), 16) % of


@dataclass
class World:
    """What happens outside of the journal, by the paths at which it does.

    What plain functions do is in `happened` alone: they run in threads, and so to their end, whatever became of their step.
    """

    happened: Counter[str] = field(default_factory=Counter[str])
    failed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    running: set[str] = field(default_factory=set[str])
    late: list[str] = field(default_factory=list[str])

    async def work(self, delay: float, label: str, name: str, fault: Fault) -> None:
        """Take the time that it takes, and happen or fail."""
        self.running.add(label)
        try:
            for _ in range(2):
                await asyncio.sleep(delay / 2)
            self.happens(label, name, fault)
        except Exception as error:
            self.failed.append((label, type(error).__name__))
            raise
        finally:
            self.running.discard(label)

    def happens(self, label: str, name: str, fault: Fault) -> None:
        """Something is done, or fails."""
        if fault == "valid":
            TypeAdapter(int).validate_python(name)
        if fault:
            raise FAULTS[fault](name)
        self.happened[label] += 1

    def person(self, waiting: Sequence[Waiting]) -> Mapping[str, bool]:
        """Approves what is called by an even name, and knows what happened."""
        return {one.id: self._yes(one) for one in waiting}

    def _yes(self, one: Waiting) -> bool:
        if one.question == "approval":
            return chance(one.tool, 3) > 0
        return self.happened[one.id.partition("@")[0]] > 0


def here() -> str:
    """The path at which this runs."""
    return CURRENT.get().path


def build(plan: Plan, world: World) -> Any:
    """The step that a plan describes."""
    if isinstance(plan, Leaf):
        return _agent(plan, world) if plan.kind == "agent" else _function(plan, world)
    if plan.kind in ("code", "timed"):
        return _code(plan, world)
    return _flow(plan, [build(part, world) for part in plan.parts]).named(plan.name)


def _flow(plan: Flow, parts: list[Any]) -> Any:
    *others, final = parts
    last = final if plan.last else None
    firsts = others if plan.last else parts
    match plan.kind:
        case "sequential":
            return sequential(*parts)
        case "state":
            return sequential(*parts, state={"kept": plan.name})
        case "parallel":
            optional = [plan.parts[0].name] if plan.optional else []
            options: dict[str, Any] = {"quorum": plan.quorum, "limit": plan.limit, "optional": optional, "join": last}
            return parallel(*firsts, **options)
        case "route":
            routes = {step.name if hasattr(step, "name") else step.__name__: step for step in firsts[1:]}
            return route(parts[0], routes, by=partial(_label, list(routes)), fallback=last)
        case "vote":
            return vote(*firsts, by=plurality, quorum=1, key=_bit, ties=last)
        case "debate":
            return debate(*firsts, rounds=2, judge=last)
        case "refine":
            return refine(parts[0], parts[1], accept=_seldom, rounds=3)
        case "fallback":
            return fallback(*parts, accept=(lambda said: chance(said, 3) > 0) if plan.last else None)
        case "budgeted":
            return budgeted(parts[0], plan.budget or Budget(turns=1))
        case _:
            return _managed(plan, parts)


def _bit(said: Any) -> int:
    return chance(said, 2)


def _seldom(said: Any) -> bool:
    return chance(said, 3) == 0


def _label(labels: list[str], said: Any) -> str:
    return [*labels, "nobody"][chance(said, len(labels) + 1)]


class _Managed:
    """A supervisor: it is an agent, and has its name already."""

    def __init__(self, agent: Agent[str]) -> None:
        self._agent = agent

    def named(self, name: str) -> Agent[str]:
        return self._agent


class Counting:
    """A model that uses what was declared, or less."""

    name = "counting"

    def __init__(self, model: FunctionModel) -> None:
        self._model = model

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        response = await self._model(request, emit)
        specs = [(spec.name, spec.description, spec.parameters) for spec in request.tools]
        sent = count_tokens(request.instructions, *request.messages, *([specs] if specs else ()))
        return replace(response, usage=Usage(1, sent, chance(response.message.text, LONGEST + 1)))


LONGEST = 40
"""Tokens of an answer at most, as agents declare it."""


def _managed(plan: Flow, parts: list[Any]) -> _Managed:
    workers = dict(zip(plan.names, parts, strict=True))
    calls = [call(name, input=f"for {name}") for name in workers]
    rounds: list[Reply] = [calls] if plan.last else [[one] for one in calls]

    def answer(request: ModelRequest) -> Reply:
        given = own_answers(request)
        return rounds[given] if given < len(rounds) else f"{plan.name}[{mark([m.text for m in request.messages])}]"

    model = Counting(FunctionModel(answer))
    return _Managed(supervisor(Agent(plan.name, model=model, settings=Settings(max_tokens=LONGEST)), workers))


def _agent(plan: Leaf, world: World) -> Agent[str]:
    tools = [_tool(one, world) for one in plan.tools]

    async def answer(request: ModelRequest) -> Reply:
        given = own_answers(request)
        await world.work(plan.delay, f"{here()}:{given}", plan.name, plan.fault if given or not tools else "")
        if tools and not given:
            return [call(one.name) for one in plan.tools]
        return f"{plan.name}[{mark([message.text for message in request.messages])}]"

    return Agent(plan.name, model=Counting(FunctionModel(answer)), tools=tools, settings=Settings(max_tokens=LONGEST))


def _tool(plan: Called, world: World) -> Any:
    async def body() -> str:
        await world.work(plan.delay, here(), plan.name, plan.fault)
        return plan.name

    return tool(name=plan.name, effect=plan.effect, needs_approval=plan.asks)(body)


def _function(plan: Leaf, world: World) -> Any:
    def answer(given: Any) -> str:
        return f"{plan.name}[{mark(given)}]"

    async def body(given: Any) -> str:
        await world.work(plan.delay, here(), plan.name, plan.fault)
        return answer(given)

    async def scoped(given: Any, scope: Any) -> str:
        await scope.random()
        await world.work(plan.delay, here(), plan.name, plan.fault)
        return answer(given)

    def plain(given: Any) -> str:
        world.happens(here(), plan.name, plan.fault)
        return answer(given)

    function: Any = {"async": body, "scoped": scoped, "sync": plain}[plan.kind]
    function.__name__ = plan.name
    return function


def _code(plan: Flow, world: World) -> Any:
    """A function that runs its parts as users do: one after the other, side by side, or each within a time of its own."""
    parts = [build(part, world) for part in plan.parts]

    async def timed(step: Any, given: Any) -> Any:
        loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        try:
            return (await Runner.run(step, given, config=RunConfig(deadline=plan.seconds))).final_output
        except TimeoutError:
            return "too late"
        finally:
            if loop.time() - began > plan.seconds + 0.05:
                world.late.append(here())

    async def body(given: Any, scope: Any) -> Any:
        if plan.kind == "timed":
            return [await timed(part, given) for part in parts]
        if not plan.last:
            return [await scope.call(part, given) for part in parts]
        ended = await asyncio.gather(*[scope.call(part, given) for part in parts], return_exceptions=True)
        for one in ended:
            if isinstance(one, BaseException):
                raise one
        return ended

    body.__name__ = plan.name
    return body


@dataclass(frozen=True)
class Wild:
    """What may stand in a plan: persons, faults, branches that race, times of their own, plain functions, budgets."""

    persons: bool = True
    faults: bool = True
    races: bool = True
    timed: bool = False
    threads: bool = True
    budgets: bool = False


CHEAP = FunctionModel(lambda request: f"cheap[{mark([message.text for message in request.messages])}]")

CHEAPER = CheaperModel(Counting(CHEAP))
LESS: tuple[Degradation, ...] = (SkipOptional(), FewerVoters(2), FewerVoters(1), CHEAPER, PartialAnswer())


def budgets() -> st.SearchStrategy[Budget]:
    """Budgets of turns or tokens, which do this and that with less."""
    less = st.lists(st.sampled_from(LESS), max_size=3, unique_by=id).map(tuple)
    turns = st.builds(Budget, turns=st.integers(1, 6), degrade=less)
    return turns | st.builds(Budget, tokens=st.integers(60, 600), degrade=less)


@st.composite
def flows(draw: st.DrawFn, wild: Wild, depth: int = 2) -> Flow:
    """Any nesting of workflows."""
    names = Counter[str]()

    def fresh(kind: str) -> str:
        names[kind] += 1
        return f"{kind}{names[kind]}"

    def delay() -> float:
        return draw(st.sampled_from([0, 0, 1, 2, 3.5]))

    def fault(rare: int) -> Fault:
        kinds: list[Fault] = ["value", "key", "file", "stock", "model", "guard", "valid"]
        return draw(st.sampled_from(kinds)) if wild.faults and draw(st.integers(0, rare)) == 0 else ""

    def called(first: bool) -> Called:
        effect: Effect = draw(st.sampled_from(["read", "idempotent", "compensable", "irreversible"]))
        asks = wild.persons and draw(st.integers(0, 2)) == 0
        return Called(fresh("tool"), effect, asks, delay(), fault(4) if first else "")

    def leaf(kinds: Sequence[str]) -> Leaf:
        kind: Any = draw(st.sampled_from(kinds))
        tools = tuple(called(not place) for place in range(draw(st.integers(0, 2)))) if kind == "agent" else ()
        return Leaf(kind, fresh(kind), delay(), fault(4), tools)

    def part(deeper: int, speaks: bool = False) -> Plan:
        if deeper > 0 and draw(st.integers(0, 2)) == 0:
            return flow(deeper, named=speaks)
        return leaf(
            ["agent"] if speaks else ["agent", "agent", "async", "async", "scoped", *(["sync"] if wild.threads else [])]
        )

    def flow(deeper: int, named: bool = False) -> Flow:
        kinds: list[Any] = ["sequential", "state", "parallel", "parallel", "route", "vote", "debate", "refine", "fallback"]
        more = [] if named else ["supervisor", "code", *(["timed"] if wild.timed else [])]
        more += ["budgeted", "budgeted"] if wild.budgets else []
        kind: Any = draw(st.sampled_from([*kinds, *more]))
        most = 1 if kind == "budgeted" else 3
        parts = tuple(part(deeper - 1, kind == "supervisor") for _ in range(draw(st.integers(LEAST.get(kind, 1), most))))
        last = draw(st.booleans()) and len(parts) > LEAST.get(kind, 1)
        branches = len(parts) - (kind == "parallel" and last)
        quorum = draw(st.none() | st.integers(1, branches)) if kind == "parallel" and wild.races else None
        limit = draw(st.none() | st.integers(1, 2))
        seconds = draw(st.sampled_from([1.5, 2.5, 4]))
        budget = draw(budgets()) if kind == "budgeted" else None
        optional = kind == "parallel" and wild.budgets and (quorum or 0) < branches and draw(st.booleans())
        return Flow(kind, fresh(kind), parts, quorum, limit, optional, last, seconds, budget)

    return flow(depth)


LEAST = {"route": 2, "debate": 2, "refine": 2}
"""How many parts a kind of workflow has at least, where it is more than one."""
