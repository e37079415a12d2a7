"""Random nestings: agents, teams, functions and tools within one another, as a plan that is built anew for each process."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st

from switchroom import Agent, Runner, Team, Tool, tool
from switchroom.events import Effect, ModelAnswered, RunEvent, ToolReturned
from switchroom.model import ModelRequest
from switchroom.reply import Reply, call
from switchroom.result import Waiting
from switchroom.testing import FunctionModel
from tests.laws.worlds import own_answers

Approval: TypeAlias = Literal["none", "given", "refused"]
Mode: TypeAlias = Literal["one by one", "at once"]


@dataclass(frozen=True)
class FunctionTool:
    """A function that a model may call. It may run a plan inside, wait a little, fail each time."""

    name: str
    effect: Effect
    approval: Approval
    inside: tuple[Plan, ...] = ()
    mode: Mode = "one by one"
    ticks: int = 0
    fails: bool = False


@dataclass(frozen=True)
class AgentPlan:
    """An agent that makes its calls round by round, and then tells what came of them."""

    name: str
    rounds: tuple[tuple[FunctionTool | Plan, ...], ...]


@dataclass(frozen=True)
class TeamPlan:
    """Agents of which each hands over to the next when its rounds are done; the last one answers."""

    name: str
    members: tuple[AgentPlan, ...]


@dataclass(frozen=True)
class FunctionPlan:
    """A function that runs its parts, and goes on when one of them fails with a ValueError."""

    name: str
    parts: tuple[Plan, ...]
    mode: Mode
    fails: bool = False


Plan: TypeAlias = AgentPlan | TeamPlan | FunctionPlan


@dataclass
class World:
    """What happens outside of the journal: each thing under its label; one of them may go wrong once."""

    happened: Counter[str] = field(default_factory=Counter[str])
    breaks: str = ""
    refused: set[str] = field(default_factory=set[str])

    def happens(self, label: str) -> None:
        """Something is done; the world may break over it."""
        if label == self.breaks:
            self.breaks = ""
            raise ConnectionError(f"the world broke at {label}")
        self.happened[label] += 1

    def person(self, waiting: Sequence[Waiting]) -> Mapping[str, bool]:
        """Answers by the plan; what a crash left unknown did not happen, for it happened in another world."""
        return {one.id: one.question == "approval" and one.tool not in self.refused for one in waiting}


def recorded(events: Sequence[RunEvent]) -> set[str]:
    """The labels of what a journal knows the end of: it must not happen again."""
    labels: set[str] = set()
    for event in events:
        match event.fact:
            case ModelAnswered(message=message):
                labels.add(message.text.partition(" ")[0])
            case ToolReturned(tool=name):
                labels.add(name)
            case _:
                pass
    return labels


def build(plan: Plan, world: World) -> Any:
    """The step that a plan describes."""
    match plan:
        case AgentPlan():
            return _agent(plan, world)
        case TeamPlan(name, members):
            names = [member.name for member in members]
            following = [*names[1:], ""]
            return Team([_agent(member, world, after) for member, after in zip(members, following, strict=True)], name=name)
        case FunctionPlan():
            return _function(plan, world)


def _agent(plan: AgentPlan, world: World, after: str = "") -> Agent[str]:
    tools: list[Any] = []
    rounds: list[list[Any]] = []
    for calls in plan.rounds:
        made: list[Any] = []
        for one in calls:
            if isinstance(one, FunctionTool):
                tools.append(_tool(one, world))
                made.append(call(one.name))
            else:
                step = build(one, world)
                tools.append(step.as_tool() if isinstance(step, Agent) else _described(step))
                made.append(call(one.name, input=f"for {one.name}"))
        rounds.append(made)
    if after:
        rounds.append([call(f"transfer_to_{after}", reason="done here")])

    def answers(request: ModelRequest) -> Reply:
        given = own_answers(request)
        label = f"{plan.name}:{given}"
        world.happens(label)
        if given < len(rounds):
            return [label, *rounds[given]]
        told = [message.text for message in request.messages if message.role == "tool"]
        return f"{label} <{', '.join(told)}>"

    return Agent(plan.name, model=FunctionModel(answers), tools=tools, handoffs=[after] if after else [])


def _described(step: Any) -> Any:
    if isinstance(step, Team):
        return Team(step.agents, name=step.name, description="a team")
    step.name, step.description = step.__name__, "a function"
    return step


def _tool(plan: FunctionTool, world: World) -> Tool:
    if plan.approval == "refused":
        world.refused.add(plan.name)
    steps = [build(inner, world) for inner in plan.inside]

    async def body() -> str:
        told = await _all([lambda step=step: _output(Runner.run(step, "inside")) for step in steps], plan.mode)
        for _ in range(plan.ticks):
            await asyncio.sleep(0)
        if plan.fails:
            raise ValueError(plan.name)
        world.happens(plan.name)
        return f"{plan.name} [{', '.join(told)}]"

    return tool(name=plan.name, effect=plan.effect, needs_approval=plan.approval != "none")(body)


def _function(plan: FunctionPlan, world: World) -> Any:
    steps = [build(part, world) for part in plan.parts]

    async def body(input: str, scope: Any) -> str:
        first = await scope.uuid()
        told = await _all([lambda step=step: scope.call(step, f"from {plan.name}") for step in steps], plan.mode)
        second = await scope.random()
        if plan.fails:
            raise ValueError(plan.name)
        world.happens(f"{plan.name}={first}={second}")
        return f"{plan.name} ({', '.join(told)})"

    body.__name__ = plan.name
    return body


async def _output(running: Awaitable[Any]) -> str:
    return (await running).final_output


async def _all(parts: Sequence[Callable[[], Awaitable[str]]], mode: Mode) -> list[str]:
    """What the parts gave, a ValueError in its place where one failed."""
    if mode == "one by one":
        return [await _caught(part) for part in parts]
    return list(await asyncio.gather(*map(_caught, parts)))


async def _caught(part: Callable[[], Awaitable[str]]) -> str:
    try:
        return await part()
    except ValueError as error:
        return f"no {error}"


@st.composite
def plans(draw: st.DrawFn, *, approvals: bool = True, depth: int = 3) -> Plan:
    """Any nesting. Only what stands where a ValueError is caught may fail."""
    names = Counter[str]()

    def fresh(kind: str) -> str:
        names[kind] += 1
        return f"{kind}{names[kind]}"

    def inner(deeper: int, may_fail: bool) -> Plan:
        kind = draw(st.sampled_from(["agent", "agent", "team", "function"] if deeper > 0 else ["agent", "function"]))
        if kind == "agent":
            return agent(deeper, may_fail)
        if kind == "team":
            name = fresh("team")
            return TeamPlan(name, tuple(agent(deeper - 1, may_fail) for _ in range(draw(st.integers(2, 3)))))
        fails = may_fail and draw(st.integers(0, 3)) == 0
        parts = tuple(inner(deeper - 1, True) for _ in range(draw(st.integers(0, 2)) if deeper > 0 else 0))
        return FunctionPlan(fresh("fn"), parts, mode(), fails)

    def mode() -> Mode:
        return draw(st.sampled_from(["one by one", "at once"]))

    def agent(deeper: int, may_fail: bool) -> AgentPlan:
        rounds = draw(st.integers(0, 2))
        name = fresh("agent")
        return AgentPlan(
            name,
            tuple(tuple(called(deeper, may_fail) for _ in range(draw(st.integers(1, 3)))) for _ in range(rounds)),
        )

    def called(deeper: int, may_fail: bool) -> FunctionTool | Plan:
        if deeper > 1 and draw(st.integers(0, 2)) == 0:
            return inner(deeper - 1, may_fail)
        inside = tuple(inner(deeper - 2, True) for _ in range(draw(st.integers(0, 2)))) if deeper > 1 else ()
        fails = may_fail and draw(st.integers(0, 5)) == 0
        effect: Effect = "read" if fails else draw(st.sampled_from(["read", "idempotent", "compensable", "irreversible"]))
        approval: Approval = draw(st.sampled_from(["none", "none", "given", "refused"])) if approvals else "none"
        return FunctionTool(fresh("tool"), effect, approval, inside, mode(), draw(st.integers(0, 3)), fails)

    return inner(depth, False)


def concurrent(plan: Plan | FunctionTool) -> bool:
    """Whether anything in a plan runs beside something else."""
    match plan:
        case FunctionTool(inside=inside):
            return (plan.mode == "at once" and len(inside) > 1) or any(concurrent(one) for one in inside)
        case AgentPlan(rounds=rounds):
            return any(len(calls) > 1 for calls in rounds) or any(concurrent(one) for calls in rounds for one in calls)
        case TeamPlan(members=members):
            return any(concurrent(one) for one in members)
        case FunctionPlan(parts=parts):
            return (plan.mode == "at once" and len(parts) > 1) or any(concurrent(part) for part in parts)
