"""OpenAI's models, and those of everybody who speaks the same protocol: Chat Completions and Responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from switchroom.errors import UserError, unknown
from switchroom.model import Emit, ModelRequest, ModelResponse, nobody
from switchroom.models.openai import chat, responses
from switchroom.models.openai.providers import PROVIDERS as PROVIDERS
from switchroom.models.openai.providers import Provider
from switchroom.models.openai.strict import wraps
from switchroom.models.openai.transport import Connection, Transport


class _Protocol(NamedTuple):
    """How one of the protocols is spoken: where requests go, how they are written, and how answers are read."""

    path: str
    body_of: Callable[[ModelRequest, Provider, str, bool], bytes]
    fold: Callable[[Emit], chat.ChatFold | responses.ResponsesFold]


class OpenAIChat:
    """A model behind Chat Completions: OpenAI's, or any server that speaks this protocol.

    Calls raise ModelDenied (wrong key, address or model name), ModelUnavailable (the server failed, is busy, too slow, or
    cannot be reached), or ModelError (it refused the request); see `switchroom.errors`.

    Args:
        model: as the server calls it.
        base_url: where the server listens, up to where /chat/completions begins; absent: the provider's.
        api_key: the key; absent: what the provider's environment variable holds, such as `OPENAI_API_KEY`.
        provider: a name of `PROVIDERS`, of whose ways requests take account; it begins the model's name in results.
        client: an `openai.AsyncOpenAI` of your own, for what is not said here (proxies, headers, Azure).
        timeout: seconds that a whole answer may take.
        retries: tries again while nothing came of an answer: for a busy server, with the wait that it asks for.

    Raises:
        UserError: there is no such provider.
    """

    _protocol = _Protocol("/chat/completions", chat.body_of, chat.ChatFold)

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        provider: str = "openai",
        client: Any = None,
        timeout: float = 300,
        retries: int = 2,
    ) -> None:
        self._model = model
        self._provider = _provider(provider)
        self._transport = Transport(self._provider, model, Connection(base_url, api_key, client, timeout, retries))

    @property
    def name(self) -> str:
        """The model as "provider:model"."""
        return self._transport.name

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Ask the server; streamed when somebody listens."""
        protocol = self._protocol
        # The object around what is no object itself is not shown: of such an answer there are no pieces.
        at_once = wraps(request.output_schema)
        fold = protocol.fold(nobody if at_once else emit)
        body = protocol.body_of(request, self._provider, self._model, bool(emit) and not at_once)
        await self._transport.exchange(protocol.path, body, fold, request.settings)
        response = fold.response(request, self._provider, self._model)
        if at_once:
            emit(response.message.text)
        return response

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class OpenAIResponses(OpenAIChat):
    """A model behind the Responses API. Reasoning is kept with the answers and sent back; nothing is stored there.

    Args and errors are those of `OpenAIChat`.
    """

    _protocol = _Protocol("/responses", responses.body_of, responses.ResponsesFold)


def at(name: str) -> OpenAIChat | OpenAIResponses:
    """The model that a name such as "ollama:qwen3" stands for.

    Raises:
        UserError: there is no such provider, or no model is named.
    """
    provider, _, model = name.partition(":")
    if not model:
        raise UserError(f"The model {name!r} names no model of the provider. Write '{provider}:<model>'.")
    kind = OpenAIResponses if _provider(provider).api == "responses" else OpenAIChat
    return kind(model, provider=provider)


def _provider(name: str) -> Provider:
    if name not in PROVIDERS:
        raise UserError(unknown("Switchroom", "provider", name, PROVIDERS))
    return PROVIDERS[name]
