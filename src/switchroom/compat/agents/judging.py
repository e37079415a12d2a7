"""Guardrails asked: all at once, until the first that trips."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from switchroom.compat.agents.exceptions import InputGuardrailTripwireTriggered
from switchroom.compat.agents.guardrail import InputGuardrailResult, OutputGuardrail, OutputGuardrailResult
from switchroom.compat.agents.running import Running
from switchroom.guardrail import Guardrail, Judgement, Pass, Trip, on_input, on_output

R = TypeVar("R", InputGuardrailResult, OutputGuardrailResult)


async def judge_input(run: Running) -> None:
    """Ask the input guardrails of a run about all of its input.

    Raises:
        InputGuardrailTripwireTriggered: one of them tripped.
    """
    run.judged = True
    guardrails = [*run.start.input_guardrails, *(run.config.input_guardrails or ())]
    for parallel in (False, True):
        asked = [guardrail for guardrail in guardrails if guardrail.run_in_parallel == parallel]
        results, tripped = await _asked([guardrail.run(run.start, run.input, run.wrapper) for guardrail in asked])
        run.input_results += results
        if tripped is not None:
            run.tripped = tripped
            raise InputGuardrailTripwireTriggered(tripped)


def input_guard(run: Running) -> list[Guardrail]:
    """The input guardrails of a run as one of Switchroom, which is asked when a person's message is there to be judged."""

    async def judge(context: Any, text: str) -> Judgement:
        if not run.judged:
            if run.standing:
                run.input = text
            try:
                await judge_input(run)
            except InputGuardrailTripwireTriggered as tripped:
                return Trip(str(tripped))
        return Pass()

    return _named(on_input(judge), [*run.start.input_guardrails, *(run.config.input_guardrails or ())])


def output_guard(run: Running, agent: Any, guardrails: Sequence[OutputGuardrail[Any]]) -> list[Guardrail]:
    """The output guardrails of an agent as one of Switchroom.

    Args:
        run: the run, whose own output guardrails are asked too.
        agent: the agent, as guardrails are given it.
        guardrails: the agent's, as they were when the run began.
    """
    every = [*guardrails, *(run.config.output_guardrails or ())]

    async def judge(context: Any, output: Any) -> Judgement:
        final = run.final if run.stopped else output
        results, tripped = await _asked([guardrail.run(run.wrapper, agent, final) for guardrail in every])
        run.output_results += results
        if tripped is None:
            return Pass()
        run.tripped = tripped
        return Trip(f"output guardrail '{tripped.guardrail.get_name()}'")

    return _named(on_output(judge), every)


def _named(guard: Guardrail, guardrails: Sequence[Any]) -> list[Guardrail]:
    """The guardrail under the names of those that it asks, as facts and traces tell it; none if it asks none."""
    guard.judge.__name__ = ", ".join(guardrail.get_name() for guardrail in guardrails)
    return [guard] if guardrails else []


async def _asked(asking: Sequence[Coroutine[Any, Any, R]]) -> tuple[list[R], R | None]:
    """What guardrails said, and the first of them that tripped; the others are not waited for then."""
    if len(asking) == 1:
        result = await asking[0]
        return [result], result if result.output.tripwire_triggered else None
    tasks = [asyncio.ensure_future(one) for one in asking]
    results: list[R] = []
    try:
        for done in asyncio.as_completed(tasks):
            result = await done
            results.append(result)
            if result.output.tripwire_triggered:
                return results, result
        return [task.result() for task in tasks], None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
