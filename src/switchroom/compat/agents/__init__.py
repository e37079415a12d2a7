"""Code of the OpenAI Agents SDK, on Switchroom: one import line is changed, and nothing else.

    from agents import Agent, Runner                       # before
    from switchroom.compat.agents import Agent, Runner     # after

    agent = Agent(name="assistant", instructions="Answer in one sentence.", model="gpt-5.4-mini")
    print(Runner.run_sync(agent, "What is a switchroom?").final_output)

Modules have the names that they have there: `from switchroom.compat.agents.extensions.handoff_prompt import ...`. Names,
arguments and meanings are those of the SDK's version 0.24. Each run is one of `switchroom.Runner`, also inside a tool, where it
is a child of the run around it; Switchroom's own result with all facts is `result.switchroom`.

What is different:

* What a model gets wrong (an unknown tool, arguments or an output that are not valid, an empty answer) it is told, three times
  in a row, before `ModelBehaviorError`; and an answer that was sent back so is no item of the result.
* An exception of a tool is told to the model by type and text. With `failure_error_function=None` it leaves the run as its own
  type. A `UserError` always leaves it.
* A tool's result that is no text reaches the model as JSON. As the output of a run it stays an object, unless the agent
  declares `output_type=str`.
* Input guardrails come before the first request to a model, not beside it.
* A handoff that was made before is refused if nothing new has come up since: agents do not go in a circle up to `max_turns`.
* A model given by a bare name is one of OpenAI's, asked over Chat Completions; `set_default_openai_api("responses")` changes
  that.
* An agent that is changed while a run goes on is seen changed by the next run.
* What only Switchroom has is given by `RunConfig(switchroom=switchroom.RunConfig(...))`: listeners, a deadline, a journal.
* No history is kept at a provider. `last_response_id` is the id of an answer that has none; as `previous_response_id` it is
  refused.
* When a run ends early, its session also keeps the calls that began. A result that is not known says so.
* Options without a counterpart (hooks, MCP servers, approvals) raise `UserError`. Names and modules without one raise an
  `ImportError` that is a `UserError` too. Both say what to use instead.
* `switchroom check`, `chat`, `graph`, `doctor` and `eval` take these agents as they take Switchroom's own.
"""

from __future__ import annotations

import sys
from typing import Any

from switchroom.compat.agents import function_schema as function_schema  # a module whose name is also that of a function
from switchroom.compat.agents.agent import Agent as Agent
from switchroom.compat.agents.agent import AgentBase as AgentBase
from switchroom.compat.agents.agent import AgentOutputSchema as AgentOutputSchema
from switchroom.compat.agents.agent import StopAtTools as StopAtTools
from switchroom.compat.agents.agent import ToolsToFinalOutputFunction as ToolsToFinalOutputFunction
from switchroom.compat.agents.agent import ToolsToFinalOutputResult as ToolsToFinalOutputResult
from switchroom.compat.agents.exceptions import AgentsException as AgentsException
from switchroom.compat.agents.exceptions import InputGuardrailTripwireTriggered as InputGuardrailTripwireTriggered
from switchroom.compat.agents.exceptions import MaxTurnsExceeded as MaxTurnsExceeded
from switchroom.compat.agents.exceptions import ModelBehaviorError as ModelBehaviorError
from switchroom.compat.agents.exceptions import ModelRefusalError as ModelRefusalError
from switchroom.compat.agents.exceptions import ModelTimeoutError as ModelTimeoutError
from switchroom.compat.agents.exceptions import OutputGuardrailTripwireTriggered as OutputGuardrailTripwireTriggered
from switchroom.compat.agents.exceptions import RunErrorDetails as RunErrorDetails
from switchroom.compat.agents.exceptions import ToolTimeoutError as ToolTimeoutError
from switchroom.compat.agents.exceptions import UserError as UserError
from switchroom.compat.agents.extensions.handoff_prompt import RECOMMENDED_PROMPT_PREFIX as RECOMMENDED_PROMPT_PREFIX
from switchroom.compat.agents.guardrail import GuardrailFunctionOutput as GuardrailFunctionOutput
from switchroom.compat.agents.guardrail import InputGuardrail as InputGuardrail
from switchroom.compat.agents.guardrail import InputGuardrailResult as InputGuardrailResult
from switchroom.compat.agents.guardrail import OutputGuardrail as OutputGuardrail
from switchroom.compat.agents.guardrail import OutputGuardrailResult as OutputGuardrailResult
from switchroom.compat.agents.guardrail import input_guardrail as input_guardrail
from switchroom.compat.agents.guardrail import output_guardrail as output_guardrail
from switchroom.compat.agents.handoffs import Handoff as Handoff
from switchroom.compat.agents.handoffs import HandoffInputData as HandoffInputData
from switchroom.compat.agents.handoffs import HandoffInputFilter as HandoffInputFilter
from switchroom.compat.agents.handoffs import handoff as handoff
from switchroom.compat.agents.items import HandoffCallItem as HandoffCallItem
from switchroom.compat.agents.items import HandoffOutputItem as HandoffOutputItem
from switchroom.compat.agents.items import ItemHelpers as ItemHelpers
from switchroom.compat.agents.items import MessageOutputItem as MessageOutputItem
from switchroom.compat.agents.items import ModelResponse as ModelResponse
from switchroom.compat.agents.items import ReasoningItem as ReasoningItem
from switchroom.compat.agents.items import RunItem as RunItem
from switchroom.compat.agents.items import ToolCallItem as ToolCallItem
from switchroom.compat.agents.items import ToolCallOutputItem as ToolCallOutputItem
from switchroom.compat.agents.items import TResponseInputItem as TResponseInputItem
from switchroom.compat.agents.memory import Session as Session
from switchroom.compat.agents.memory import SessionABC as SessionABC
from switchroom.compat.agents.memory import SessionSettings as SessionSettings
from switchroom.compat.agents.memory import SQLiteSession as SQLiteSession
from switchroom.compat.agents.missing import MissingModules as _MissingModules
from switchroom.compat.agents.missing import missing_from as _missing_from
from switchroom.compat.agents.model_settings import ModelSettings as ModelSettings
from switchroom.compat.agents.providers import OpenAIChatCompletionsModel as OpenAIChatCompletionsModel
from switchroom.compat.agents.providers import OpenAIResponsesModel as OpenAIResponsesModel
from switchroom.compat.agents.providers import set_default_openai_api as set_default_openai_api
from switchroom.compat.agents.providers import set_default_openai_client as set_default_openai_client
from switchroom.compat.agents.providers import set_default_openai_key as set_default_openai_key
from switchroom.compat.agents.result import RunResult as RunResult
from switchroom.compat.agents.result import RunResultStreaming as RunResultStreaming
from switchroom.compat.agents.run import Runner as Runner
from switchroom.compat.agents.run_config import RunConfig as RunConfig
from switchroom.compat.agents.run_config import ToolExecutionConfig as ToolExecutionConfig
from switchroom.compat.agents.run_context import RunContextWrapper as RunContextWrapper
from switchroom.compat.agents.run_context import TContext as TContext
from switchroom.compat.agents.stream_events import AgentUpdatedStreamEvent as AgentUpdatedStreamEvent
from switchroom.compat.agents.stream_events import RawResponsesStreamEvent as RawResponsesStreamEvent
from switchroom.compat.agents.stream_events import RunItemStreamEvent as RunItemStreamEvent
from switchroom.compat.agents.stream_events import StreamEvent as StreamEvent
from switchroom.compat.agents.tool import FunctionTool as FunctionTool
from switchroom.compat.agents.tool import FunctionToolResult as FunctionToolResult
from switchroom.compat.agents.tool import Tool as Tool
from switchroom.compat.agents.tool import default_tool_error_function as default_tool_error_function
from switchroom.compat.agents.tool import function_tool as function_tool
from switchroom.compat.agents.tool_context import ToolContext as ToolContext
from switchroom.compat.agents.tracing import Span as Span
from switchroom.compat.agents.tracing import SpanData as SpanData
from switchroom.compat.agents.tracing import Trace as Trace
from switchroom.compat.agents.tracing import TracingProcessor as TracingProcessor
from switchroom.compat.agents.tracing import add_trace_processor as add_trace_processor
from switchroom.compat.agents.tracing import flush_traces as flush_traces
from switchroom.compat.agents.tracing import gen_trace_id as gen_trace_id
from switchroom.compat.agents.tracing import get_current_trace as get_current_trace
from switchroom.compat.agents.tracing import set_trace_processors as set_trace_processors
from switchroom.compat.agents.tracing import set_tracing_disabled as set_tracing_disabled
from switchroom.compat.agents.tracing import trace as trace
from switchroom.compat.agents.usage import Usage as Usage
from switchroom.compat.agents.verbose import enable_verbose_stdout_logging as enable_verbose_stdout_logging


def __getattr__(name: str) -> Any:
    if name == "AsyncOpenAI":  # that SDK passes it on; its own library is not loaded before it is asked for
        from openai import AsyncOpenAI

        return AsyncOpenAI
    return _missing_from(__name__)(name)


if _MissingModules not in sys.meta_path:
    sys.meta_path.append(_MissingModules)
