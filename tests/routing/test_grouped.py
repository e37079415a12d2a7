"""Skills and routes: a router that learned skills decides on routes by their sums."""

from __future__ import annotations

from typing import Any

import pytest

from switchroom import UserError
from switchroom.routing import Asked, Decision, GroupedRouter, KeywordRouter, Router

GROUPS = {"track": "orders", "cancel": "orders", "invoice": "billing"}


class Said(Router):
    """Says what it was made to say."""

    def __init__(self, *candidates: tuple[str, float], at_least: float = 0.5) -> None:
        self.name = "skills"
        self.routes = tuple(GROUPS)
        self._candidates = candidates
        self._at_least = at_least

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        skill, share = self._candidates[0]
        left = share < self._at_least
        return Decision(None if left else skill, share, self._candidates, left, self.name)


def test_the_skills_of_a_route_count_together():
    router = GroupedRouter(Said(("invoice", 0.4), ("track", 0.35), ("cancel", 0.2)), GROUPS, at_least=0.5)
    decision = router.decide("text")
    assert (decision.route, decision.skill, decision.by) == ("orders", "track", "grouped")
    assert decision.candidates == (("orders", pytest.approx(0.55)), ("billing", 0.4))
    assert decision.confidence == decision.candidates[0][1]


def test_below_its_probability_it_is_left_open_and_above_it_not_though_no_skill_was_sure():
    skills = Said(("track", 0.3), ("cancel", 0.3), ("invoice", 0.1))
    assert GroupedRouter(skills, GROUPS, at_least=0.7).decide("text").abstained
    assert GroupedRouter(skills, GROUPS, at_least=0.6).decide("text").route == "orders"


def test_by_default_it_is_left_open_where_the_router_leaves_it_open():
    assert GroupedRouter(Said(("track", 0.4), ("cancel", 0.4)), GROUPS).decide("text").abstained


def test_a_skill_without_a_route_and_a_route_of_no_skill_are_refused():
    with pytest.raises(UserError, match=r"the skill 'cancel' has no route"):
        GroupedRouter(Said(), {"track": "orders", "invoice": "billing"})
    with pytest.raises(UserError, match=r"has no skill 'trakc'"):
        GroupedRouter(KeywordRouter({"track": ["parcel"]}), {"track": "orders", "trakc": "orders"})


@pytest.mark.parametrize("text", ["qwxzk", "", "?!"])
def test_a_message_of_which_nothing_is_known_is_left_open_however_many_skills_a_route_has(text: str):
    skills = KeywordRouter({"track": ["parcel"], "cancel": ["cancel"], "invoice": ["invoice"]})
    decision = GroupedRouter(skills, GROUPS, at_least=0.5).decide(text)
    assert (decision.route, decision.abstained, decision.skill) == (None, True, "")
    assert decision.candidates == (("orders", 0.5), ("billing", 0.5))
    assert decision.reason == "none of the keywords stands in the message"


def test_two_skills_of_one_route_are_that_route_where_a_probability_is_wanted():
    skills = KeywordRouter({"track": ["parcel"], "cancel": ["cancel"], "invoice": ["invoice"]})
    decision = GroupedRouter(skills, GROUPS, at_least=0.9).decide("cancel the parcel")
    assert (decision.route, decision.confidence, decision.skill) == ("orders", 1.0, "track")
