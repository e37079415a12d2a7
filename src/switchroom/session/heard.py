"""The heard messages of a history that grows, converted once each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from switchroom.messages import Message

T = TypeVar("T")


class HeardMessages(Generic[T]):
    """The messages of one conversation that people said and heard, each converted to another form.

    A call converts only messages that the call before did not see. A history may also be cut or replaced: entries are kept up
    to the newest message that both histories have at the same place, and messages after it are converted again.

    Args:
        convert: makes an entry of a message.
    """

    __slots__ = ("_convert", "_entries", "_places", "_seen")

    def __init__(self, convert: Callable[[Message], T]) -> None:
        self._convert = convert
        self._seen: list[Message] = []
        self._entries: list[T] = []
        self._places: list[int] = []  # of each entry's message in the history

    def of(self, messages: Sequence[Message]) -> list[T]:
        """Return the entries of a history. The list is shared between calls: copy it before it leaves the session."""
        begin = min(len(self._seen), len(messages))
        while begin and messages[begin - 1] is not self._seen[begin - 1]:
            begin -= 1
        kept = bisect_left(self._places, begin)
        del self._seen[begin:], self._entries[kept:], self._places[kept:]
        for place in range(begin, len(messages)):
            message = messages[place]
            self._seen.append(message)
            if is_heard(message):
                self._entries.append(self._convert(message))
                self._places.append(place)
        return self._entries


def is_heard(message: Message) -> bool:
    """Return True if a person said or heard the message, so that calls, results and instructions are left out."""
    return message.role in ("user", "assistant") and bool(message.text)
