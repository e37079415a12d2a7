"""The account that a conversation may use: the host application vouches for it, or its owner has read a code."""

from __future__ import annotations

import os
import re

from supportgenie.desk import Desk
from supportgenie.profile import TITLES, CustomerProfile
from supportgenie.records import Customer
from supportgenie.state import CustomerState


def named_by_environment() -> str:
    """Return the account that is signed in at the command line, as `SUPPORTGENIE_CUSTOMER` names it; "" for nobody."""
    return os.environ.get("SUPPORTGENIE_CUSTOMER", "").strip()


def vouched(state: CustomerState, field: str) -> str:
    """Return a field of the profile that the host vouches for; "" if the customer typed the value, or nobody gave it."""
    if field in state.said or (field == "email" and not state.email_verified):
        return ""
    return str(getattr(state, field))


def signed_in(desk: Desk, profile: CustomerProfile) -> Customer | None:
    """Return the account whose owner a profile says to be signed in.

    A `customer_id` signs in, and so does a verified e-mail address. A name alone does not. A profile that contradicts itself
    signs nobody in: an id with the e-mail address of another account, or an e-mail address with another person's full name.
    """
    state = profile if isinstance(profile, CustomerState) else CustomerState.of(profile.given())
    email = vouched(state, "email")
    by_email = desk.find_account(email) if email else None
    if state.customer_id:
        by_id = desk.find_account(state.customer_id)
        contradicted = by_id is not None and by_email is not None and by_email.id != by_id.id
        return None if contradicted else by_id
    if by_email is None or _is_another(vouched(state, "name"), by_email.name):
        return None
    return by_email


def is_vouched_stranger(state: CustomerState, owner: Customer) -> bool:
    """Return True if the host vouches for an e-mail address that is not the owner's."""
    email = vouched(state, "email")
    return bool(email) and email.lower() != owner.email.lower()


def _is_another(said: str, own: str) -> bool:
    """Return True if a full name does not fit another one. A first name alone fits: customers are addressed by it."""
    words, owned = _words(said), _words(own)
    return len(words) > 1 and not (words <= owned or owned <= words)


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.lower())) - TITLES
