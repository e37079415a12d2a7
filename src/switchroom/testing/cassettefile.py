"""A cassette as a file: a line that says what it is, then a line for each fact, in the codec of the journals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from switchroom.errors import JournalUnreadable
from switchroom.events import Delta, Fact, RunEvent, TurnStarted
from switchroom.events.codec import VERSION as CODEC
from switchroom.events.codec import Blobs, decode, encode
from switchroom.testing.prompt import Prompt

VERSION = 1


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line."""

    cassette: int
    codec: int
    conversation: str


class Asked(msgspec.Struct, frozen=True):
    """How an agent was put to its model, and the digests of the requests in which it was."""

    prompt: Prompt
    digests: list[str]


class Large(msgspec.Struct, frozen=True):
    """A value that is kept once, by its digest."""

    value: str
    of: msgspec.Raw


class Noted(msgspec.Struct, frozen=True):
    """A fact and where it happened."""

    path: str
    fact: msgspec.Raw


_encoder = msgspec.json.Encoder()


def dump(conversation: str, events: Iterable[RunEvent], prompts: Mapping[str, Prompt]) -> bytes:
    """The bytes of a cassette."""
    lines: list[Any] = [Head(VERSION, CODEC, conversation), *_asked(prompts)]
    known: Blobs = {}
    for event in events:
        body, blobs = encode(_without_owner(event.fact))
        lines += [Large(digest, msgspec.Raw(value)) for digest, value in blobs.items() if digest not in known]
        known |= blobs
        lines.append(Noted(event.path, msgspec.Raw(body)))
    return b"".join(_encoder.encode(one) + b"\n" for one in lines)


def _without_owner(fact: Fact | Delta) -> Fact | Delta:
    """Return the fact without the id of the process, which would make each recording of a conversation another one."""
    return replace(fact, owner="") if isinstance(fact, TurnStarted) and fact.owner else fact


def _asked(prompts: Mapping[str, Prompt]) -> list[Asked]:
    asked: list[Asked] = []
    for digest, prompt in prompts.items():
        known = next((one for one in asked if one.prompt == prompt), None)
        if known is None:
            asked.append(Asked(prompt, [digest]))
        else:
            known.digests.append(digest)
    return asked


def parse(body: bytes, name: str) -> tuple[str, tuple[RunEvent, ...], dict[str, Prompt]]:
    """The conversation's id, its events and the prompts of a cassette's bytes.

    Args:
        body: the bytes.
        name: the file, for error messages.

    Raises:
        JournalUnreadable: it is no cassette, is damaged, or was written by a newer version.
    """
    first, *rest = body.splitlines() or [b""]
    try:
        head = msgspec.json.decode(first, type=Head)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise JournalUnreadable(f"{name} is no cassette: its first line is {first[:80]!r}.") from error
    if head.cassette > VERSION:
        raise JournalUnreadable(
            f"{name} was written by a newer Switchroom (cassette {head.cassette}; this one reads up to {VERSION}). "
            "Install a newer version, or record it anew."
        )
    events: list[RunEvent] = []
    prompts: dict[str, Prompt] = {}
    large: Blobs = {}
    for number, text in enumerate(rest, start=2):
        try:
            match _read(text):
                case Noted(path, fact):
                    events.append(RunEvent(path, decode(head.codec, bytes(fact), large.__getitem__), len(events) + 1))
                case Large(value, of):
                    large[value] = bytes(of)
                case Asked(prompt, digests):
                    prompts.update(dict.fromkeys(digests, prompt))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, JournalUnreadable) as error:
            raise JournalUnreadable(
                f"{name}, line {number}: {error}. Take it from version control, or record it anew."
            ) from error
    return head.conversation, tuple(events), prompts


_REMEDY = "Take it from version control, or record it anew."


def _read(text: bytes) -> Noted | Large | Asked:
    keys = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    kind = Noted if "fact" in keys else Large if "value" in keys else Asked
    return msgspec.json.decode(text, type=kind)
