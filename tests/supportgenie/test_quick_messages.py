"""A customer who writes again before the first answer is there: each message has its own answer, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from supportgenie import Reply, SupportGenie
from switchroom.journals import Conversations

PROFILE = {"name": "John", "tier": "gold"}
QUICK = ["where is order 732201349959?", "hello", "which payment methods do you take?", "how much is the Harrow laptop?"]


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"memory:{tmp_path}" if request.param == "memory" else f"sqlite:///{tmp_path}/chats.db"


@pytest.fixture
def desks(journal: str) -> Iterator[list[SupportGenie]]:
    """Two of them over one journal, as in two workers of a server."""
    with SupportGenie(journal=journal, deadline=20) as one, SupportGenie(journal=journal, deadline=20) as other:
        yield [one, other]


def one_at_a_time(journal: str) -> list[Reply]:
    """The replies to the same messages of a customer who waits for each answer."""
    with SupportGenie(journal=f"{journal}.slowly") as genie:
        return [genie.handle_query(text, PROFILE, conversation="slow") for text in QUICK]


async def awaited(genie: SupportGenie, text: str) -> Reply:
    return await genie.ahandle_query(text, PROFILE, conversation="c")


async def in_a_thread(genie: SupportGenie, text: str) -> Reply:
    return await asyncio.to_thread(genie.handle_query, text, PROFILE, conversation="c")


@pytest.mark.parametrize("ask", [awaited, in_a_thread])
async def test_of_two_quick_messages_none_is_answered_with_an_apology(
    desks: list[SupportGenie], journal: str, ask: Callable[[SupportGenie, str], Awaitable[Reply]]
):
    texts = QUICK[:2]
    replies = await asyncio.gather(*(ask(desks[0], text) for text in texts))
    assert [reply.needs_escalation for reply in replies] == [False, False]
    assert "fallback" not in [reply.answered_by for reply in replies]
    await check_the_transcript(journal, texts, replies)


async def test_quick_messages_are_answered_in_order_as_if_each_answer_had_been_waited_for(
    desks: list[SupportGenie], journal: str
):
    slowly = await asyncio.to_thread(one_at_a_time, journal)
    replies = await asyncio.gather(*(awaited(desks[0], text) for text in QUICK))
    assert [reply.text for reply in replies] == [reply.text for reply in slowly]
    await check_the_transcript(journal, QUICK, replies)


async def test_quick_messages_at_two_desks_over_one_journal_have_their_own_answers(desks: list[SupportGenie], journal: str):
    replies = await asyncio.gather(*(awaited(desks[place % 2], text) for place, text in enumerate(QUICK)))
    assert not any(reply.needs_escalation for reply in replies)
    await check_the_transcript(journal, QUICK, replies)


async def check_the_transcript(journal: str, texts: list[str], replies: list[Reply]) -> None:
    """Check that each message stands in the conversation once, and that its answer follows."""
    messages = await Conversations(journal).messages("c")
    heard = [(message.role, message.text) for message in messages if message.role in ("user", "assistant") and message.text]
    for text, reply in zip(texts, replies, strict=True):
        place = heard.index(("user", text))
        assert heard.count(("user", text)) == 1
        following = [one for one in heard[place + 1 :] if one[0] == "user"]
        until = heard.index(following[0]) if following else len(heard)
        assert reply.text.splitlines()[-1] in "\n".join(said for _, said in heard[place + 1 : until])
