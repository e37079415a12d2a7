"""How servers differ while all claim to speak the one protocol: the options of the wire as one value."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tests.servers.makes import Make

Pieces: TypeAlias = Callable[[str], Sequence[str]]


def words(text: str) -> Sequence[str]:
    """Word by word, each with the space before it; joined they are the text."""
    return re.findall(r"\s*\S+|\s+$", text)


def whole(text: str) -> Sequence[str]:
    """All at once."""
    return [text]


def characters(count: int) -> Pieces:
    """So many characters at a time."""
    return lambda text: [text[at : at + count] for at in range(0, len(text), count)]


@dataclass(frozen=True, slots=True)
class Manners:
    """How the server speaks; by default as OpenAI's own does.

    Args:
        make: whose server it is; what others refuse and do otherwise stands in makes.py.
        strict: requests that OpenAI would refuse are refused (checks.py); servers of other makes take nearly anything. It is
            looked at before there is an answer, so it counts in `serving(manners=)` only.
        pieces: cuts text, reasons, refusals and arguments into deltas: `words`, `whole`, `characters(3)` or a function.
        every: seconds between two events of a stream.
        ids: the id that every call gets, also "", instead of a new one for each; a `Called.id` goes before it.
        usage: whether usage is ever sent.
        usage_where: where a chat stream sends it: a chunk of its own and only when asked (as OpenAI), unasked with the last
            chunk that has a choice, or, growing, unasked with every chunk.
        both_calls_in_one_delta: all calls of a chat stream come whole, in one delta.
        interleaved: the argument deltas of several chat calls alternate.
        empty_choices: chat chunks with an empty list of choices at the start (as Azure sends them), amidst and at the end.
        duplicate_final_text: the chat chunk that finishes says the whole text again: in a `message` beside the delta, or in
            the "delta" itself.
        no_index: the call deltas of a chat stream have no index.
        no_type: the calls of chat have no "type".
        finish_chunk: whether a chat stream says why it ends.
        role: which chat deltas carry the role.
        content_null: content is there and null where there is none: in every chat delta, and instead of "" in a message.
        arguments_null: arguments are null where they are empty, and in the chat delta that opens a call.
        reasoning_field: the field in which chat carries reasoning, which OpenAI never sends; "" for nowhere.
        unknown_fields: fields, events and items that no client knows.
        terse: a Responses stream of deltas and ends only: no parts, no `.done`, no `in_progress`.
        bare_completed: the last event of a Responses stream has an empty output; its items came before.
        event_lines: whether the events of a Responses stream are named on an `event:` line, beside their "type".
        keep_alive: comment lines between the events.
        crlf: lines end with CR LF.
        no_space: `data:` and no space after it.
        multiline: the JSON of an event goes over several `data:` lines.
        ascii: JSON with escapes instead of UTF-8.
        done: whether a stream ends with `[DONE]`; by default chat's does and that of Responses does not.
    """

    make: Make = "openai"
    strict: bool = True
    pieces: Pieces = words
    every: float = 0
    ids: str | None = None
    usage: bool = True
    usage_where: Literal["own chunk", "finish", "every chunk"] = "own chunk"
    both_calls_in_one_delta: bool = False
    interleaved: bool = False
    empty_choices: bool = False
    duplicate_final_text: bool | Literal["delta"] = False
    no_index: bool = False
    no_type: bool = False
    finish_chunk: bool = True
    role: Literal["first", "every", "never"] = "first"
    content_null: bool = False
    arguments_null: bool = False
    reasoning_field: str = "reasoning_content"
    unknown_fields: bool = False
    terse: bool = False
    bare_completed: bool = False
    event_lines: bool = True
    keep_alive: bool = False
    crlf: bool = False
    no_space: bool = False
    multiline: bool = False
    ascii: bool = False
    done: bool | None = None

    def cut(self, text: str) -> Sequence[str]:
        """The pieces of a text; of no text there are none."""
        return self.pieces(text) if text else ()


PLAIN = Manners()
