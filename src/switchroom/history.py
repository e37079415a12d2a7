"""The messages of a conversation: append-only, held by reference, so that a longer one costs no more to go on with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, overload

import msgspec

from switchroom.chunks import CHUNK, START, Archive, Chunk
from switchroom.errors import UserError
from switchroom.messages import Message
from switchroom.tokens import RunningTokens, count_message

LONG = 96
"""Messages after the chunks at which the oldest become a chunk. The rest stays: windows on a long history read no chunk."""


class History(Sequence[Message]):
    """An immutable sequence of messages that shares its storage with the histories it grew from.

    The old messages stand in chunks, which may be loaded from an archive when somebody reads them. The new ones stand in a
    list. `plus` costs as much as what it adds: it writes behind the end of the shared list, which no shorter history looks at.
    Where another history has already gone on from this one, the list is copied, which is short.

    Attributes:
        length: the number of messages, as `len` says.
        sealed: the newest chunk.
        archive: the store of the chunks that are not loaded; None if all are.
    """

    __slots__ = ("_tail", "archive", "length", "sealed")

    def __init__(self, items: Iterable[Message] = ()) -> None:
        self.archive: Archive | None = None
        self.sealed, self._tail = _sealed(START, list(items))
        self.length = self.sealed.upto + len(self._tail)

    @staticmethod
    def of(sealed: Chunk, tail: list[Message], length: int, archive: Archive | None) -> History:
        """Return the history of the chunks up to `sealed` and the messages of `tail` that follow, up to `length`."""
        history = History.__new__(History)
        history.sealed = sealed
        history.archive = archive
        history.length = length
        history._tail = tail
        return history

    def plus(self, *messages: Message) -> History:
        """Return this history and the messages after it."""
        sealed = self.sealed
        tail = self._tail
        used = self.length - sealed.upto
        # An empty history is shared by all that begin: each gets a list of its own.
        if not 0 < used == len(tail):
            tail = tail[:used]
        tail.extend(messages)
        longer = History.__new__(History)  # as `of` does, without a call: it is made for each message
        longer.archive = self.archive
        longer.length = self.length + len(messages)
        if len(tail) >= LONG:
            sealed, tail = _sealed(sealed, tail)
        longer.sealed = sealed
        longer._tail = tail
        return longer

    def without_last(self, count: int) -> History:
        """Return this history without its last `count` messages; of fewer, the empty history. Nothing is copied."""
        length = max(self.length - count, 0) if count > 0 else self.length
        sealed, tail = self.sealed, self._tail
        while length < sealed.upto:
            sealed, messages = sealed.read(self.archive)
            tail = list(messages)
        return History.of(sealed, tail, length, self.archive)

    def since(self, start: int) -> list[Message]:
        """Return the messages from a place on, as `self[start:]` does for a `start` of at least 0."""
        begin = start - self.sealed.upto
        return self._tail[begin : self.length - self.sealed.upto] if begin >= 0 else self._between(start, self.length)

    def read_from(self, archive: Archive) -> History:
        """Return this history, which loads its chunks from an archive."""
        return History.of(self.sealed, self._tail, self.length, archive)

    def shares(self, other: History) -> bool:
        """Return True if one of the two histories begins with the other and has the same storage."""
        return self.sealed is other.sealed and self._tail is other._tail

    @property
    def tail(self) -> list[Message]:
        """The messages after the chunks."""
        return self._tail[: self.length - self.sealed.upto]

    def _between(self, start: int, stop: int) -> list[Message]:
        chunk = self.sealed
        rows = [self._tail[max(start - chunk.upto, 0) : max(stop - chunk.upto, 0)]]
        while start < chunk.upto:
            end = chunk.upto
            chunk, messages = chunk.read(self.archive)
            if stop > chunk.upto:
                rows.append(list(messages[max(start - chunk.upto, 0) : min(stop, end) - chunk.upto]))
        return rows[0] if len(rows) == 1 else [message for row in reversed(rows) for message in row]

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
                return self._between(places.start, places.stop) if places else []
            low, high = min(places, default=0), max(places, default=-1) + 1
            between = self._between(low, high)
            return [between[place - low] for place in places]
        if not -self.length <= index < self.length:
            raise IndexError(f"message {index} of {self.length}")
        place = index if index >= 0 else index + self.length
        chunk = self.sealed
        if place >= chunk.upto:
            return self._tail[place - chunk.upto]
        if place == 0 and chunk.first is not None:
            return chunk.first
        while True:
            chunk, messages = chunk.read(self.archive)
            if place >= chunk.upto:
                break
        message = messages[place - chunk.upto]
        if place == 0:
            self.sealed.first = message
        return message

    def __iter__(self) -> Iterator[Message]:
        return iter(self._between(0, self.length))

    def __reversed__(self) -> Iterator[Message]:
        yield from reversed(self.tail)
        chunk = self.sealed
        while chunk.upto:
            chunk, messages = chunk.read(self.archive)
            yield from reversed(messages)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the place of the first message that is equal to `value`.

        Raises:
            ValueError: there is none.
        """
        return self._between(0, self.length).index(value, start, self.length if stop is None else stop)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History | tuple | list) and list(self) == list(other)  # pyright: ignore[reportUnknownArgumentType]

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __reduce__(self) -> tuple[type[History], tuple[list[Message]]]:
        return History, (list(self),)

    def __repr__(self) -> str:
        return f"History({list(self)!r})"


def _sealed(sealed: Chunk, tail: list[Message]) -> tuple[Chunk, list[Message]]:
    """The chunks and the messages after them, where the list has become too long."""
    begin = 0
    while len(tail) - begin >= LONG:
        sealed = Chunk(sealed.upto + CHUNK, sealed, tuple(tail[begin : begin + CHUNK]))
        begin += CHUNK
    return sealed, tail[begin:] if begin else tail


Window: TypeAlias = Callable[[Sequence[Message]], Sequence[Message]]
"""A function of all the messages so far, to those that are shown."""

HistoryPolicy: TypeAlias = "Window | Callable[[Sequence[Message]], Awaitable[Sequence[Message]]] | Summary"
"""Which of the messages so far a model gets to see; the journal keeps all."""

Count: TypeAlias = Callable[[Message], int]


def keep_last(count: int) -> Window:
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
        return messages[_whole(messages, len(messages) - count) :]

    return policy


def keep_tokens(budget: int, *, count: Count = count_message) -> Window:
    """Show a model the newest messages that fit into a budget of tokens, and at least the newest.

    Calls and their results stay together: what does not fit as a whole is left out as a whole, except at the very end. What a
    window costs depends on the budget, not on how long the conversation is.

    Args:
        budget: tokens, at least 1; instructions and tools are not counted.
        count: the tokens of a message; by default an estimate.

    Raises:
        UserError: `budget` is below 1.
    """
    if budget < 1:
        raise UserError(f"keep_tokens({budget}) keeps nothing. Give a budget of at least 1 token.")

    def policy(messages: Sequence[Message]) -> Sequence[Message]:
        start = end = len(messages)
        left = budget
        while end > 0:
            begin = _whole(messages, end - 1)
            left -= sum(count(message) for message in messages[begin:end])
            if left < 0 and end < len(messages):
                break
            start = end = begin
        return messages[start:]

    return policy


@dataclass(frozen=True)
class Summary:
    """Show a model a summary of what is old, made by an agent, and what is new as it was said.

    When what the model would see exceeds `over` tokens, all but the last `keep` messages are put to `by`, with the summary
    before, and its text stands in their place from then on. It is made once and kept in the journal, which keeps the messages
    too.

    Args:
        by: the step that summarises: an agent, or a function from text to text. It is given the messages as lines of
            "who: what".
        over: tokens above which a summary is made, at least 1.
        keep: messages that are not summarised, at least 1; more where a call and its result would be torn apart.
        count: the tokens of a message; by default an estimate.

    Raises:
        UserError: a number is below 1.
    """

    by: Any
    over: int
    keep: int = 6
    count: Count = count_message
    _tokens: RunningTokens = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tokens", RunningTokens(self.count))
        if self.over < 1 or self.keep < 1:
            raise UserError(f"Summary(over={self.over}, keep={self.keep}): give numbers of at least 1.")

    def cut(self, messages: Sequence[Message]) -> int:
        """How many of the messages are to be summarised now; 0 as long as they fit."""
        if len(messages) <= self.keep or self._tokens.of(messages) <= self.over:
            return 0
        return _whole(messages, len(messages) - self.keep)

    def told(self, messages: Sequence[Message]) -> str:
        """The messages as the summarising step reads them."""
        return "\n".join(f"{message.agent or message.role}: {_line(message)}" for message in messages)


def _whole(messages: Sequence[Message], start: int) -> int:
    """The last place up to `start` at which no call is torn from its result."""
    while start > 0 and messages[start].role == "tool":
        start -= 1
    return start


def _line(message: Message) -> str:
    calls = "".join(f" [calls {call.name}({_args(call.args)})]" for call in message.calls)
    return f"{message.text}{calls}".strip()


def _args(args: dict[str, Any] | str) -> str:
    return args if isinstance(args, str) else msgspec.json.encode(args).decode()
