"""What a provider's failures are to us: by whose fault, and whether another try may help."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, cast

from switchroom.errors import ModelDenied, ModelError, ModelUnavailable

PASSING = frozenset({408, 409, 425, 429, *range(500, 600)})
SPENT = ("insufficient_quota", "billing_hard_limit_reached")
"""Codes of refusals that come as 429 and that no waiting mends."""
TOO_LONG = ("context_length_exceeded", "string_above_max_length")
BUSY = ("rate_limit", "overloaded", "server_error", "unavailable", "timeout", "internal")


class Asked(NamedTuple):
    """Who was asked, for the error's text: the model as "provider:model", where, and the variable that holds the key."""

    model: str
    url: str
    key: str


class BrokenOff(Exception):
    """The server said in the middle of an answer that it failed."""

    def __init__(self, error: Any) -> None:
        super().__init__(error)
        self.error = error


def no_key(model: str, variable: str) -> ModelDenied:
    """What it comes to that there is no key."""
    return ModelDenied(f"There is no key for '{model}'. Set {variable}, or pass api_key=.")


def of_status(asked: Asked, status: int, headers: Mapping[str, str], body: Any) -> Exception:
    """What an answer with a status of failure comes to."""
    said, code = _said(body)
    told = f" It says: {said}" if said else ""
    if status in (401, 403):
        remedy = f"Set {asked.key}, or pass api_key=." if asked.key else "Pass api_key=, if it asks for one."
        return ModelDenied(f"The server at {asked.url} does not take the key for '{asked.model}' ({status}). {remedy}{told}")
    if status == 404:
        return ModelDenied(
            f"The server at {asked.url} does not know '{asked.model}', or base_url is wrong ({status}): "
            f"it ends where /chat/completions begins, mostly in /v1.{told}"
        )
    if code in TOO_LONG:
        remedy = "Let the agent see less: Agent(history=keep_tokens(...)) of switchroom.history."
        return ModelError(f"The conversation is too long for '{asked.model}' ({status}). {remedy}{told}", asked.model, status)
    if status in PASSING and code not in SPENT:
        after = retry_after(headers)
        wants = "" if after is None else f" It wants to be asked again in {after:g} s."
        what = "is busy" if status == 429 else "failed"
        return ModelUnavailable(
            f"The server of '{asked.model}' at {asked.url} {what} ({status}).{wants}{told}", asked.model, status, after
        )
    return ModelError(
        f"The server of '{asked.model}' at {asked.url} refused the request ({status}).{told}", asked.model, status
    )


def in_stream(asked: Asked, error: Any) -> Exception:
    """What an error comes to that was sent in the middle of an answer."""
    said, code = _said({"error": error})
    message = f"The server of '{asked.model}' at {asked.url} broke the answer off: {said or 'it does not say why'}"
    passing = any(word in f"{code} {said}".lower() for word in BUSY)
    return (ModelUnavailable if passing else ModelError)(message, asked.model)


def unreached(asked: Asked, error: Exception) -> ModelUnavailable:
    """What it comes to that there was no answer, or only a part."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cast("BaseException", cause.__context__)
    said = str(cause) or type(cause).__name__
    return ModelUnavailable(
        f"The server of '{asked.model}' at {asked.url} could not be reached, or did not answer to the end: {said}. "
        "Is it running, and is base_url right?",
        asked.model,
    )


def too_slow(asked: Asked, seconds: float) -> ModelUnavailable:
    """What it comes to that an answer was not complete in time."""
    return ModelUnavailable(
        f"The server of '{asked.model}' at {asked.url} did not finish its answer within timeout={seconds:g} s.", asked.model
    )


def too_large(asked: Asked, limit: int) -> ModelError:
    """What an answer comes to that does not end."""
    return ModelError(f"The answer of '{asked.model}' at {asked.url} is larger than {limit} bytes.", asked.model)


def no_answer(asked: Asked, body: bytes, why: str) -> Exception:
    """What a body comes to that is no answer of this protocol: a web page means a wrong address."""
    text = body.decode(errors="replace")
    if text.lstrip()[:1] == "<":
        return ModelDenied(
            f"{asked.url} answered '{asked.model}' with a web page ({_page(text)}), not with JSON. base_url is wrong: "
            "it ends where /chat/completions begins, mostly in /v1."
        )
    return ModelUnavailable(
        f"The server of '{asked.model}' at {asked.url} sent what is no answer ({why}): {text[:200]!r}", asked.model
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds after which the server wants to be asked again: `retry-after-ms`, or `retry-after` in seconds or as a date."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "")
    seconds = _number(value)
    if seconds is not None:
        return seconds
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp())


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _said(body: Any) -> tuple[str, str]:
    """What a body of failure says, shortened, and its code."""
    match body:
        case {"error": {"message": str(message)} as error}:
            fields = cast("dict[str, Any]", error)
            return message[:500], str(fields.get("code") or fields.get("type") or "")
        case {"error": str(message)} | {"message": str(message)} | {"detail": str(message)}:
            return message[:500], ""
        case str() if body.lstrip()[:1] == "<":
            return f"a web page ({_page(body)})", ""
        case None | "" | b"":
            return "", ""
        case _:
            return str(body)[:500], ""


def _page(text: str) -> str:
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return " ".join(title[1].split())[:100] if title else "without a title"
