"""Where the result of a tool is the output of the run: `tool_use_behavior`.

A call that was refused, or that failed, has no result: its model is told, and goes on. The output is the tool's own object: the
runtime sees only a text of it, which is not checked against the agent's output type.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Annotated, Any, NamedTuple

import pydantic_core
from pydantic import ValidatorFunctionWrapHandler, WrapValidator

from switchroom.compat.agents.agent import ToolUse
from switchroom.compat.agents.exceptions import UserError
from switchroom.compat.agents.running import CURRENT, Running
from switchroom.compat.agents.tool import FunctionTool, FunctionToolResult
from switchroom.compat.agents.transcript import items_from
from switchroom.context import settled


class Final(NamedTuple):
    """An output that tools made."""

    value: Any

    def text(self, *, as_json: bool) -> str:
        """Return the output as the text of an answer.

        Args:
            as_json: encode text as JSON too.
        """
        if isinstance(self.value, str) and not as_json:
            return self.value if self.value.strip() else "(no text)"
        return pydantic_core.to_json(self.value, serialize_unknown=True).decode()


def lenient(output_type: Any) -> Any:
    """Return an output type that checks models' answers and accepts every output of tools."""
    return Annotated[output_type, WrapValidator(_check_answer)]


def _check_answer(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    run = CURRENT.get()
    return value if run is not None and run.stopped else check(value)


async def output_of_tools(run: Running, agent: str, behavior: ToolUse, tools: Mapping[str, FunctionTool]) -> Final | None:
    """Return what the tools of the last answer returned, where that is the run's output; None where the model goes on.

    Args:
        run: the run, which is about to ask the agent's model.
        agent: the agent's name in it.
        behavior: how it uses its tools.
        tools: these, by name.

    Raises:
        UserError: it says something else than how tools are used.
    """
    if behavior == "run_llm_again":
        return None
    results = _results(run, agent, tools)
    match behavior:
        case "stop_on_first_tool":
            chosen = results[:1]
        case {"stop_at_tool_names": names}:
            chosen = [result for result in results if result.tool.name in names]
        case _ if callable(behavior):
            if not results:
                return None
            decided = await settled(behavior(run.wrapper, results))
            return Final(decided.final_output) if decided.is_final_output else None
        case _:
            raise UserError(
                f"Agent '{agent}': tool_use_behavior is {behavior!r}; it may be 'run_llm_again', 'stop_on_first_tool', "
                "{'stop_at_tool_names': [...]}, or a function of (context, results)."
            )
    return Final(chosen[0].output) if chosen else None


def _results(run: Running, agent: str, tools: Mapping[str, FunctionTool]) -> list[FunctionToolResult]:
    """Return what the tools of the last answer returned, in the order of the calls; nothing if another agent asked."""
    asked = next((message for message in reversed(run.history) if message.role != "tool"), None)
    if asked is None or asked.agent != agent or not asked.calls:
        return []
    texts = {message.call_id: message for message in takewhile(lambda said: said.role == "tool", reversed(run.history))}
    results: list[FunctionToolResult] = []
    for call in asked.calls:
        message = texts.get(call.id)
        if call.name in tools and message is not None and (call.id, message.text) in run.outputs:
            [item] = items_from(run, [message], asked.agent)
            output = run.outputs[call.id, message.text]
            results.append(FunctionToolResult(tools[call.name], output, item))
    return results
