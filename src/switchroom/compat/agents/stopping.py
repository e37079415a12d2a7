"""Where the result of a tool is the output of the run: `tool_use_behavior`.

A call that was refused, or that failed, has no result: its model is told, and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

from switchroom.compat.agents.agent import ToolUse
from switchroom.compat.agents.exceptions import UserError
from switchroom.compat.agents.running import Running
from switchroom.compat.agents.tool import FunctionTool, FunctionToolResult
from switchroom.compat.agents.transcript import items_from
from switchroom.context import settled
from switchroom.schema import as_text


async def output_of_tools(run: Running, agent: str, behavior: ToolUse, tools: Mapping[str, FunctionTool]) -> str | None:
    """What the tools of the last answer returned, where that is the run's output; None where the model goes on.

    Args:
        run: the run, which is about to ask the agent's model.
        agent: the agent's name in it.
        behavior: how it uses its tools.
        tools: these, by name.

    Raises:
        UserError: it says something else than how tools are used, or decided on what JSON cannot hold.
    """
    if behavior == "run_llm_again":
        return None
    results = _results(run, agent, tools)
    match behavior:
        case "stop_on_first_tool":
            chosen = results[:1]
        case {"stop_at_tool_names": names}:
            chosen = [(result, text) for result, text in results if result.tool.name in names]
        case _ if callable(behavior):
            if not results:
                return None
            decided = await settled(behavior(run.wrapper, [result for result, _ in results]))
            return as_text(decided.final_output, f"tool_use_behavior of agent '{agent}'") if decided.is_final_output else None
        case _:
            raise UserError(
                f"Agent '{agent}': tool_use_behavior is {behavior!r}; it may be 'run_llm_again', 'stop_on_first_tool', "
                "{'stop_at_tool_names': [...]}, or a function of (context, results)."
            )
    return chosen[0][1] if chosen else None


def _results(run: Running, agent: str, tools: Mapping[str, FunctionTool]) -> list[tuple[FunctionToolResult, str]]:
    """What the tools of the last answer came to, in the order of the calls, with the texts; nothing if another agent asked."""
    asked = next((message for message in reversed(run.history) if message.role != "tool"), None)
    if asked is None or asked.agent != agent or not asked.calls:
        return []
    texts = {message.call_id: message for message in takewhile(lambda said: said.role == "tool", reversed(run.history))}
    results: list[tuple[FunctionToolResult, str]] = []
    for call in asked.calls:
        message = texts.get(call.id)
        if call.name in tools and message is not None and (call.id, message.text) in run.outputs:
            [item] = items_from(run, [message], asked.agent)
            output = run.outputs[call.id, message.text]
            results.append((FunctionToolResult(tools[call.name], output, item), message.text))
    return results
