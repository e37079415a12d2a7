"""The model's edge: what an agent's model is shown, and what it says, in that SDK's terms.

Everything in which a request of that SDK is different is here, around the model, and the runtime below knows nothing of it:
the names of handoffs, tools that are switched off, settings, the count of turns, results of tools that are the output.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace as changed
from typing import Any

from msgspec.structs import replace

from switchroom.compat.agents.agent import Agent
from switchroom.compat.agents.convert import items_of, messages_of
from switchroom.compat.agents.exceptions import ModelTimeoutError
from switchroom.compat.agents.judging import judge_input
from switchroom.compat.agents.pairing import paired
from switchroom.compat.agents.providers import model_named, speaks_responses
from switchroom.compat.agents.run_config import CallModelData, ModelInputData
from switchroom.compat.agents.running import BY_TOOLS, Answer, Running, Stopped, last_said
from switchroom.compat.agents.stopping import output_of_tools
from switchroom.compat.agents.tool import Enabled, FunctionTool
from switchroom.compat.agents.transcript import inward, outward
from switchroom.compat.agents.usage import usage_of
from switchroom.context import settled
from switchroom.messages import Message
from switchroom.model import Emit, ModelRequest, ModelResponse, Settings, ToolSpec
from switchroom.usage import Usage


class Edge:
    """A model of Switchroom around the model of an agent.

    Args:
        run: the run.
        name: the agent's name in it.
        agent: the agent as it was when the run began.
        tools: its tools by name.
    """

    def __init__(self, run: Running, name: str, agent: Agent[Any], tools: Mapping[str, FunctionTool]) -> None:
        self._run = run
        self._name = name
        self._agent = agent
        self._tools = tools

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Answer: by the model, or by what tools returned where that is the output.

        Raises:
            Stopped: the run is to stop.
        MaxTurnsExceeded: the run had all its turns.
            ModelTimeoutError: the model took longer than its settings allow.
        """
        run = self._run
        run.active, run.history, run.unfinished = self._name, request.messages, None
        if run.standing and not run.begins:
            begins = last_said(request.messages)
            run.begins, run.input = begins, items_of(outward(run, request.messages[:begins], self._name))
        if run.keeper is not None:
            await run.keeper.keep(request.messages)
        final = await output_of_tools(run, self._name, self._agent.tool_use_behavior, self._tools)
        if final is not None:
            run.stopped, run.final = True, final.value
            return ModelResponse(Message("assistant", final.text(as_json=request.output_schema is not None)), Usage(), BY_TOOLS)
        if run.cancelled:
            raise Stopped
        run.count()
        if not run.judged:  # the runtime asks guardrails about what a person says; an input may have nothing of a person
            await judge_input(run)
        model = model_named(run.model_of(self._agent), self._agent.name)
        shown = await self._shown(request, responses=speaks_responses(model))
        patience = self._settings().timeout
        clock = asyncio.timeout(patience)
        try:
            async with clock:
                response = await model(shown, emit)
        except TimeoutError as error:
            if patience is None or not clock.expired():
                raise
            raise ModelTimeoutError(patience) from error
        return self._heard(response, len(request.messages))

    async def _shown(self, request: ModelRequest, *, responses: bool) -> ModelRequest:
        run = self._run
        behind = run.begins + run.filtered
        given = request.messages
        before = given[: run.begins]
        if run.standing:  # notes of the runtime to the agents of earlier turns, which that SDK does not have
            before = [message for message in before if message.role != "system"]
        messages: Sequence[Message] = outward(run, [*before, *given[behind:]], self._name)
        instructions = request.instructions
        run.wrapper.turn_input = items_of(messages)
        if run.config.call_model_input_filter is not None:
            data = ModelInputData(run.wrapper.turn_input, instructions or None)
            ask = CallModelData(data, run.agents[self._name], run.wrapper.context)
            filtered = await settled(run.config.call_model_input_filter(ask))
            left = messages_of(filtered.input)
            messages, instructions = paired(left) or left, filtered.instructions or ""
        tools = await self._enabled(request.tools)
        return replace(
            request,
            agent=self._agent.name,
            instructions=instructions,
            messages=messages,
            tools=tools,
            settings=self._asked(given[behind:], tools=bool(tools), responses=responses),
        )

    def _settings(self) -> Any:
        return self._agent.model_settings.resolve(self._run.config.model_settings)

    def _asked(self, generated: Sequence[Message], *, tools: bool, responses: bool) -> Settings:
        """The settings of this request: a choice of tool holds until the agent has called one."""
        settings = self._settings()
        if self._agent.reset_tool_choice and any(said.calls for said in generated if said.agent == self._name):
            settings = changed(settings, tool_choice=None)
        return settings.for_model(tools=tools, responses=responses)

    async def _enabled(self, specs: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """What is shown of the tools: what is switched on, and handoffs as that SDK shows them."""
        run = self._run
        exits = run.exits[self._name]
        shown: list[ToolSpec] = []
        for spec in specs:
            way = exits.get(spec.name)
            made = self._tools.get(spec.name)
            enabled: Enabled = way.handoff.is_enabled if way else made.is_enabled if made else True
            if not await self._is(enabled):
                run.hidden.add((self._name, spec.name))
                continue
            run.hidden.discard((self._name, spec.name))
            if way is not None:
                handoff = way.handoff
                spec = ToolSpec(handoff.tool_name, handoff.tool_description, handoff.input_json_schema)
            shown.append(spec)
        return tuple(shown)

    async def _is(self, enabled: Enabled) -> bool:
        if isinstance(enabled, bool):
            return enabled
        return bool(await settled(enabled(self._run.wrapper, self._run.agents[self._name])))

    def _heard(self, response: ModelResponse, place: int) -> ModelResponse:
        """An answer as the runtime goes on with it. Each of its calls has an id of its own."""
        run = self._run
        message = response.message
        ids = [call.id for call in message.calls]
        if "" in ids or len(set(ids)) < len(ids):
            message = replace(
                message,
                calls=tuple(replace(call, id=f"call_{place}_{index}") for index, call in enumerate(message.calls)),
            )
        message = replace(message, agent=self._name)
        used = usage_of(response.usage)
        run.wrapper.usage.add(used)
        run.answers.append(Answer(message, used))
        run.unfinished = message
        exits = run.exits[self._name]
        return replace(response, message=replace(message, calls=tuple(inward(call, exits) for call in message.calls)))
