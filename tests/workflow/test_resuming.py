"""Any workflow, cut after any fact and gone on with, comes to the same, and nothing is asked or done twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from switchroom import Budget, debate, fallback, parallel, refine, route, sequential, supervisor, vote
from switchroom.budget import FewerVoters, PartialAnswer, SkipOptional
from switchroom.model import ModelRequest
from switchroom.step import Scope
from switchroom.testing import call
from switchroom.workflow import Branches, budgeted, plurality
from tests.helpers import asked_by_person, last
from tests.workflow.cuts import World, check_every_cut


class Report(BaseModel):
    """What an agent finds."""

    title: str
    pages: int = 1


class Judged(BaseModel):
    """What a critic gives."""

    passes: bool = False
    score: float = 0
    feedback: str = ""


def down(request: ModelRequest) -> str:
    raise ConnectionError("the line is down")


def says(request: ModelRequest) -> str:
    return f"{request.agent}({last(request)})"


def paying(world: World, name: str = "payer", **options: Any) -> Any:
    """An agent that has an effect before it answers."""
    pay = f"pay_{name}"

    def answer(request: ModelRequest) -> Any:
        return call(pay) if asked_by_person(request) else f"{name}: {last(request)}"

    return world.agent(name, answer, tools=[world.effect(pay, **options)])


def is_report(answer: Any) -> bool:
    return isinstance(answer, Report)


def argues(request: ModelRequest) -> str:
    return down(request) if "b: no" in last(request) else "no"


async def never(text: str) -> str:
    await asyncio.Event().wait()
    return text


def merge(found: Branches) -> str:
    return "; ".join(f"{name}={value}" for name, value in found.items())


def reported(world: World, name: str = "reporter") -> Any:
    return world.agent(name, '{"title": "bees"}', output_type=Report)


def critic(world: World) -> Any:
    def judge(request: ModelRequest) -> str:
        return '{"score": 9, "passes": true}' if "draft 2" in last(request) else '{"score": 4, "feedback": "longer"}'

    return world.agent("critic", judge, output_type=Judged)


def writer(world: World) -> Any:
    return world.agent("writer", lambda request: f"draft {1 + sum(one.role == 'assistant' for one in request.messages)}")


async def stamped(text: str, scope: Scope) -> str:
    """A step that draws, and whose draws are the same on resume, so that what it gives is left out."""
    await scope.now()
    return f"{text}, {len(await scope.uuid())}"


BUILDS: dict[str, Callable[[World], Any]] = {
    "sequential": lambda world: sequential(world.agent("a", says), paying(world), stamped, world.agent("b", says)),
    "sequential that fails": lambda world: sequential(world.agent("a", says), world.agent("b", down), world.agent("c", says)),
    "over a state": lambda world: sequential(reported(world), world.agent("a", says), state={"depth": 1}),
    "parallel": lambda world: parallel(a=paying(world, "x"), b=world.agent("b", down), c=paying(world, "z")),
    "parallel, one at a time": lambda world: parallel(
        a=world.agent("a", down), b=paying(world), c=world.agent("c", says), limit=1, join=merge
    ),
    "a quorum": lambda world: parallel(
        a=world.agent("a", down), b=paying(world, effect="idempotent"), c=never, quorum=1, join=merge
    ),
    "no quorum": lambda world: parallel(a=world.agent("a", down), b=world.agent("b", says), quorum=2),
    "parallel joined by an agent": lambda world: parallel(
        a=reported(world), b=world.agent("b", down), join=world.agent("c", says)
    ),
    "route": lambda world: route(
        world.agent("classifier", "pay"), {"pay": paying(world), "other": reported(world)}, fallback=world.agent("f", says)
    ),
    "route by a classifier that fails": lambda world: route(
        world.agent("classifier", down), {"pay": paying(world)}, fallback=reported(world)
    ),
    "vote": lambda world: vote(world.agent("a", "red"), world.agent("b", "Red."), world.agent("c", down)),
    "a tied vote": lambda world: vote(
        world.agent("a", "red"), world.agent("b", "blue"), ties=world.agent("t", '{"title": "blue"}', output_type=Report)
    ),
    "debate": lambda world: debate(
        world.agent("a", says),
        world.agent("b", argues),
        rounds=2,
        judge=reported(world, "judge"),
    ),
    "debate to a consensus": lambda world: debate(
        world.agent("a", "yes"), world.agent("b", "no"), rounds=3, consensus=world.agent("c", "true", output_type=bool)
    ),
    "refine": lambda world: refine(writer(world), critic(world), scale=(0, 10)),
    "refine without an end": lambda world: refine(writer(world), world.agent("critic", "false", output_type=bool), rounds=2),
    "refine with a critic that fails": lambda world: refine(writer(world), world.agent("critic", down)),
    "supervisor": lambda world: supervisor(
        world.agent(
            "boss",
            lambda request: [call("payer", input="x"), call("bad", input="y")] if asked_by_person(request) else last(request),
        ),
        [paying(world), world.agent("bad", down)],
    ),
    "fallback": lambda world: fallback(world.agent("a", down), paying(world), world.agent("c", says)),
    "fallback that is not accepted": lambda world: fallback(world.agent("a", says), reported(world), accept=is_report),
    "fallback of nobody": lambda world: fallback(world.agent("a", down), world.agent("b", down)),
    "asking a person": lambda world: sequential(
        parallel(a=paying(world, "x", needs_approval=True), b=paying(world, "y"), c=paying(world, "z", needs_approval=True)),
        merge,
    ),
    "a workflow as a tool": lambda world: sequential(
        world.agent(
            "boss",
            lambda request: call("both", input="x") if asked_by_person(request) else last(request),
            tools=[parallel(a=paying(world), b=reported(world)).named("both", description="does both")],
        )
    ),
    "all of them": lambda world: sequential(
        parallel(
            voted=vote(world.agent("a", "red"), world.agent("b", "red"), ties=world.agent("t", "red")),
            found=route(world.agent("cl", "r"), {"r": fallback(world.agent("down", down), reported(world))}),
            argued=debate(world.agent("d", "yes"), world.agent("e", "yes"), judge=world.agent("j", says)),
            limit=2,
        ),
        refine(writer(world), critic(world)),
        paying(world),
    ),
}


@pytest.mark.parametrize("name", list(BUILDS))
async def test_a_workflow_cut_after_any_fact_comes_to_the_same_and_repeats_nothing(name: str):
    await check_every_cut(BUILDS[name])


@pytest.mark.parametrize("name", ["a quorum", "asking a person", "all of them"])
async def test_the_same_from_a_file(name: str, tmp_path: Path):
    await check_every_cut(BUILDS[name], file=tmp_path / "chats.db")


def optional_branches(world: World) -> Any:
    branches = {"c": world.agent("c", says), "d": world.agent("d", says)}
    return sequential(
        world.agent("a", says), world.agent("b", says), parallel(branches, optional=("d",)), world.agent("e", says)
    )


def votes(world: World) -> Any:
    first = vote(*[world.agent(name, "red") for name in "cde"], by=plurality)
    second = vote(*[world.agent(name, "red") for name in "fgh"], by=plurality)
    return sequential(world.agent("a", says), world.agent("b", says), first, second)


def too_many(world: World) -> Any:
    return sequential(world.agent("a", says), world.agent("b", says), world.agent("c", says))


def a_part(world: World) -> Any:
    argued = debate(world.agent("b", "x"), world.agent("c", "y"), judge=world.agent("j", says))
    return sequential(world.agent("a", says), budgeted(argued, Budget(turns=3, degrade=(PartialAnswer(),))))


@pytest.mark.parametrize(
    ("budget", "build"),
    [
        (Budget(turns=3, degrade=(SkipOptional(), PartialAnswer())), optional_branches),
        (Budget(turns=6, degrade=(FewerVoters(2, at=0.3), FewerVoters(1, at=0.8))), votes),
        (Budget(turns=2), too_many),
        (Budget(turns=9), a_part),
    ],
    ids=["optional branches and a partial answer", "fewer voters and fewer still", "not enough", "a budget of a part"],
)
async def test_what_a_budget_left_out_stays_left_out(budget: Budget, build: Callable[[World], Any]):
    await check_every_cut(build, budget=budget)
