"""How a customer can be reached, by rules: asked for once a person is to get back, and kept when it is told."""

from __future__ import annotations

import re
from typing import Final

from supportgenie.offline.acts import Answer, act, joined
from supportgenie.offline.talk import Talk
from supportgenie.policy import POLICY
from supportgenie.turns import Result

QUESTION: Final = "How can we reach you: may I have your name, and an e-mail address or a phone number?"
_AGAIN: Final = "At which e-mail address or phone number can we reach you?"
_NO_NAME = re.compile(
    r"\b(my|name|is|i am|i'?m|and|or|e-?mail|mail|address|phone|number|the|it'?s|this|yes|sure|please|call|reach|write|me|on|at"
    r"|to|you|can|here|by|under|ok|okay|of course|well|fine)\b",
    re.I,
)


def asked(talk: Talk, opened: Result) -> str:
    """The question how to reach the customer, if the desk would not know."""
    return "" if opened.get("reachable") else question(talk)


def question(talk: Talk) -> str:
    """The question how to reach the customer; a name that is known is not asked for."""
    return _AGAIN if talk.name else QUESTION


def contact(talk: Talk) -> Answer | None:
    """Keep what the customer says who was asked how to be reached; None if that was not asked, or is not what they say."""
    if not talk.before.said.endswith((QUESTION, _AGAIN)):
        return None
    if noted := talk.got("note_contact"):
        return _noted(talk, noted)
    phone = "" if talk.has("order") else talk.phone
    if talk.email or phone:
        return act("note_contact", name=_name(talk), email=talk.email, phone=phone)
    if talk.no:
        return f"All right. Whenever you like, you reach us at {POLICY.phone} or {POLICY.email}."
    name = _name_in(talk.text)
    if not talk.now.concepts and "?" not in talk.text and not talk.asks and name and talk.before.said.endswith(QUESTION):
        return f"Thank you, {name}. {_AGAIN}"
    return None


def _noted(talk: Talk, noted: Result) -> Answer:
    if "refused" in noted:
        return f"I could not read that. {_AGAIN}"
    thanks = f"Thank you, {noted['name']}." if noted.get("name") else "Thank you."
    where = " or ".join(noted[field] for field in ("email", "phone") if field in noted)
    opened = noted if "ticket" in noted else talk.got("open_ticket")
    if opened is None:
        return act("open_ticket", subject="Somebody is to get back to a customer", body=story(talk))
    days = opened["answer_within_days"]
    return joined(thanks, f"It stands in your case {opened['ticket']}: a colleague reaches you at {where} within {days} days.")


def story(talk: Talk) -> str:
    """All that the customer wrote, for whoever reads the ticket."""
    return "\n".join(turn.text for turn in talk.turns)


def _name(talk: Talk) -> str:
    """The name in this message, else in the one before, where it was told alone."""
    before = _name_in(talk.before.text) if talk.before.said.endswith(_AGAIN) else ""
    return _name_in(talk.text.replace(talk.email, " ") if talk.email else talk.text) or before


def _name_in(text: str) -> str:
    words = re.findall(r"[^\W\d_][\w'\u2019-]*", _NO_NAME.sub(" ", text))
    return " ".join(words) if 0 < len(words) < 4 else ""
