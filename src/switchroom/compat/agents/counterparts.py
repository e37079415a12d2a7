"""What Switchroom offers in place of options, names and modules that only the OpenAI Agents SDK has: one table of facts."""

from __future__ import annotations

from typing import NamedTuple


class Counterpart(NamedTuple):
    """Advice for a subject of that SDK.

    Args:
        instead: the advice, without a full stop.
        names: what its modules define: classes, functions, types, constants.
        options: parameters and fields of what exists here.
        modules: modules of that SDK; the modules below them are meant too.
    """

    instead: str
    names: str = ""
    options: str = ""
    modules: str = ""


COUNTERPARTS: tuple[Counterpart, ...] = (
    Counterpart(
        "every event reaches RunConfig(switchroom=switchroom.RunConfig(listeners=(f,))), and the events of run_streamed",
        names="RunHooks RunHooksBase AgentHooks AgentHooksBase AgentHookContext",
        options="hooks",
    ),
    Counterpart(
        "catch the exception of Runner.run; its `run_data` and `run` say how far the run had come",
        names="RunErrorData RunErrorHandler RunErrorHandlerInput RunErrorHandlerResult RunErrorHandlers",
        options="error_handlers",
        modules="run_error_handlers",
    ),
    Counterpart(
        "no history is kept at a provider: pass session=SQLiteSession(...), or the items of `result.to_input_list()`, "
        "or give the conversation to switchroom.Runner.run as conversation= with RunConfig(journal='sqlite:///chats.db'), "
        "where switchroom.history.Summary shortens it",
        names="OpenAIConversationsSession start_openai_conversations_session OpenAIResponsesCompactionSession "
        "OpenAIResponsesCompactionArgs OpenAIResponsesCompactionAwareSession OpenAIResponsesCompactionMode "
        "is_openai_responses_compaction_aware_session CompactionItem InputItem ReasoningItemIdPolicy",
        options="previous_response_id auto_previous_response_id conversation_id context_management reasoning_item_id_policy",
        modules="memory.openai_conversations_session memory.openai_responses_compaction_session",
    ),
    Counterpart(
        "SQLiteSession keeps a history in a file, and any class with the four methods of Session keeps one elsewhere",
        names="AdvancedSQLiteSession AsyncSQLiteSession DaprSession EncryptedSession MongoDBSession RedisSession "
        "SQLAlchemySession coerce_session_settings resolve_session_limit",
        modules="extensions.memory",
    ),
    Counterpart(
        "a person is asked by switchroom.tool(needs_approval=...) in a run with a journal, "
        "and the answer is given to switchroom.Runner.resume(answers=...)",
        names="ToolApprovalItem ToolApprovalRawItem RunState MCPApprovalRequestItem MCPApprovalResponseItem "
        "ToolErrorFormatter ToolErrorFormatterArgs ApplyPatchApprovalFunction ApplyPatchOnApprovalFunction "
        "ApplyPatchOnApprovalFunctionResult CustomToolApprovalFunction CustomToolOnApprovalFunction "
        "CustomToolOnApprovalFunctionResult ShellApprovalFunction ShellOnApprovalFunction ShellOnApprovalFunctionResult "
        "DEFAULT_APPROVAL_REJECTION_MESSAGE",
        options="needs_approval tool_error_formatter",
        modules="run_state",
    ),
    Counterpart(
        "calls are judged by switchroom.guardrail.on_tool(f) in the guardrails of a switchroom.Agent",
        names="ToolInputGuardrail ToolOutputGuardrail ToolGuardrailFunctionOutput ToolInputGuardrailData "
        "ToolInputGuardrailResult ToolOutputGuardrailData ToolOutputGuardrailResult tool_input_guardrail "
        "tool_output_guardrail ToolInputGuardrailTripwireTriggered ToolOutputGuardrailTripwireTriggered",
        options="tool_input_guardrails tool_output_guardrails pre_approval_tool_input_guardrails",
        modules="tool_guardrails",
    ),
    Counterpart(
        "call the server in a function, and make that a tool: @function_tool, or "
        "switchroom.Tool.from_schema(name, description, schema, async_fn)",
        names="MCPConfig MCPToolChoice HostedMCPTool MCPListToolsItem MCPToolApprovalFunction MCPToolApprovalRequest "
        "MCPToolApprovalFunctionResult MCPToolCancellationError",
        options="mcp_servers mcp_config",
        modules="mcp",
    ),
    Counterpart(
        "no tool runs at a provider: write a function that does it, and make it a tool with @function_tool",
        names="ComputerTool ComputerToolCustomDataContext ComputerToolCustomDataExtractor ComputerToolSafetyCheckData "
        "ComputerProvider ComputerConfig ComputerCreate ComputerDispose ComputerLike Computer AsyncComputer Environment "
        "Button FileSearchTool CodeInterpreterTool ImageGenerationTool ImageGenerationToolConfig LocalShellCommandRequest "
        "LocalShellExecutor LocalShellTool ShellTool ShellExecutor ShellResult ShellActionRequest ShellCallData "
        "ShellCallOutcome ShellCommandOutput ShellCommandRequest ShellToolLocalSkill ShellToolSkillReference "
        "ShellToolInlineSkill ShellToolInlineSkillSource ShellToolContainerSkill ShellToolContainerNetworkPolicy "
        "ShellToolContainerNetworkPolicyAllowlist ShellToolContainerNetworkPolicyDisabled "
        "ShellToolContainerNetworkPolicyDomainSecret ShellToolLocalEnvironment ShellToolContainerAutoEnvironment "
        "ShellToolContainerReferenceEnvironment ShellToolHostedEnvironment ShellToolEnvironment ApplyPatchEditor "
        "ApplyPatchOperation ApplyPatchResult ApplyPatchTool ApplyPatchToolCustomDataContext "
        "ApplyPatchToolCustomDataExtractor apply_diff ProgrammaticToolCallingTool CustomTool CustomToolExecutor "
        "WebSearchTool WebSearchToolImageSettings ToolSearchTool ToolSearchCallItem ToolSearchOutputItem "
        "ToolSearchCallRawItem ToolSearchOutputRawItem tool_namespace resolve_computer dispose_resolved_computers ToolCaller",
        options="allowed_callers defer_loading",
        modules="apply_diff computer editor extensions.experimental",
    ),
    Counterpart(
        "a tool returns text, or anything that JSON can hold; pictures and files are parts of messages",
        names="ToolOutputText ToolOutputTextDict ToolOutputImage ToolOutputImageDict ToolOutputFileContent "
        "ToolOutputFileContentDict ValidToolOutputPydanticModels ValidToolOutputPydanticModelsTypeAdapter "
        "FunctionToolCustomDataContext FunctionToolCustomDataExtractor CustomToolCustomDataContext "
        "CustomToolCustomDataExtractor ToolOrigin ToolOriginType ToolOutputTrimmer",
        options="custom_data_extractor output_json_schema output_type",
        modules="extensions.tool_output_trimmer",
    ),
    Counterpart(
        "write the tool as a function that calls Runner.run and shapes what goes in and out; "
        "the outer stream shows the events of runs inside it",
        names="AgentToolStreamEvent AgentToolInvocation default_tool_timeout_error_message",
        options="timeout_error_function on_stream input_builder include_input_schema parameters",
        modules="agent_tool_input agent_tool_state",
    ),
    Counterpart(
        "give Agent(instructions=...), text or a function of the context and the agent",
        names="Prompt DynamicPromptFunction GenerateDynamicPromptData",
        options="prompt",
        modules="prompts",
    ),
    Counterpart(
        "a model is a name such as 'openai:gpt-5.4-mini' or 'ollama:qwen3', "
        "or any `async def model(request, emit) -> switchroom.model.ModelResponse`",
        names="Model ModelProvider ModelTracing MultiProvider MultiProviderMap MultiProviderOpenAIPrefixMode "
        "MultiProviderUnknownPrefixMode OpenAIProvider OpenAIResponsesWSModel OpenAIResponsesWebSocketOptions "
        "ResponsesWebSocketError ResponsesWebSocketSession responses_websocket_session "
        "set_default_openai_responses_transport set_default_openai_harness set_default_openai_agent_registration "
        "OpenAIAgentRegistrationConfig DEFAULT_MODEL shared_http_client",
        options="model_provider",
        modules="extensions.models responses_websocket_session models.openai_agent_registration",
    ),
    Counterpart(
        "no model is a default by itself: switchroom.set_default_model(...) or SWITCHROOM_MODEL names one, "
        "and ModelSettings(reasoning={'effort': ...}) says how hard it thinks",
        names="get_default_model get_default_model_settings gpt_5_reasoning_settings_required is_gpt_5_default "
        "GPT5DefaultReasoningEffort OPENAI_DEFAULT_MODEL_ENV_VARIABLE_NAME",
    ),
    Counterpart(
        "wrap the model: Agent(model=switchroom.models.retrying(model, attempts=3))",
        names="ModelRetryAdvice ModelRetryAdviceRequest ModelRetryBackoffSettings ModelRetryNormalizedError "
        "ModelRetrySettings RetryDecision RetryPolicy RetryPolicyContext retry_policies",
        options="retry",
        modules="retry",
    ),
    Counterpart(
        "fields of a request go into ModelSettings(extra_body={...}), and `raw_responses` have the usage of each answer",
        options="response_include prompt_cache_options preserve_raw_usage should_replay_reasoning_content "
        "strict_feature_validation",
    ),
    Counterpart(
        "say what the next agent sees by handoff(agent, input_filter=f)",
        names="HandoffHistoryMapper default_handoff_history_mapper get_conversation_history_wrappers nest_handoff_history "
        "reset_conversation_history_wrappers set_conversation_history_wrappers",
        options="nest_handoff_history handoff_history_mapper",
        modules="handoffs.history",
    ),
    Counterpart(
        "a model that calls a tool that does not exist is told so; if it goes on, the run ends with ModelBehaviorError",
        names="ToolNotFoundBehavior",
        options="tool_not_found_behavior",
    ),
    Counterpart(
        "two tools of one name are always a UserError",
        names="ToolNameCollisionPolicy",
        options="tool_name_collision_policy",
    ),
    Counterpart(
        "switchroom.guardrail.on_output(f) may give Replace(value), and an output type is any type that pydantic knows",
        names="OutputGuardrailBlockedMessageArgs OutputGuardrailBlockedMessageFormatter AgentOutputSchemaBase",
        options="output_guardrail_blocked_message",
    ),
    Counterpart(
        "Switchroom runs agents that speak in text; code runs in your own functions",
        names="sandbox SandboxRunConfig SandboxArchiveLimits SandboxConcurrencyLimits DEFAULT_MAX_ARCHIVE_EXTRACTED_BYTES "
        "DEFAULT_MAX_ARCHIVE_INPUT_BYTES DEFAULT_MAX_ARCHIVE_MEMBERS DEFAULT_MAX_LOCAL_DIR_FILE_CONCURRENCY "
        "DEFAULT_MAX_MANIFEST_ENTRY_CONCURRENCY",
        options="sandbox",
        modules="sandbox realtime voice extensions.sandbox",
    ),
    Counterpart(
        "`switchroom chat app.py` talks to the agents of a file",
        names="run_demo_loop",
        modules="repl",
    ),
    Counterpart(
        "`switchroom graph app.py` draws the agents of a file",
        modules="extensions.visualization",
    ),
    Counterpart(
        "switchroom.testing has ScriptedModel and FunctionModel, which answer without a network",
        modules="testing",
    ),
    Counterpart(
        "spans are made of what happens in a run: a function that is to have one is a tool or a step, "
        "and they go to add_trace_processor(...), where `span.span_data.type` says what each is",
        names="TracingConfig SpanError AgentSpanData CustomSpanData FunctionSpanData GenerationSpanData GuardrailSpanData "
        "HandoffSpanData MCPListToolsSpanData ResponseSpanData SpeechGroupSpanData SpeechSpanData TaskSpanData "
        "TranscriptionSpanData TurnSpanData agent_span custom_span function_span generation_span guardrail_span handoff_span "
        "mcp_tools_span response_span speech_group_span speech_span task_span transcription_span turn_span get_current_span "
        "gen_span_id set_trace_provider get_trace_provider TraceProvider TraceCtxManager DefaultTraceProvider "
        "SynchronousMultiTracingProcessor GLOBAL_TRACE_PROVIDER SpanImpl NoOpSpan TraceImpl NoOpTrace NO_OP_TRACE "
        "ReattachedTrace TraceState reattach_trace",
        options="tracing",
        modules="tracing.config tracing.context tracing.logger tracing.model_tracing "
        "tracing.provider tracing.scope tracing.setup",
    ),
    Counterpart(
        "no trace leaves the process by itself: give add_trace_processor(...) a TracingProcessor that sends or prints it",
        names="set_tracing_export_api_key TracingExporter BackendSpanExporter BatchTraceProcessor ConsoleSpanExporter "
        "default_exporter default_processor",
    ),
    Counterpart(
        "@function_tool makes the schema of a function; a tool's `params_json_schema` and `description` show it",
        names="FuncDocumentation FuncSchema function_schema generate_func_documentation ensure_strict_json_schema",
        modules="strict_schema",
    ),
    Counterpart(
        "Runner runs every agent, and has no other implementation to be exchanged with",
        names="AgentRunner DEFAULT_AGENT_RUNNER get_default_agent_runner set_default_agent_runner RunOptions",
    ),
    Counterpart(
        "annotate with the type itself: a tool is a FunctionTool, a function is a Callable, "
        "an item of `raw_item` is one of `openai.types.responses`",
        names="ToolFunction ToolFunctionWithContext ToolFunctionWithToolContext ToolFunctionWithoutContext ToolParams "
        "OnHandoffWithInput OnHandoffWithoutInput THandoffInput TResponse TResponseOutputItem TResponseStreamEvent "
        "ToolCallItemTypes ToolCallOutputTypes Headers Omit ToolChoice",
    ),
    Counterpart(
        "it serves that SDK's own code; runs of Switchroom need no such helper",
        names="default_should_replay_reasoning_content gen_group_id time_iso model_usage_to_span_usage serialize_usage "
        "deserialize_usage task_usage_to_span_data total_usage_to_span_metadata turn_usage_to_span_data invoke_function_tool "
        "maybe_invoke_function_tool_failure_error_function resolve_function_tool_failure_error_function "
        "set_function_tool_failure_error_function with_function_tool_failure_error_handler get_function_tool_origin "
        "get_function_tool_responses_only_features has_required_tool_search_surface has_responses_tool_search_surface "
        "is_required_tool_search_surface is_responses_tool_search_surface prune_orphaned_tool_search_tools "
        "ensure_function_tool_supports_responses_only_features ensure_tool_choice_supports_backend "
        "validate_responses_programmatic_tool_calling_configuration validate_responses_tool_search_configuration "
        "coerce_tool_search_call_raw_item coerce_tool_search_output_raw_item Converter ConvertedTools",
        modules="logger util version run_internal models.chatcmpl_converter models.chatcmpl_helpers "
        "models.chatcmpl_stream_handler models.openai_client_utils models.reasoning_content_replay",
    ),
)


def _by(field: str) -> dict[str, str]:
    return {word: row.instead for row in COUNTERPARTS for word in getattr(row, field).split()}


NAME_INSTEAD = _by("names")
OPTION_INSTEAD = _by("options")
MODULE_INSTEAD = _by("modules")
