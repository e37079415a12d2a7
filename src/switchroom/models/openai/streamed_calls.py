"""The calls of an answer, made of pieces that servers tell apart by index, by id, by name, or not at all."""

from __future__ import annotations

from typing import Any

import msgspec

from switchroom.messages import ToolCall, parse_args
from switchroom.models.openai.halves import all_mended, mended, mended_json
from switchroom.models.openai.origin import marked
from switchroom.models.openai.providers import Provider

EXTRA = "extra_content"
"""The field of a call, or of a message, with the signature that Gemini wants back."""


class Function(msgspec.Struct):
    """The name and the arguments in a piece of a call."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class CallPiece(msgspec.Struct):
    """A call, or a piece of one."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    extra_content: Any = None


class _Call:
    """A call while its pieces come; `delta` is the number of the delta in which it began."""

    __slots__ = ("_pieces", "_reopened", "delta", "extra", "id", "index", "name")

    def __init__(self, index: int | None, id: str, name: str, delta: int) -> None:
        self.delta = delta
        self.index = index
        self.id = id
        self.name = name
        self.extra: Any = None
        self._pieces: list[str] = []
        self._reopened = False

    def take(self, piece: CallPiece, name: str, arguments: str) -> None:
        if name and not self.name:
            self.name = name
        if arguments:
            self._pieces.append(arguments)
        if piece.extra_content:
            self.extra = piece.extra_content

    def is_followed_by(self, piece: CallPiece, name: str, arguments: str) -> bool:
        """Return whether a piece that may belong to this call begins another.

        Some servers give all calls one index, all calls one id or none, and some say the name in every piece. There a call ends
        when its arguments are a JSON object: if the name is said again, further arguments are those of another call.
        """
        if self._reopened and arguments:
            return True
        if not name or not self.name:
            return False
        if name != self.name or (piece.id and piece.id != self.id):
            return True
        if not self._pieces:
            return piece.index is None and not arguments
        if not self._is_complete():
            return False
        self._reopened = True  # with an index, maybe only the last piece of this call
        return piece.index is None or bool(arguments)

    def repeats(self, piece: CallPiece, name: str, arguments: str) -> bool:
        """Return whether a piece is the whole call once more, as some servers end with it."""
        is_this = bool(name) and name == self.name and bool(self.id) and piece.id == self.id
        return is_this and arguments.endswith("}") and arguments == self.arguments and self._is_complete()

    @property
    def arguments(self) -> str:
        return mended_json("".join(self._pieces))

    def _is_complete(self) -> bool:
        is_maybe = bool(self._pieces) and self._pieces[-1].rstrip().endswith("}")  # most pieces need no parsing
        return is_maybe and isinstance(parse_args(self.arguments), dict)


class StreamedCalls:
    """The calls that came so far, in order."""

    __slots__ = ("_calls", "_delta")

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._delta = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def take_whole(self, calls: list[CallPiece]) -> None:
        """Add calls that are not streamed."""
        for piece in calls:
            name, arguments = _said(piece)
            self._begin(piece, (piece.id or "", name, arguments))

    def take(self, pieces: list[CallPiece]) -> None:
        """Add the pieces of a delta to their calls, and begin calls with them."""
        self._delta += 1
        for piece in pieces:
            self._take(piece)

    def _take(self, piece: CallPiece) -> None:
        name, arguments = _said(piece)
        known = self._of(piece)
        if known is not None:
            is_of_this_delta = known.delta == self._delta
            if known.repeats(piece, name, arguments) and not is_of_this_delta:
                return
            is_beside = is_of_this_delta and bool(name) and (piece.index is None or not piece.id)
            if not is_beside and not known.is_followed_by(piece, name, arguments):
                return known.take(piece, name, arguments)
        id, name = (piece.id or "", name) if known is None else (piece.id or known.id, name or known.name)
        self._begin(piece, (id, name, arguments))

    def _begin(self, piece: CallPiece, said: tuple[str, str, str]) -> None:
        id, name, arguments = said
        call = _Call(piece.index, id, name, self._delta)
        call.take(piece, name, arguments)
        self._calls.append(call)

    def _of(self, piece: CallPiece) -> _Call | None:
        """Return the call that a piece may belong to: the last of its index, else of its id, else the last."""
        last = self._calls[-1] if self._calls else None
        if piece.index is not None:
            return next((call for call in reversed(self._calls) if call.index == piece.index), None)
        if piece.id and last is not None and piece.id != last.id:
            return next((call for call in reversed(self._calls) if call.id == piece.id), None)
        return last

    def made(self, provider: Provider, model: str) -> tuple[ToolCall, ...]:
        """Return the calls as they are made of their pieces."""
        return tuple([_made(call, provider, model) for call in self._calls])


def _made(call: _Call, provider: Provider, model: str) -> ToolCall:
    text = call.arguments
    extra = marked({EXTRA: all_mended(call.extra)}, provider, model) if call.extra else {}
    return ToolCall(mended(call.name), parse_args(text) if text.strip() else {}, mended(call.id), extra)


def _said(piece: CallPiece) -> tuple[str, str]:
    """Return the name and the arguments that a piece brings."""
    function = piece.function or Function()
    return function.name or "", _as_text(function.arguments)


def _as_text(arguments: str | dict[str, Any] | None) -> str:
    match arguments:
        case None:
            return ""
        case str():
            return arguments
        case _:
            return msgspec.json.encode(all_mended(arguments)).decode()
