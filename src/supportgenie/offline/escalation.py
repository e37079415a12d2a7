"""Escalation by rules: complaints, reviews, ways to reach people, and what only a person can settle."""

from __future__ import annotations

import re

from supportgenie.introduction import introduction_in
from supportgenie.mood import mood_of
from supportgenie.offline import reach
from supportgenie.offline.acts import Answer, Procedure, act, excerpt, explain, joined
from supportgenie.offline.reach import story
from supportgenie.offline.talk import Talk
from supportgenie.turns import Result

# Who writes more than this has told what happened.
_STORY_WORDS = 14


def complaint(talk: Talk) -> Answer | None:
    """A ticket with what happened; who has not told it yet is asked first, unless patience is over."""
    if mood_of(talk.text) == "angry":
        return taken_over(talk)
    if opened := talk.got("open_ticket"):
        return joined(
            _before(talk),
            "Thank you for telling us, and I am sorry that it came to this.",
            f"Your complaint is on record as {opened['ticket']};",
            f"a colleague reads it and answers within {opened['answer_within_days']} days.",
            reach.asked(talk, opened),
        )
    if talk.before.got("open_ticket") and not talk.fresh:
        return None
    if introduced := _introduced(talk):
        return introduced
    numbered = talk.now.concepts & {"order_number", "invoice_number"}
    told = talk.now.brief.get("answered") or numbered or len(talk.words) > _STORY_WORDS
    if talk.fresh and not told:
        return explain(talk, "I am sorry that you have a reason to complain. What happened?", about="complaint")
    return act("open_ticket", subject="Complaint", body=story(talk), priority="high")


def _introduced(talk: Talk) -> Answer | None:
    """Thanks for a name and an address, which are no complaint yet; they are kept for whoever gets back."""
    said = introduction_in(talk.text)
    if said is None:
        return None
    if (talk.email or talk.phone) and talk.got("note_contact") is None:
        return act("note_contact", name=said.name, email=talk.email, phone=talk.phone)
    return joined(f"Thank you, {said.name}." if said.name else "Thank you.", "And what happened?")


def human(talk: Talk) -> Answer | None:
    """A person takes over, with all that was written."""
    if opened := talk.got("escalate_to_human"):
        return joined("Of course.", _person(opened), reach.asked(talk, opened))
    if not talk.fresh:
        return None
    return act("escalate_to_human", summary=f"Asks for a person.\n{story(talk)}")


def taken_over(talk: Talk) -> Answer | None:
    """A person takes over from who answered; what was answered is told all the same."""
    opened = talk.got("escalate_to_human")
    if opened is None:
        why = talk.topic.replace("_", " ") if talk.now.brief else "anger"
        return act("escalate_to_human", summary=f"For a person: {why}.\n{story(talk)}") if talk.fresh else None
    return joined(_before(talk), "I am sorry about the trouble that you have had.", _person(opened), reach.asked(talk, opened))


def guessed(talk: Talk) -> Answer | None:
    """Too many numbers or codes were wrong: a person goes on, who can find out who writes."""
    opened = talk.got("escalate_to_human")
    if opened is None:
        return act("escalate_to_human", summary=f"Too many wrong numbers or codes.\n{story(talk)}") if talk.fresh else None
    return joined(_before(talk), _person(opened), reach.asked(talk, opened))


def dispute(talk: Talk) -> Answer | None:
    """A refund that was denied, or did not come about: somebody else looks at it."""
    opened = talk.got("open_ticket")
    if opened is None:
        if not talk.fresh:
            return None
        about = f"order {talk.order}" if talk.order else "an order"
        return act("open_ticket", subject=f"Refund for {about}", body=story(talk), priority="high")
    return joined(
        _before(talk),
        f"A colleague looks into it: your case is {opened['ticket']}.",
        f"You hear from us within {opened['answer_within_days']} days.",
        reach.asked(talk, opened),
    )


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
        who = "engineers" if talk.topic == "technical_fault" else "workshop"
        return joined(
            "Thank you for trying." if talk.now.brief.get("findings") else "I am sorry to hear that.",
            f"This is something for our {who}: I have opened ticket {opened['ticket']} with what you told me,",
            f"and a colleague gets back to you within {opened['answer_within_days']} days. You need not explain it again.",
            reach.asked(talk, opened),
        )
    brief = talk.now.brief
    if not brief:
        return None
    lines = [brief["summary"]]
    lines += [f"Device: {brief['device']}"] if brief.get("device") else []
    lines += brief.get("findings", [])
    subject = "Fault that the steps did not mend" if brief.get("findings") else "Broken device"
    return act("open_ticket", subject=subject, body="\n".join(lines), priority="high")


def danger(talk: Talk) -> Answer | None:
    """First what keeps people safe, then a person."""
    if not talk.fresh:
        return None
    steps = talk.got("search_articles")
    if steps is None:
        return act("search_articles", query="hardware safety overheats")
    opened = talk.got("escalate_to_human")
    if opened is None:
        return act("escalate_to_human", summary=f"Danger from a device.\n{story(talk)}")
    article = next((a for a in steps["articles"] if a["topic"] == "hardware_safety"), None)
    first = excerpt(article["text"], "call press") if article else "Switch the device off and keep away from it."
    known = f"A colleague has your case as {opened['ticket']} already."
    return joined("Please look after yourself first.", first, known, reach.asked(talk, opened))


def stolen_card(talk: Talk) -> Answer | None:
    """First what keeps the money safe, then a person."""
    if not talk.fresh:
        return None
    steps = talk.got("search_articles")
    if steps is None:
        return act("search_articles", query="stolen card")
    opened = talk.got("escalate_to_human")
    if opened is None:
        return act("escalate_to_human", summary=f"A card was stolen or lost.\n{story(talk)}")
    article = next((a for a in steps["articles"] if a["topic"] == "stolen_card"), None)
    first = article["text"] if article else "Call the bank that gave you the card at once, and have the card blocked."
    return joined("I am sorry to hear that.", first, _person(opened), reach.asked(talk, opened))


def _before(talk: Talk) -> str:
    """What the agent who was taken over from was about to say, without a greeting and without a question at its end."""
    answered = str(talk.now.brief.get("answered", "")).removeprefix(talk.greeting)
    return re.sub(r"(?:^|(?<=[.!?])\s+)[^.!?]*\?\s*$", "", answered)


def _person(opened: Result) -> str:
    return (
        "A colleague takes over with everything that was written here: "
        f"your case is {opened['ticket']}, marked urgent. "
        f"People are there {opened['hours']}; if you would rather call, the number is {opened['phone']}."
    )


PROCEDURES: dict[str, Procedure] = {
    "complaint": complaint,
    "contact_human_agent": human,
    "contact_customer_service": contact,
    "review": review,
    "refund_dispute": dispute,
    "refund_failed": dispute,
    "hardware": hardware,
    "hardware_fault": hardware,
    "technical_fault": hardware,
    "hardware_safety": danger,
    "danger": danger,
    "guessing": guessed,
    "stolen_card": stolen_card,
    **dict.fromkeys(("anger", "not_helped", "urgency"), taken_over),
}
