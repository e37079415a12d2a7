"""Who meets a message first: words that leave no doubt, then what was learned from labelled messages; a model has the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from supportgenie.danger import is_dangerous
from supportgenie.learned import by_topic, left_open
from supportgenie.offline.routing import case_of
from supportgenie.offline.talk import Talk
from supportgenie.understanding import department_of
from switchroom import Message, Model
from switchroom.model import ModelRequest
from switchroom.models import Heard
from switchroom.routing import Asked, CascadeRouter, Decision, GroupedRouter, KeywordRouter, Router, routed

TARGETS: Final = {"billing": "sales"}
"""Money is reached by way of sales."""

ROUTER: Final = "router"

DANGER: Final = "hardware_safety"
PERSON: Final = "contact_human_agent"
ORDERS: Final = "list_orders"
CONFIDENT: Final = 0.5
"""The probability from which on what was learned puts a message through, and no model is asked."""

SURE: Final = 0.99
SUSPECTED: Final = 0.3
"""The probability from which on what was learned about danger is taken for one: to miss a danger is the worse mistake."""

_WORDS: Final = {
    ORDERS: [
        re.compile(r"^(?:(?!cancel|invoice).)*\b(?:order|purchase) history\b", re.IGNORECASE),
        re.compile(
            r"\bwhat (?:have|did) (?:i|we) (?:already )?(?:order|buy|bought|purchase)\w*"
            r"(?: so far| already| (?:last|this) \w+)?\W*$",
            re.IGNORECASE,
        ),
        re.compile(r"\b(?:list|show|see|view)(?: me)?(?: all)?(?: of)? my (?:\w+ )?(?:orders|purchases)\W*$", re.IGNORECASE),
        re.compile(r"\bwh(?:at|ich) orders (?:do|have) i\b", re.IGNORECASE),
    ],
    PERSON: [
        "talk to a human",
        "speak to a human",
        "talk to a person",
        "speak to a person",
        "real person",
        "live agent",
        "human agent",
        re.compile(r"^\W*(?:human|agent|operator|representative)(?: please)?\W*$", re.IGNORECASE),
    ],
}


class ByDanger(Router):
    """Routes what tells of a danger, and leaves all else open."""

    waits = False
    name = "danger"

    def __init__(self, topics: Router) -> None:
        self.routes = (DANGER,)
        self._topics = topics

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """Decide by words of danger, also misspelled ones, and by a suspicion that was learned."""
        if is_dangerous(asked.text):
            return Decision(DANGER, SURE, ((DANGER, SURE),), False, self.name, "a word of danger", skill=DANGER)
        said = await self._topics.judge(asked, scope)
        share = dict(said.candidates).get(DANGER, 0.0)
        if share < SUSPECTED:
            return left_open(self, "nothing tells of a danger")
        return Decision(DANGER, share, ((DANGER, share),), False, self.name, "it may be a danger", skill=DANGER)


@cache
def router() -> CascadeRouter:
    """The router by departments."""
    learned = by_topic()
    words = KeywordRouter(_WORDS, name="topics")
    stages = ((ByDanger(learned), "danger", None), (words, "keywords", None), (learned, "learned", CONFIDENT))
    return CascadeRouter([_by_departments(*stage) for stage in stages])


def _by_departments(router: Router, name: str, at_least: float | None) -> GroupedRouter:
    return GroupedRouter(router, {topic: department_of(topic) for topic in router.routes}, at_least=at_least, name=name)


def put_through_first(model: Model) -> Model:
    """A model that is asked only what the router leaves open."""
    return routed(model, router(), targets=TARGETS, brief=brief)


def brief(decision: Decision, asked: Asked) -> Mapping[str, Any]:
    """What the department is told."""
    said = (*asked.before, Message("user", asked.text))
    talk = Talk(Heard(ModelRequest(ROUTER, "", said)))
    target = TARGETS.get(str(decision.route), str(decision.route))
    topic = decision.skill
    case = {name: told for name, told in case_of(talk, topic, target).items() if told not in ("", None)}
    return {"reason": f"the customer writes about: {topic.replace('_', ' ')}", **case}
