"""Facts as bytes and back: JSON with a version, and large values kept once under their digest."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, TypeAlias, cast

import msgspec

from switchroom.errors import JournalUnreadable, UserError
from switchroom.events.answer import (
    AnswerCut,
    AnswerRejected,
    AnswerReplaced,
    AnswerWithdrawn,
    GuardTripped,
    HistorySummarised,
    InputJudged,
    ModelAnswered,
    RunInterrupted,
)
from switchroom.events.base import Delta, Fact
from switchroom.events.calls import (
    CallsJudged,
    EffectCleared,
    PersonAnswered,
    PersonAsked,
    ToolFailed,
    ToolReturned,
    ToolReturnedLate,
    ToolStarted,
    ToolSuspended,
)
from switchroom.events.decision import AnsweredInPart, BudgetDegraded, QuorumReached, RouteDecided
from switchroom.events.handoff import (
    CircleBroken,
    HandoffCommitted,
    HandoffDeclined,
    HandoffExpired,
    HandoffProposed,
    HandoffReturned,
)
from switchroom.events.session import (
    CallEnded,
    CallerJoined,
    EventRouted,
    FallbackCalled,
    NodeDidNotHandOver,
    NodeFailed,
    NodeHandedOver,
    NodeLogged,
    SpeakerSilenced,
    StatesKept,
    TurnAnswered,
    TurnCut,
)
from switchroom.events.step import StepFailed, StepReturned, StepStarted, ValueDrawn
from switchroom.events.turn import AnsweredWhileWaiting, AttemptHeld, AttemptReleased, StateChanged, TurnStarted

VERSION = 1
LARGE = 64 * 1024
"""Bytes above which a value is kept apart from its fact, once, by its digest."""

StepFact: TypeAlias = StepStarted | StepReturned | StepFailed | ValueDrawn
AnswerFact: TypeAlias = (
    InputJudged
    | ModelAnswered
    | HistorySummarised
    | AnswerRejected
    | AnswerReplaced
    | AnswerWithdrawn
    | AnswerCut
    | RunInterrupted
    | GuardTripped
)
CallFact: TypeAlias = (
    CallsJudged
    | ToolStarted
    | ToolReturned
    | ToolReturnedLate
    | ToolFailed
    | ToolSuspended
    | EffectCleared
    | PersonAsked
    | PersonAnswered
)
HandoffFact: TypeAlias = HandoffProposed | HandoffDeclined | HandoffCommitted | HandoffReturned | HandoffExpired | CircleBroken
TurnFact: TypeAlias = TurnStarted | AttemptHeld | AttemptReleased | AnsweredWhileWaiting | StateChanged
DecisionFact: TypeAlias = RouteDecided | QuorumReached | BudgetDegraded | AnsweredInPart
SessionFact: TypeAlias = (
    CallerJoined
    | EventRouted
    | NodeFailed
    | SpeakerSilenced
    | NodeHandedOver
    | NodeDidNotHandOver
    | NodeLogged
    | CallEnded
    | FallbackCalled
    | TurnAnswered
    | TurnCut
    | StatesKept
)
AnyFact: TypeAlias = TurnFact | StepFact | AnswerFact | CallFact | HandoffFact | DecisionFact | SessionFact
_BLOB = "\0blob"  # a reference's key; a user's own key that begins with NUL is escaped by another NUL
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyFact] = msgspec.json.Decoder(AnyFact)

Blobs: TypeAlias = dict[str, bytes]


def encode(fact: Fact | Delta) -> tuple[bytes, Blobs]:
    """A fact as JSON, and the large values taken out of it, by digest.

    Raises:
        UserError: a field holds what JSON cannot.
    """
    try:
        body = _encoder.encode(fact)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UserError(f"A fact of kind '{fact.__struct_config__.tag}' holds what JSON cannot: {error}") from error
    if len(body) <= LARGE and _NUL not in body:
        return body, {}
    blobs: Blobs = {}
    fields = cast("dict[str, Any]", msgspec.json.decode(body))
    slim = {name: _slimmed(_escaped(value), blobs) for name, value in fields.items()}
    return _encoder.encode(slim), blobs


def decode(version: int, body: bytes, blob: Callable[[str], bytes]) -> AnyFact:
    """The fact that `encode` made bytes of.

    Args:
        version: the codec version that the entry was written with.
        body: the JSON.
        blob: gives a large value by its digest.

    Raises:
        JournalUnreadable: a newer version wrote it, or it is damaged.
    """
    if version < 1:
        raise JournalUnreadable(f"An entry of the journal is damaged: its codec version is {version}. {_RESTORE}")
    if version > VERSION:
        raise JournalUnreadable(
            f"The journal was written by a newer Switchroom (codec {version}; this one reads up to {VERSION}). "
            "Install a newer version."
        )
    try:
        if _NUL in body:
            body = _encoder.encode(_restored(msgspec.json.decode(body), blob, ()))
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JournalUnreadable(f"An entry of the journal is damaged: {error}. {_RESTORE}") from error
    except KeyError as error:
        raise JournalUnreadable(f"An entry of the journal is damaged: the value {error} is missing. {_RESTORE}") from error


_NUL = b"\\u0000"
_RESTORE = "Restore the journal from a backup."


def _escaped(value: Any) -> Any:
    match value:
        case dict():
            fields = cast("dict[str, Any]", value)
            return {("\0" + key if key.startswith("\0") else key): _escaped(inner) for key, inner in fields.items()}
        case list():
            return [_escaped(inner) for inner in cast("list[Any]", value)]
        case _:
            return value


def _slimmed(value: Any, blobs: Blobs) -> Any:
    body = _encoder.encode(value)
    if len(body) <= LARGE:
        return value
    match value:
        case dict():
            value = {key: _slimmed(inner, blobs) for key, inner in cast("dict[str, Any]", value).items()}
        case list():
            value = [_slimmed(inner, blobs) for inner in cast("list[Any]", value)]
        case _:
            pass
    body = _encoder.encode(value)
    if len(body) <= LARGE:
        return value
    digest = blake2b(body, digest_size=16).hexdigest()
    blobs[digest] = body
    return {_BLOB: digest}


def _restored(value: Any, blob: Callable[[str], bytes], within: tuple[str, ...]) -> Any:
    """Put large values in the place of their references; `within` are the digests of the values around this one."""
    match value:
        case {"\0blob": digest}:
            if not isinstance(digest, str) or digest in within:
                raise JournalUnreadable(f"An entry of the journal is damaged: the value {digest!r} contains itself. {_RESTORE}")
            return _restored(msgspec.json.decode(blob(digest)), blob, (*within, digest))
        case dict():
            fields = cast("dict[str, Any]", value)
            return {key.removeprefix("\0"): _restored(inner, blob, within) for key, inner in fields.items()}
        case list():
            return [_restored(inner, blob, within) for inner in cast("list[Any]", value)]
        case _:
            return value
