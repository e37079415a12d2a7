"""The queue of a conversation: callers wait, in order of arrival, until no attempt is live."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from switchroom.circles import waiting_for
from switchroom.context import settled
from switchroom.conversation import Conversation
from switchroom.errors import ConversationBusy, DeadlineExceeded
from switchroom.ownership import Table, call_on
from switchroom.runner.order import Order

FIRST_PAUSE_S = 0.005
LONGEST_PAUSE_S = 0.1
"""Seconds between two looks at a conversation that another process has. The pause grows while the caller waits."""


class Queue:
    """One caller's place in the queue of a conversation. The place is given up when the block is left.

    Args:
        order: what the caller asked for.
        table: the live attempts of this process.

    Attributes:
        ticket: the number of the caller's place; 0 as long as the caller has not had to wait.
    """

    __slots__ = ("_interrupted", "_losses", "_order", "_pause_s", "_table", "ticket")

    def __init__(self, order: Order, table: Table) -> None:
        self.ticket = order.ticket
        self._order = order
        self._table = table
        self._losses = 0
        self._interrupted = 0
        self._pause_s = FIRST_PAUSE_S

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if not self.ticket:
            return
        conversation = self._order.conversation
        if self.ticket != self._order.ticket:
            self._table.drop(lambda: self._table.journal.drop_ticket(conversation, self.ticket))
            self._table.wake(conversation)
        if self._interrupted:
            self._table.drop(lambda: self._table.journal.drop_interrupt(conversation, self._interrupted))

    async def take_place(self) -> None:
        """Take a place in the queue, unless the caller has one: callers that come later are served later."""
        if not self.ticket:
            self.ticket = await settled(self._table.journal.take_ticket(self._order.conversation))

    @property
    def has_lost(self) -> bool:
        """Return True if another caller was quicker, or the caller has waited: the conversation is to be read anew."""
        return self._losses > 0 or self.ticket > 0

    def lost(self) -> None:
        """Note that another caller was quicker: from now on the queue is looked at first."""
        self._losses += 1

    async def is_first(self, known: Conversation) -> bool:
        """Return True if no attempt is live and no other caller comes first.

        A caller that has met nobody is not made to read the queue: its claim is refused if somebody waits.
        """
        if self._table.is_live(self._order.conversation, known.root):
            return False
        if not self._losses and not self.ticket:
            return True
        if self._losses > 1:
            await self._pause(known)
        first = await settled(self._table.journal.first_ticket(self._order.conversation))
        return first is None or first.number == self.ticket

    async def _pause(self, known: Conversation) -> None:
        """Let others go on before a claim that was refused several times is tried again.

        Raises:
            ConversationBusy: the claim was refused for the `busy_timeout` of the run.
        """
        waited_s = asyncio.get_running_loop().time() - self._order.called_at
        if waited_s > self._order.config.busy_timeout:
            raise self._busy(known, f"Its claims were refused for {waited_s:.3g} s.")
        self._pause_s = min(self._pause_s * 1.5, LONGEST_PAUSE_S)
        await asyncio.sleep(self._pause_s)

    async def wait(self, known: Conversation, may_interrupt: bool = True) -> None:
        """Wait for a change, as the options of the run say.

        Raises:
            ConversationBusy: the run does not wait, or has waited for its `busy_timeout`.
            DeadlineExceeded: the run's deadline passed.
            UserError: the attempt waits for the caller.
        """
        order, config = self._order, self._order.config
        attempt = self._table.live(order.conversation)
        with waiting_for(order.within, attempt, order.conversation):
            if config.when_busy == "refuse":
                raise self._busy(known, "RunConfig(when_busy='refuse') does not wait for it.")
            if config.when_busy == "interrupt" and may_interrupt:
                await self._interrupt(known)
            # The claim of an attempt that has not begun is refused if somebody queues: the earlier caller would come later.
            if not self.ticket and (attempt is None or attempt.has_begun):
                await self.take_place()
                return  # the attempt may have ended meanwhile
            now = asyncio.get_running_loop().time()
            until_busy = order.called_at + config.busy_timeout - now
            until_due = until_busy if order.due is None else order.due - now
            if until_due <= 0 and until_due <= until_busy and config.deadline is not None:
                raise DeadlineExceeded(
                    f"Conversation '{order.conversation}' was busy for the {config.deadline} s of the run's deadline. "
                    "The message was not recorded."
                )
            if min(until_busy, until_due) <= 0:
                raise self._busy(known, f"It was waited for {now - order.called_at:.3g} s; see RunConfig(busy_timeout=...).")
            self._pause_s = min(self._pause_s * 1.5, LONGEST_PAUSE_S)
            pause_s = LONGEST_PAUSE_S if attempt is not None else self._pause_s
            await self._table.change(order.conversation, min(until_busy, until_due, pause_s))

    async def wait_for_turn(self) -> None:
        """Wait for a change of a live turn whose answer is the caller's own, until the run's deadline.

        Raises:
            DeadlineExceeded: the run's deadline passed.
            UserError: the attempt waits for the caller.
        """
        order = self._order
        attempt = self._table.live(order.conversation)
        with waiting_for(order.within, attempt, order.conversation):
            until_due = LONGEST_PAUSE_S if order.due is None else order.due - asyncio.get_running_loop().time()
            if until_due <= 0:
                raise DeadlineExceeded(
                    f"Message '{order.message_id}' of conversation '{order.conversation}' was not answered within the "
                    f"{order.config.deadline} s of the run's deadline. Its turn goes on."
                )
            self._pause_s = min(self._pause_s * 1.5, LONGEST_PAUSE_S)
            await self._table.change(order.conversation, min(until_due, self._pause_s))

    async def _interrupt(self, known: Conversation) -> None:
        """Ask the live attempt, here or in another process, once to end with what its caller has been shown."""
        conversation = self._order.conversation
        attempt = self._table.live(conversation)
        turn = known.root.turn if attempt is None else attempt.turn
        if self._interrupted == turn:
            return
        if attempt is None:
            await settled(self._table.journal.request_interrupt(conversation, turn))
            self._interrupted = turn
        elif attempt.loop is not asyncio.get_running_loop():
            call_on(attempt.loop, attempt.stop)
            self._interrupted = turn
        elif attempt.stop():  # else it has not begun, or cannot be interrupted
            self._interrupted = turn

    def _busy(self, known: Conversation, why: str) -> ConversationBusy:
        root = known.root
        conversation = self._order.conversation
        attempt = self._table.live(conversation)
        tools = root.running if attempt is None else attempt.running
        turn = root.turn if attempt is None else attempt.turn
        where = "another process" if attempt is None else "this process"
        held = f" The tool {', '.join(sorted(set(tools)))} still runs." if tools else ""
        return ConversationBusy(
            f"Conversation '{conversation}' is busy: {where} answers turn {turn}.{held} {why} "
            "The message was not recorded; send it again later.",
            root.owner or self._table.journal.owner,
            turn,
            root.since,
            tools,
        )
