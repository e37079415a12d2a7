"""What a model is: a function from a request to a response, which streams if somebody listens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from switchroom.events import RouteDecided
from switchroom.messages import Message
from switchroom.usage import Usage


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool as a model is shown it: name, what it is for, the JSON schema of its parameters. Handoffs are such tools too."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class Settings(msgspec.Struct, frozen=True):
    """What an agent asks of its model, where the model knows it.

    Args:
        temperature: 0 is the most predictable.
        max_tokens: the longest answer, in tokens.
        tool_choice: "auto", "required", "none", or a tool's name.
        extra: fields of the request's body, passed through to the provider.
        headers: headers of the request, for models that are asked over HTTP.
        query: parameters of the request's address, for the same models.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    tool_choice: str | None = None
    extra: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}
    query: Mapping[str, Any] = {}


class ModelRequest(msgspec.Struct, frozen=True, gc=False):
    """What a model is asked.

    Args:
        agent: the name of the agent on whose behalf.
        instructions: the agent's own text, rendered.
        messages: the conversation so far; the last is the newest input.
        tools: the agent's tools, handoffs included.
        output_schema: the JSON schema that the final answer has to match, or None for text.
        settings: the agent's settings.
        seconds: that are left for the answer; None without a deadline.
    """

    agent: str
    instructions: str
    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    output_schema: Mapping[str, Any] | None = None
    settings: Settings = Settings()
    seconds: float | None = None


class ModelResponse(msgspec.Struct, frozen=True, gc=False):
    """What a model answered, and what it used.

    Args:
        message: the answer.
        usage: what it used.
        model: who answered, as "provider:model"; "" where that says nothing, as of a function.
        decided: what a router before the model decided about the message that is answered; kept beside the answer.
        finish_reason: why the answer ended, in the server's word, unless it ended as answers do.
    """

    message: Message
    usage: Usage = Usage(requests=1)
    model: str = ""
    decided: RouteDecided | None = None
    finish_reason: str = ""


class Emit(Protocol):
    """Where a model says its answer while it is being made; false when nobody listens."""

    def __call__(self, text: str) -> None:
        """Show the next piece of text."""
        ...

    async def withdraw(self, reason: str) -> bool:
        """Take back what was shown, for another try. False: somebody saw it who cannot clear it, so there is no other try."""
        ...


class _Nobody(tuple[()]):
    """The emit of a run to which nobody listens; a tuple, for an empty one is false without a function of ours being called."""

    __slots__ = ()

    def __call__(self, text: str) -> None: ...

    async def withdraw(self, reason: str) -> bool:
        return True


nobody: Emit = _Nobody()


@runtime_checkable
class Model(Protocol):
    """Anything that answers requests: `async def model(request, emit) -> ModelResponse` is one."""

    async def __call__(self, request: ModelRequest, emit: Emit, /) -> ModelResponse:
        """Answer; say pieces through `emit` on the way if the model can."""
        ...
