"""A conversation that goes on: each message has one answer, in order and in time, and what was said is kept."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from switchroom.adapters import load
from switchroom.arguments import Answers, check_answers, check_id, check_text, shown
from switchroom.channel import Channel
from switchroom.config import RunConfig, WhenBusy, checked_config
from switchroom.conversation import recall, recall_now
from switchroom.defaults import model_for
from switchroom.errors import RunError, UserError
from switchroom.journal import Journal, journal_at
from switchroom.messages import Input, Message, messages_from
from switchroom.roster import roster_of
from switchroom.rules.live import Live
from switchroom.session.delivery import DELIVERY
from switchroom.session.exchange import Entry
from switchroom.session.given import entry_of, first_agent, mapping_of, node_of
from switchroom.session.graph import Graph, When
from switchroom.session.heard import HeardMessages
from switchroom.session.line import Caller, Job, Line, Told
from switchroom.session.node import Node, OutputNode, StepNode
from switchroom.session.reply import Reply
from switchroom.session.stream import SessionStream
from switchroom.team import speaks

UNSET: Any = object()
"""Stands for an argument that was not passed, where None has a meaning."""


class Session:
    """A live conversation over a graph of nodes, or over any step.

    Each message is a turn of the conversation and has exactly one answer, in order, within the deadline. With a journal it
    survives the process: a session with the same conversation goes on where it was, and answers what was left unanswered.

    Args:
        step: an agent, a team, or a function of (input, scope) that answers; None for a graph that is built by `add_node` and
            `add_edge`.
        conversation: its id; by default a new one.
        journal: a journal or its URL, such as "sqlite:///chats.db"; by default it is kept as long as the session.
        fallback: an output node or a step, which speaks when nobody else does, fails, or takes too long. Without it, or when
            it fails too, a sentence of ours is said.
        deadline: seconds in which a turn has its answer.
        when_busy: for a message that comes while another one is being answered, in this session, another session of the
            conversation, or another process: see `RunConfig(when_busy=)`.
        busy_timeout: seconds to wait for another session's turn; then the fallback answers, and the message is not recorded.
        while_waiting: the answer to a message that comes while a person is asked: see `RunConfig(while_waiting=)`.
        config: other options of the runs.

    Raises:
        UserError: something passed is of no use.
    """

    __slots__ = ("__weakref__", "_begun", "_completion", "_graph", "_heard", "_line", "_recalled", "_step")

    def __init__(
        self,
        step: Any = None,
        *,
        conversation: str | None = None,
        journal: Journal | str | None = None,
        fallback: Any = None,
        deadline: float = 30.0,
        when_busy: WhenBusy | None = None,
        busy_timeout: float | None = None,
        while_waiting: Any = UNSET,
        config: RunConfig | None = None,
    ) -> None:
        if isinstance(deadline, bool) or not isinstance(deadline, int | float) or not 0 < deadline < math.inf:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"Session(deadline={shown(deadline)}): give the seconds in which a turn has its answer, above 0.")
        if conversation is not None:
            check_id(conversation, "conversation", "Session(conversation=...)")
        config = checked_config(config, "Session(config=...)")
        if config.deadline is not None:
            raise UserError("A session's turns have the deadline of Session(deadline=...); leave it out of the RunConfig.")
        where = config.journal if journal is None else journal
        kept = journal_at(load("journal", "memory")("memory:") if where is None else where)
        if not kept.keeps:
            raise UserError("A session keeps its conversation. Pass another journal, or none, to keep it as long as it lives.")
        self._graph = Graph(conversation or uuid4().hex, float(deadline))
        self._line = Line(self._graph, kept, config)
        self._line.config = replace(
            config,
            journal=kept,
            listeners=(*config.listeners, Told(self._line)),
            when_busy=config.when_busy if when_busy is None else when_busy,
            busy_timeout=config.busy_timeout if busy_timeout is None else busy_timeout,
            while_waiting=config.while_waiting if while_waiting is UNSET else while_waiting,
        )
        self._heard = HeardMessages[Message](lambda message: message)
        self._step = step
        self._begun = False
        self._recalled = False
        self._completion: asyncio.Future[None] | None = None
        if step is not None:
            self._graph.add_node(node_of(step, StepNode))
        if fallback is not None:
            self._graph.fallback = node_of(fallback, OutputNode)
            self._graph.adopt(self._graph.fallback)

    # the graph -------------------------------------------------------------------------------------------------------

    def add_node(self, node: Node) -> None:
        """Add a node.

        Raises:
            UserError: it is none, was added before, is in another session, has the name of another, or the session has begun.
        """
        self._refuse_when_begun("nodes")
        self._graph.add_node(node)

    def add_edge(self, source: Node | str, target: Node | str, when: When = None) -> None:
        """Connect two nodes: what the first sends, the second gets.

        Args:
            source: a node, or its name.
            target: the same.
            when: a function of the event that says whether it goes along, or the name of a route: then events go along whose
                `metadata["route"]` it is. By default all do.

        Raises:
            UserError: one of them was not added, they are connected already, or the session has begun.
        """
        self._refuse_when_begun("edges")
        self._graph.add_edge(source, target, when)

    def _refuse_when_begun(self, what: str) -> None:
        if self._step is not None:
            raise UserError(
                f"A session over a step has no other {what}. Build a graph with Session(), and OutputNode(step=...)."
            )
        if self._begun:
            raise UserError(f"The session has begun; add its {what} before session.start().")

    # its life --------------------------------------------------------------------------------------------------------

    async def start(self) -> Reply | None:
        """Begin. A turn that a crash left without its answer is answered first.

        Returns:
            that answer; None if there was nothing to answer.

        Raises:
            UserError: nobody speaks, no message can enter, a circle has no exit, or an agent that speaks has no model.
        """
        if self._begun:
            return None
        reply = await self._begin()
        return reply if reply.turn else None

    def _begin(self) -> asyncio.Future[Reply]:
        self._graph.check()
        self._check_models()
        self._begun = True
        return self._line.put(Caller(self._line.taken_up), first=True)

    def _check_models(self) -> None:
        for node in self._graph.members.values():
            if node.speaks and speaks(step := getattr(node, "step", None)):
                for agent in roster_of(step).agents.values():
                    model_for(agent, self._line.config.model)

    async def __aenter__(self) -> Session:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End the session in this process. What is being answered is cut off; with a journal, the next start answers it."""
        self._line.end("was stopped")
        await self._line.stop()

    async def wait_until_complete(self) -> None:
        """Wait until the call has ended, or the session was stopped."""
        if self._line.over:
            return
        if self._completion is None:
            self._completion = asyncio.get_running_loop().create_future()
            self._line.completed = self._complete
        await asyncio.shield(self._completion)

    def _complete(self) -> None:
        if self._completion is not None and not self._completion.done():
            self._completion.set_result(None)

    # what is said ----------------------------------------------------------------------------------------------------

    async def send(self, message: Input, *, metadata: Mapping[str, Any] | None = None, message_id: str | None = None) -> Reply:
        """Say something to the session, and get its one answer. Messages are answered in the order in which they are sent.

        Args:
            message: text, a message, or content parts.
            metadata: what nodes find on its event.
            message_id: the caller's own id of the message: a message that is sent again under its id gets the same answer.

        Raises:
            UserError: the message is of no use, or the session is not started within its deadline.
            ConversationBusy: another message is being answered, and `when_busy` is "refuse".
            ConversationWaiting: a person has to answer first, and `while_waiting` is None; see `answer`.
            JournalBusy, JournalUnwritable: the journal could not keep the turn within its time. A turn that was begun is
                finished before the next message, whose reply brings the answer in `earlier`.
            RunError: the session has ended.
        """
        return await self._say(entry_of(message, metadata), message_id)

    async def _say(self, entry: Entry, message_id: str | None, channel: Channel | None = None) -> Reply:
        """Say something to the session, as the option for a busy conversation says."""
        id = "" if message_id is None else check_id(message_id, "message", "message_id")
        self._line.admit()
        return await self._put(self._line.said(entry, id), channel)

    def stream(
        self, message: Input, *, metadata: Mapping[str, Any] | None = None, message_id: str | None = None
    ) -> SessionStream:
        """The same while it is answered: `async with session.stream("...") as events: async for event in events: ...`.

        A "text_delta" has `.text`; `events.reply` is there at the end.
        """
        entry = entry_of(message, metadata)
        return SessionStream(lambda channel: self._say(entry, message_id, channel), self._leave)

    async def _leave(self, channel: Channel) -> None:
        """Who read a stream has left: its answer is interrupted, or not begun."""
        if self._line.answers(channel):
            await self.interrupt()
        else:
            self._line.take_back(channel, RunError("The stream was left before its message had its turn; it was not answered."))

    async def join(
        self, caller: Mapping[str, Any] | None = None, variables: Mapping[str, Any] | None = None, greeting: str = ""
    ) -> Reply:
        """Somebody is on the line: nodes get a `JoinedEvent`, and one of them may greet with `self.speak(...)`.

        Args:
            caller: what is known of them; nodes find it in `self.context.caller`, also after a restart.
            variables: what the conversation begins with, in `self.context.variables`.
            greeting: what is said when no node greets.

        Raises:
            UserError: JSON cannot hold what is known, or the greeting is no text.
        """
        if check_text(greeting, "join(greeting=...)", "what is said"):
            [message] = messages_from(greeting)
            greeting = message.text
        joined = {
            "caller": mapping_of(caller, "join(caller=...)"),
            "variables": mapping_of(variables, "join(variables=...)"),
            "greeting": greeting,
        }
        return await self._put(self._line.said(Entry((), {"joined": joined})))

    async def speak(self, text: str) -> Reply:
        """Say something that nobody asked for, as a turn of its own."""
        [message] = messages_from(check_text(text, "speak(...)", "what is said"))
        return await self._put(self._line.said(Entry((), {"spoken": message.text})))

    async def answer(self, answers: Answers) -> Reply:
        """Go on with a turn that waits for a person, with their answers by the ids of `reply.waiting`.

        Raises:
            UserError: they are no mapping, or nobody asked that.
        """
        return await self._put(self._line.person_answered(check_answers(answers, "answer(...)")))

    async def interrupt(self, message: Input | None = None, *, heard: int | None = None) -> Reply | None:
        """Stop what is being said. What was heard stays said, and nothing else; tools in flight end as they declare.

        Args:
            message: what the person says; it is answered next, in order.
            heard: how many characters of the answer were heard; by default all that was said. It holds for the answer that is
                being given, or for the last one if none is.

        Returns:
            the answer to the message, if there is one.

        Raises:
            UserError: `heard` is no number of characters, or the message is of no use.
        """
        if heard is not None and (isinstance(heard, bool) or not isinstance(heard, int) or heard < 0):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"interrupt(heard={shown(heard)}): give the number of characters that were heard.")
        entry = None if message is None else entry_of(message, None)
        if self._line.busy:
            cut = self._graph.exchange.interrupt(heard)
            if entry is None:
                await asyncio.shield(cut.taken)
        elif heard is not None and self._begun and not self._line.over:
            cutting = self._line.put(Caller(self._line.heard(heard)), first=True)
            if entry is None:
                await cutting
        return None if entry is None else await self._put(self._line.said(entry))

    def mute(self) -> None:
        """Let nobody speak: messages are kept, and have no answer, until `unmute`."""
        self._graph.muted = True

    def unmute(self) -> None:
        """Let the nodes answer again."""
        self._graph.muted = False

    async def _put(self, job: Job, channel: Channel | None = None) -> Reply:
        delivery = DELIVERY.get()
        if delivery is not None and delivery.turn.graph is self._graph and not delivery.turn.over:
            raise UserError(
                f"Node '{delivery.node.name}' waits for an answer of its own session, which comes after its own turn. "
                "Send an event on with send_event(...), or speak."
            )
        if not self._begun and self._step is not None:
            self._begin()
        caller = Caller(job, channel)
        reply = self._line.put(caller, work=self._begun)
        if self._begun:
            return await reply
        error = UserError(f"Session '{self.session_id}' was not started. Call `await session.start()` when its graph is built.")
        late = asyncio.get_running_loop().call_later(
            self._graph.deadline, lambda: None if self._begun else self._line.take_back(caller, error)
        )
        try:
            return await reply
        finally:
            late.cancel()

    async def refresh(self) -> None:
        """Read what other sessions and processes have added to the conversation since this session's last turn."""
        known = await recall(self._line.journal, self.session_id)
        if self._graph.turn is None:
            self._graph.rest(known.state)

    # what is known ---------------------------------------------------------------------------------------------------

    @property
    def session_id(self) -> str:
        """The conversation's id."""
        return self._graph.session_id

    @property
    def config(self) -> RunConfig:
        """The options of its runs, its journal among them."""
        config = self._line.config
        return replace(config, listeners=config.listeners[:-1])

    @property
    def graph(self) -> Graph:
        """Its nodes and edges, which are a step: they answer one message as a part of whatever runs them."""
        return self._graph

    @property
    def messages(self) -> list[Message]:
        """What was said so far, and of the answers exactly what was heard, as of this session's last turn; see `refresh`."""
        self._recall()
        return [*self._heard.of(self._graph.known.messages)]

    @property
    def active(self) -> str | None:
        """Who gets the next message: the node that was handed the conversation, or the agent inside of the session's step.

        None: messages enter where no edge leads to.
        """
        live = self._live()
        if self._step is None:
            return live.active if live.active in self._graph.nodes else None
        seat = next(iter(live.seats.values()), None)
        return first_agent(self._step) if seat is None else seat.agent

    @property
    def ended(self) -> bool:
        """Whether a node ended the call, or put it through."""
        return self._live().ended

    @property
    def transferred_to(self) -> str:
        """To whom the call was put through; "" if it was not."""
        return self._live().to

    def _live(self) -> Live:
        self._recall()
        turn = self._graph.turn
        return self._graph.live if turn is None else turn.live

    def _recall(self) -> None:
        """Know what is kept of a conversation that has not begun in this process, where that can be read at once."""
        journal = self._line.journal
        if self._begun or self._recalled or journal.waits:
            return
        self._recalled = True
        self._graph.rest(recall_now(journal, self.session_id).state)

    def __repr__(self) -> str:
        return f"Session({self.session_id!r})"
