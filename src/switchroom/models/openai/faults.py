"""What a provider's failures are to us: by whose fault, and whether another try may help."""

from __future__ import annotations

import math
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

import msgspec

from switchroom.errors import ModelDenied, ModelError, ModelUnavailable

PASSING = frozenset({408, 409, 425, 429, *range(500, 600)})
SPENT = ("insufficient_quota", "billing_hard_limit_reached")
"""Codes of refusals that come as 429 and that no waiting mends."""
TOO_LONG = ("context_length_exceeded", "string_above_max_length")
_TOO_LONG_SAID = re.compile(r"maximum context length|context (window|size)|prompt is too long", re.IGNORECASE)
BUSY = ("rate_limit", "overloaded", "server_error", "unavailable", "timeout", "internal")


@dataclass(frozen=True)
class Asked:
    """Who was asked, for the error's text.

    Args:
        model: as "provider:model".
        path: what was called.
        key: the variable that holds the key; "" where none is asked for.
        client: the SDK's, which knows where, and what no text may show.
    """

    model: str
    path: str
    key: str
    client: Any = field(repr=False)

    @property
    def url(self) -> str:
        """Where it was asked."""
        return str(self.client.base_url.copy_with(userinfo=b"", query=None))

    def hide(self, text: str) -> str:
        """The text without what was sent in confidence: a server may say it back to us."""
        headers = self.client.default_headers.items()
        own = [value for name, value in headers if not name.lower().startswith(_NO_SECRETS)]
        for secret in (self.client.base_url.password, self.client.api_key, *own):
            if isinstance(secret, str) and len(secret) >= _SECRET:
                text = text.replace(secret, "***")
        return text

    @property
    def end(self) -> str:
        """Where a base_url ends, for who has a wrong one."""
        return f"it ends where {self.path} begins, mostly in /v1."


_NO_SECRETS = ("accept", "content-", "user-agent", "x-stainless-", "openai-")
"""Beginnings of the names of headers that anybody may read."""

_SECRET = 8
"""Characters from which on a key is hidden; a shorter one is a word that stands for none."""


class BrokenOff(Exception):
    """The server said in the middle of an answer that it failed."""

    def __init__(self, error: Any) -> None:
        super().__init__(error)
        self.error = error


def no_key(model: str, variable: str) -> ModelDenied:
    """What it comes to that there is no key."""
    return ModelDenied(f"There is no key for '{model}'. Set {variable}, or pass api_key=.")


def bad_key(model: str, variable: str) -> ModelDenied:
    """What a key comes to that cannot be sent."""
    whence = f"{variable} or api_key=" if variable else "api_key="
    return ModelDenied(f"The key for '{model}' has characters that no key has. Look at what {whence} holds.")


def bad_url(model: str, url: str) -> ModelDenied:
    """What an address comes to that is none."""
    return ModelDenied(f"The base_url for '{model}' is {url!r}. Write http:// or https:// and what follows it.")


def of_status(asked: Asked, status: int, headers: Mapping[str, str], body: str) -> Exception:
    """What an answer with a status of failure comes to."""
    said, code = _said(asked, _plain(body))
    told = f" It says: {said}" if said else ""
    if status in (401, 403):
        remedy = f"Set {asked.key}, or pass api_key=." if asked.key else "Pass api_key=, if it asks for one."
        return ModelDenied(f"The server at {asked.url} does not take the key for '{asked.model}' ({status}). {remedy}{told}")
    if status in (404, 405) or code == "model_not_found":
        return ModelDenied(
            f"The server at {asked.url} does not know '{asked.model}', or base_url is wrong ({status}): {asked.end}{told}"
        )
    if code in TOO_LONG or (status in (400, 413) and _TOO_LONG_SAID.search(said)):
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
    said, code = _said(asked, {"error": error})
    message = f"The server of '{asked.model}' at {asked.url} broke the answer off: {said or 'it does not say why'}"
    passing = any(word in f"{code} {said}".lower() for word in BUSY) or (code.isdecimal() and int(code) in PASSING)
    return (ModelUnavailable if passing else ModelError)(message, asked.model)


def unreached(asked: Asked, error: Exception) -> ModelUnavailable:
    """What it comes to that there was no answer, or only a part."""
    cause = _of_the_line(error)
    said = asked.hide(str(cause) or type(cause).__name__).rstrip(".")
    return ModelUnavailable(
        f"The server of '{asked.model}' at {asked.url} could not be reached, or did not answer to the end: {said}. "
        "Is it running, and is base_url right?",
        asked.model,
    )


def _of_the_line(error: BaseException) -> BaseException:
    """What the operating system said, if it is known, or else the libraries.

    Contexts are looked through for it and not taken: the last of them may be what the caller is just handling.
    """
    found = error
    looked: BaseException | None = error
    while looked is not None:
        if isinstance(looked, OSError) and looked.errno is not None and (type(looked) is OSError or isinstance(looked, _LINE)):
            return looked
        if looked is found.__cause__:
            found = looked
        looked = looked.__cause__ or looked.__context__
    return found


_LINE = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)


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
    text = asked.hide(body.decode(errors="replace"))
    if text.lstrip()[:1] == "<":
        return ModelDenied(
            f"{asked.url} answered '{asked.model}' with a web page ({_page(text)}), not with JSON. "
            f"base_url is wrong: {asked.end}"
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


def _plain(body: str) -> Any:
    """A body as what its JSON says, or as it is."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return body


def _said(asked: Asked, body: Any) -> tuple[str, str]:
    """What a body of failure says, shortened, and its code."""
    said = ""
    match body:
        case [only]:  # as Gemini says it
            return _said(asked, only)
        case {"message": str(said)} | {"detail": str(said)}:
            pass
        case {"error": error}:
            return _said(asked, error)
        case str() if body.lstrip()[:1] == "<":
            said = f"a web page ({_page(asked.hide(body))})"
        case None:
            pass
        case _:
            said = str(body)
    fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    return asked.hide(said)[:500], str(fields.get("code") or fields.get("type") or "")


def _page(text: str) -> str:
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    return " ".join(title[1].split())[:100] if title else "without a title"
