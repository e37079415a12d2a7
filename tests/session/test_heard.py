"""The messages that nodes and callers see of a session: each is converted once, whatever becomes of the history."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

from hypothesis import given
from hypothesis import strategies as st

from switchroom import Message, Node, OutputNode, Session
from switchroom.session.context import Context, Known
from switchroom.session.heard import HeardMessages, is_heard


class Counted(Message, frozen=True):
    """A message that counts how often messages are converted."""

    conversions: ClassVar[list[str]] = []

    def as_chat(self) -> dict[str, Any]:
        Counted.conversions.append(self.text)
        return super().as_chat()


class Conversation:
    """A session's knowledge of a conversation that goes on."""

    def __init__(self) -> None:
        self.known = Known()

    def say(self, *messages: Message) -> None:
        """Add messages."""
        self.known = Known((*self.known.messages, *messages))


def conversions_of_a_turn(turns: int) -> int:
    """How many messages are converted for a node that reads all messages in the turn after so many."""
    conversation = Conversation()
    context = Context(conversation)
    for turn in range(turns):
        conversation.say(Counted("user", f"question {turn}"), Counted("assistant", f"answer {turn}"))
        assert len(context.messages) == 2 * turn + 2
    Counted.conversions.clear()
    conversation.say(Counted("user", "one more"))
    assert context.messages[-1] == {"role": "user", "content": "one more"}
    return len(Counted.conversions)


def test_a_node_that_reads_all_messages_has_only_the_newest_ones_converted():
    assert conversions_of_a_turn(20) == conversions_of_a_turn(400) <= 20


histories = st.lists(
    st.tuples(st.integers(0, 8), st.lists(st.sampled_from(["user", "assistant", "tool", "system"]), max_size=4)), max_size=12
)


@given(histories)
def test_messages_are_the_heard_ones_of_any_history_that_grew_was_cut_or_replaced(steps: list[tuple[int, list[Any]]]):
    heard = HeardMessages[Message](lambda message: message)
    history: list[Message] = []
    for kept, roles in steps:
        history = [*history[:kept], *(Message(role, f"{place}" if place else "") for place, role in enumerate(roles))]
        found = heard.of(tuple(history))
        wanted = [message for message in history if is_heard(message)]
        assert len(found) == len(wanted)
        assert all(one is other for one, other in zip(found, wanted, strict=True))


def test_a_reader_may_change_its_list_and_the_newest_dicts():
    conversation = Conversation()
    context = Context(conversation)
    conversation.say(Message("user", "hello"))
    mine = context.messages
    mine[0]["content"] = "changed"
    mine.append({"role": "system", "content": "Be brief."})
    assert context.messages == [{"role": "user", "content": "hello"}]
    conversation.say(Message("assistant", "hi"))
    assert context.messages == [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "hi"}]


class Reader(OutputNode):
    """Says how many messages it sees."""

    async def generate_response(self) -> AsyncIterator[str]:
        self.seen: Sequence[dict[str, Any]] = self.context.messages
        yield f"{len(self.seen)}"


async def test_a_callers_list_of_messages_is_its_own_and_shows_an_answer_that_was_cut():
    session = Session()
    entry, reader = Node("entry"), Reader("reader")
    session.add_node(entry)
    session.add_node(reader)
    session.add_edge(entry, reader)
    async with session:
        for turn in range(12):
            assert (await session.send(f"message {turn}")).text == f"{2 * turn + 1}"
        session.messages.clear()
        assert [message.text for message in session.messages[-2:]] == ["message 11", "23"]
        await session.interrupt(heard=1)
        assert [message.text for message in session.messages[-2:]] == ["message 11", "2"]
        await session.send("message 12")
        assert [message["content"] for message in reader.seen[-3:]] == ["message 11", "2", "message 12"]
