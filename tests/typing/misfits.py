"""Workflows whose parts do not fit: each is an error to the type checker, and one that is none any more is itself one."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from pydantic import BaseModel

from switchroom import Agent, Budget, fallback, parallel, refine, route, sequential, supervisor, vote
from switchroom.step import Scope
from switchroom.workflow import Branches, budgeted


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
def double(number: int) -> int: ...
def merge(found: Branches) -> Report: ...
def too_much(facts: Facts, scope: Scope, more: int) -> Report: ...


def stages_that_do_not_take_what_the_one_before_gives() -> None:
    sequential(talker, report)  # pyright: ignore[reportArgumentType]
    sequential(talker, report_async)  # pyright: ignore[reportArgumentType]
    sequential(talker, report_in_scope)  # pyright: ignore[reportArgumentType]
    sequential(talker, report_async_in_scope)  # pyright: ignore[reportArgumentType]
    sequential(writer, report)  # pyright: ignore[reportArgumentType]
    sequential(researcher, report, report)  # pyright: ignore[reportArgumentType]
    sequential(talker, length, length)  # pyright: ignore[reportArgumentType]
    sequential(researcher, report, writer, talker, double)  # pyright: ignore[reportArgumentType]
    sequential(researcher, too_much)  # pyright: ignore[reportArgumentType]


def nested_ones_that_do_not_fit() -> None:
    sequential(sequential(researcher, report), report_async)  # pyright: ignore[reportArgumentType]
    sequential(parallel(a=researcher), report)  # pyright: ignore[reportArgumentType]
    sequential(parallel(a=researcher, join=merge), report)  # pyright: ignore[reportArgumentType]
    sequential(refine(researcher, talker), report)  # pyright: ignore[reportArgumentType]
    sequential(vote(researcher, researcher), report)  # pyright: ignore[reportArgumentType]
    sequential(fallback(talker, talker), report)  # pyright: ignore[reportArgumentType]
    sequential(route(talker, {"a": writer}), report)  # pyright: ignore[reportArgumentType]
    sequential(budgeted(talker, Budget(turns=1)), report)  # pyright: ignore[reportArgumentType]


def parts_that_do_not_take_one_input() -> None:
    parallel(a=report, b=length)  # pyright: ignore[reportArgumentType]
    fallback(report, length)  # pyright: ignore[reportArgumentType]
    fallback(report, double)  # pyright: ignore[reportArgumentType]
    vote(report, length)  # pyright: ignore[reportArgumentType]
    route(length, {"a": report})  # pyright: ignore[reportArgumentType]
    route(talker, {"a": report}, fallback=length)  # pyright: ignore[reportArgumentType]


def what_is_no_step() -> None:
    sequential(None)  # pyright: ignore[reportArgumentType]
    parallel(a=5)  # pyright: ignore[reportArgumentType]
    fallback("text")  # pyright: ignore[reportArgumentType]
    refine(None, talker)  # pyright: ignore[reportArgumentType]
    supervisor(length, [talker])  # pyright: ignore[reportArgumentType]
    sequential()  # pyright: ignore[reportCallIssue]
