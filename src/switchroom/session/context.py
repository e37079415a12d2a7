"""What a node sees of the conversation: what was said, who is on the line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import msgspec

from switchroom.messages import Message
from switchroom.session.heard import HeardMessages

_FRESH_MESSAGES = 16
"""The newest messages are made anew for each reader, so that a reader may change their dicts."""

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

    __slots__ = ("_heard", "_session")

    def __init__(self, session: Knowing) -> None:
        self._session = session
        self._heard = HeardMessages(_with_chat_form)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was said and heard so far, in chat form: `{"role": "user" | "assistant", "content": ...}`.

        Each reader gets a list of its own. Dicts of messages that are not among the newest 16 are shared between readers.
        """
        heard = self._heard.of(self._session.known.messages)
        older = [chat for _, chat in heard[:-_FRESH_MESSAGES]]
        return older + [message.as_chat() for message, _ in heard[-_FRESH_MESSAGES:]]

    @property
    def caller(self) -> Mapping[str, Any]:
        """What is known of who is on the line, as `session.join` was told."""
        return MappingProxyType(dict(self._session.known.caller))

    @property
    def variables(self) -> Mapping[str, Any]:
        """What the conversation began with, as `session.join` was told."""
        return MappingProxyType(dict(self._session.known.variables))


def _with_chat_form(message: Message) -> tuple[Message, dict[str, Any]]:
    return message, message.as_chat()


class _Alone:
    """No session, of which nothing is known."""

    known = Known()


ALONE = Context(_Alone())
"""The context of a node that is in no session."""
