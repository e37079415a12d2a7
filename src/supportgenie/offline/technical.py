"""Technical help by rules: steps from the articles, diagnostic questions one at a time, and what stays goes to a person."""

from __future__ import annotations

import re

from supportgenie.diagnosis import GUIDES
from supportgenie.offline.acts import Answer, Procedure, act, explain, joined, sorry
from supportgenie.offline.proving import ask
from supportgenie.offline.talk import Talk
from supportgenie.turns import Result

_FAULTS = {"hardware": "hardware_fault", "software": "technical_fault"}


def trouble(talk: Talk) -> Answer | None:
    """Steps and a question, then the next question, up to three; a fault that stays is passed on with what was found."""
    found = talk.got("diagnose")
    if found is None:
        return act("diagnose", problem=talk.topic, said=talk.text)
    match found.get("verdict", ""):
        case "":
            return explain(talk, found["ask"]) if talk.fresh else f"Thank you. {found['ask']}"
        case "solved":
            return "Good to hear that it works again!"
        case verdict:
            return _passed_on(talk, found, _FAULTS[verdict])


def _passed_on(talk: Talk, found: Result, fault: str) -> Answer:
    told = next((turn.text for turn in talk.turns if turn.concepts & {"good", "dead", "app", "site", "login"}), talk.text)
    return act(
        "transfer_to_escalation",
        reason="the steps did not help" if found["findings"] else "it is plainly broken",
        topic=fault,
        summary=told,
        device=found.get("device"),
        findings=found["findings"],
    )


def create_account(talk: Talk) -> Answer | None:
    """Open an account, once a name and an e-mail address are there."""
    if done := talk.got("open_account"):
        if "refused" in done:
            return sorry(done)
        welcome = f"Welcome, {done['name']}! A mail with a link that completes your account is on its way to {done['email']}."
        return joined(welcome, "It begins as a free one; a plan is chosen at /account/plan." if talk.had("tier") else "")
    if talk.email:
        name = re.sub(r"\b(my|name|is|i am|i'm|and|e-?mail|address|the|it'?s|yes|please|sure)\b", " ", talk.text, flags=re.I)
        name = " ".join(re.findall(r"[^\W\d_][\w'-]*", name.replace(talk.email, " ")))
        if name and len(name.split()) < 4:
            return act("open_account", name=name, email=talk.email)
        return "Thank you. And what is the name for the account?"
    return explain(talk, "If you tell me a name and an e-mail address, I open it for you.")


def recover_password(talk: Talk) -> Answer | None:
    """Mail a link for a new password to the address of the account."""
    if done := talk.got("send_reset_link"):
        return (
            f"If {done['email']} belongs to an account, a link is on its way there. "
            f"It works once, for {done['minutes']} minutes. Please look in the spam folder too."
        )
    if talk.email:
        return act("send_reset_link", email=talk.email)
    return explain(talk, "If you tell me the e-mail address of your account, I send you the link.")


def delete_account(talk: Talk) -> Answer | None:
    """Close an account, once its owner said which and agreed."""
    if done := talk.got("close_account"):
        return sorry(done) if "refused" in done else f"Account {done['customer']} is closed. Within 14 days we can restore it."
    if talk.no:
        return "Then the account stays as it is."
    if talk.email or talk.yes:
        # A person is asked before it is closed, and has to be spared what no owner wants.
        return act("close_account", customer=talk.email) if talk.identified else ask(talk)
    return explain(talk, "Shall I close it for you?")


def edit_account(talk: Talk) -> Answer | None:
    """What can be edited where."""
    return explain(talk)


PROCEDURES: dict[str, Procedure] = {
    "create_account": create_account,
    "recover_password": recover_password,
    "delete_account": delete_account,
    "edit_account": edit_account,
    **dict.fromkeys(GUIDES, trouble),
}
