"""What every message passes on its way in, and every answer on its way out, whichever agent has the conversation."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final

from msgspec.structs import replace

from supportgenie.contacts import digits_in, emails_in, masked, never, phones_in, without_cards
from supportgenie.danger import is_dangerous
from supportgenie.desk import Desk
from supportgenie.identity import named_by_environment, signed_in
from supportgenie.instructions import quotes_instructions
from supportgenie.mood import mood_of
from supportgenie.policy import POLICY
from supportgenie.profile import CustomerProfile
from supportgenie.state import KNOWN, CustomerState
from switchroom import Message, RunContext
from switchroom.guardrail import Guardrail, Pass, Replace, on_input, on_output
from switchroom.messages import Text

log = logging.getLogger("supportgenie")

INTRODUCED: ContextVar[CustomerProfile | None] = ContextVar("supportgenie_profile", default=None)
"""What a caller says of the customer beside a message; `heard` puts it into the shared state."""

LONGEST: Final = 2_000
"""Characters of an answer that reach the customer."""

KEPT_BACK: Final = "I am sorry, I cannot tell you that. Is there anything about an order, an invoice, your account or a device?"

_NO_ACCOUNT: Final = "There is no account"
_ANOTHERS_EMAIL: Final = "The profile has the e-mail address of another account than"
_WRITTEN = 20
_INSIDE = re.compile(r"\b(transfer|return)_to_\w+|gives the conversation back|puts the conversation through to you", re.I)


async def heard(ctx: RunContext[Desk], text: str) -> Pass | Replace:
    """What a customer writes: cards are taken out, and it is noted how it sounds and which addresses are the customer's own.

    Nobody is turned away. Who is abusive is answered like anybody, calmly; it is one of the reasons for calling in a person.

    The application's config takes cards out before the journal sees them (`without_card`); for who runs the team with another
    one, no model sees a card's number after this.
    """
    plain = without_cards(text, own_numbers(ctx.deps))
    if isinstance(ctx.state, CustomerState):
        await _noted(ctx, plain)
    return Pass() if plain == text else Replace(plain)


def without_card(desk_of: Callable[[], Desk]) -> Callable[[Message], Message]:
    """What takes cards out of each message that comes in, before anything keeps it.

    Args:
        desk_of: gives the records, whose own numbers are no cards. They are opened only for what looks like one.
    """

    def own(digits: str) -> bool:
        return own_numbers(desk_of())(digits)

    def redact(message: Message) -> Message:
        content = message.content
        if isinstance(content, str):
            return replace(message, content=without_cards(content, own))
        parts = (Text(without_cards(part.text, own)) if isinstance(part, Text) else part for part in content)
        return replace(message, content=tuple(parts))

    return redact


async def _noted(ctx: RunContext[Desk], text: str) -> None:
    state: CustomerState = ctx.state
    changes: dict[str, Any] = {"mood": mood_of(text), "danger": is_dangerous(text)}
    profile = INTRODUCED.get()
    if profile is not None:
        changes |= profile.given()
        changes |= {"said": [field for field in state.said if field not in profile.given()]}
    fresh = [found for found in (*emails_in(text), *phones_in(text)) if found not in state.written]
    if fresh:
        changes["written"] = [*state.written, *fresh][-_WRITTEN:]
    named = None if profile or state.environment_id is None else named_by_environment()
    if named is not None and named != state.environment_id:
        profile = CustomerProfile(customer_id=named)
        changes |= {"environment_id": named, "customer_id": named}
    desk: Any = ctx.deps
    if isinstance(desk, Desk):
        changes |= _identity(desk, state, state.model_copy(update=changes), profile)
        if state.customer_id and changes.get("customer_id", "") != state.customer_id:
            changes = _of_newcomer(ctx, changes, profile) | {"written": fresh}
    changed = {name: value for name, value in changes.items() if getattr(state, name) != value}
    if changed:
        await ctx.update(**changed)


def _identity(desk: Desk, before: CustomerState, now: CustomerState, profile: CustomerProfile | None) -> dict[str, Any]:
    """Return whose account the conversation may use from now on. The newest profile that names an account decides."""
    anew = now if profile is None or not _names_another(profile, before) else _of_profile(before, now, profile)
    account = signed_in(desk, anew)
    if account is not None:
        return {"customer_id": account.id}
    if not anew.customer_id:
        return {"customer_id": ""}
    if anew.customer_id != before.unknown_id:
        why = _ANOTHERS_EMAIL if desk.find_account(anew.customer_id) else _NO_ACCOUNT
        log.warning("%s %s, so nobody is signed in.", why, anew.customer_id)
    return {"customer_id": "", "unknown_id": anew.customer_id, "email_verified": False}


def _names_another(profile: CustomerProfile, before: CustomerState) -> bool:
    """Return True if a profile says whose account it is, and not only what was known before."""
    return bool(profile.customer_id or (profile.email and profile.email_verified and profile.email != before.email))


def _of_profile(before: CustomerState, now: CustomerState, profile: CustomerProfile) -> CustomerState:
    """Return what says whose account it is. What is known of another person, who was signed in before, contradicts nobody."""
    if before.customer_id:
        return CustomerState.of(profile.given())
    return now.model_copy(update={"customer_id": profile.customer_id})


def _of_newcomer(ctx: RunContext[Desk], changes: Mapping[str, Any], profile: CustomerProfile | None) -> dict[str, Any]:
    """Return the changes that leave nothing known of the person who was signed in before, what they wrote included."""
    nothing = CustomerState()
    scope: Any = ctx.scope
    kept = {"mood", "danger", "customer_id", "unknown_id", "environment_id", *(profile.given() if profile else ())}
    forgotten = {name: getattr(nothing, name) for name in CustomerState.model_fields if name not in kept}
    told = {name: value for name, value in changes.items() if name in kept}
    return {**forgotten, **told, "others_messages": len(scope.attempt.before.history)}


async def discreet(ctx: RunContext[Desk], text: str) -> Pass | Replace:
    """What leaves: no card numbers, nobody else's address or number, nothing of how the desk works inside, and no book."""
    fit = leaving(text, ctx.state, ctx.deps)
    return Pass() if fit == text else Replace(fit)


def leaving(text: str, state: Any, desk: Any) -> str:
    """An answer as it may leave.

    Args:
        text: what is to be said.
        state: what is known of the customer, if that is kept.
        desk: the records, if they are at hand.
    """
    if _INSIDE.search(text) or KNOWN in text or quotes_instructions(text):
        return KEPT_BACK
    return shortened(masked(without_cards(text, own_numbers(desk)), _tellable(state, desk)))


def shortened(text: str) -> str:
    """A text of at most `LONGEST` characters, cut after a sentence where there is one, else after a word."""
    if len(text) <= LONGEST:
        return text
    kept = text[: LONGEST - 2]
    end = max(kept.rfind(mark) + 1 for mark in (". ", "! ", "? ", "\n"))
    return kept[:end].rstrip() if end > LONGEST // 2 else f"{kept[: kept.rfind(' ')].rstrip()} …"


def own_numbers(desk: Any) -> Callable[[str], bool]:
    """Says of digits whether they are the number of an order or an invoice; of none where no records are at hand."""
    if not isinstance(desk, Desk):
        return never
    return lambda digits: desk.find_order(digits) is not None or desk.find_invoice(digits) is not None


def _tellable(state: Any, desk: Any) -> Callable[[str], bool]:
    """Says of an e-mail address, or of a phone number's digits, whether this customer may be told it."""
    told = [POLICY.email, POLICY.phone]
    if isinstance(state, CustomerState):
        told += [state.email, state.phone, *state.written]
        account = desk.find_account(state.customer_id) if isinstance(desk, Desk) and state.customer_id else None
        told += [account.email, account.phone] if account else []
    known = {form for one in told if one for form in (one.lower(), digits_in(one))}
    return lambda form: form in known


GUARDS: tuple[Guardrail, ...] = (on_input(heard), on_output(discreet, hold=True))
"""The same for every agent. Answers are held back until they have passed: a leak that is withdrawn was seen all the same."""
