"""What a node sees of the conversation: what was said, who is on the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from switchroom.messages import Message

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Known(msgspec.Struct, frozen=True):
    """What is known of a conversation at a moment."""

    messages: Sequence[Message] = ()
    caller: Mapping[str, Any] = _NOTHING
    variables: Mapping[str, Any] = _NOTHING


class Knowing(Protocol):
    """Who knows the conversation."""

    @property
    def known(self) -> Known:
        """What is known of it now."""
        ...


class Context:
    """The conversation as the nodes of a session see it, all of them the same.

    Args:
        session: whose `known` is what is known now.
    """

    __slots__ = ("_chat", "_known", "_session")

    def __init__(self, session: Knowing) -> None:
        self._session = session
        self._known: Known | None = None
        self._chat: list[dict[str, Any]] = []

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was said and heard so far, in chat form: `{"role": "user" | "assistant", "content": ...}`."""
        known = self._session.known
        if known is not self._known:
            self._known = known
            self._chat = [message.as_chat() for message in heard(known.messages)]
        return list(self._chat)

    @property
    def caller(self) -> Mapping[str, Any]:
        """What is known of who is on the line, as `session.join` was told."""
        return MappingProxyType(dict(self._session.known.caller))

    @property
    def variables(self) -> Mapping[str, Any]:
        """What the conversation began with, as `session.join` was told."""
        return MappingProxyType(dict(self._session.known.variables))


def heard(messages: Sequence[Message]) -> list[Message]:
    """What people said and heard, of all that a history holds."""
    return [message for message in messages if message.role in ("user", "assistant") and message.text]


class _Alone:
    """No session, of which nothing is known."""

    known = Known()


ALONE = Context(_Alone())
"""The context of a node that is in no session."""
