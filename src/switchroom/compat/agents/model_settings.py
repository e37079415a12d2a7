"""What an agent asks of its model, under that SDK's names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from switchroom.compat.agents.absent import refuse
from switchroom.compat.agents.missing import missing_from
from switchroom.model import Settings

_PASSED = (
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "truncation",
    "verbosity",
    "metadata",
    "store",
    "prompt_cache_retention",
    "top_logprobs",
)
_ABSENT = (
    "response_include",
    "retry",
    "context_management",
    "prompt_cache_options",
    "preserve_raw_usage",
)


@dataclass
class ModelSettings:
    """Settings of a model; None leaves it to the server. What no server knows, it refuses.

    Args:
        temperature: 0 is the most predictable.
        top_p: of which share of the probability words are drawn.
        frequency_penalty: how much repetition is avoided.
        presence_penalty: the same, whatever the count.
        tool_choice: "auto", "required", "none", or a tool's name.
        parallel_tool_calls: whether an answer may have several calls; sent where there are tools.
        truncation, verbosity, metadata, store, prompt_cache_retention, top_logprobs: passed on under these names.
        max_tokens: the longest answer.
        reasoning: how hard to think, such as `{"effort": "low"}` or OpenAI's `Reasoning`.
        extra_body: fields of the request, as the server takes them.
        extra_args: the same; it comes last.
        extra_headers, extra_query: headers and parameters of the request, where a model is asked over HTTP.
        include_usage: for the reader: usage is always asked for.
        timeout: seconds that an answer may take.

    Raises:
        UserError: one of the other settings of that SDK was given; it says what to do.
    """

    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None
    truncation: str | None = None
    max_tokens: int | None = None
    reasoning: Any = None
    verbosity: str | None = None
    metadata: dict[str, str] | None = None
    store: bool | None = None
    prompt_cache_retention: str | None = None
    include_usage: bool | None = None
    response_include: list[str] | None = None
    top_logprobs: int | None = None
    extra_query: Mapping[str, Any] | None = None
    extra_body: Any = None
    extra_headers: Mapping[str, str] | None = None
    extra_args: dict[str, Any] | None = None
    retry: Any = None
    context_management: Any = None
    prompt_cache_options: Any = None
    preserve_raw_usage: bool | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        refuse("ModelSettings", **{name: getattr(self, name) for name in _ABSENT})

    def resolve(self, override: ModelSettings | None) -> ModelSettings:
        """These settings, with those in their place that another gives; `extra_args` are put together."""
        if override is None:
            return self
        given = {one.name: getattr(override, one.name) for one in fields(override)}
        changes = {name: value for name, value in given.items() if value is not None}
        if self.extra_args and override.extra_args:
            changes["extra_args"] = {**self.extra_args, **override.extra_args}
        return replace(self, **changes)

    def for_model(self, *, tools: bool, responses: bool) -> Settings:
        """The same as Switchroom's settings.

        Args:
            tools: whether the request has tools.
            responses: whether the model is spoken to over the Responses API, which has some fields of its own.
        """
        extra: dict[str, Any] = {name: getattr(self, name) for name in _PASSED if getattr(self, name) is not None}
        if tools and self.parallel_tool_calls is not None:
            extra["parallel_tool_calls"] = self.parallel_tool_calls
        extra |= _thinking(self.reasoning, responses)
        extra |= dict(self.extra_body or {})
        extra |= self.extra_args or {}
        return Settings(
            self.temperature, self.max_tokens, self.tool_choice, extra, self.extra_headers or {}, self.extra_query or {}
        )


def _thinking(reasoning: Any, responses: bool) -> dict[str, Any]:
    if reasoning is None:
        return {}
    given: dict[str, Any] = {**reasoning} if isinstance(reasoning, dict) else reasoning.model_dump(exclude_none=True)
    if responses:
        return {"reasoning": given}
    return {"reasoning_effort": given["effort"]} if "effort" in given else {}


__getattr__ = missing_from(__name__)
