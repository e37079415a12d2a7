"""Whose account it is: what the caller vouches for, or an account's e-mail address said together with one of its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from supportgenie.desk import Desk
from supportgenie.profile import TITLES, CustomerProfile
from supportgenie.records import Customer
from supportgenie.state import CustomerState

_NUMBER = re.compile(r"(?<!\d)\d{4,18}(?!\d)")
# Who writes many numbers is trying them out.
_TRIED = 3


def contradicts(state: CustomerState, owner: Customer) -> bool:
    """Whether what the caller says of the customer does not fit the owner of an account.

    What is missing contradicts nothing, nor does what the customer typed in to be reached at, nor a first name alone: it is how
    somebody is addressed, and orders are placed for others.
    """
    email = vouched(state, "email")
    if email and email.lower() != owner.email.lower():
        return True
    said, own = _words(vouched(state, "name")), _words(owner.name)
    return len(said) > 1 and not (said <= own or own <= said)


def vouched(state: CustomerState, field: str) -> str:
    """A field of the profile, if the caller gave it; "" if the customer did, or nobody."""
    return "" if field in state.said else str(getattr(state, field))


def numbers_in(text: str) -> list[str]:
    """The numbers in a message that may be those of an order or an invoice, the first few."""
    return _NUMBER.findall(text)[:_TRIED]


def account_for(desk: Desk, state: CustomerState, numbers: Iterable[str]) -> Customer | None:
    """The account that a customer proves to have; None if nothing does.

    Args:
        desk: the records.
        state: what is known, with the addresses that were written.
        numbers: the numbers that the customer wrote.
    """
    if state.customer_id and (known := desk.find_account(state.customer_id)):
        return known
    vouched_for = desk.find_account(vouched(state, "email"))
    if vouched_for is not None and not contradicts(state, vouched_for):
        return vouched_for
    owners = {owner for number in numbers for owner in _owners(desk, number)}
    said = (desk.find_account(written) for written in state.written if "@" in written)
    return next((one for one in said if one is not None and one.id in owners and not contradicts(state, one)), None)


def profile_account(desk: Desk, profile: CustomerProfile) -> Customer | None:
    """The account whose id a profile names, if there is one."""
    return desk.find_account(profile.customer_id) if profile.customer_id else None


def _owners(desk: Desk, number: str) -> list[str]:
    return [record.customer_id for record in (desk.find_order(number), desk.find_invoice(number)) if record is not None]


def _words(name: str) -> set[str]:
    return set(re.findall(r"\w+", name.lower())) - TITLES
