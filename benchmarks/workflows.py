"""Workflows and typed answers, ours beside the same by hand: three turns in a row, ten at once, a verdict that is parsed."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

from benchmarks import floor, ours
from benchmarks.measure import Row, compare
from switchroom import Agent, Message, Runner, parallel, sequential


class Criterion(BaseModel):
    """A criterion, and how well it is met."""

    name: str
    score: int
    because: str


class Verdict(BaseModel):
    """What an evaluator says of a text, as evaluation loops ask for it."""

    criteria: list[Criterion]
    feedback: str
    passes: bool


_VERDICT = Verdict(
    criteria=[
        Criterion(name=name, score=score, because=because)
        for name, score, because in (
            ("clarity", 8, "The sentences are short, and each says one thing."),
            ("completeness", 6, "What it costs is missing, and for whom it is not meant."),
            ("accuracy", 9, "The figures are those of the source."),
        )
    ],
    feedback="Say what it costs before you say what it is good for. The second paragraph repeats the first.",
    passes=False,
).model_dump_json()


async def _by_hand_verdict() -> Verdict:
    async def model(messages: list[floor.Chat]) -> floor.Chat:
        return {"role": "assistant", "content": _VERDICT}

    return Verdict.model_validate_json(await floor.turn(model, "hi"))


async def _by_hand_pipeline() -> str:
    text = "hi"
    for _ in range(3):
        text = await floor.turn(floor.hello, text)
    return text


async def _by_hand_parallel() -> list[str]:
    return await asyncio.gather(*(floor.turn(floor.hello, "hi") for _ in range(10)))


def rows() -> list[Row]:
    """The rows."""
    greeters = [Agent(f"greeter{i}", "Be brief.", model=ours.answering(ours.hello)) for i in range(10)]
    pipeline, branches = sequential(*greeters[:3]), parallel(*greeters)
    evaluator = Agent(
        "evaluator", "Judge.", model=ours.answering(lambda request: Message("assistant", _VERDICT)), output_type=Verdict
    )
    return [
        compare("pipeline of 3", 50, (_by_hand_pipeline, lambda: Runner.run(pipeline, "hi")), 500),
        compare("parallel 10", 8, (_by_hand_parallel, lambda: Runner.run(branches, "hi")), 200),
        compare("structured output", 10, (_by_hand_verdict, lambda: Runner.run(evaluator, "hi")), 1000),
    ]
