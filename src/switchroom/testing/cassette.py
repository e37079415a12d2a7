"""A recorded conversation, played back without model, tools and network: the first thing that goes another way is shown."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Collection, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import msgspec

from switchroom.config import DEFAULT_CONFIG, RunConfig
from switchroom.errors import UserError
from switchroom.events import ModelAnswered, RunEvent, TurnStarted
from switchroom.journal import Journal, journal_at
from switchroom.loops import run_in_new_loop
from switchroom.result import RunResult
from switchroom.session import Session
from switchroom.testing import cassettefile
from switchroom.testing.play import Cue, play
from switchroom.testing.prompt import Prompt

UNNAMED = "played"
"""The conversation of a run that was not kept in a journal."""


class Cassette(msgspec.Struct, frozen=True):
    """The record of a conversation, from its first turn on. As a file it is text, a line for each fact.

    Args:
        conversation: its id.
        events: its facts in order, and where they happened.
        prompts: how agents were put to their models, by the digest of the request, as far as it is known.
    """

    conversation: str
    events: tuple[RunEvent, ...]
    prompts: Mapping[str, Prompt] = {}

    @staticmethod
    def from_journal(journal: Journal | str, conversation: str) -> Cassette:
        """A conversation as a journal has it.

        Args:
            journal: the journal, or its URL, such as "sqlite:///chats.db".
            conversation: the conversation's id.

        Raises:
            UserError: the journal does not have it, or has to be awaited.
        """
        opened = journal_at(journal)
        events = getattr(opened, "read_sync", opened.read)(conversation)
        if inspect.isawaitable(events):
            if inspect.iscoroutine(events):
                events.close()
            raise UserError(
                f"The journal {journal!r} has to be awaited. Write Cassette({conversation!r}, "
                f"tuple(await journal.read({conversation!r})))."
            )
        if not events:
            raise UserError(f"The journal {journal!r} has no conversation '{conversation}'.")
        return Cassette(conversation, tuple(events))

    @staticmethod
    def of(result: RunResult[Any]) -> Cassette:
        """A run, from its result; it need not have had a journal.

        Raises:
            UserError: it is a part of a run, or rests on turns before it.
        """
        events = tuple(result.events)
        first = events[0].fact if events else None
        if not isinstance(first, TurnStarted):
            raise UserError(f"The result is of a part of a run, at {result.path}. Pass the result of the whole run.")
        if first.turn > 1:
            raise UserError(
                f"The run is turn {first.turn} of conversation '{result.conversation}', and rests on the turns before it. "
                f"Cassette.from_journal(journal, {result.conversation!r}) has them all."
            )
        return Cassette(result.conversation or UNNAMED, events)

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file, whose folders are made. The same record gives the same bytes; times are left out."""
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cassettefile.dump(self.conversation, self.events, self.prompts))

    @staticmethod
    def load(path: str | PathLike[str]) -> Cassette:
        """Read what `save` wrote.

        Raises:
            UserError: there is no such file.
            JournalUnreadable: it is no cassette, is damaged, or was written by a newer version.
        """
        try:
            body = Path(path).read_bytes()
        except OSError as error:
            raise UserError(
                f"The cassette {path} cannot be read: {error}. Record it with Cassette.of(result).save(...)."
            ) from error
        return Cassette(*cassettefile.parse(body, str(path)))

    async def play(
        self,
        step: Any,
        *,
        deps: Any = None,
        config: RunConfig | None = None,
        strict: bool = True,
        live: Collection[str] = (),
    ) -> Played:
        """Run each recorded turn with its recorded input through the step as it is now, and hold it against the record.

        Models are not asked and tools are not called: their recorded answers, results and failures are given, at their
        places, and so are a person's answers, and what was drawn from the clock and by chance. All else is code under test and
        runs: instructions, guardrails, `accepts`, filters, functions that are steps. A detached run is none of the record, and
        starts in earnest. What was given up on record because its time was over is waited for as long as then, at most 10 s.

        Args:
            step: the agent, team, function or session that answers.
            deps: handles for what runs.
            config: options of the runs; its journal is not written to. `max_turns` and `history` should be those of the
                record, and `state_type` is needed if agents shared a state.
            strict: whether models have to be asked the same (instructions, tools, messages); False compares only what is done:
                calls, handoffs, outputs.
            live: the names of agents whose models are asked and whose tools are called in earnest. Once one of them is asked,
                the record of its run is left. To whoever called that run it may give something else, which is a difference.

        Returns:
            the results of the turns.

        Raises:
            Diverged: the code goes another way than the record. The message shows where, and what differs.
            UserError: the record needs something to be played, such as the type of the shared state.
        """
        first = self.events[0].fact if self.events else None
        if not isinstance(first, TurnStarted) or first.turn > 1:
            raise UserError(
                f"The cassette of conversation '{self.conversation}' begins with {first!r}. It has to have a conversation from "
                "its first turn on; Cassette.from_journal(...) and Cassette.of(...) give one that has."
            )
        prompts = dict(self.prompts)
        played = step.graph if isinstance(step, Session) else step
        cue = Cue(played, self.conversation or UNNAMED, deps, config or DEFAULT_CONFIG, strict, frozenset(_names(live)))
        outcomes = await play(self.events, cue, prompts)
        turns = tuple(outcome.result for outcome in outcomes)
        return Played(turns, outcomes[-1].error, _anew(cue.conversation, turns, prompts))

    def play_sync(
        self,
        step: Any,
        *,
        deps: Any = None,
        config: RunConfig | None = None,
        strict: bool = True,
        live: Collection[str] = (),
    ) -> Played:
        """The same, waited for, in a test that is no coroutine."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return run_in_new_loop(self.play(step, deps=deps, config=config, strict=strict, live=live))
        raise UserError("play_sync where an event loop is running would stop it. Write `await cassette.play(...)`.")


class Played(msgspec.Struct, frozen=True):
    """What the play of a cassette gave.

    Args:
        turns: the results of the turns, in order.
        error: what the last turn raised, if it failed as it did on record.
        cassette: the same conversation recorded anew, with how agents are put to their models. Saved, it lets a later
            difference show which instructions or tools have changed; after a play with `strict=False` or with live agents, it
            is the record as it is with the code of today.
    """

    turns: tuple[RunResult[Any], ...]
    error: Exception | None
    cassette: Cassette

    @property
    def result(self) -> RunResult[Any]:
        """The result of the last turn."""
        return self.turns[-1]

    @property
    def events(self) -> Sequence[RunEvent]:
        """What happened in all turns, in order."""
        return [event for turn in self.turns for event in turn.events]


def _anew(conversation: str, turns: Sequence[RunResult[Any]], prompts: Mapping[str, Prompt]) -> Cassette:
    """The record of turns, with the prompts that they asked with."""
    events = tuple(event for turn in turns for event in turn.events)
    asked = [event.fact.digest for event in events if isinstance(event.fact, ModelAnswered)]
    return Cassette(conversation, events, {digest: prompts[digest] for digest in asked if digest in prompts})


def _names(live: Collection[str]) -> Collection[str]:
    if isinstance(live, str):
        raise UserError(f"live={live!r}: pass the names of agents, such as live=[{live!r}].")
    return live
