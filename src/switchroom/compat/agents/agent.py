"""Agents as that SDK has them: values that may be changed, also in circles, until a run begins."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeAlias, TypedDict

from switchroom import Model, Team
from switchroom.compat.agents.absent import refuse
from switchroom.compat.agents.exceptions import UserError
from switchroom.compat.agents.guardrail import InputGuardrail, OutputGuardrail
from switchroom.compat.agents.handoffs import Handoff, called, takes
from switchroom.compat.agents.missing import missing_from
from switchroom.compat.agents.model_settings import ModelSettings
from switchroom.compat.agents.run_context import RunContextWrapper, TContext
from switchroom.compat.agents.tool import (
    Enabled,
    FunctionTool,
    FunctionToolResult,
    Tool,
    ToolErrorFunction,
    default_tool_error_function,
)
from switchroom.compat.agents.tool_context import ToolContext
from switchroom.compat.agents.translated_team import TranslatedTeam
from switchroom.context import settled
from switchroom.schema import Invalid


class StopAtTools(TypedDict):
    """The names of tools whose result is the run's output."""

    stop_at_tool_names: list[str]


@dataclass
class ToolsToFinalOutputResult:
    """Whether the results of an answer's tools are the run's output, and as what."""

    is_final_output: bool
    final_output: Any = None


ToolsToFinalOutputFunction: TypeAlias = Callable[
    [RunContextWrapper[TContext], list[FunctionToolResult]], "ToolsToFinalOutputResult | Awaitable[ToolsToFinalOutputResult]"
]
ToolUse: TypeAlias = "Literal['run_llm_again', 'stop_on_first_tool'] | StopAtTools | ToolsToFinalOutputFunction[Any]"


@dataclass
class AgentOutputSchema:
    """The type of an agent's answers, wrapped; `strict_json_schema` is for the reader: what can be enforced, is."""

    output_type: Any
    strict_json_schema: bool = True


@dataclass(eq=False)
class Agent(Generic[TContext]):
    """An agent. It may be changed at any time; a run sees it as it was when the run began.

    Args:
        name: how others call it.
        handoff_description: what it is for, as other agents' models read it.
        tools: made by `@function_tool`, by `agent.as_tool(...)`, or Switchroom's own.
        instructions: its system prompt, or `f(context, agent)` that gives it, sync or async.
        handoffs: agents, and what `handoff(...)` made of agents.
        model: a model of Switchroom, or a name: "openai:gpt-5.4-mini", "ollama:qwen3"; a bare one is one of OpenAI's.
            Absent: what `switchroom.set_default_model` or `SWITCHROOM_MODEL` says.
        model_settings: what it asks of its model.
        input_guardrails: run if it is the first agent of a run.
        output_guardrails: run if its answer is the run's output.
        output_type: what its final answer is checked against; text if absent. An answer that is not of it goes back to the
            model, a bounded number of times.
        tool_use_behavior: "run_llm_again"; or the result of a tool is the run's output: "stop_on_first_tool", of the tools in
            `{"stop_at_tool_names": [...]}`, or as `f(context, results)` says, sync or async.
        reset_tool_choice: whether `tool_choice` is dropped once it has called a tool, so that it can come to an end.

    Raises:
        UserError: hooks, a prompt or MCP servers were given; it says what to use instead.
    """

    name: str
    handoff_description: str | None = None
    tools: list[Tool] = field(default_factory=list[Tool])
    mcp_servers: list[Any] = field(default_factory=list[Any])
    mcp_config: dict[str, Any] = field(default_factory=dict[str, Any])
    instructions: str | Callable[..., str | Awaitable[str]] | None = None
    prompt: Any = None
    handoffs: list[Agent[Any] | Handoff[Any, Any]] = field(default_factory=list[Any])
    model: str | Model | None = None
    model_settings: ModelSettings = field(default_factory=ModelSettings)
    input_guardrails: list[InputGuardrail[Any]] = field(default_factory=list[InputGuardrail[Any]])
    output_guardrails: list[OutputGuardrail[Any]] = field(default_factory=list[OutputGuardrail[Any]])
    output_type: Any = None
    hooks: Any = None
    tool_use_behavior: ToolUse = "run_llm_again"
    reset_tool_choice: bool = True

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Refuse what Switchroom has no counterpart of.

        Raises:
            UserError: it says what to use instead, or what is wrong.
        """
        refuse(
            f"Agent '{self.name}'",
            hooks=self.hooks,
            prompt=self.prompt,
            mcp_servers=self.mcp_servers,
            mcp_config=self.mcp_config,
        )
        for option in ("tools", "handoffs", "input_guardrails", "output_guardrails"):
            if not isinstance(getattr(self, option), list):
                raise UserError(f"Agent '{self.name}': {option} is {getattr(self, option)!r}; give a list.")

    def clone(self, **changes: Any) -> Agent[TContext]:
        """Another agent, like this one but for the changes. Lists that are not given are shared with this one."""
        return replace(self, **changes)

    def as_tool(
        self,
        tool_name: str | None = None,
        tool_description: str | None = None,
        custom_output_extractor: Callable[[Any], Awaitable[str]] | None = None,
        is_enabled: Enabled = True,
        *,
        run_config: Any = None,
        max_turns: int | None = None,
        session: Any = None,
        failure_error_function: ToolErrorFunction | None = default_tool_error_function,
        **absent: Any,
    ) -> FunctionTool:
        """This agent as a tool of another, which stays in charge and gives one text, `input`.

        Args:
            tool_name: as the model calls it; absent: the agent's name.
            tool_description: as the model reads it.
            custom_output_extractor: `async f(result)` that says what the tool gives; by default the final output.
            is_enabled: whether models are shown it.
            run_config: options of its runs.
            max_turns: model answers in each of its runs.
            session: where its runs keep their history.
            failure_error_function: puts a failure into words for the model; None ends the run with the exception.
            absent: further options of that SDK.

        Raises:
            UserError: an option has no counterpart; it says what to use instead.
        """
        name = tool_name or called(self.name)
        absent.pop("on_stream_max_pending_events", None)  # it says nothing without on_stream
        refuse(f"as_tool of agent '{self.name}'", **absent)

        async def invoke(context: ToolContext[Any], arguments: str) -> Any:
            # Who runs agents knows of agents: the other way round it has to be looked up when it is needed.
            from switchroom.compat.agents.run import DEFAULT_MAX_TURNS, run_as_tool

            turns = DEFAULT_MAX_TURNS if max_turns is None else max_turns
            given = _check_input(json.loads(arguments or "{}"))["input"]
            result = await run_as_tool(self, context, given, run_config=run_config, max_turns=turns, session=session)
            return result.final_output if custom_output_extractor is None else await custom_output_extractor(result)

        return FunctionTool(
            name,
            tool_description or "",
            _INPUT,
            invoke,
            is_enabled=is_enabled,
            failure_error_function=failure_error_function,
            check=_check_input,
            agent=self,
        )

    def team_to_inspect(self, run_config: Any = None) -> TranslatedTeam:
        """Return this agent, and all that it reaches, as a team that `check`, `graph` and `doctor` can read.

        Args:
            run_config: options of its runs.
        """
        from switchroom.compat.agents.standing import team_to_inspect

        return team_to_inspect(self, run_config)

    def team_for_turn(self, run_config: Any = None, default: Model | str | None = None) -> Team:
        """Return this agent, and all that it reaches, as a team that takes one turn of a conversation of Switchroom.

        Args:
            run_config: options of the run.
            default: the model of agents that neither have one nor get one from the options.
        """
        from switchroom.compat.agents.standing import team_for_turn

        return team_for_turn(self, run_config, default)

    async def get_system_prompt(self, run_context: RunContextWrapper[TContext]) -> str | None:
        """Its instructions, rendered for a context.

        Raises:
            UserError: a function of instructions takes something else than the context and the agent.
        """
        return await rendered(self, self.instructions, run_context)


AgentBase: TypeAlias = Agent


async def rendered(
    agent: Agent[Any], instructions: str | Callable[..., str | Awaitable[str]] | None, context: RunContextWrapper[Any]
) -> str | None:
    """Instructions of an agent for a context, called where they are a function.

    Raises:
        UserError: it takes something else than the context and the agent.
    """
    if not callable(instructions):
        return instructions
    if not takes(instructions, 2):
        raise UserError(
            f"Agent '{agent.name}': instructions are called as f(context, agent), which this function does not take."
        )
    return await settled(instructions(context, agent))


def _check_input(args: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call of an agent.

    Raises:
        Invalid: they have no text for the agent.
    """
    if not isinstance(args.get("input"), str):
        raise Invalid("input: a text is required")
    return args


_INPUT: dict[str, Any] = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}


__getattr__ = missing_from(__name__)
