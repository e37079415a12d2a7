"""The messages of a conversation: append-only, held by reference, so that a longer one costs no more to go on with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, overload

from switchroom.errors import UserError
from switchroom.messages import Message


class History(Sequence[Message]):
    """An immutable sequence of messages that shares its storage with the histories it grew from.

    `plus` costs as much as what it adds: it writes behind the end of the shared list, which no shorter history looks at.
    Only a history that somebody else has already gone on from is copied.

    Attributes:
        length: how many messages it has, as `len` says.
    """

    __slots__ = ("_items", "length")

    def __init__(self, items: Iterable[Message] = ()) -> None:
        self._items = list(items)
        self.length = len(self._items)

    def plus(self, *messages: Message) -> History:
        """This history and what was said next."""
        # An empty history is shared by all that begin: each gets a list of its own.
        items = self._items if 0 < len(self._items) == self.length else self._items[: self.length]
        items.extend(messages)
        longer = History.__new__(History)
        longer._items = items
        longer.length = self.length + len(messages)
        return longer

    def __len__(self) -> int:
        return self.length

    @overload
    def __getitem__(self, index: int) -> Message: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Message]: ...
    def __getitem__(self, index: int | slice) -> Message | Sequence[Message]:
        if isinstance(index, slice):
            places = range(*index.indices(self.length))
            if places.step == 1:
                return self._items[places.start : places.stop]
            return [self._items[place] for place in places]
        if not -self.length <= index < self.length:
            raise IndexError(f"message {index} of {self.length}")
        return self._items[index if index >= 0 else index + self.length]

    def __iter__(self) -> Iterator[Message]:
        items = self._items
        return (items[i] for i in range(self.length))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History | tuple | list) and list(self) == list(other)  # pyright: ignore[reportUnknownArgumentType]

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"History({self._items[: self.length]!r})"


HistoryPolicy: TypeAlias = Callable[[Sequence[Message]], Sequence[Message]]
"""Which of the messages so far a model gets to see; the journal keeps all."""


def keep_last(count: int) -> HistoryPolicy:
    """Show a model the last `count` messages, more where a call and its result would be torn apart.

    A window never begins with a tool's result, nor between a call and its results: it is widened back to the message that
    made the call.

    Args:
        count: messages, at least 1.

    Raises:
        UserError: `count` is below 1.
    """
    if count < 1:
        raise UserError(f"keep_last({count}) keeps nothing. Keep at least 1 message.")

    def policy(messages: Sequence[Message]) -> Sequence[Message]:
        if len(messages) <= count:
            return messages
        start = len(messages) - count
        while start > 0 and messages[start].role == "tool":
            start -= 1
        return messages[start:]

    return policy
