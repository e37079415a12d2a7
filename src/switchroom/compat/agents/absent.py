"""What that SDK has and Switchroom has not under that name: one table that says what to use instead."""

from __future__ import annotations

from typing import Any

from switchroom.compat.agents.exceptions import UserError

_COUNTERPARTS: tuple[tuple[str, str], ...] = (
    (
        "hooks RunHooks AgentHooks AgentHookContext",
        "every event reaches RunConfig(switchroom=switchroom.RunConfig(listeners=(f,))), and the events of run_streamed",
    ),
    (
        "error_handlers RunErrorData RunErrorHandler RunErrorHandlerInput RunErrorHandlerResult RunErrorHandlers",
        "catch the exception of Runner.run; its `run_data` and `run` say how far the run had come",
    ),
    (
        "previous_response_id auto_previous_response_id conversation_id OpenAIConversationsSession "
        "OpenAIResponsesCompactionSession OpenAIResponsesCompactionArgs OpenAIResponsesCompactionAwareSession "
        "is_openai_responses_compaction_aware_session CompactionItem InputItem context_management reasoning_item_id_policy",
        "no history is kept at a provider: pass session=SQLiteSession(...), or give the conversation to switchroom.Runner.run "
        "as conversation= with RunConfig(journal='sqlite:///chats.db'), where switchroom.history.Summary shortens it",
    ),
    (
        "needs_approval ToolApprovalItem RunState to_state interruptions MCPApprovalRequestItem MCPApprovalResponseItem "
        "ToolErrorFormatter ToolErrorFormatterArgs tool_error_formatter",
        "a person is asked by switchroom.tool(needs_approval=...) in a run with a journal, "
        "and the answer is given to switchroom.Runner.resume(answers=...)",
    ),
    (
        "tool_input_guardrails tool_output_guardrails ToolInputGuardrail ToolOutputGuardrail ToolGuardrailFunctionOutput "
        "ToolInputGuardrailData ToolInputGuardrailResult ToolOutputGuardrailData ToolOutputGuardrailResult "
        "tool_input_guardrail tool_output_guardrail ToolInputGuardrailTripwireTriggered ToolOutputGuardrailTripwireTriggered",
        "calls are judged by switchroom.guardrail.on_tool(f) in the guardrails of a switchroom.Agent",
    ),
    (
        "mcp mcp_servers mcp_config HostedMCPTool MCPListToolsItem MCPToolApprovalFunction MCPToolApprovalRequest "
        "MCPToolApprovalFunctionResult MCPToolCancellationError",
        "call the server in a function, and make that a tool: @function_tool, or "
        "switchroom.Tool.from_schema(name, description, schema, async_fn)",
    ),
    (
        "ComputerTool ComputerToolCustomDataContext ComputerToolCustomDataExtractor ComputerProvider Computer AsyncComputer "
        "Environment Button FileSearchTool CodeInterpreterTool ImageGenerationTool ImageGenerationToolConfig "
        "LocalShellCommandRequest LocalShellExecutor LocalShellTool ShellTool ShellExecutor ShellResult ShellActionRequest "
        "ShellCallData ShellCallOutcome ShellCommandOutput ShellCommandRequest ShellToolLocalSkill ShellToolSkillReference "
        "ShellToolInlineSkill ShellToolInlineSkillSource ShellToolContainerSkill ShellToolContainerNetworkPolicy "
        "ShellToolContainerNetworkPolicyAllowlist ShellToolContainerNetworkPolicyDisabled "
        "ShellToolContainerNetworkPolicyDomainSecret ShellToolLocalEnvironment ShellToolContainerAutoEnvironment "
        "ShellToolContainerReferenceEnvironment ShellToolHostedEnvironment ShellToolEnvironment ApplyPatchEditor "
        "ApplyPatchOperation ApplyPatchResult ApplyPatchTool ApplyPatchToolCustomDataContext "
        "ApplyPatchToolCustomDataExtractor apply_patch apply_diff ProgrammaticToolCallingTool CustomTool WebSearchTool "
        "WebSearchToolImageSettings ToolSearchTool ToolSearchCallItem ToolSearchOutputItem tool_namespace resolve_computer "
        "dispose_resolved_computers ToolCaller allowed_callers defer_loading",
        "no tool runs at a provider: write a function that does it, and make it a tool with @function_tool",
    ),
    (
        "ToolOutputText ToolOutputTextDict ToolOutputImage ToolOutputImageDict ToolOutputFileContent ToolOutputFileContentDict "
        "FunctionToolCustomDataContext FunctionToolCustomDataExtractor CustomToolCustomDataContext "
        "CustomToolCustomDataExtractor ToolOrigin ToolOriginType custom_data_extractor output_json_schema output_type",
        "a tool returns text, or anything that JSON can hold; pictures and files are parts of messages",
    ),
    (
        "timeout_error_function on_stream on_stream_max_pending_events input_builder include_input_schema parameters "
        "AgentToolStreamEvent AgentToolInvocation",
        "write the tool as a function that calls Runner.run and shapes what goes in and out; "
        "the outer stream shows the events of runs inside it",
    ),
    (
        "prompt Prompt DynamicPromptFunction GenerateDynamicPromptData",
        "give Agent(instructions=...), text or a function of the context and the agent",
    ),
    (
        "Model ModelProvider ModelTracing MultiProvider OpenAIProvider model_provider OpenAIResponsesWSModel "
        "OpenAIResponsesWebSocketOptions ResponsesWebSocketSession responses_websocket_session "
        "set_default_openai_responses_transport set_default_openai_harness set_default_openai_agent_registration "
        "OpenAIAgentRegistrationConfig",
        "a model is a name such as 'openai:gpt-5.4-mini' or 'ollama:qwen3', "
        "or any `async def model(request, emit) -> switchroom.model.ModelResponse`",
    ),
    (
        "retry ModelRetryAdvice ModelRetryAdviceRequest ModelRetryBackoffSettings ModelRetryNormalizedError ModelRetrySettings "
        "RetryDecision RetryPolicy RetryPolicyContext retry_policies",
        "wrap the model: Agent(model=switchroom.models.retrying(model, attempts=3))",
    ),
    (
        "extra_headers extra_query preserve_raw_usage include_usage response_include prompt_cache_options",
        "usage is always asked for; fields of a request go into ModelSettings(extra_body={...}), and headers into a client of "
        "your own: OpenAIChatCompletionsModel(model, openai_client=AsyncOpenAI(default_headers=...))",
    ),
    (
        "nest_handoff_history handoff_history_mapper default_handoff_history_mapper get_conversation_history_wrappers "
        "reset_conversation_history_wrappers set_conversation_history_wrappers",
        "say what the next agent sees by handoff(agent, input_filter=f)",
    ),
    (
        "tool_not_found_behavior ToolNotFoundBehavior",
        "a model that calls what is not there is told so, and when it goes on, the run ends with ModelBehaviorError",
    ),
    (
        "tool_name_collision_policy ToolNameCollisionPolicy",
        "two tools of one name are always a UserError",
    ),
    (
        "output_guardrail_blocked_message OutputGuardrailBlockedMessageArgs OutputGuardrailBlockedMessageFormatter "
        "ReasoningItemIdPolicy AgentOutputSchemaBase",
        "switchroom.guardrail.on_output(f) may give Replace(value), and an output type is any type that pydantic knows",
    ),
    (
        "sandbox realtime voice",
        "Switchroom runs agents that speak in text; code runs in your own functions",
    ),
    (
        "run_demo_loop repl",
        "`switchroom chat app.py` talks to the agents of a file",
    ),
    (
        "tracing TracingConfig SpanError AgentSpanData CustomSpanData FunctionSpanData GenerationSpanData GuardrailSpanData "
        "HandoffSpanData MCPListToolsSpanData ResponseSpanData SpeechGroupSpanData SpeechSpanData TaskSpanData "
        "TranscriptionSpanData TurnSpanData agent_span custom_span function_span generation_span guardrail_span handoff_span "
        "mcp_tools_span response_span speech_group_span speech_span task_span transcription_span turn_span get_current_span "
        "gen_span_id set_trace_provider set_tracing_export_api_key",
        "spans are made of what happens in a run: a function that is to have one is a tool or a step, "
        "and they go to add_trace_processor(...), where `span.span_data.type` says what each is",
    ),
)

INSTEAD: dict[str, str] = {name: advice for names, advice in _COUNTERPARTS for name in names.split()}
"""What to use instead, by the name of a class, a function, a module or an option."""


def refuse(owner: str, **options: Any) -> None:
    """Refuse options that were given and have no counterpart.

    Args:
        owner: whose options they are, for the error's text.
        options: the options with what was given; None, False and what is empty was not given.

    Raises:
        UserError: one was given; it says what to use instead.
    """
    for name, given in options.items():
        if given is None or given is False or (isinstance(given, list | dict | tuple | str) and not given):
            continue
        if name not in INSTEAD:
            raise UserError(f"{owner}: there is no option '{name}'.")
        raise UserError(f"{owner}: {name}={given!r} has no counterpart in Switchroom. Instead: {INSTEAD[name]}.")
