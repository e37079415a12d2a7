"""Many skills, few routes: a router that learned who does what decides by the sum of what each route does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from switchroom.errors import UserError, unknown
from switchroom.routing.asked import Asked
from switchroom.routing.decision import Decision, left_open
from switchroom.routing.router import Router


class GroupedRouter(Router):
    """Routes by the skill that a message asks for.

    A router that learned on skills ("track_order", "change_address") tells messages apart better than one that learned on the
    few routes that have them ("support"). The probabilities of a route's skills are added up; the decision names the likeliest
    skill. Where the router inside knows nothing of a message, it is left open: that many skills are one route's says nothing.

    Args:
        router: who judges which skill it is.
        groups: the route of each skill.
        at_least: the probability below which it is left open. By default it is left open where the router leaves it open.
        name: how decisions and paths call it.

    Raises:
        UserError: a skill has no route, or something in `groups` is no skill of the router's; the probability is none.
    """

    def __init__(
        self, router: Router, groups: Mapping[str, str], *, at_least: float | None = None, name: str = "grouped"
    ) -> None:
        if at_least is not None and not 0 <= at_least <= 1:
            raise UserError(f"GroupedRouter(at_least={at_least!r}): give a probability from 0 to 1.")
        for skill in router.routes:
            if skill not in groups:
                raise UserError(f"GroupedRouter '{name}': the skill '{skill}' has no route. It knows {sorted(groups)}.")
        for skill in groups:
            if skill not in router.routes:
                raise UserError(unknown(f"GroupedRouter '{name}'", "skill", skill, router.routes))
        self.name = name
        self.routes = tuple(dict.fromkeys(groups[skill] for skill in router.routes))
        self.waits = router.waits
        self.router = router
        self._groups = dict(groups)
        self._at_least = at_least

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Decide by the sums."""
        said = await self.router.judge(asked, scope)
        chance = 1 / len(self.router.routes)
        if said.abstained and all(share == chance for _, share in said.candidates):  # all alike: it knows nothing
            return replace(left_open(self.routes, self.name, said.reason), tokens=said.tokens, cost=said.cost)
        sums: dict[str, float] = {}
        for skill, share in said.candidates:
            route = self._groups[skill]
            sums[route] = sums.get(route, 0.0) + share
        ranked = tuple(sorted(sums.items(), key=lambda pair: -pair[1]))
        route, sure = ranked[0][0], min(1.0, ranked[0][1])
        ranked = ((route, sure), *ranked[1:])
        left = said.abstained if self._at_least is None else sure < self._at_least
        skill = next(skill for skill, _ in said.candidates if self._groups[skill] == route)
        return replace(
            said,
            route=None if left else route,
            confidence=sure,
            candidates=ranked,
            abstained=left,
            by=self.name,
            reason=f"'{skill}'" + (f": {said.reason}" if said.reason else ""),
            skill=skill,
        )
