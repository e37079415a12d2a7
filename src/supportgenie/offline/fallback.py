"""Who takes what fits nobody, by rules: one question; if that does not help, an apology, a person, and somebody gets back."""

from __future__ import annotations

from supportgenie.offline.acts import Answer, act, joined
from supportgenie.offline.reach import question, story
from supportgenie.offline.routing import clarify
from supportgenie.offline.talk import Talk
from supportgenie.policy import POLICY

_SORRY = "I am sorry, but I still do not understand what it is about."


def ask_once(talk: Talk) -> Answer | None:
    """The question, if it was not asked just now."""
    return None if talk.before.by == talk.agent else clarify(talk)


def follow_up(talk: Talk) -> Answer:
    """After the question was of no use: an apology, the offer of a person, and a case if somebody knows whom to get back to."""
    people = f"A colleague can help: call {POLICY.phone}, {POLICY.hours}."
    opened = talk.got("open_ticket")
    if opened is not None:
        days = opened["answer_within_days"]
        return joined(
            _SORRY, people, f"Or wait until we write to you: your case is {opened['ticket']}, answered within {days} days."
        )
    if talk.known.get("email") or talk.known.get("phone") or talk.known.get("customer_id"):
        return act("open_ticket", subject="A customer could not be understood", body=story(talk))
    return joined(_SORRY, people, "Or somebody gets back to you.", question(talk))
