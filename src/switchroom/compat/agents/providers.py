"""Models by name, and OpenAI's own as that SDK sets them up."""

from __future__ import annotations

from typing import Any, Literal

from switchroom import Agent, Model
from switchroom.adapters import ADAPTERS
from switchroom.compat.agents.absent import refuse
from switchroom.compat.agents.exceptions import UserError
from switchroom.defaults import model_for, named
from switchroom.models import OpenAIChat, OpenAIResponses

Api = Literal["chat_completions", "responses"]


class _Defaults:
    """What was set for models of OpenAI that are given by name."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.client: Any = None
        self.api: Api = "chat_completions"
        self.made: dict[str, Model] = {}


_defaults = _Defaults()


def set_default_openai_key(key: str, use_for_tracing: bool = True) -> None:
    """Set the key for models of OpenAI that are given by name; absent: `OPENAI_API_KEY`. No traces are sent there."""
    _defaults.key = key
    _defaults.made.clear()


def set_default_openai_client(client: Any, use_for_tracing: bool = True) -> None:
    """Set the `openai.AsyncOpenAI` that models of OpenAI are asked through, if they are given by name."""
    _defaults.client = client
    _defaults.made.clear()


def set_default_openai_api(api: Api) -> None:
    """Set over which of its protocols OpenAI is asked, if models are given by name; by default Chat Completions.

    Raises:
        UserError: there is no such protocol.
    """
    if api not in ("chat_completions", "responses"):
        raise UserError(f"set_default_openai_api({api!r}): there are 'chat_completions' and 'responses'.")
    _defaults.api = api
    _defaults.made.clear()


def OpenAIChatCompletionsModel(
    model: str,
    openai_client: Any = None,
    should_replay_reasoning_content: Any = None,
    strict_feature_validation: bool = False,
    buffer_streamed_tool_calls: bool = False,
) -> Model:
    """Return a model behind Chat Completions.

    Args:
        model: its name at the server.
        openai_client: an `openai.AsyncOpenAI`; by default one is made.
        should_replay_reasoning_content, strict_feature_validation: have no counterpart.
        buffer_streamed_tool_calls: for the reader: calls always come whole.

    Raises:
        UserError: an option has no counterpart.
    """
    refuse(
        "OpenAIChatCompletionsModel",
        should_replay_reasoning_content=should_replay_reasoning_content,
        strict_feature_validation=strict_feature_validation,
    )
    return OpenAIChat(model, client=openai_client)


def OpenAIResponsesModel(model: str, openai_client: Any = None, *, model_is_explicit: bool = True) -> Model:
    """Return a model behind the Responses API.

    Args:
        model: its name at the server.
        openai_client: an `openai.AsyncOpenAI`; by default one is made.
        model_is_explicit: for the reader: the name is always sent.
    """
    return OpenAIResponses(model, client=openai_client)


def model_named(given: Model | str | None, agent: str) -> Model:
    """The model of an agent.

    Args:
        given: a model, or a name: of a provider, as "ollama:qwen3", else of OpenAI; None: Switchroom's default.
        agent: whose it is, for the error's text.

    Raises:
        UserError: there is none, or its provider is not known.
    """
    if given is None:
        return model_for(Agent(agent), None)
    if not isinstance(given, str):
        return given
    found = model_to_inspect(given)
    return named(found, f" of agent '{agent}'") if isinstance(found, str) else found


def model_to_inspect(given: Model | str | None) -> Any:
    """Return a model as Switchroom names it: "provider:model", or the object that is asked; None if none is given."""
    if not isinstance(given, str):
        return given
    name = given.removeprefix("openai/")
    scheme, colon, model = name.partition(":")
    if not colon or scheme not in ADAPTERS["model"]:
        scheme, model = "openai", name
    if scheme == "openai" and (_defaults.key or _defaults.client or _defaults.api == "responses"):
        return _of_openai(model)
    return f"{scheme}:{model}"


def _of_openai(model: str) -> Model:
    if model not in _defaults.made:
        kind = OpenAIResponses if _defaults.api == "responses" else OpenAIChat
        _defaults.made[model] = kind(model, api_key=_defaults.key, client=_defaults.client)
    return _defaults.made[model]


def speaks_responses(model: Model) -> bool:
    """Whether a model is asked over the Responses API."""
    return isinstance(model, OpenAIResponses)
