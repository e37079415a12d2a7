"""A plan of callers who speak through sessions of one conversation, played in no time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from switchroom import Session
from switchroom.config import WHILE_WAITING
from switchroom.errors import ConversationBusy, Fenced, JournalBusy, JournalUnwritable, UserError
from switchroom.result import waiting_of
from switchroom.session.reply import Reply
from tests.laws.callers import Person, Plan, Resumes, Says, id_of, team_in, text_of
from tests.laws.conversing import LONGEST_S, Desk, End, Outcome, within
from tests.laws.processes import Process
from tests.laws.worlds import CONVERSATION

DEADLINE_S = 120.0
"""The deadline of a turn, which no plan reaches."""

Key: TypeAlias = "tuple[Process, str, float]"
"""A session is that of a process and of its options, so that one conversation has several in one process."""


@dataclass
class Heard:
    """What a session was asked, and what it brought.

    Attributes:
        numbers: the callers who spoke through it, in order.
        earlier: the replies to earlier messages.
        last: its reply to a last message, when the journal worked again; None if its process died.
    """

    numbers: list[int] = field(default_factory=list[int])
    earlier: list[Reply] = field(default_factory=list[Reply])
    last: Reply | None = None


class SessionDesk(Desk):
    """The processes that play a plan, with their sessions.

    Attributes:
        heard: what each session was asked and brought.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.heard: dict[Key, Heard] = {}
        self._sessions: dict[Key, Session] = {}

    def _session(self, process: Process, busy: Any, patience_s: float) -> tuple[Session, Heard]:
        key = (process, busy, patience_s)
        if key not in self._sessions:
            self._sessions[key] = Session(
                team_in(process, self.played.world),
                conversation=CONVERSATION,
                journal=process,
                deadline=DEADLINE_S,
                when_busy=busy,
                busy_timeout=patience_s,
            )
            self.heard[key] = Heard()
        return self._sessions[key], self.heard[key]

    async def _say(self, number: int, said: Says, process: Process) -> None:
        session, heard = self._session(process, said.busy, said.patience_s)
        heard.numbers.append(number)
        outcomes = self.played.outcomes
        outcomes[number] = Outcome("cancelled")
        try:
            reply = await self._reply(number, said, session)
        except ConversationBusy:
            outcomes[number] = Outcome("busy")
        except (JournalBusy, JournalUnwritable):
            outcomes[number] = Outcome("journal")
        except Fenced:
            outcomes[number] = Outcome("fenced")
        else:
            if reply is not None:
                outcomes[number] = Outcome(_end_of(reply), reply.text, reply.turn)
                heard.earlier += reply.earlier

    async def _reply(self, number: int, said: Says, session: Session) -> Reply | None:
        text, id = text_of(self.played.plan, number), id_of(self.played.plan, number)
        if said.way == "whole":
            return await session.send(text, message_id=id)
        count = 0
        async with session.stream(text, message_id=id) as events:
            async for _ in events:
                count += 1
                if said.way == "left" and count == 5:
                    return None
        return events.reply

    async def _go_on(self, event: Resumes | Person, process: Process) -> None:
        if isinstance(event, Resumes):
            return await super()._go_on(event, process)
        asked = waiting_of(self.played.known.root)
        if not asked:
            return
        session, heard = self._session(process, "wait", 60.0)
        try:
            heard.earlier += (await session.answer(self.played.world.person(asked))).earlier
        except (JournalBusy, JournalUnwritable, Fenced, ConversationBusy):
            pass
        except UserError as error:  # somebody else has given the answer
            if "open question" not in str(error) and "nothing to answer" not in str(error):
                raise

    def _step(self, process: Process) -> Any:
        return Session(team_in(process, self.played.world), deadline=DEADLINE_S).graph

    async def _finish(self) -> None:
        """Say something through each living session, when the journal works again; then finish what was left open."""
        self.played.store.faults = ()
        for number, (key, session) in enumerate(list(self._sessions.items())):
            process, heard = key[0], self.heard[key]
            await asyncio.sleep(2 * DEADLINE_S)  # until nothing goes on any more
            if process.is_alive(process.owner):
                heard.last = await self._last(session, number)
                heard.earlier += heard.last.earlier
        for session in self._sessions.values():
            await within(session.stop())
        await super()._finish()

    async def _last(self, session: Session, number: int) -> Reply:
        async with asyncio.timeout(LONGEST_S):
            return await session.send(f"z{number}")


def _end_of(reply: Reply) -> End:
    if reply.text == WHILE_WAITING:
        return "meanwhile"
    if reply.waiting:
        return "waits"
    if reply.fallback and not reply.turn:
        return "busy"
    if reply.fallback:
        return "fallback"
    return "interrupted" if reply.interrupted else "answered"
