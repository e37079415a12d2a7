"""Models of providers who speak a protocol of their own, through the library any-llm (the extra `switchroom[any]`)."""

from __future__ import annotations

import asyncio
import json
from importlib import import_module
from typing import Any

import msgspec

from switchroom.errors import ModelDenied, ModelError, ModelUnavailable, UserError
from switchroom.model import Emit, ModelRequest, ModelResponse, nobody
from switchroom.models.openai.chat import ChatFold, fields_of
from switchroom.models.openai.faults import PASSING, retry_after
from switchroom.models.openai.providers import PROVIDERS, Provider
from switchroom.models.openai.strict import wraps
from switchroom.models.per_loop import PerLoop


class AnyModel:
    """A model of a provider that any-llm knows: Bedrock, Vertex, Cohere, Anthropic's own protocol, and others.

    The library makes Chat Completions of what each of them says, which is read here as of any server. Some providers need
    another package, which the error names. Failures are raised as those of `OpenAIChat`.

    Args:
        model: "provider:model", the provider as any-llm names it.
        api_key: the key; absent: what the environment variable holds that any-llm knows.
        base_url: where the server listens; absent: the provider's.
        timeout: seconds that a whole answer may take.

    Raises:
        UserError: no provider is named.
    """

    def __init__(self, model: str, *, api_key: str | None = None, base_url: str | None = None, timeout: float = 300) -> None:
        provider, colon, self._model = model.partition(":")
        if not colon or not self._model:
            raise UserError(f"AnyModel({model!r}) names no provider. Write 'provider:model', such as 'bedrock:...'.")
        self._provider = _as_library_takes(provider)
        self._reach = {"api_key": api_key, "api_base": base_url}
        self._timeout = timeout
        self._clients: PerLoop[Any] = PerLoop(self._made, _closed)
        self.name = model

    async def __call__(self, request: ModelRequest, emit: Emit) -> ModelResponse:
        """Ask the provider; streamed when somebody listens."""
        client = await self._clients.get()
        from any_llm.exceptions import AnyLLMError

        # The object around what is no object itself is not shown: of such an answer there are no pieces.
        at_once = wraps(request.output_schema)
        streamed = bool(emit) and not at_once
        asked = fields_of(request, self._provider, self._model, streamed)
        if self._provider.name == "anthropic":
            asked.pop("stream_options", None)  # it counts without being asked
        fold = ChatFold(nobody if at_once else emit)
        clock = asyncio.timeout(self._timeout)
        try:
            async with clock:
                answer = await client.acompletion(**asked)
                if streamed:
                    async for chunk in answer:
                        fold.event(_as_json(chunk))
                else:
                    fold.whole(_as_json(answer))
        except AnyLLMError as error:
            raise self._failed(error) from None  # its cause may say the key
        except msgspec.MsgspecError as error:
            raise ModelUnavailable(f"'{self.name}' gave what is no answer: {error}", self.name) from error
        except TimeoutError as error:
            if not clock.expired():
                raise
            raise ModelUnavailable(f"'{self.name}' did not finish its answer within {self._timeout:g} s.", self.name) from error
        if not fold.complete:
            raise ModelUnavailable(f"'{self.name}' broke off in the middle of the answer.", self.name)
        response = fold.response(request, self._provider, self._model)
        if at_once:
            emit(response.message.text)
        return response

    def __repr__(self) -> str:
        return f"AnyModel({self.name!r})"

    async def _made(self) -> Any:
        try:
            library = await asyncio.to_thread(import_module, "any_llm")
        except ImportError as error:
            raise UserError(f"'any:{self.name}' needs the extra: pip install 'switchroom[any]'.") from error
        from any_llm.exceptions import MissingApiKeyError, UnsupportedProviderError

        try:
            return library.AnyLLM.create(self._provider.name, unified_exceptions=True, **self._reach)
        except (MissingApiKeyError, UnsupportedProviderError) as error:
            raise ModelDenied(f"'{self.name}' cannot be asked: {error}") from error
        except ImportError as error:
            raise UserError(f"'{self.name}' needs another package: {error}") from error

    def _failed(self, error: Any) -> Exception:
        from any_llm import exceptions

        key = self._reach["api_key"]
        said = error.message.replace(key, "***") if key else error.message
        message, status = f"'{self.name}' failed: {said}", error.status_code
        match error:
            case exceptions.AuthenticationError() | exceptions.MissingApiKeyError() | exceptions.ModelNotFoundError():
                return ModelDenied(message)
            case exceptions.RateLimitError() | exceptions.UpstreamProviderError() | exceptions.GatewayTimeoutError():
                return ModelUnavailable(message, self.name, status, _wanted_wait(error))
            case _ if status in PASSING or (status is None and isinstance(error, exceptions.ProviderError)):
                return ModelUnavailable(message, self.name, status, _wanted_wait(error))
            case _:
                return ModelError(message, self.name, status)


def _as_json(answer: Any) -> bytes:
    """Return what the library gave as JSON; half characters, which pydantic does not write, are escaped."""
    try:
        return answer.model_dump_json().encode()
    except ValueError:
        return json.dumps(answer.model_dump(mode="python"), default=str).encode()


def _as_library_takes(name: str) -> Provider:
    """Return what a provider takes that is asked through the library, which tells it the type of an answer in its own way."""
    known = PROVIDERS.get(name)
    if known is None:
        return Provider(name)
    return Provider(name, keeps_reasoning=known.keeps_reasoning, needs_reasoning=known.needs_reasoning, order=known.order)


def _wanted_wait(error: Any) -> float | None:
    """Return the seconds after which the provider wants to be asked again, by its headers or as the library read them."""
    headers = getattr(getattr(error.original_exception, "response", None), "headers", None)
    after = None if headers is None else retry_after(headers)
    read = getattr(error, "retry_after", None)
    return retry_after({"retry-after": str(read)}) if after is None and read is not None else after


async def _closed(client: Any) -> None:
    """Close the provider's own client, where it has one that can be closed."""
    close = getattr(getattr(client, "client", None), "close", None)
    if close is not None:
        await close()


def at(name: str) -> AnyModel:
    """The model that a name such as "any:bedrock:..." stands for."""
    return AnyModel(name.partition(":")[2])
