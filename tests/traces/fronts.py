"""A script behind two fronts: a function in place of a model, and a server that speaks OpenAI's protocol in many manners."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from switchroom import Message
from switchroom.messages import ToolCall
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel
from tests.servers.asked import Api, Asked, text_of
from tests.servers.manners import Manners, characters, whole, words
from tests.servers.said import Called, Said
from tests.traces.records import Json
from tests.traces.script import Answer, Entry, Heard, Script


def function(script: Script) -> FunctionModel:
    """The script as a model in this process."""

    def answer(request: ModelRequest) -> Message:
        tools = {tool.name for tool in request.tools}
        return message(script.answer(Heard(request.instructions, tools, list(_of(request.messages)))))

    return FunctionModel(answer)


def message(answer: Answer) -> Message:
    """An answer as a model in this process gives it."""
    return Message("assistant", answer.text, tuple(ToolCall(call.name, call.args, call.id) for call in answer.calls))


def _of(messages: Iterable[Message]) -> Iterator[Entry]:
    """A history as a model in this process is given it."""
    for message in messages:
        match message.role:
            case "user":
                yield Entry("customer", message.text)
            case "tool":
                yield Entry("told", message.text)
            case "assistant" | "system":
                assert message.role == "assistant", f"the model is told {message.text!r}"
                if message.text:
                    yield Entry("said", message.text)
                for call in message.calls:
                    assert isinstance(call.args, dict)
                    yield Entry("called", call.name, call.args)


def server(scripts: Mapping[str, Script]) -> Callable[[Asked], tuple[Said, Manners]]:
    """Scripts as a server's answers. Of a request it knows the body; which script it is, the instructions say.

    Args:
        scripts: by the files that they play. Each is spoken in the manners that its place among them gives it.
    """
    places = {file: place for place, file in enumerate(scripts)}

    def answer(asked: Asked) -> tuple[Said, Manners]:
        [file] = re.findall(r"The file on your desk is (\S+)\.", asked.instructions)
        kinds = list(MANNERS[asked.api].values())
        manners = kinds[places[file] % len(kinds)]
        heard = Heard(asked.instructions, asked.tools, list(_heard(asked)))
        if asked.api == "responses" and manners.ids is None:
            # They come back with the calls that they led to, as long as the ids of these were good enough to be kept.
            assert _thoughts(asked) == [_thought(each) for each in scripts[file].before(heard) if manners.reasoning_field]
        return _spoken(scripts[file].answer(heard), manners), manners

    return answer


def _heard(asked: Asked) -> Iterator[Entry]:
    """A history as it comes over the wire, in either API."""
    for item in asked.items:
        match item:
            case {"role": "system" | "developer"} | {"type": "reasoning"}:
                continue
            case {"role": "user"}:
                yield Entry("customer", text_of(item))
            case {"role": "assistant"}:
                if text := text_of(item):
                    yield Entry("said", text)
                yield from (_called(call["function"]) for call in cast("list[Json]", item.get("tool_calls") or []))
            case {"type": "function_call"}:
                yield _called(item)
            case {"role": "tool"} | {"type": "function_call_output"}:
                yield Entry("told", text_of(item))
            case _:
                raise AssertionError(f"a request holds {item}")


def _called(function: Json) -> Entry:
    return Entry("called", function["name"], json.loads(function["arguments"]))


def _spoken(answer: Answer, manners: Manners) -> Said:
    ids = manners.ids is None  # else all calls get the same one
    calls = tuple(Called(call.name, call.args, (call.id or None) if ids else None) for call in answer.calls)
    return Said(answer.text, calls, reasoning=_thought(answer) if manners.reasoning_field else "")


def _thought(answer: Answer) -> str:
    return f"{answer.agent} makes {len(answer.calls)} calls, then."


def _thoughts(asked: Asked) -> list[str]:
    """What a request brings back of earlier thoughts."""
    return [item["summary"][0]["text"] for item in asked.items if item.get("type") == "reasoning"]


_QUIET = Manners(reasoning_field="", pieces=characters(40))

MANNERS: Mapping[Api, Mapping[str, Manners]] = {
    "chat": {
        "as OpenAI": replace(_QUIET, pieces=words),
        "arguments cut anywhere": replace(_QUIET, pieces=characters(7), interleaved=True),
        "one id for all calls": replace(_QUIET, ids="call_0"),
        "no ids": replace(_QUIET, ids="", no_index=True, no_type=True),
        "all calls in one delta": replace(_QUIET, both_calls_in_one_delta=True, no_index=True),
        "no usage": replace(_QUIET, usage=False, role="never"),
        "usage with every chunk": replace(_QUIET, usage_where="every chunk", unknown_fields=True),
        "usage at the end": replace(_QUIET, usage_where="finish", content_null=True, role="every"),
        "empty choices": replace(_QUIET, empty_choices=True, arguments_null=True, ascii=True),
        "the text once more": replace(_QUIET, pieces=characters(20), duplicate_final_text="delta"),
        "the text once more, as a message": replace(_QUIET, duplicate_final_text=True, crlf=True),
        "comments and odd lines": replace(_QUIET, keep_alive=True, multiline=True, no_space=True, done=False),
        "reasons": Manners(pieces=whole),
    },
    "responses": {
        "as OpenAI": replace(_QUIET, pieces=words),
        "reasons": Manners(pieces=characters(40)),
        "terse": replace(_QUIET, terse=True, event_lines=False, done=True),
        "items before the end": replace(_QUIET, bare_completed=True, pieces=characters(7)),
        "one id for all calls": replace(_QUIET, ids="call_0", usage=False),
        "reasons, and the same id": Manners(ids="call_0", pieces=characters(40)),
        "unknown fields": replace(_QUIET, unknown_fields=True, ascii=True, crlf=True, keep_alive=True),
        "no ids": replace(_QUIET, ids="", arguments_null=True, multiline=True, no_space=True, pieces=whole),
    },
}
"""How servers speak, by API."""
