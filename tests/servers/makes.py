"""Servers of other makes: what each refuses besides what OpenAI refuses, and what it does otherwise. One row for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias, cast

from tests.servers.asked import Asked, Json

Make: TypeAlias = Literal["openai", "gemini", "mistral", "template", "anthropic", "deepseek", "unthinking"]
Check: TypeAlias = Callable[[Asked], "str | None"]


def user_after_tool(asked: Asked) -> str | None:
    """Mistral and many chat templates: a result is followed by an answer."""
    roles = [str(item.get("role")) for item in asked.items]
    for before, role in pairwise(roles):
        if before == "tool" and role not in ("tool", "assistant"):
            return f"Expected an assistant's message after the role 'tool', but got '{role}'"
    return None


def empty_assistant(asked: Asked) -> str | None:
    """An assistant's message says something or calls something."""
    for item in asked.items:
        if item.get("role") == "assistant" and not str(item.get("content") or "").strip() and not item.get("tool_calls"):
            return "An assistant message must have either content or tool_calls"
    return None


def assistant_last(asked: Asked) -> str | None:
    """The last message is a user's or a tool's."""
    if asked.items and asked.items[-1].get("role") == "assistant":
        return "Expected the last role to be 'user' or 'tool', but got 'assistant'"
    return None


def assistant_first(asked: Asked) -> str | None:
    """The conversation begins with a user's message."""
    roles = [item.get("role") for item in asked.items if item.get("role") != "system"]
    return "Conversation roles must begin with 'user'" if roles[:1] == ["assistant"] else None


def system_amidst(asked: Asked) -> str | None:
    """A system message stands at the beginning."""
    if any(item.get("role") == "system" for item in asked.items[1:]):
        return "The system message must be at the beginning"
    return None


def unsigned_call(asked: Asked) -> str | None:
    """Gemini: the first call of each answer has the signature of the same model, or says that another model made the call."""
    for item in asked.items:
        for call in cast("list[Json]", item.get("tool_calls") or [])[:1]:
            if _signature(call) not in (signature(asked)["google"]["thought_signature"], "skip_thought_signature_validator"):
                return f"Function call is missing a valid thought_signature: {_signature(call)!r}"
    return None


def foreign_signature(asked: Asked) -> str | None:
    """Others know no such field."""
    if any("extra_content" in call for item in asked.items for call in cast("list[Json]", item.get("tool_calls") or [])):
        return "Unknown name 'extra_content': cannot find field"
    return None


def unthought_call(asked: Asked) -> str | None:
    """DeepSeek: a message with calls says what was thought."""
    for at, item in enumerate(asked.items):
        if item.get("tool_calls") and not isinstance(item.get("reasoning_content"), str):
            return f"Missing `reasoning_content` field in the assistant message at message index {at}"
    return None


def schema_format(asked: Asked) -> str | None:
    """DeepSeek: JSON, but of no schema."""
    wanted = cast("Json", asked.body.get("response_format") or {}).get("type", "text")
    return None if wanted in ("text", "json_object") else "This response_format type is unavailable now"


def thoughts(asked: Asked) -> str | None:
    """A model that does not reason takes no thoughts of one that does."""
    if any(item.get("type") == "reasoning" for item in asked.items):
        return "This model does not take items of type 'reasoning'"
    return None


STRICT = (user_after_tool, empty_assistant, assistant_last, system_amidst)
TEMPLATE = (*STRICT, assistant_first)


@dataclass(frozen=True, slots=True)
class Row:
    """The behaviour of the servers of one make, where it differs from the others.

    Args:
        checks: what they refuse.
        is_signing: the first call of an answer is signed.
        reads_format: the model is shown the schema of `response_format`.
    """

    checks: tuple[Check, ...] = ()
    is_signing: bool = False
    reads_format: bool = True


MAKES: dict[Make, Row] = {
    "openai": Row((foreign_signature,)),
    "gemini": Row((unsigned_call, assistant_last, empty_assistant, assistant_first), is_signing=True),
    "mistral": Row((*STRICT, foreign_signature)),
    "template": Row((*TEMPLATE, foreign_signature)),
    "anthropic": Row((empty_assistant, assistant_last), reads_format=False),
    "deepseek": Row((unthought_call, schema_format, assistant_last)),
    "unthinking": Row((thoughts,)),
}


def complaint(make: Make, asked: Asked) -> str | None:
    """Return the reason for which a server of this make refuses a request, or None if it takes the request."""
    return next(filter(None, (check(asked) for check in MAKES[make].checks)), None)


def signature(asked: Asked) -> Any:
    """Return the signature that a signing model gives with a call."""
    return {"google": {"thought_signature": f"signed by {asked.model}"}}


def is_told(make: Make, asked: Asked, word: str) -> bool:
    """Return whether the model reads a word of the schema of its answer, so that it can keep to the schema."""
    read = [str(item) for item in asked.items] + [asked.instructions]
    if MAKES[make].reads_format:
        read.append(str(asked.schema))
    return any(word in text for text in read)


def _signature(call: Json) -> Any:
    match call.get("extra_content"):
        case {"google": {"thought_signature": given}}:
            return given
        case _:
            return None
