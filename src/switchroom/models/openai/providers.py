"""Who speaks OpenAI's protocol, at which address, with which key, and what each of them takes differently."""

from __future__ import annotations

import os
from typing import Literal

import msgspec

Api = Literal["chat", "responses"]


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
        ids: what the ids of calls are to look like in Chat Completions, as a regular expression.
    """

    name: str
    base_url: str = ""
    key: str = ""
    api: Api = "chat"
    limit: str = "max_tokens"
    streams_usage: bool = True
    system_anywhere: bool = False
    keeps_reasoning: str = ""
    ids: str = "[!-~]{1,40}"

    @property
    def address(self) -> str:
        """Where it listens: `OLLAMA_BASE_URL` or the like, where that is set, else its own address."""
        return os.environ.get(f"{self.name.split('-')[0].upper()}_BASE_URL") or self.base_url


PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (
        Provider("openai", "", "OPENAI_API_KEY", limit="max_completion_tokens", system_anywhere=True),
        Provider("openai-responses", "", "OPENAI_API_KEY", "responses", system_anywhere=True),
        Provider("anthropic", "https://api.anthropic.com/v1/", "ANTHROPIC_API_KEY"),
        Provider("gemini", "https://generativelanguage.googleapis.com/v1beta/openai/", "GEMINI_API_KEY"),
        Provider("ollama", "http://localhost:11434/v1/"),
        Provider("vllm", "http://localhost:8000/v1/"),
        Provider("lmstudio", "http://localhost:1234/v1/"),
        Provider("openrouter", "https://openrouter.ai/api/v1/", "OPENROUTER_API_KEY", keeps_reasoning="reasoning_details"),
        Provider("mistral", "https://api.mistral.ai/v1/", "MISTRAL_API_KEY", streams_usage=False, ids="[A-Za-z0-9]{9}"),
        Provider("groq", "https://api.groq.com/openai/v1/", "GROQ_API_KEY"),
        Provider("together", "https://api.together.xyz/v1/", "TOGETHER_API_KEY"),
        Provider("fireworks", "https://api.fireworks.ai/inference/v1/", "FIREWORKS_API_KEY"),
        Provider("deepseek", "https://api.deepseek.com/v1/", "DEEPSEEK_API_KEY", keeps_reasoning="reasoning_content"),
        Provider("xai", "https://api.x.ai/v1/", "XAI_API_KEY"),
    )
}
