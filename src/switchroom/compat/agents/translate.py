"""Agents of that SDK as agents of Switchroom: made when a run begins, of all that can be reached from the first one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import update_wrapper
from typing import Any, NamedTuple, cast

import switchroom
from switchroom import Decline, Team
from switchroom._handoff import Handoff as OurHandoff
from switchroom._handoff import transfer_name
from switchroom.compat.agents.absent import refuse
from switchroom.compat.agents.agent import Agent, AgentOutputSchema, rendered
from switchroom.compat.agents.edge import Edge
from switchroom.compat.agents.exceptions import ToolTimeoutError, UserError
from switchroom.compat.agents.filters import filtered
from switchroom.compat.agents.handoffs import Handoff, handoff
from switchroom.compat.agents.judging import input_guard, output_guard
from switchroom.compat.agents.running import Exit, Running
from switchroom.compat.agents.stopping import lenient
from switchroom.compat.agents.tool import FunctionTool, default_tool_error_function
from switchroom.compat.agents.tool_context import ToolContext
from switchroom.context import settled
from switchroom.messages import Message
from switchroom.schema import Invalid, as_text
from switchroom.tool_names import tool_name


class _Part(NamedTuple):
    """An agent in the part that it plays in a run. One has several where another has several handoffs to it, or it has one
    to itself: Switchroom hands over to an agent in one way only, and never to the one who has the conversation.
    """

    agent: Agent[Any]
    copy: int


class _Cast:
    """Who plays a part in a run, and under which name."""

    def __init__(self, start: Agent[Any]) -> None:
        self.names: dict[tuple[int, int], str] = {}
        self.parts: list[tuple[str, _Part, list[tuple[Handoff[Any, Any], str]]]] = []
        self._taken: set[str] = set()
        waiting = [_Part(start, 0)]
        self._name(waiting[0])
        while waiting:
            part = waiting.pop(0)
            part.agent.check()
            exits: list[tuple[Handoff[Any, Any], str]] = []
            for way, target in _exits(part):
                if (id(target.agent), target.copy) not in self.names:
                    self._name(target)
                    waiting.append(target)
                exits.append((way, self.names[id(target.agent), target.copy]))
            self.parts.append((self.names[id(part.agent), part.copy], part, exits))

    def _name(self, part: _Part) -> None:
        """Its own name, with a number where another has the same, or one of which the same tool's name would be made."""
        name = part.agent.name
        number = 1
        while tool_name(name) in self._taken:
            number += 1
            name = f"{part.agent.name} {number}"
        self._taken.add(tool_name(name))
        self.names[id(part.agent), part.copy] = name


def _exits(part: _Part) -> list[tuple[Handoff[Any, Any], _Part]]:
    """An agent's ways out: the second to the same target leads to a copy of it, and so does one to the agent itself."""
    ways: list[tuple[Handoff[Any, Any], _Part]] = []
    counts: dict[int, int] = {}
    for given in part.agent.handoffs:
        way = _handoff(given, part.agent)
        copy = counts.get(id(way.agent), 0)
        counts[id(way.agent)] = copy + 1
        if way.agent is part.agent and copy >= part.copy:
            copy += 1  # past itself
        ways.append((way, _Part(way.agent, copy)))
    return ways


def _handoff(given: Any, owner: Agent[Any]) -> Handoff[Any, Any]:
    match given:
        case Agent():
            return handoff(given)
        case Handoff():
            way = cast("Handoff[Any, Any]", given)
            if isinstance(way.agent, Agent):
                return way
            raise UserError(
                f"Agent '{owner.name}': the handoff '{way.tool_name}' was made by hand, and its target is not known before "
                "it is invoked. Make it by handoff(agent, ...)."
            )
        case _:
            raise UserError(f"Agent '{owner.name}': handoffs holds {given!r}; it takes agents, and what handoff(...) gives.")


def translated(run: Running) -> Team:
    """The agents of a run as a team of Switchroom, with the run told who takes part in it.

    Raises:
        UserError: an agent has what Switchroom has no counterpart of.
    """
    parts = _Cast(run.start).parts
    for name, part, exits in parts:
        run.agents[name] = part.agent
        run.exits[name] = {_transfer(target): Exit(way, target) for way, target in exits if way.is_enabled is not False}
    run.active = parts[0][0]
    try:
        return Team([_agent(run, name, part.agent) for name, part, _ in parts], entry=run.active)
    except switchroom.UserError as error:
        raise UserError(str(error)) from error


def _transfer(target: str) -> str:
    """Return the name of the tool by which Switchroom's own agents hand over to a part; no two parts have the same."""
    return transfer_name(tool_name(target))


def _agent(run: Running, name: str, agent: Agent[Any]) -> switchroom.Agent[Any]:
    seen = replace(agent)
    tools = {tool.name: tool for tool in agent.tools if isinstance(tool, FunctionTool) and tool.is_enabled is not False}
    guards = input_guard(run) if name == run.active else []
    if run.config.model_provider is not None and not callable(run.model_of(agent)):
        refuse(f"RunConfig, for the model of agent '{agent.name}'", model_provider=run.config.model_provider)
    return switchroom.Agent(
        name,
        _instructions(run, seen, agent),
        model=Edge(run, name, seen, tools),
        tools=[_tool(run, name, tool) for tool in agent.tools if not isinstance(tool, FunctionTool) or tool.name in tools],
        handoffs=[_terms(run, name, way) for way in run.exits[name].values()],
        output_type=_output_type(agent),
        guardrails=[*guards, *output_guard(run, agent, tuple(agent.output_guardrails))],
        description=agent.handoff_description or "",
    )


def _output_type(agent: Agent[Any]) -> Any:
    """Return the type that answers of the agent's model are checked against."""
    given: Any = agent.output_type
    output = given.output_type if isinstance(given, AgentOutputSchema) else given
    if output is None or output is str:
        return str
    return output if agent.tool_use_behavior == "run_llm_again" else lenient(output)


def _instructions(run: Running, seen: Agent[Any], agent: Agent[Any]) -> Any:
    if not callable(seen.instructions):
        return seen.instructions or ""

    async def render(context: Any) -> Any:
        return await rendered(agent, seen.instructions, run.wrapper)

    return render


def _tool(run: Running, name: str, tool: Any) -> switchroom.Tool:
    """A tool as one of Switchroom; of Switchroom's own, itself."""
    if not isinstance(tool, FunctionTool):
        return _noting(run, tool)
    told_by_runtime = tool.failure_error_function is default_tool_error_function
    raises_when_late = tool.timeout_behavior == "raise_exception"

    def check(args: dict[str, Any]) -> dict[str, Any]:
        if (name, tool.name) in run.hidden:
            raise Invalid(f"{tool.name} is not to be used now")
        tool.check(args)
        return args

    async def invoke(context: switchroom.ToolContext[Any], args: Mapping[str, Any]) -> Any:
        call = context.call
        theirs = ToolContext(
            run.wrapper.context,
            run.wrapper.usage,
            run.wrapper.turn_input,
            tool.name,
            call.id,
            json.dumps(args, ensure_ascii=False),
            run.agents[name],
            run.config,
        )
        try:
            value = await _invoked(tool, theirs, raises_when_late)
        except (switchroom.UserError, ToolTimeoutError):
            raise
        except Exception as error:
            if tool.failure_error_function is None or (told_by_runtime and not raises_when_late):
                raise
            return await settled(tool.failure_error_function(theirs, error))
        run.outputs[call.id, as_text(value, f"Tool '{tool.name}'")] = value
        return value

    invoke.__wrapped__ = tool.on_invoke_tool  # pyright: ignore[reportFunctionMemberAccess] - for those who read it
    made = switchroom.Tool(
        tool.name,
        tool.description,
        tool.params_json_schema,
        check,
        invoke,
        timeout=None if raises_when_late else tool.timeout_seconds,
        on_error="tell_model" if told_by_runtime and not raises_when_late else "raise",
    )
    return _noting(run, made)


def _noting(run: Running, tool: switchroom.Tool) -> switchroom.Tool:
    """Return the tool with its calls noted in the run: that they began, and the text of their results."""

    async def invoke(context: switchroom.ToolContext[Any], args: dict[str, Any]) -> Any:
        run.began[context.call.id] = None
        try:
            value = await tool.invoke(context, args)
        except Exception as error:
            run.began[context.call.id] = default_tool_error_function(run.wrapper, error)
            raise
        run.began[context.call.id] = as_text(value, f"Tool '{tool.name}'")
        return value

    return replace(tool, invoke=update_wrapper(invoke, tool.invoke))


async def _invoked(tool: FunctionTool, context: ToolContext[Any], raises_when_late: bool) -> Any:
    if not raises_when_late or tool.timeout_seconds is None:
        return await tool.on_invoke_tool(context, context.tool_arguments)
    clock = asyncio.timeout(tool.timeout_seconds)
    try:
        async with clock:
            return await tool.on_invoke_tool(context, context.tool_arguments)
    except TimeoutError as error:
        if not clock.expired():
            raise
        raise ToolTimeoutError(tool.name, tool.timeout_seconds) from error


def _terms(run: Running, asker: str, way: Exit) -> OurHandoff:
    """A handoff as one of Switchroom."""
    given = way.handoff

    async def accepts(context: Any, brief: Any) -> Decline | None:
        if (asker, _transfer(way.target)) in run.hidden:
            return Decline("this is not to be used now")
        arguments = "" if given.input_model is None else json.dumps(brief.model_dump(mode="json", by_alias=True)["input"])
        target = await given.on_invoke_handoff(run.wrapper, arguments)
        if target is not run.agents[way.target]:
            raise UserError(
                f"The handoff '{given.tool_name}' of agent '{run.agents[asker].name}' gave {target!r}, and not the agent that "
                "it was made for. Make a handoff for each."
            )
        return None

    rule = given.input_filter or run.config.handoff_input_filter

    def kept(messages: Sequence[Message]) -> Sequence[Message]:
        assert rule is not None, "it is called only where there is one"
        return filtered(run, asker, way, rule, messages)

    return OurHandoff(way.target, requires=given.input_model, accepts=accepts, filter=None if rule is None else kept)
