"""Routers one after the other, the cheapest first: each answers when it is sure, and leaves the rest to the next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from switchroom.errors import ConversationWaiting, Fenced, JournalError, RunError, UserError
from switchroom.failure import told
from switchroom.routing.asked import Asked
from switchroom.routing.decision import Decision
from switchroom.routing.router import Router


@dataclass(frozen=True, slots=True)
class Stage:
    """What a router of a cascade did so far.

    Args:
        name: the router's.
        calls: messages that came to it.
        answered: those that it answered.
        failed: those over which it failed, as when its model was not there.
        seconds: the time that it took.
        tokens: what its models used.
        cost: what that cost in US dollars, as far as the prices are known.
    """

    name: str
    calls: int = 0
    answered: int = 0
    failed: int = 0
    seconds: float = 0.0
    tokens: int = 0
    cost: float = 0.0


class CascadeRouter(Router):
    """Asks routers in their order, until one is sure.

    A router answers if it does not abstain, and is as sure as is wanted of it:
    `CascadeRouter([keywords, (learned, 0.8), model])`. One that fails for a fault of the world is passed over. If nobody
    answers, what the last one said stands, left open.

    Args:
        routers: the routers, each alone or with the confidence that is wanted of it.
        name: how decisions and paths call it. A decision is by "cascade/learned": the cascade, and who answered in it.

    Raises:
        UserError: there are none, two have one name, or something is no router.
    """

    def __init__(self, routers: Sequence[Router | tuple[Router, float]], *, name: str = "cascade") -> None:
        pairs = [given if isinstance(given, tuple) else (given, 0.0) for given in routers]
        if not pairs:
            raise UserError(f"CascadeRouter '{name}' has no routers. Pass them in the order in which they are to be asked.")
        for router, at_least in pairs:
            if not isinstance(router, Router):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise UserError(f"CascadeRouter '{name}' has {router!r} in it. Pass routers, or pairs of one and a confidence.")
            if not 0 <= at_least <= 1:
                raise UserError(
                    f"CascadeRouter '{name}' wants a confidence of {at_least!r} from '{router.name}': it is from 0 to 1."
                )
        names = [router.name for router, _ in pairs]
        if twice := next((one for one in names if names.count(one) > 1), None):
            raise UserError(f"CascadeRouter '{name}' has two routers called '{twice}'. Give one another name=.")
        self.name = name
        self.routes = tuple(dict.fromkeys(route for router, _ in pairs for route in router.routes))
        self.waits = any(router.waits for router, _ in pairs)
        self._pairs = pairs
        self._stages = {name: Stage(name) for name in names}

    @property
    def description(self) -> str:
        """Whom it asks, in their order."""
        return "asks " + ", then ".join(router.name for router, _ in self._pairs)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What each router did so far, in their order."""
        return tuple(self._stages.values())

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Ask one router after the other.

        Raises:
            RunError, OSError: the last one failed, and none before had anything to say.
            Fenced, JournalError, ConversationWaiting: the run cannot go on.
        """
        said: Decision | None = None
        tokens, cost = 0, 0.0
        failures = list[str]()
        for place, (router, at_least) in enumerate(self._pairs, start=1):
            began = time.perf_counter()
            try:
                decision = await router.judge(asked, scope)
            except (ConversationWaiting, Fenced, JournalError):
                raise  # the run itself cannot go on, whoever is asked next
            except (RunError, OSError) as error:
                self._count(router.name, began, None, False)
                failures.append(f"'{router.name}' failed: {told(error)}")
                if place == len(self._pairs) and said is None:
                    raise
                continue
            tokens, cost = tokens + decision.tokens, cost + decision.cost
            sure = not decision.abstained and decision.confidence >= at_least
            self._count(router.name, began, decision, sure)
            said = replace(decision, by=f"{self.name}/{router.name}", tokens=tokens, cost=cost)
            if sure:
                return said
        assert said is not None, "there is a router, and it said something or its failure was raised"
        reason = said.reason if said.abstained else f"'{said.route}' has {said.confidence:.2f}, and more is wanted"
        return replace(said, route=None, abstained=True, reason="; ".join([*failures, reason]))

    def _count(self, name: str, began: float, decision: Decision | None, sure: bool) -> None:
        before = self._stages[name]
        self._stages[name] = replace(
            before,
            calls=before.calls + 1,
            answered=before.answered + sure,
            failed=before.failed + (decision is None),
            seconds=before.seconds + time.perf_counter() - began,
            tokens=before.tokens + (decision.tokens if decision else 0),
            cost=before.cost + (decision.cost if decision else 0.0),
        )
