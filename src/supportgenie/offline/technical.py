"""Technical help by rules: steps from the articles, one diagnostic question, and hardware goes to a person."""

from __future__ import annotations

import re

from supportgenie.offline.acts import Answer, Procedure, act, explain, joined, sorry
from supportgenie.offline.talk import Talk

_BROKEN = re.compile(
    r"\b(crack\w*|shatter\w*|smash\w*|dropped|water|spill\w*|five times|e20|nothing (lights|happens)|no light"
    r"|(still|again) (dead|nothing|black|not)|already (tried|charged|did)|tried (that|it|everything))\b",
    re.I,
)
_QUESTIONS = {
    "login_loop": "Does it help? If not, which device and browser is it?",
    "app_crash": "Does it help? If not, which phone is it, and what were you doing when it happened?",
    "slow_site": "Is it every page, or only one?",
    "software_update": "Which code does the device show?",
    "device_connection": "Does it connect now? If not, which device is it?",
    "registration_problems": "What does the message on your screen say?",
    "device_wont_start": "Could you try that, and tell me what the light does?",
    "warranty": "Which device is it, and what is wrong with it?",
    "privacy": "Did something happen with your account?",
}


def trouble(talk: Talk) -> Answer | None:
    """Steps and a question; when they did not help, or a device is plainly broken, a person takes over."""
    if talk.solved:
        return "Good to hear that it works again!"
    if talk.fresh and not (talk.topic in ("device_wont_start", "warranty") and _BROKEN.search(talk.text)):
        return explain(talk, _QUESTIONS.get(talk.topic, "Does that help?"))
    first = next((turn.text for turn in talk.turns if turn.concepts & {"good", "dead", "app", "site", "login"}), talk.text)
    return act(
        "transfer_to_escalation",
        reason="the steps did not help",
        topic="hardware_fault"
        if talk.topic in ("device_wont_start", "warranty", "device_connection", "software_update")
        else "technical_fault",
        summary=first,
        tried="" if talk.fresh else talk.text,
    )


def create_account(talk: Talk) -> Answer | None:
    """Open an account, once a name and an e-mail address are there."""
    if done := talk.got("open_account"):
        if "refused" in done:
            return sorry(done)
        welcome = f"Welcome, {done['name']}! Your account {done['customer']} is open, and mail goes to {done['email']}."
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
    if talk.email:
        return act("close_account", customer=talk.email)
    return explain(talk, "Shall I close it for you? Then tell me the e-mail address of the account.")


def edit_account(talk: Talk) -> Answer | None:
    """What can be edited where."""
    return explain(talk)


PROCEDURES: dict[str, Procedure] = {
    "create_account": create_account,
    "recover_password": recover_password,
    "delete_account": delete_account,
    "edit_account": edit_account,
    **dict.fromkeys(_QUESTIONS, trouble),
}
