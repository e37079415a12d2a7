"""Whether a person has to take over, judged after an agent answered by what happened: words, results, the answer itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from supportgenie.danger import is_dangerous
from supportgenie.mood import mood_after
from supportgenie.turns import Turn

Cause: TypeAlias = Literal["danger", "anger", "complaint", "refund_failed", "guessing", "hardware", "not_helped", "urgency"]

ESCALATION = "escalation"
_ASKING = ("router", "fallback")
"""Who answers by asking what is wanted. That they cannot help is no failure: nothing was tried yet."""

_COMPLAINT = re.compile(r"(?<!no )\b(complain(ts?|ing|ed)?|reclamations?)\b", re.I)
_URGENT = re.compile(r"(?<!not )(?<!no )\b(urgent(ly)?|emergency|a\.?s\.?a\.?p)\b", re.I)
_NOT_HELPED = re.compile(
    r"\b(?:i|we)\b(?:(?!\byou\b)[^.?!]){0,30}\b(?:can ?not|can't|could ?n[o']t|(?:not able|unable) to)"
    r" (?:\w+ )?(?:help|assist|solve|resolve|fix|settle|do (?:that|this|anything))\b"
    r"|\b(?:beyond|outside) (?:what i|my)\b|\bnothing (?:more|else)? ?(?:i|we) can do\b",
    re.I,
)
_NOT_APPROVED = re.compile(r"^(a person did not approve|failed|not known whether)", re.I)
_UNDONE = ("not_approved", "failed")
_CHANGES = """
    cancel_order change_address change_item place_order switch_plan subscribe unsubscribe send_invoice send_reset_link refund
    open_account edit_account close_account
"""
_CHANGING = frozenset(_CHANGES.split())


@dataclass(frozen=True)
class Case:
    """What there is to judge by.

    Args:
        agent: who answered.
        answer: what is about to be said.
        turns: the conversation, the turn that is being answered last.
    """

    agent: str
    answer: str
    turns: Sequence[Turn]

    @property
    def now(self) -> Turn:
        """The turn that is being answered."""
        return self.turns[-1]

    @property
    def done(self) -> bool:
        """Whether something was changed for the customer in this turn."""
        return any(tool in _CHANGING and "refused" not in result for tool, result in self.now.results)

    @property
    def passed_on(self) -> bool:
        """Whether escalation had the conversation in this turn already."""
        return any(tool == f"transfer_to_{ESCALATION}" and "brief" in result for tool, result in self.now.results)


def needs_escalation(case: Case) -> Cause | None:
    """Why a person has to take over from the agent who answered; None if the answer is good enough.

    The first reason that holds, in the order of `REASONS`. Nobody takes over from escalation itself.
    """
    if case.agent == ESCALATION or not case.turns or case.passed_on:
        return None
    return next((cause for cause, holds in REASONS.items() if holds(case)), None)


def in_danger(case: Case) -> bool:
    """Somebody may be hurt."""
    return is_dangerous(case.now.text)


def angry(case: Case) -> bool:
    """The customer has lost patience."""
    return mood_after(turn.text for turn in case.turns) == "angry"


def complains(case: Case) -> bool:
    """The customer complains."""
    return _COMPLAINT.search(case.now.text) is not None


def refund_failed(case: Case) -> bool:
    """Money was to be returned, and was not: a person said no, or it went wrong. What the terms forbid is no failure."""
    made = case.now.got("refund")
    refused = made is not None and _NOT_APPROVED.match(str(made.get("refused", ""))) is not None
    return refused or case.now.outcome.get("status") in _UNDONE


def guessing(case: Case) -> bool:
    """Too many numbers or codes of the customer's were wrong."""
    return any(result.get("too_many_guesses") for _, result in case.now.results)


def hardware(case: Case) -> bool:
    """The questions about a fault ended with a broken device."""
    found = case.now.got("diagnose")
    return found is not None and found.get("verdict") == "hardware"


def not_helped(case: Case) -> bool:
    """A specialist says that they cannot help."""
    return case.agent not in _ASKING and _NOT_HELPED.search(case.answer.replace("\u2019", "'")) is not None


def urgent(case: Case) -> bool:
    """It is urgent, and nothing was done yet."""
    return not case.done and _URGENT.search(case.now.text) is not None


REASONS: dict[Cause, Callable[[Case], bool]] = {
    "danger": in_danger,
    "anger": angry,
    "complaint": complains,
    "refund_failed": refund_failed,
    "guessing": guessing,
    "hardware": hardware,
    "not_helped": not_helped,
    "urgency": urgent,
}
