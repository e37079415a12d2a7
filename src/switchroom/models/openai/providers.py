"""Who speaks OpenAI's protocol, at which address, with which key, and what each of them takes differently."""

from __future__ import annotations

import os
from typing import Any, Literal

import msgspec

Api = Literal["chat", "responses"]
Typed = Literal["json_schema", "json_object", "instructions"]


class Order(msgspec.Struct, frozen=True):
    """Orders of messages that a server accepts. Many chat templates of open models accept none of these.

    Args:
        user_after_tool: a user's message directly after a tool's result.
        empty_assistant: an assistant's message with neither text nor calls.
        assistant_first: a request that begins with an assistant's message, as where older messages are left out.
        assistant_last: a request that ends with an assistant's message.
    """

    user_after_tool: bool = False
    empty_assistant: bool = False
    assistant_first: bool = False
    assistant_last: bool = False


STRICT = Order()
FREE = Order(True, True, True, True)


class Provider(msgspec.Struct, frozen=True):
    """A provider, as the first part of a model's name ("ollama" in "ollama:qwen3").

    Args:
        name: how model names call it.
        base_url: where it listens; "" is the SDK's own default, which `OPENAI_BASE_URL` overrides.
        key: the environment variable that holds its key; "" for a server that asks for none.
        api: which of the two protocols it is spoken to in.
        limit: the field of Chat Completions in which it takes the longest answer.
        streams_usage: whether it takes the wish to be told the usage at the end of a stream.
        system_anywhere: whether it takes system messages between others; where not, the runtime's notes are sent as the
            person's.
        keeps_reasoning: the field of Chat Completions in which it says what it thought, where it wants that back.
        needs_reasoning: whether it wants that field in each message with calls, empty where another model made the calls.
        ids: what the ids of calls are to look like in Chat Completions, as a regular expression.
        typed: how it is told the type of an answer: by a JSON schema, by `json_object` and the schema in the instructions, or
            by the schema in the instructions alone.
        order: what it asks of the order of messages.
        unsigned: what stands for the signature of a call that another model made, where it wants signed calls.
        signs: the names of the models that want signed calls, as a regular expression.
    """

    name: str
    base_url: str = ""
    key: str = ""
    api: Api = "chat"
    limit: str = "max_tokens"
    streams_usage: bool = True
    system_anywhere: bool = False
    keeps_reasoning: str = ""
    needs_reasoning: bool = False
    ids: str = "[!-~]{1,40}"
    typed: Typed = "json_schema"
    order: Order = STRICT
    unsigned: dict[str, Any] = {}
    signs: str = ""

    @property
    def address(self) -> str:
        """Where it listens: `OLLAMA_BASE_URL` or the like, where that is set, else its own address."""
        return os.environ.get(f"{self.name.split('-')[0].upper()}_BASE_URL") or self.base_url


_UNSIGNED = {"google": {"thought_signature": "skip_thought_signature_validator"}}
"""The value that Gemini accepts in place of a signature, for calls that another model made."""

PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (
        Provider("openai", "", "OPENAI_API_KEY", limit="max_completion_tokens", system_anywhere=True, order=FREE),
        Provider("openai-responses", "", "OPENAI_API_KEY", "responses", system_anywhere=True, order=FREE),
        Provider(
            "anthropic",
            "https://api.anthropic.com/v1/",
            "ANTHROPIC_API_KEY",
            typed="instructions",
            order=Order(user_after_tool=True),
        ),
        Provider(
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai/",
            "GEMINI_API_KEY",
            order=Order(user_after_tool=True),
            unsigned=_UNSIGNED,
            signs=r"(models/)?gemini-([3-9]|\d\d).*",
        ),
        Provider("ollama", "http://localhost:11434/v1/"),
        Provider("vllm", "http://localhost:8000/v1/"),
        Provider("lmstudio", "http://localhost:1234/v1/"),
        Provider("openrouter", "https://openrouter.ai/api/v1/", "OPENROUTER_API_KEY", keeps_reasoning="reasoning_details"),
        Provider("mistral", "https://api.mistral.ai/v1/", "MISTRAL_API_KEY", streams_usage=False, ids="[A-Za-z0-9]{9}"),
        Provider("groq", "https://api.groq.com/openai/v1/", "GROQ_API_KEY"),
        Provider("together", "https://api.together.xyz/v1/", "TOGETHER_API_KEY"),
        Provider("fireworks", "https://api.fireworks.ai/inference/v1/", "FIREWORKS_API_KEY"),
        Provider(
            "deepseek",
            "https://api.deepseek.com/v1/",
            "DEEPSEEK_API_KEY",
            keeps_reasoning="reasoning_content",
            needs_reasoning=True,
            typed="json_object",
            order=Order(user_after_tool=True),
        ),
        Provider("xai", "https://api.x.ai/v1/", "XAI_API_KEY", order=FREE),
    )
}
