"""Proof by rules: who is not signed in and wants what is an owner's is asked for a code, and too many guesses end it."""

from __future__ import annotations

import re

from supportgenie.offline.acts import Answer, act, explain, refused, sorry
from supportgenie.offline.phrases import PROVE, asks_for_code, asks_for_proof, code_again, code_sent
from supportgenie.offline.talk import Talk

_CODE = re.compile(r"(?<!\d)\d{3} ?\d{3}(?!\d)")
_STATUS = ("find_order", "latest_order")
"""Tools that tell something to people who are not signed in, too."""


def limits(talk: Talk) -> Answer | None:
    """Return the sentence for a tool that refuses to look up more, for some seconds or for good."""
    for tool, result in talk.now.results:
        if result.get("too_many_guesses"):
            return sorry(result)
        if result.get("wait_s"):
            return code_again(refused(result)) if tool == "confirm_code" else refused(result)
    return None


def prove(talk: Talk) -> Answer | None:
    """Ask for the e-mail address, send a code to it, and check the code; None once that is settled."""
    if checked := talk.got("confirm_code"):
        if "refused" in checked:
            return code_again(refused(checked))
        return None if talk.is_resumed else f"Thank you, {checked['name']}, now I know that it is you. What can I do for you?"
    if sent := talk.got("send_code"):
        return refused(sent) if "refused" in sent else code_sent(sent["email"], sent["minutes"])
    if asks_for_proof(talk.before.said) and not talk.now.results:
        if talk.email:
            return act("send_code", email=talk.email)
        if asks_for_code(talk.before.said) and (code := _CODE.search(talk.text)):
            return act("confirm_code", code=code.group())
    if any(result.get("identify") for tool, result in talk.now.results if tool not in _STATUS):
        return ask(talk)
    return None


def ask(talk: Talk, known: str = "") -> Answer:
    """Ask for the proof; who has named an e-mail address in this message gets the code at once.

    Args:
        talk: the conversation.
        known: what can be told without a proof; by default what the articles say.
    """
    if talk.email:
        return act("send_code", email=talk.email)
    if known:
        return f"{known} {PROVE}"
    return explain(talk, PROVE) if talk.fresh else PROVE
