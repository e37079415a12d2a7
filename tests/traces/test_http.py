"""All recordings over HTTP, many at once against one server, which goes by nothing but the bodies of its requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from inline_snapshot import snapshot

from switchroom import Model
from switchroom.events import CircleBroken, HandoffCommitted, ToolReturned
from switchroom.journals import SqliteJournal
from switchroom.models import OpenAIChat, OpenAIResponses
from tests.servers.http import Server, serving
from tests.traces.fronts import server
from tests.traces.played import Played, check, played
from tests.traces.recordings import Recording, airline, retail
from tests.traces.script import Script

AT_ONCE = 8


@dataclass(frozen=True)
class Evening:
    """Recordings that were played side by side, and the server that they had."""

    plays: Sequence[Played]
    server: Server

    def figures(self) -> dict[str, int]:
        """What came of it, in numbers."""
        desks = [play.desk for play in self.plays]
        return {
            "conversations": len(self.plays),
            "as recorded": sum(not play.facts(CircleBroken) for play in self.plays),
            "messages answered": sum(len(play.results) for play in self.plays),
            "tool calls": sum(len(desk.made) for desk in desks),
            "errors told": sum(fact.text.startswith("Error: ") for play in self.plays for fact in play.facts(ToolReturned)),
            "effects": sum(len(desk.ledger.lines) for desk in desks),
            "handoffs": sum(len(play.facts(HandoffCommitted)) for play in self.plays),
            "requests": len(self.server.requests),
            "of them to Responses": sum(asked.api == "responses" for asked in self.server.requests),
        }

    @property
    def estimated(self) -> int:
        """Return the number of answers whose usage was estimated. A usage that follows its answer late counts as not sent."""
        return sum(play.usage.estimated for play in self.plays)


async def evening(recordings: Sequence[Recording], folder: Path, *, together: bool = False) -> Evening:
    """Play recordings, some at once: two of three over Chat Completions and one over Responses, in one journal.

    Args:
        recordings: what is played.
        folder: where the journal is.
        together: whether of every second one the calls come in as few answers as may be.
    """
    scripts = {one.id: Script(one, together and number % 2 == 1) for number, one in enumerate(recordings)}
    places = asyncio.Semaphore(AT_ONCE)
    async with serving(server(scripts)) as served:
        chat = OpenAIChat("gpt-test", base_url=served.url, api_key="any")
        responses = OpenAIResponses("gpt-test", base_url=served.url, api_key="any")
        models = [responses if number % 3 == 2 else chat for number in range(len(recordings))]
        with closing(SqliteJournal(folder / "journal.db")) as journal:

            async def play(recording: Recording, model: Model) -> Played:
                async with places:
                    done = await played(recording, model, journal)
                try:
                    check(recording, scripts[recording.id], done)
                except AssertionError as error:
                    error.add_note(f"This was {recording.id}.")
                    raise
                return done

            return Evening(await asyncio.gather(*map(play, recordings, models)), served)


def check_the_server(whole: Evening) -> None:
    """Each answer took one request, streamed, and connections were used again."""
    assert len(whole.server.requests) == sum(play.usage.requests for play in whole.plays)
    assert all(asked.streamed for asked in whole.server.requests)
    assert whole.server.left == []
    assert whole.server.connections <= 2 * AT_ONCE


async def test_all_80_retail_traces(tmp_path: Path):
    whole = await evening(retail(), tmp_path, together=True)

    check_the_server(whole)
    print(whole.figures())
    assert whole.figures() == snapshot(
        {
            "conversations": 80,
            "as recorded": 80,
            "messages answered": 80,
            "tool calls": 119,
            "errors told": 2,
            "effects": 119,
            "handoffs": 88,
            "requests": 267,
            "of them to Responses": 87,
        }
    )
    assert 23 <= whole.estimated <= 26


async def test_all_40_airline_conversations(tmp_path: Path):
    whole = await evening(airline(), tmp_path)

    check_the_server(whole)
    print(whole.figures())
    assert whole.figures() == snapshot(
        {
            "conversations": 40,
            "as recorded": 40,
            "messages answered": 345,
            "tool calls": 274,
            "errors told": 24,
            "effects": 74,
            "handoffs": 67,
            "requests": 686,
            "of them to Responses": 188,
        }
    )
    assert 53 <= whole.estimated <= 56
