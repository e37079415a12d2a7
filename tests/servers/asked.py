"""A request as the server got it, and what both APIs ask with it in the same words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

Api: TypeAlias = Literal["chat", "responses"]
Json: TypeAlias = dict[str, Any]

PATHS: Mapping[str, Api] = {"/v1/chat/completions": "chat", "/v1/responses": "responses"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request.

    Args:
        method: "POST", "GET".
        path: without the query, as "/v1/responses".
        headers: by lower-case name.
        body: the JSON of the body, `{}` when there is none.
        query: what stood after the question mark.
        raw: the body's bytes.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Json
    query: str = ""
    raw: bytes = b""

    @property
    def api(self) -> Api:
        """Which API is asked; for any other path "chat", whose errors and bodies serve as well as any."""
        return PATHS.get(self.path, "chat")

    @property
    def streamed(self) -> bool:
        """Whether the client wants a stream."""
        return self.body.get("stream") is True

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.body.get("model", "gpt-test"))

    @property
    def items(self) -> list[Json]:
        """The messages of chat, or the input items of Responses, a lone text being one message of the user."""
        given = self.body.get("messages" if self.api == "chat" else "input", [])
        return [{"role": "user", "content": given}] if isinstance(given, str) else given

    @property
    def instructions(self) -> str:
        """What system and developer messages say, and Responses' `instructions`, a line for each."""
        own = self.body.get("instructions") if self.api == "responses" else None
        told = [text_of(item) for item in self.items if item.get("role") in {"system", "developer"}]
        return "\n".join([own, *told] if own else told)

    @property
    def newest(self) -> str:
        """The text of the last item: what the user said, or what a tool returned."""
        return text_of(self.items[-1]) if self.items else ""

    @property
    def results(self) -> dict[str, str]:
        """What tools returned since the model spoke last, by the call's id: empty when it is the user who asks.

        Where ids repeat, the later result stays.
        """
        found: dict[str, str] = {}
        for item in reversed(self.items):
            if item.get("role") == "tool":
                found.setdefault(str(item.get("tool_call_id")), text_of(item))
            elif item.get("type") == "function_call_output":
                found.setdefault(str(item.get("call_id")), text_of(item))
            else:
                break
        return dict(reversed(found.items()))

    @property
    def tools(self) -> dict[str, Json]:
        """The functions that may be called, by name, each with "description", "parameters" and "strict" as far as given."""
        given = cast("list[Json]", self.body.get("tools") or [])
        functions = [tool for tool in given if tool.get("type") == "function"]
        named = [tool["function"] for tool in functions] if self.api == "chat" else functions
        return {function["name"]: function for function in named}

    @property
    def schema(self) -> Json | None:
        """The JSON schema that the answer has to keep, if one was asked for."""
        match self.body:
            case {"response_format": {"json_schema": {"schema": {} as schema}}} | {
                "text": {"format": {"schema": {} as schema}}
            }:
                return cast("Json", schema)
            case _:
                return None

    @property
    def usage_wanted(self) -> bool:
        """Whether a chat stream shall end with what it cost."""
        match self.body:
            case {"stream_options": {"include_usage": True}}:
                return True
            case _:
                return False


def text_of(item: Json) -> str:
    """What a message or an item says, its parts joined."""
    return "".join(_texts(item.get("output") if item.get("type") == "function_call_output" else item.get("content")))


def _texts(content: Any) -> Iterator[str]:
    match content:
        case str():
            yield content
        case list():
            for part in cast("list[Json]", content):
                yield str(part.get("text") or part.get("refusal") or "")
        case _:
            return
