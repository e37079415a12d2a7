"""A golden conversation: the code that answers it, what is said, and how it is recorded, gone on with and played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from switchroom import RunConfig, Runner, RunResult, Session
from switchroom.journals import SqliteJournal
from switchroom.session import Reply
from switchroom.testing import Cassette
from tests.golden.world import LATER, World, names_of

Ending = Literal["finished", "failed", "killed", "waiting"]
Seen = dict[str, Any]
"""What came of a turn, as JSON."""


class Scene(Protocol):
    """A golden conversation."""

    @property
    def name(self) -> str:
        """The conversation's id."""
        ...

    @property
    def ends(self) -> Ending:
        """How the record ends."""
        ...

    @property
    def lives(self) -> tuple[str, ...]:
        """Where each process that records it dies; "" for nowhere."""
        ...

    async def record(self, world: World, journal: SqliteJournal, life: int) -> Seen:
        """Take the conversation as far as one process gets."""
        ...

    async def take_up(self, world: World, journal: SqliteJournal) -> list[Seen]:
        """Resume the last turn, and answer what a person is asked until the turn is over."""
        ...

    async def go_on(self, world: World, journal: SqliteJournal) -> Seen:
        """Take the next turn, and answer what a person is asked."""
        ...

    async def play(self, world: World, journal: SqliteJournal) -> list[Any]:
        """Play the record; give the outputs of its turns."""
        ...


def as_it_is(output: Any) -> Any:
    """The output of a step that gives JSON."""
    return output


@dataclass(frozen=True)
class Run:
    """A conversation of `Runner`.

    Args:
        name: its id.
        make: builds the step that answers.
        says: the inputs of the turns on record.
        ends: how the record ends.
        lives: where each process that records it dies.
        answers: what a person answers, by the tool that is asked about.
        answered: whether they answered on record.
        options: makes the options of the runs.
        gist: what is compared of an output.
        talk: takes a turn, where `Runner.run` does not do.
        later: the input of the turn that goes on.
    """

    name: str
    make: Callable[[World], Any]
    says: tuple[Any, ...] = ("hello",)
    ends: Ending = "finished"
    lives: tuple[str, ...] = ("",)
    answers: Mapping[str, bool | tuple[bool, str]] = field(default_factory=dict[str, "bool | tuple[bool, str]"])
    answered: bool = True
    options: Callable[[World], dict[str, Any]] = lambda world: {}
    gist: Callable[[Any], Any] = as_it_is
    talk: Callable[[Any, Any, str, RunConfig], Awaitable[RunResult[Any]]] | None = None
    later: Any = LATER

    def config(self, world: World, journal: SqliteJournal) -> RunConfig:
        """The options of a run."""
        return RunConfig(journal=journal, **self.options(world))

    async def record(self, world: World, journal: SqliteJournal, life: int) -> Seen:
        """Say what is said in the first process; resume in each that follows."""
        config = self.config(world, journal)
        if life > 0:
            seen, _ = await self._until_over(self._resume(world, config), world, config, self.answered)
            return seen[-1]
        last: Seen = {}
        for said in self.says:
            seen, _ = await self._until_over(self._say(said, world, config), world, config, self.answered)
            last = seen[-1]
        return last

    async def take_up(self, world: World, journal: SqliteJournal) -> list[Seen]:
        """Resume, with answers as long as a person is asked."""
        config = self.config(world, journal)
        seen, _ = await self._until_over(self._resume(world, config), world, config, True)
        return seen

    async def go_on(self, world: World, journal: SqliteJournal) -> Seen:
        """Say something more."""
        config = self.config(world, journal)
        again = Runner.run(self.make(world), self.later, conversation=self.name, config=config)
        seen, result = await self._until_over(again, world, config, True)
        return {**seen[-1], "messages": [] if result is None else names_of(result.messages)}

    async def play(self, world: World, journal: SqliteJournal) -> list[Any]:
        """Play the record without a model."""
        options = {name: value for name, value in self.options(world).items() if name != "model"}
        config = RunConfig(**options)
        played = await Cassette.from_journal(journal, self.name).play(self.make(world), config=config)
        return [None if turn.final_output is None else self.gist(turn.final_output) for turn in played.turns]

    def _say(self, said: Any, world: World, config: RunConfig) -> Awaitable[RunResult[Any]]:
        step = self.make(world)
        if self.talk is not None:
            return self.talk(step, said, self.name, config)
        return Runner.run(step, said, conversation=self.name, config=config)

    def _resume(self, world: World, config: RunConfig, answers: Any = None) -> Awaitable[RunResult[Any]]:
        return Runner.resume(self.make(world), conversation=self.name, config=config, answers=answers)

    async def _until_over(
        self, running: Awaitable[RunResult[Any]], world: World, config: RunConfig, answering: bool
    ) -> tuple[list[Seen], RunResult[Any] | None]:
        """Wait for a run, and answer what a person is asked; give what came of each attempt, and the last result."""
        seen: list[Seen] = []
        while True:
            try:
                result = await running
            except Exception as error:
                return [*seen, {"error": type(error).__name__}], None
            seen.append(self._seen(result))
            if not result.waiting or not answering:
                return seen, result
            running = self._resume(world, config, {one.id: self.answers.get(one.tool, True) for one in result.waiting})

    def _seen(self, result: RunResult[Any]) -> Seen:
        output = result.final_output
        return {
            "output": None if output is None else self.gist(output),
            "waiting": [[one.id, one.agent, one.tool, one.question] for one in result.waiting],
            "agent": result.last_agent.name if result.last_agent else "",
            "turn": result.turn,
            "requests": {agent: usage.requests for agent, usage in sorted(result.by_agent.items())},
            "messages": names_of(result.messages),
        }


@dataclass(frozen=True)
class Line:
    """A conversation of a `Session`.

    Args:
        name: its id.
        make: builds the session, with the options that are passed on to it.
        talk: says what is said on record.
        ends: how the record ends.
        lives: where each process that records it dies.
        answers: what a person answers, by the tool that is asked about.
    """

    name: str
    make: Callable[..., Session]
    talk: Callable[[Session], Awaitable[Reply | None]]
    ends: Ending = "finished"
    lives: tuple[str, ...] = ("",)
    answers: Mapping[str, bool] = field(default_factory=dict[str, bool])

    def session(self, world: World, journal: SqliteJournal) -> Session:
        """The session, as each process makes it."""
        return self.make(world, conversation=self.name, journal=journal)

    async def record(self, world: World, journal: SqliteJournal, life: int) -> Seen:
        """Say what is said in the first process; only start in each that follows."""
        session = self.session(world, journal)
        reply = await session.start()
        if life == 0:
            reply = await self.talk(session)
        seen = self._seen(session, reply)
        await session.stop()
        return seen

    async def take_up(self, world: World, journal: SqliteJournal) -> list[Seen]:
        """Start the session, with answers as long as a person is asked."""
        session = self.session(world, journal)
        reply = await session.start()
        seen = [self._seen(session, reply)]
        while reply is not None and reply.waiting:
            reply = await session.answer({one.id: self.answers.get(one.tool, True) for one in reply.waiting})
            seen.append(self._seen(session, reply))
        await session.stop()
        return seen

    async def go_on(self, world: World, journal: SqliteJournal) -> Seen:
        """Say something more."""
        session = self.session(world, journal)
        await session.start()
        try:
            reply = await session.send(LATER)
            while reply.waiting:
                reply = await session.answer({one.id: self.answers.get(one.tool, True) for one in reply.waiting})
        except Exception as error:  # the call has ended
            return {"error": type(error).__name__}
        finally:
            await session.stop()
        return self._seen(session, reply)

    async def play(self, world: World, journal: SqliteJournal) -> list[Any]:
        """Play the record without a model."""
        played = await Cassette.from_journal(journal, self.name).play(self.make(world))
        return [turn.final_output for turn in played.turns]

    def _seen(self, session: Session, reply: Reply | None) -> Seen:
        seen: Seen = {"active": session.active, "messages": names_of(session.messages)}
        if reply is not None:
            seen |= {
                "parts": reply.parts,
                "by": reply.answered_by,
                "turn": reply.turn,
                "fallback": reply.fallback,
                "interrupted": reply.interrupted,
                "waiting": [[one.id, one.agent, one.tool, one.question] for one in reply.waiting],
            }
        return seen
