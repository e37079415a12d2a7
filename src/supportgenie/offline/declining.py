"""Refusals by rules: a `no` to nothing that is open undoes nothing, and `forget it` leaves a question."""

from __future__ import annotations

from supportgenie.diagnosis import GUIDES
from supportgenie.offline.acts import Answer
from supportgenie.offline.phrases import asks_for_proof
from supportgenie.offline.talk import Talk
from supportgenie.turns import Result

_LEFT = "All right, then I leave it at that. Write again whenever something comes up."


def leave(talk: Talk) -> Answer | None:
    """Leave the question that is open when the customer says to forget it. A case that was opened stays open.

    Who turns an offer down is answered by the procedure that made it.
    """
    if "Shall I" in talk.before.said:
        return None
    if talk.now.results or talk.fresh or not talk.leaves or talk.before.got("open_ticket"):
        return None
    return _standing(talk) or _LEFT


def decline(talk: Talk) -> Answer | None:
    """Answer a `no` where nothing was asked: say what was done last, for that stands."""
    is_open = "?" in talk.before.said or asks_for_proof(talk.before.said) or talk.topic in GUIDES
    if talk.now.results or not talk.no or is_open:
        return None
    return _standing(talk) or _LEFT


def _standing(talk: Talk) -> str:
    """Say what was done last in the conversation, and what leads back from there; "" if nothing was done."""
    for turn in reversed(talk.turns):
        for tool, result in reversed(turn.results):
            if "refused" not in result and (told := _told(tool, result)):
                return told
    return ""


def _told(tool: str, done: Result) -> str:
    match tool:
        case "place_order":
            number = done["order"]
            return f"All right. Order {number} is placed and stays so; if you do not want it, write `cancel order {number}`."
        case "cancel_order":
            return f"All right. Order {done['order']} is cancelled and stays so; its goods would have to be ordered again."
        case "switch_plan":
            return f"All right. You are on the {done['plan'].title()} plan and stay on it, unless you name another one."
        case "change_item" | "change_address":
            return f"All right. Order {done['order']} is changed and stays so, unless you tell me what else to change."
        case _:
            return ""
