"""The nodes of a graph: those that pass events on, those that speak, those that only listen."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

from switchroom._handoff import Decline
from switchroom.context import CURRENT
from switchroom.errors import UserError
from switchroom.session.context import ALONE, Context
from switchroom.session.delivery import DELIVERY
from switchroom.session.event import Event, HandoffDeclinedEvent, handoff_to, said_in
from switchroom.session.floor import Claim, Speech
from switchroom.session.speaking import answer, check_text, said_by
from switchroom.step import step_name

log = logging.getLogger("switchroom.session")


class Node:
    """A node: it is given events one after the other, and sends what it likes along its edges.

    Subclass it and write `process_event`. What a node keeps in attributes lasts as long as its process; what is to survive a
    crash it keeps in `self.state`, a pydantic model of its own, which is noted at the end of each turn.

    Args:
        name: by default the name of the class. Names are unique in a session.

    Attributes:
        name: its name.
        state: what it keeps.
        context: the conversation: `.messages`, `.caller`, `.variables`.
    """

    speaks = False
    listens_only = False

    def __init__(self, name: str | None = None) -> None:
        if name is not None and (not isinstance(name, str) or not name.strip()):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"A node is called {name!r}; give it a name.")
        self.name = name or type(self).__name__
        self.state: Any = None
        self.context: Context = ALONE
        self.graph: Any = None

    @property
    def place(self) -> str:
        """Its name as it stands in paths."""
        return step_name(self)

    @property
    def aside(self) -> bool:
        """Whether no answer can come of what it is given, so that none waits for it."""
        return self.listens_only and not self.graph.edges[self.name]

    @property
    def session_id(self) -> str:
        """The conversation's id; "" in no session."""
        return "" if self.graph is None else self.graph.session_id

    async def process_event(self, event: Event) -> None:
        """Deal with an event; this one passes it on."""
        await self.send_event(event)

    async def accepts(self, event: Event) -> Decline | None:
        """Whether it takes a conversation that is handed to it: None for yes, else `Decline(reason)`, which the asker gets."""
        return None

    async def send_event(self, event: Event) -> None:
        """Send an event along the edges; a handoff goes to its target, wherever that stands.

        It does not wait for what comes of it. A handoff is carried out when the node is through with what it has before it.

        Raises:
            UserError: it is no event, or a handoff to nobody.
        """
        if not isinstance(event, Event):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"Node '{self.name}' sends {event!r}; it sends an Event, or an instance of a subclass of yours.")
        turn = self._turn()
        if turn is None:
            log.warning("Node '%s' sent an event of type '%s' outside of any turn; it was dropped.", self.name, event.type)
            return
        await turn.send(self, event)

    async def call(self, step: Any, input: Any) -> Any:
        """Run an agent, a team or a function of (input, scope) as a part of the turn; after a crash it is not run again.

        Raises:
            UserError: no turn goes on.
        """
        scope = CURRENT.get()
        if scope is None:
            raise UserError(f"Node '{self.name}' calls '{step_name(step)}' outside of any turn. Use Runner.run there.")
        return await scope.call(step, input)

    def _turn(self) -> Any:
        if self.graph is None:
            raise UserError(f"Node '{self.name}' is in no session. Add it: session.add_node(...).")
        delivery = DELIVERY.get()
        if delivery is not None and delivery.turn.graph is self.graph:
            return delivery.turn
        return self.graph.turn

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__dict__.get('name', '?')!r})"


class OutputNode(Node):
    """A node that speaks: it answers a message that reaches it, or a handoff addressed to it, and passes all else on.

    Subclass it and write `generate_response`, or give it a step that answers.

    Args:
        name: by default the step's name, else the name of the class.
        step: an agent, a team, or a function of (input, scope), which answers in its place.
    """

    speaks = True
    stands_for_its_step = False

    def __init__(self, name: str | None = None, *, step: Any = None) -> None:
        if step is not None and not callable(step):
            raise UserError(f"OutputNode(step={step!r}): pass an agent, a team, or a function of (input, scope).")
        super().__init__(name or (None if step is None else step_name(step)))
        self.step = step

    async def process_event(self, event: Event) -> None:
        """Answer a message, or a handoff to this node; pass on anything else."""
        if said_in(event) or handoff_to(event) == self.name or isinstance(event, HandoffDeclinedEvent):
            turn = self._turn()
            claim = None if turn is None else turn.claim(self)
            if claim is not None:
                await answer(turn, self, claim)
        else:
            await self.send_event(event)

    async def generate_response(self) -> AsyncIterator[str]:
        """Say the answer, piece by piece; by default what the step answers."""
        turn = self._turn()
        if self.step is None:
            log.warning("Node '%s' was to answer, and says nothing: it has neither a generate_response nor a step.", self.name)
        elif turn is not None:
            for speech in await said_by(turn, self, None):
                yield speech.text

    async def speak(self, text: str) -> None:
        """Say something, as an answer or a part of it.

        Raises:
            UserError: it is no text.
        """
        check_text(self.name, "speaks", text)
        turn = self._turn()
        claim: Claim | None = None if turn is None else turn.claim(self)
        if turn is not None and claim is not None:
            turn.floor.say(claim, Speech(self.name), text)
            claim.complete = True
            await turn.breathe()

    @property
    def answers_by_step(self) -> bool:
        """Whether the step answers, and no `generate_response` of a subclass."""
        return self.step is not None and type(self).generate_response is OutputNode.generate_response

    @property
    def has_no_words(self) -> bool:
        """Whether there is neither a step nor a `generate_response` of a subclass."""
        return self.step is None and type(self).generate_response is OutputNode.generate_response


class StepNode(OutputNode):
    """The one node of a session over a step: who speaks is the agent inside, and not the node."""

    stands_for_its_step = True


class BackgroundNode(Node):
    """A node that listens and never speaks; without edges of its own, no answer waits for it."""

    listens_only = True
