"""Who meets a message first: words that leave no doubt, then what was learned from labelled messages; a model has the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from typing import Any, Final

from supportgenie.offline.routing import case_of
from supportgenie.offline.talk import Talk
from supportgenie.offline.understanding import department_of
from switchroom import Message, Model
from switchroom.model import ModelRequest
from switchroom.models import Heard
from switchroom.routing import Asked, CascadeRouter, Decision, GroupedRouter, KeywordRouter, LearnedRouter, routed

TARGETS: Final = {"billing": "sales"}
"""Money is reached by way of sales."""

ROUTER: Final = "router"

DANGER: Final = "hardware_safety"
PERSON: Final = "contact_human_agent"
CONFIDENT: Final = 0.5
"""The probability from which on what was learned puts a message through, and no model is asked."""

_WORDS: Final = {
    DANGER: [
        "smoke",
        "smoking",
        "sparks",
        "on fire",
        "caught fire",
        "electric shock",
        "swollen",
        "smells burnt",
        "burning smell",
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


@cache
def topics() -> LearnedRouter:
    """The router by topics, as it was learned from `examples/messages.jsonl`."""
    with as_file(files("supportgenie.examples").joinpath("topics.router")) as path:
        return LearnedRouter.load(path)


@cache
def router() -> CascadeRouter:
    """The router by departments."""
    words = KeywordRouter(_WORDS, name="topics")
    return CascadeRouter(
        [
            GroupedRouter(words, {topic: department_of(topic) for topic in words.routes}, name="keywords"),
            GroupedRouter(
                topics(), {topic: department_of(topic) for topic in topics().routes}, at_least=CONFIDENT, name="learned"
            ),
        ]
    )


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
