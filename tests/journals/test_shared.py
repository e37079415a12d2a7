"""What every shared journal does: claims, tickets, message ids, interrupts, snapshots, the list and the deletion."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from switchroom import Message
from switchroom.errors import Fenced, UserError
from switchroom.events import PersonAsked, RunEvent, StepReturned, TurnStarted
from switchroom.events.codec import LARGE
from switchroom.journal import Accepted, Ticket
from switchroom.journals import MemoryJournal, SqliteJournal
from switchroom.journals.database import settled
from switchroom.journals.listed import Catalogue
from tests.patience import HANGS_S

MAKERS: dict[str, Callable[[Path], Catalogue]] = {
    "memory": lambda folder: MemoryJournal(),
    "sqlite": lambda folder: SqliteJournal(folder / "chats.db"),
}


@pytest.fixture(params=list(MAKERS))
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Catalogue:
    """Any shared journal."""
    return MAKERS[request.param](tmp_path)


def started(turn: int, seq: int, attempt: int = 1, message_id: str = "") -> RunEvent:
    fact = TurnStarted(turn, attempt, "clerk", (Message("user", "hello"),), message_id=message_id)
    return RunEvent(f"turn#{turn}", fact, seq, float(seq))


def returned(turn: int, seq: int, output: object = "done") -> RunEvent:
    return RunEvent(f"turn#{turn}/clerk#0", StepReturned(output), seq, float(seq))


def asked(turn: int, seq: int) -> RunEvent:
    return RunEvent(f"turn#{turn}/clerk#0", PersonAsked(0, f"q{seq}", "clerk", "pay", {}), seq, float(seq))


async def claim(journal: Catalogue, conversation: str, *events: RunEvent, generation: int = 0, ticket: int = 0) -> None:
    await settled(journal.claim(conversation, events, generation, ticket))


async def read(journal: Catalogue, conversation: str) -> list[RunEvent]:
    return await settled(journal.read(conversation))


# claims --------------------------------------------------------------------------------------------------------------


async def test_a_claim_appends_its_events(journal: Catalogue):
    await claim(journal, "c", started(1, 1))
    await settled(journal.append("c", [returned(1, 2)]))
    await claim(journal, "c", started(2, 3), returned(2, 4, "x" * LARGE))
    assert [event.seq for event in await read(journal, "c")] == [1, 2, 3, 4]
    assert (await read(journal, "c"))[3] == returned(2, 4, "x" * LARGE)


async def test_a_claim_after_a_newer_entry_is_fenced(journal: Catalogue):
    await claim(journal, "c", started(1, 1))
    with pytest.raises(Fenced):
        await claim(journal, "c", started(1, 1))
    with pytest.raises(Fenced):
        await claim(journal, "c", started(1, 1), returned(1, 2))
    assert len(await read(journal, "c")) == 1


async def test_an_entry_that_would_leave_a_gap_is_fenced(journal: Catalogue):
    await claim(journal, "c", started(1, 1))
    with pytest.raises(Fenced):
        await claim(journal, "c", started(2, 3))
    with pytest.raises(Fenced):
        await settled(journal.append("c", [returned(1, 3)]))
    with pytest.raises(Fenced):
        await settled(journal.append("elsewhere", [returned(1, 2)]))
    assert len(await read(journal, "c")) == 1


async def test_a_claim_with_another_generation_is_fenced(journal: Catalogue):
    with pytest.raises(Fenced):
        await claim(journal, "c", started(1, 1), generation=1)
    assert await read(journal, "c") == []


async def test_a_claim_without_a_ticket_is_fenced_while_somebody_queues(journal: Catalogue):
    first = await settled(journal.take_ticket("c"))
    with pytest.raises(Fenced):
        await claim(journal, "c", started(1, 1))
    await claim(journal, "other", started(1, 1))
    await settled(journal.drop_ticket("c", first))
    await claim(journal, "c", started(1, 1))


async def test_the_lowest_ticket_claims_first_and_stays_until_it_is_dropped(journal: Catalogue):
    first, second = [await settled(journal.take_ticket("c")) for _ in range(2)]
    with pytest.raises(Fenced):
        await claim(journal, "c", started(1, 1), ticket=second)
    await claim(journal, "c", started(1, 1), ticket=first)
    assert await settled(journal.first_ticket("c")) == Ticket(first, journal.owner)
    await settled(journal.drop_ticket("c", first))
    assert await settled(journal.first_ticket("c")) == Ticket(second, journal.owner)
    await claim(journal, "c", started(2, 2), ticket=second)
    await settled(journal.drop_ticket("c", second))
    assert await settled(journal.first_ticket("c")) is None


async def test_a_fenced_claim_keeps_its_ticket(journal: Catalogue):
    ticket = await settled(journal.take_ticket("c"))
    with pytest.raises(Fenced):
        await claim(journal, "c", started(1, 7), ticket=ticket)
    assert await settled(journal.first_ticket("c")) == Ticket(ticket, journal.owner)


async def test_a_message_id_stands_for_its_turn(journal: Catalogue):
    assert await settled(journal.accepted("c", "m-1")) is None
    await claim(journal, "c", started(1, 1, message_id="m-1"))
    assert await settled(journal.accepted("c", "m-1")) == Accepted(1, 1)
    assert await settled(journal.accepted("other", "m-1")) is None


async def test_a_claim_with_a_message_id_that_is_taken_is_fenced(journal: Catalogue):
    await claim(journal, "c", started(1, 1, message_id="m-1"))
    with pytest.raises(Fenced):
        await claim(journal, "c", started(2, 2, message_id="m-1"))
    assert len(await read(journal, "c")) == 1
    await claim(journal, "other", started(1, 1, message_id="m-1"))


async def test_what_json_cannot_hold_is_no_claim(journal: Catalogue):
    ticket = await settled(journal.take_ticket("c"))
    with pytest.raises(UserError):
        await claim(journal, "c", started(1, 1, message_id="m"), returned(1, 2, object()), ticket=ticket)
    assert await read(journal, "c") == []
    assert await settled(journal.accepted("c", "m")) is None
    assert await settled(journal.first_ticket("c")) == Ticket(ticket, journal.owner)


# tickets, owners, interrupts -----------------------------------------------------------------------------------------


async def test_tickets_grow_also_after_they_were_dropped(journal: Catalogue):
    first = await settled(journal.take_ticket("c"))
    await settled(journal.drop_ticket("c", first))
    await settled(journal.drop_ticket("c", first))
    assert await settled(journal.take_ticket("other")) > first > 0


async def test_the_own_process_is_alive_and_a_stranger_is_not(journal: Catalogue):
    assert journal.owner
    assert journal.is_alive(journal.owner)
    assert not journal.is_alive("0" * 32)
    assert not journal.is_alive("../chats.db")
    assert not journal.is_alive("")


async def test_a_forked_child_has_another_id(journal: Catalogue):
    before = journal.owner
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, f"{journal.owner} {journal.is_alive(journal.owner)}".encode())
        os._exit(0)
    os.close(writer)
    with open(reader) as pipe:
        id, alive = pipe.read().split()
    os.waitpid(child, 0)
    assert id not in (before, "")
    assert alive == "True"
    assert journal.owner == before


async def test_interrupts_are_kept_until_they_are_dropped(journal: Catalogue):
    await settled(journal.request_interrupt("c", 3))
    await settled(journal.request_interrupt("c", 3))
    await settled(journal.request_interrupt("d", 1))
    assert sorted(await settled(journal.requested_interrupts())) == [("c", 3), ("d", 1)]
    await settled(journal.drop_interrupt("c", 3))
    await settled(journal.drop_interrupt("c", 3))
    assert await settled(journal.requested_interrupts()) == [("d", 1)]


async def test_a_request_replaces_those_for_earlier_turns(journal: Catalogue):
    await settled(journal.request_interrupt("c", 3))
    await settled(journal.request_interrupt("c", 4))
    assert await settled(journal.requested_interrupts()) == [("c", 4)]


# snapshots -----------------------------------------------------------------------------------------------------------


async def test_a_snapshot_is_replaced_and_chunks_stay(journal: Catalogue):
    assert await settled(journal.read_snapshot("c")) is None
    assert journal.read_chunk("c", "d1") is None
    await settled(journal.write_snapshot("c", 0, b"one", {"d1": b"first"}))
    await settled(journal.write_snapshot("c", 0, b"two", {"d1": b"first", "d2": b"second"}))
    assert await settled(journal.read_snapshot("c")) == b"two"
    assert (journal.read_chunk("c", "d1"), journal.read_chunk("c", "d2")) == (b"first", b"second")
    assert journal.read_chunk("other", "d1") is None


async def test_a_snapshot_of_another_generation_is_ignored(journal: Catalogue):
    await settled(journal.write_snapshot("c", 1, b"late", {"d1": b"late"}))
    assert await settled(journal.read_snapshot("c")) is None
    assert journal.read_chunk("c", "d1") is None


# deletion ------------------------------------------------------------------------------------------------------------


async def test_nothing_is_left_of_an_erased_conversation_and_others_are_whole(journal: Catalogue):
    large = "x" * LARGE
    for name in ("c", "d"):
        await claim(journal, name, started(1, 1, message_id="m"), returned(1, 2, large))
        await settled(journal.write_snapshot(name, 0, b"body", {"digest": b"chunk"}))
        await settled(journal.request_interrupt(name, 1))
        await settled(journal.take_ticket(name))
    await journal.erase("c", 0, 2)
    assert await settled(journal.generation("c")) == 1
    assert await read(journal, "c") == []
    assert await settled(journal.accepted("c", "m")) is None
    assert await settled(journal.first_ticket("c")) is None
    assert await settled(journal.read_snapshot("c")) is None
    assert journal.read_chunk("c", "digest") is None
    assert await settled(journal.requested_interrupts()) == [("d", 1)]
    assert await settled(journal.generation("d")) == 0
    assert (await read(journal, "d"))[1] == returned(1, 2, large)
    assert await settled(journal.read_snapshot("d")) == b"body"
    assert await settled(journal.accepted("d", "m")) == Accepted(1, 1)


async def test_a_claim_that_knew_the_erased_conversation_is_fenced(journal: Catalogue):
    await claim(journal, "c", started(1, 1), returned(1, 2))
    await journal.erase("c", 0, 2)
    for late in (started(2, 3), started(1, 1)):
        with pytest.raises(Fenced):
            await claim(journal, "c", late)
    with pytest.raises(Fenced):
        await settled(journal.append("c", [returned(1, 3)]))
    await claim(journal, "c", started(1, 1, message_id="m"), generation=1)
    await journal.erase("c", 1, 1)
    assert await settled(journal.generation("c")) == 2


async def test_a_conversation_that_somebody_wrote_to_is_not_erased(journal: Catalogue):
    await claim(journal, "c", started(1, 1), returned(1, 2))
    for generation, last in ((0, 1), (1, 2)):
        with pytest.raises(Fenced):
            await journal.erase("c", generation, last)
    assert len(await read(journal, "c")) == 2


# the list ------------------------------------------------------------------------------------------------------------


async def names(journal: Catalogue, prefix: str = "", after: str = "", limit: int = 100, waiting: bool = False) -> list[str]:
    return [row.id for row in await settled(journal.list_conversations(prefix, after, limit, waiting))]


async def test_conversations_are_listed_in_the_order_of_their_ids(journal: Catalogue):
    for name in ("b-2", "a", "b-1", "ä", "b", "b-10"):
        await claim(journal, name, started(1, 1), returned(1, 2))
    assert await names(journal) == ["a", "b", "b-1", "b-10", "b-2", "ä"]
    assert await names(journal, limit=2) == ["a", "b"]
    assert await names(journal, after="b", limit=2) == ["b-1", "b-10"]
    assert await names(journal, prefix="b-") == ["b-1", "b-10", "b-2"]
    assert await names(journal, prefix="b-", after="b-1") == ["b-10", "b-2"]
    assert await names(journal, prefix="b-", after="c") == []
    assert await names(journal, prefix="b-", after="a") == ["b-1", "b-10", "b-2"]


async def test_the_list_knows_the_last_entry(journal: Catalogue):
    await claim(journal, "c", started(1, 1), returned(1, 2))
    [row] = await settled(journal.list_conversations("", "", 10, False))
    assert (row.path, row.at, row.may_wait) == ("turn#1/clerk#0", 2.0, False)


async def test_a_conversation_may_wait_after_a_person_was_asked(journal: Catalogue):
    for name in ("c", "d"):
        await claim(journal, name, started(1, 1))
    await settled(journal.append("c", [asked(1, 2)]))
    assert await names(journal, waiting=True) == ["c"]
    await claim(journal, "c", started(1, 3, attempt=2))
    await settled(journal.append("c", [returned(1, 4)]))
    assert await names(journal, waiting=True) == []


async def test_threads_take_different_tickets_and_one_of_them_claims(journal: Catalogue):
    tickets: list[int] = []
    claimed: list[int] = []
    together = threading.Barrier(8)

    def caller() -> None:
        together.wait()
        number = journal.take_ticket("queue")
        assert isinstance(number, int)
        tickets.append(number)
        try:
            journal.claim("c", [started(1, 1)], 0)
        except Fenced:
            return
        claimed.append(number)

    threads = [threading.Thread(target=caller) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANGS_S)
    assert len(set(tickets)) == 8
    assert len(claimed) == 1
