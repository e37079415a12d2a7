"""OpenAI's error statuses: what goes wrong before an answer begins, and is said in the protocol's own error object."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from tests.servers.asked import Asked, Json
from tests.servers.manners import Manners
from tests.servers.script import Step, json_bytes, whole_response
from tests.servers.speech import openai_headers


class Fault(ABC):
    """Something that goes wrong; `script` says what then goes over the socket."""

    __slots__ = ()

    @abstractmethod
    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        """The steps that the server plays instead of an answer."""


@dataclass(frozen=True, slots=True)
class Refuses(Fault):
    """A status that is no success, with OpenAI's error object. The functions below make the usual ones."""

    status: int
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def script(self, asked: Asked, manners: Manners) -> Iterable[Step]:
        error = error_object(self.message, self.type, self.code, self.param)
        yield whole_response(self.status, json_bytes(error, manners), headers=openai_headers() | dict(self.headers))


def wrong_key(key: str = "sk-wrong") -> Refuses:
    """401: nobody knows this key."""
    return Refuses(401, f"Incorrect API key provided: {key}.", code="invalid_api_key")


def unknown_model(model: str = "gpt-none") -> Refuses:
    """404: there is no such model."""
    return Refuses(404, f"The model `{model}` does not exist or you do not have access to it.", code="model_not_found")


def wrong_path(method: str = "POST", path: str = "/v1/wrong") -> Refuses:
    """404: there is nothing at this path."""
    return Refuses(404, f"Invalid URL ({method} {path})")


def bad_request(message: str = "Invalid type for 'temperature'.", param: str | None = "temperature") -> Refuses:
    """400: the request is wrong."""
    return Refuses(400, message, code="invalid_type", param=param)


def too_long() -> Refuses:
    """400: the conversation no longer fits the model."""
    message = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens."
    return Refuses(400, message, code="context_length_exceeded", param="messages")


def rate_limited(after: float | datetime | None = None, *, ms: float | None = None) -> Refuses:
    """429: too many requests.

    Args:
        after: seconds to wait, or the time when to come back (aware, sent as an HTTP date); None says nothing.
        ms: milliseconds to wait, in the header `retry-after-ms`.
    """
    headers: dict[str, str] = {}
    match after:
        case None:
            pass
        case datetime():
            headers["retry-after"] = format_datetime(after, usegmt=True)
        case seconds:
            headers["retry-after"] = f"{seconds:g}"
    if ms is not None:
        headers["retry-after-ms"] = f"{ms:g}"
    message = "Rate limit reached for requests. Please try again later."
    return Refuses(429, message, type="requests", code="rate_limit_exceeded", headers=headers)


def out_of_money() -> Refuses:
    """429 again, and yet it is of no use to come back."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return Refuses(429, message, type="insufficient_quota", code="insufficient_quota")


def server_error(status: Literal[500, 502, 503, 504] = 500) -> Refuses:
    """5xx: the fault is the server's."""
    return Refuses(status, "The server had an error while processing your request.", type="server_error")


def error_object(message: str, type: str, code: str | None = None, param: str | None = None) -> Json:
    """OpenAI's error JSON."""
    return {"error": {"message": message, "type": type, "param": param, "code": code}}
