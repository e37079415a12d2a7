"""Workflows whose parts fit, and the types that the type checker finds for them: one that it finds no more is an error."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import Any, assert_type

from pydantic import BaseModel

from switchroom import Agent, Budget, Runner, Team, debate, fallback, parallel, refine, route, sequential, supervisor, vote
from switchroom.result import RunResult
from switchroom.step import Scope
from switchroom.workflow import Branches, Debated, Refined, Vote, budgeted
from switchroom.workflow.budgeted import Budgeted
from switchroom.workflow.debate import Debate
from switchroom.workflow.fallback import Fallback
from switchroom.workflow.parallel import Parallel
from switchroom.workflow.refine import Refine
from switchroom.workflow.route import Route
from switchroom.workflow.sequential import OverState, Sequential
from switchroom.workflow.vote import Voting


class Facts(BaseModel):
    """What a researcher finds."""

    found: int


class Report(BaseModel):
    """What a writer makes of it."""

    text: str


talker = Agent("talker")
researcher = Agent("researcher", output_type=Facts)
writer = Agent("writer", output_type=Report)


def report(facts: Facts) -> Report: ...
async def report_async(facts: Facts) -> Report: ...
def report_in_scope(facts: Facts, scope: Scope) -> Report: ...
async def report_async_in_scope(facts: Facts, scope: Scope) -> Report: ...
def length(text: str) -> int: ...
async def length_async(text: str, scope: Scope) -> int: ...
def merge(found: Branches) -> Report: ...
async def merge_by_name(a: Facts, b: int) -> Report: ...
def publish(refined: Refined[Report]) -> str: ...
def announce(decided: Vote[Any]) -> str: ...
def conclude(debated: Debated) -> str: ...
def read(found: dict[str, Any]) -> str: ...


class Reporter:
    """An object that can be called is a stage as well."""

    async def __call__(self, facts: Facts, scope: Any) -> Report: ...


def stages() -> None:
    assert_type(sequential(talker), Sequential[Any, str])
    assert_type(sequential(researcher), Sequential[Any, Facts])
    assert_type(sequential(length), Sequential[str, int])
    assert_type(sequential(length_async), Sequential[str, int])
    assert_type(sequential(researcher, report), Sequential[Any, Report])
    assert_type(sequential(researcher, report_async), Sequential[Any, Report])
    assert_type(sequential(researcher, report_in_scope), Sequential[Any, Report])
    assert_type(sequential(researcher, report_async_in_scope), Sequential[Any, Report])
    assert_type(sequential(researcher, Reporter()), Sequential[Any, Report])
    assert_type(sequential(talker, length), Sequential[Any, int])
    assert_type(sequential(Team([talker]), length), Sequential[Any, int])
    assert_type(sequential(researcher, report, writer, talker, length), Sequential[Any, int])
    assert_type(sequential(researcher, report, state={}), OverState)


def branches() -> None:
    assert_type(parallel(researcher, writer), Parallel[Any, Branches[Facts | Report]])
    assert_type(parallel(a=researcher, b=length), Parallel[str, Branches[Facts | int]])
    assert_type(parallel({"a": researcher, "b": length}), Parallel[str, Branches[int | Facts]])
    assert_type(parallel(a=researcher, b=length, join=merge), Parallel[str, Report])
    assert_type(parallel(a=researcher, b=length, join=merge_by_name), Parallel[str, Report])
    assert_type(parallel(a=researcher, b=length, join=writer), Parallel[str, Report])
    assert_type(parallel({"a": researcher, "b": length}, join=writer), Parallel[str, Report])
    assert_type(parallel(a=researcher, join=sequential(merge, writer)), Parallel[Any, Report])


def choices() -> None:
    assert_type(route(talker, {"a": writer, "b": writer}), Route[Any, Report])
    assert_type(route(talker, {"a": writer, "b": researcher}), Route[Any, Report | Facts])
    assert_type(route(length, {1: length, 2: length_async_only}, fallback=length), Route[str, int])
    assert_type(fallback(writer, writer), Fallback[Any, Report])
    assert_type(fallback(writer, researcher), Fallback[Any, Report | Facts])
    assert_type(fallback(report, report_async, report_in_scope), Fallback[Facts, Report])


def length_async_only(text: str, scope: Scope) -> int: ...


def opinions() -> None:
    assert_type(vote(talker, talker), Voting[Any, Any])
    assert_type(vote(length, length_async), Voting[str, Any])
    assert_type(debate(talker, talker, judge=writer), Debate[Any])
    assert_type(refine(writer, talker), Refine[Any, Report])
    assert_type(refine(length, talker), Refine[str, int])
    assert_type(supervisor(writer, [talker, length]), Agent[Report])
    assert_type(budgeted(writer, Budget(turns=1)), Budgeted[Any, Report])


def nested() -> None:
    assert_type(sequential(sequential(researcher, report), writer), Sequential[Any, Report])
    assert_type(sequential(parallel(a=researcher), merge), Sequential[Any, Report])
    assert_type(sequential(parallel(a=researcher), read), Sequential[Any, str])
    assert_type(sequential(parallel(a=researcher, join=merge), writer), Sequential[Any, Report])
    assert_type(sequential(refine(writer, talker), publish), Sequential[Any, str])
    assert_type(sequential(vote(talker, talker), announce), Sequential[Any, str])
    assert_type(sequential(debate(talker, talker), conclude), Sequential[Any, str])
    assert_type(fallback(sequential(researcher, report), writer), Fallback[Any, Report])
    assert_type(route(talker, {"a": sequential(researcher, report)}, fallback=writer), Route[Any, Report])
    assert_type(refine(sequential(researcher, report), talker), Refine[Any, Report])


async def runs() -> None:
    assert_type(await Runner.run(writer, "x"), RunResult[Report])
    assert_type(await Runner.run(sequential(researcher, report), "x"), RunResult[Report])
    assert_type((await Runner.run(refine(writer, talker), "x")).final_output.draft, Report)
    assert_type(await Runner.run(length_async, "x"), RunResult[int])
