"""A chat client for use inside of nodes: each answer is a step of the turn, counted, traced, and not asked for twice."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, overload

from switchroom.agent import Agent
from switchroom.context import CURRENT
from switchroom.defaults import model_for
from switchroom.errors import UserError
from switchroom.model import Model, Settings
from switchroom.models import OpenAIChat
from switchroom.runner import Runner
from switchroom.session.delivery import DELIVERY
from switchroom.usage import Usage


@dataclass(frozen=True)
class ChatResponse:
    """An answer.

    Attributes:
        content: its text.
        usage: what it used.
    """

    content: str
    usage: Usage = Usage()


class OpenAIClient:
    """Asks a chat model.

    Args:
        model: its name at OpenAI, or at whoever listens at `base_url`.
        temperature: 0 is the most predictable.
        max_tokens: the longest answer, in tokens.
        api_key: by default `OPENAI_API_KEY`.
        base_url: by default `OPENAI_BASE_URL`, else OpenAI's own.
        settings: anything else is passed through to the server.
    """

    def __init__(
        self,
        model: str = "gpt-4o-mini",
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
        api_key: str | None = None,
        base_url: str | None = None,
        **settings: Any,
    ) -> None:
        self.model = model
        self._settings = Settings(temperature, max_tokens, None, settings)
        self._server: Model | None = None
        if api_key or base_url or os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL"):
            self._server = OpenAIChat(model, api_key=api_key, base_url=base_url)

    @overload
    async def chat(
        self, messages: Iterable[Mapping[str, Any]], *, stream: Literal[False] = False, **settings: Any
    ) -> ChatResponse: ...
    @overload
    async def chat(
        self, messages: Iterable[Mapping[str, Any]], *, stream: Literal[True], **settings: Any
    ) -> AsyncIterator[ChatResponse]: ...
    async def chat(
        self, messages: Iterable[Mapping[str, Any]], *, stream: bool = False, **settings: Any
    ) -> ChatResponse | AsyncIterator[ChatResponse]:
        """Ask for an answer to messages in chat form.

        Args:
            messages: dicts with role and content.
            stream: give an iterator of pieces.
            settings: for this answer only, passed through to the server.

        Raises:
            UserError: the key is missing, and no other model is named.
        """
        scope = CURRENT.get()
        delivery = DELIVERY.get()
        configured = None if scope is None else scope.config.model
        self._check_model(configured)
        agent = Agent(
            "llm" if delivery is None else delivery.node.name,
            model=configured or self._server,
            settings=Settings(
                self._settings.temperature, self._settings.max_tokens, None, {**self._settings.extra, **settings}
            ),
        )
        result = await Runner.run(agent, list(messages))
        response = ChatResponse(result.final_output, result.usage)
        return _pieces(response) if stream else response

    def _check_model(self, configured: Model | str | None) -> None:
        """Check that somebody can be asked.

        Raises:
            UserError: there is no key, no address and no other model.
        """
        if self._server is not None or configured:
            return
        try:
            model_for(Agent("llm"), None)
        except UserError as error:
            raise UserError(
                f"OpenAIClient(model={self.model!r}): the key of OpenAI is missing. Set OPENAI_API_KEY, or pass api_key=. "
                "A server of your own is named by base_url=, or OPENAI_BASE_URL. "
                "set_default_model(...), or the session's RunConfig(model=...), names another model in its place."
            ) from error


async def _pieces(response: ChatResponse) -> AsyncIterator[ChatResponse]:
    yield response
