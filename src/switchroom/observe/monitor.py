"""One call of an agent, measured: whatever the agent is, and also when it fails."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict, replace
from typing import Any, cast

from switchroom.failure import attribute_of, told
from switchroom.observe.metrics import AgentMetrics, total_of
from switchroom.observe.tally import confidence_of
from switchroom.result import RunResult
from switchroom.runner import Runner
from switchroom.step import step_name
from switchroom.tokens import count_tokens

log = logging.getLogger("switchroom")


async def monitored_agent_call(agent: Any, *args: Any, **kwargs: Any) -> tuple[Any, AgentMetrics]:
    """Call an agent, and say in numbers how it went.

    The metrics are logged too, under "switchroom", with the fields in the record's `metrics`: at level INFO, or WARNING of a
    call that failed.

    Args:
        agent: a step, which `Runner.run` runs; or an object of your own with `async def run(...)`.
        args: what it is called with.
        kwargs: the same, by name.

    Returns:
        what it gave (of a step, its `RunResult`), and the metrics of the call as a whole: its time by the clock, and what all
        agents that took part used. Tokens that nobody counted are estimated.

    Raises:
        Exception: what the agent raised. Of a step's run, `AgentMetrics.of(error)` says what it came to.
    """
    own = getattr(agent, "run", None)
    name = step_name(agent) if own is None else getattr(agent, "name", None) or type(agent).__name__
    began = time.perf_counter()
    try:
        result: Any = await (Runner.run(agent, *args, **kwargs) if own is None else own(*args, **kwargs))
    except Exception as error:
        seconds = time.perf_counter() - began
        used = _used(name, attribute_of(error, "run"), (args, kwargs))
        metrics = replace(used, execution_time=seconds, success=False, error=f"{type(error).__name__}: {told(error)}")
        log.warning("Agent '%s' failed after %.3f s", name, seconds, extra={"metrics": asdict(metrics)})
        raise
    seconds = time.perf_counter() - began
    output = _output(result)
    used = _used(name, result, (args, kwargs), output)
    metrics = replace(used, execution_time=seconds, success=True, error=None, confidence=confidence_of(output))
    log.info("Agent '%s' answered in %.3f s", name, seconds, extra={"metrics": asdict(metrics)})
    return result, metrics


def _output(result: Any) -> Any:
    return cast("RunResult[Any]", result).final_output if isinstance(result, RunResult) else result


def _used(name: str, run: Any, sent: tuple[Any, Any], *received: Any) -> AgentMetrics:
    """What a call used: as the facts of its run say, or estimated from what went in and came out."""
    if isinstance(run, RunResult):
        return total_of(name, AgentMetrics.of(cast("RunResult[Any]", run)).values())
    return AgentMetrics(
        name, input_tokens=count_tokens(*sent), output_tokens=count_tokens(*received), counted=True, runs=1, cost=None
    )
