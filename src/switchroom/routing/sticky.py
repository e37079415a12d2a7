"""Who has the conversation keeps it, unless the message is clearly for somebody else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from switchroom.context import settled
from switchroom.errors import UserError, unknown
from switchroom.events import HandoffCommitted, HandoffReturned, RouteDecided
from switchroom.routing.asked import Asked
from switchroom.routing.decision import Decision
from switchroom.routing.router import Router
from switchroom.scope import Scope

_PERSON = (
    r"(?:a |an |the |some ?|your |with |to )*(?:real |actual |live |human )*"
    r"(?:human(?: being)?|person|someone real|agent|representative|operator|supervisor|manager|member of staff)"
)
_AFTER = (
    r"(?=\W*$|\s*[.,;:!?)]|\s+(?:please|now|right|asap|immediately|instead|here|who|that|and|but|or|not"
    r"|to (?:talk|speak|help|assist|call|look))\b)"
)
HUMAN = re.compile(
    rf"\b(?:talk|speak|chat)(?:ing)?(?:\s+\w+)?\s+(?:to|with)\s+(?:{_PERSON}|some(?:one|body))\b"
    rf"|\b(?:connect|transfer|put|pass|forward)\s+me\b[^.?!]{{0,15}}?\b{_PERSON}\b"
    rf"|\b(?:want|need|prefer|like|get|give|find|have)\s+(?:me\s+)?(?:to (?:see|have|get|reach)\s+)?{_PERSON}\b{_AFTER}"
    r"|^\W*(?:real |live )?(?:human|agent|operator|representative|person)(?: please)?\W*$"
    r"|\bmit einem (?:menschen|mitarbeiter)\b|\bparler à (?:un humain|quelqu'un|un conseiller)\b"
    r"|\bhablar con (?:una persona|un humano|un agente)\b",
    re.IGNORECASE,
)
"""How people ask for a person. What is said of persons beside that, as in "a table for one person", is no request."""

_UNWANTED = re.compile(
    r"(?:\b(?:do|does|did|would|need|rather) not|\b(?:do|does|did|would|need)n['\u2019]?t|\bnever|\bno need|\bnot|\bam i)"
    r"(?:\s+(?:want|need|wish|like|have|care|to|really|even|please|ever|you|yet))*\s*$",
    re.IGNORECASE,
)
"""What stands before it where it is not wanted, or only asked about."""

RECENT = 256
"""Entries of the journal in which it is looked up who had the conversation last."""

BACK = re.compile(
    r"\b(?:go|take me|put me|switch|bring me|get me) back(?=\W*$|\s*[.,;!?]|\s+(?:please|now)\b)"
    r"|\bback to (?:the )?(?:previous|last|other|former)(?:\s+(?:one|agent|person|assistant|department|team|topic|subject))?"
    r"(?=\W*$|\s*[.,;!?]|\s+(?:please|now)\b)",
    re.IGNORECASE,
)
"""How people ask for who they had before. Who gets a call back, or goes back to Berlin, does not."""


class StickyRouter(Router):
    """Keeps a conversation where it is, unless a switch is sure enough.

    Who has the conversation is what the conversation says (`Asked.active`, or the last answer's `agent`); in a run with a
    journal it is whom the turns before were routed or handed to. The router inside is best shown what is no switch, too:
    `openers` takes both from labelled conversations.

    Args:
        router: who judges what a message is about.
        at_least: the confidence that a switch takes.
        human: the route to a person, taken when somebody asks for one.
        healthy: whether a route can be taken now; one that cannot, for its breaker is open, is not chosen.
        agents: the routes of agents that have another name than their route.
        name: how decisions and paths call it.

    Raises:
        UserError: `human` is no route of the router, and no other either; or a confidence is none.
    """

    def __init__(
        self,
        router: Router,
        *,
        at_least: float = 0.5,
        human: str | None = None,
        healthy: Callable[[str], bool] | None = None,
        agents: Mapping[str, str] | None = None,
        name: str = "sticky",
    ) -> None:
        if not 0 <= at_least <= 1:
            raise UserError(f"StickyRouter(at_least={at_least!r}): give a confidence from 0 to 1.")
        self.name = name
        self.routes = router.routes if human is None or human in router.routes else (*router.routes, human)
        self.waits = router.waits
        self._router = router
        self._at_least = at_least
        self._human = human
        self._healthy = healthy or _well
        self._agents = dict(agents or {})
        for route in self._agents.values():
            if route not in self.routes:
                raise UserError(unknown(f"StickyRouter '{name}'", "route", route, self.routes))

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Decide whether the conversation stays, and where it goes if not."""
        active = self._route(asked.active)
        if active is None and isinstance(scope, Scope):
            active = await self._known(scope)
        asked = replace(asked, active=active)
        if self._human is not None and wants_person(asked.text) and self._healthy(self._human):
            return self._sure(self._human, "a person was asked for")
        if active is not None and BACK.search(asked.text):
            before = self._before(asked, active)
            if before is not None and self._healthy(before):
                return self._sure(before, f"back from '{active}'")
        said = await self._router.judge(asked, scope)
        if active is None or not self._healthy(active):
            return self._kept_well(said)
        if said.route is not None and said.route != active and said.confidence >= self._at_least and self._healthy(said.route):
            return replace(said, by=self.name, reason=said.reason or f"from '{active}'")
        return self._staying(said, active)

    def _route(self, agent: str | None) -> str | None:
        """The route of who has the conversation; None if it is none of ours, or not there any more."""
        route = self._agents.get(agent or "", agent)
        return route if route in self.routes else None

    async def _known(self, scope: Scope) -> str | None:
        """Who had the conversation at the end of the turns before, as their journal says."""
        attempt = scope.attempt
        turn = scope.path.partition("/")[0]
        events = await settled(attempt.journal.read(attempt.conversation, max(0, attempt.known.seq - RECENT)))
        for event in reversed(events):
            match event.fact:
                case RouteDecided(route=str(name)) | HandoffCommitted(target=name) | HandoffReturned(target=name):
                    if event.path.partition("/")[0] != turn and (route := self._route(name)) is not None:
                        return route
                case _:
                    pass
        return None

    def _before(self, asked: Asked, active: str) -> str | None:
        """Who had the conversation before who has it now."""
        had = (
            self._route(message.agent) for message in reversed(asked.before) if message.role == "assistant" and message.agent
        )
        return next((route for route in had if route is not None and route != active), None)

    def _sure(self, route: str, reason: str) -> Decision:
        return Decision(route, 1.0, ((route, 1.0),), False, self.name, reason)

    def _kept_well(self, said: Decision) -> Decision:
        """A decision that nobody has to stay with, left open if its route cannot be taken now."""
        if said.route is not None and not self._healthy(said.route):
            return replace(said, route=None, abstained=True, by=self.name, reason=f"'{said.route}' cannot be reached now")
        return replace(said, by=self.name)

    def _staying(self, said: Decision, active: str) -> Decision:
        others = [(route, share) for route, share in said.candidates if route != active]
        sure = max(0.5, 1 - others[0][1]) if others and not said.abstained else max(0.5, 1 - sum(share for _, share in others))
        total = sum(share for _, share in others)
        scale = (1 - sure) / total if total > 0 else 0.0
        ranked = ((active, sure), *((route, share * scale) for route, share in others))
        likely = (
            f", and '{others[0][0]}' has {others[0][1]:.2f}" if others and not said.abstained and said.route != active else ""
        )
        return replace(
            said,
            route=active,
            confidence=sure,
            candidates=ranked,
            abstained=False,
            by=self.name,
            reason=f"stays with '{active}'{likely}",
        )


def openers(conversations: Iterable[Sequence[tuple[str, str]]]) -> tuple[list[tuple[str, str]], list[str]]:
    """What opens a subject, and what only goes on with one, from the turns of labelled conversations.

    `LearnedRouter.fit(examples, out_of_scope=others)` of the two learns what a switch looks like.

    Args:
        conversations: for each its persons' messages in order, with the route that each was for.

    Returns:
        the messages with which a route got the conversation, with that route; and all others.
    """
    examples, others = list[tuple[str, str]](), list[str]()
    for turns in conversations:
        before: str | None = None
        for text, route in turns:
            if route == before:
                others.append(text)
            else:
                examples.append((text, route))
            before = route
    return examples, others


def wants_person(text: str) -> bool:
    """Whether somebody asks for a person, and does not say that they want none."""
    return any(not _UNWANTED.search(text[max(0, found.start() - 80) : found.start()]) for found in HUMAN.finditer(text))


def _well(route: str) -> bool:
    return True
