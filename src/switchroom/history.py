"""The messages of a conversation: append-only, held by reference, so that a longer one costs no more to go on with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, overload

import msgspec

from switchroom.errors import UserError
from switchroom.messages import Message
from switchroom.tokens import RunningTokens, count_message


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
