"""Escalation by rules: complaints, reviews, ways to reach people, and what only a person can settle."""

from __future__ import annotations

from supportgenie.offline.acts import Answer, Procedure, act, excerpt, explain, joined
from supportgenie.offline.talk import Result, Talk

# Who writes more than this has told what happened.
_STORY_WORDS = 14


def complaint(talk: Talk) -> Answer | None:
    """A ticket with what happened; who has not told it yet is asked first."""
    if opened := talk.got("open_ticket"):
        return (
            "Thank you for telling us, and I am sorry that it came to this. "
            f"Your complaint is on record as {opened['ticket']}; "
            f"a colleague reads it and answers within {opened['answer_within_days']} days."
        )
    if talk.before.got("open_ticket") and not talk.fresh:
        return None
    told = len(talk.words) > _STORY_WORDS or talk.now.concepts & {"order_number", "invoice_number"}
    if talk.fresh and not told:
        return explain(talk, "I am sorry that you have a reason to complain. What happened?", about="complaint")
    return act("open_ticket", subject="Complaint", body=_story(talk), priority="high")


def human(talk: Talk) -> Answer | None:
    """A person takes over, with all that was written."""
    if opened := talk.got("escalate_to_human"):
        return _person(opened)
    if not talk.fresh:
        return None
    return act("escalate_to_human", summary=f"Asks for a person.\n{_story(talk)}")


def contact(talk: Talk) -> Answer | None:
    """When and how people can be reached."""
    details = talk.got("contact_details")
    if details is None:
        return act("contact_details")
    return (
        f"You reach customer service at {details['phone']}, {details['hours']}, or by e-mail at {details['email']}. "
        "If you like, tell me what it is about, and I see what I can do right now."
    )


def review(talk: Talk) -> Answer | None:
    """Where reviews and feedback go."""
    return explain(talk)


def hardware(talk: Talk) -> Answer | None:
    """A device that has to be examined, or a fault that the steps did not mend: a ticket with what was tried."""
    if opened := talk.got("open_ticket"):
        who = "workshop" if talk.topic == "hardware_fault" else "engineers"
        return (
            f"Thank you for trying. This is something for our {who}: I have opened ticket {opened['ticket']} "
            f"with what you told me, and a colleague gets back to you within {opened['answer_within_days']} days. "
            "You need not explain it again."
        )
    if not talk.now.brief:
        return None
    brief = talk.now.brief
    tried = f"\nTried: {brief['tried']}" if brief.get("tried") else ""
    return act("open_ticket", subject="Fault that the steps did not mend", body=f"{brief['summary']}{tried}", priority="high")


def danger(talk: Talk) -> Answer | None:
    """First what keeps people safe, then a person."""
    if not talk.fresh:
        return None
    steps = talk.got("search_articles")
    if steps is None:
        return act("search_articles", query="hardware safety overheats")
    opened = talk.got("escalate_to_human")
    if opened is None:
        return act("escalate_to_human", summary=f"Danger from a device.\n{_story(talk)}")
    article = next((a for a in steps["articles"] if a["topic"] == "hardware_safety"), None)
    first = excerpt(article["text"], "call press") if article else "Switch the device off and keep away from it."
    return joined("Please look after yourself first.", first, f"A colleague has your case as {opened['ticket']} already.")


def _person(opened: Result) -> str:
    return (
        "Of course. A colleague takes over with everything that was written here: "
        f"your case is {opened['ticket']}, marked urgent. "
        f"People are there {opened['hours']}; if you would rather call, the number is {opened['phone']}."
    )


def _story(talk: Talk) -> str:
    """All that the customer wrote, for whoever reads the ticket."""
    return "\n".join(turn.text for turn in talk.turns)


PROCEDURES: dict[str, Procedure] = {
    "complaint": complaint,
    "contact_human_agent": human,
    "contact_customer_service": contact,
    "review": review,
    "hardware_fault": hardware,
    "technical_fault": hardware,
    "hardware_safety": danger,
}
