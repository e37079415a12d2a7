"""Tools for accounts: finding, opening, editing and closing them, passwords, plans and the newsletter."""

from __future__ import annotations

from supportgenie.accounts import mailbox_of
from supportgenie.policy import POLICY
from supportgenie.records import Tier
from supportgenie.tools.desk import DeskContext, customer_of, identified, owner, remember, told
from supportgenie.views import View, customer_view
from switchroom import tool


@tool(effect="read")
@told
def find_account(ctx: DeskContext, customer: str | None = None) -> View:
    """Look up an account: its plan and what is on file.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
    """
    return customer_view(customer_of(ctx, customer))


@tool(effect="idempotent")
@told
def open_account(ctx: DeskContext, name: str, email: str, plan: Tier = "free") -> View:
    """Open an account for somebody who has none. What is left to do stands in a mail to the address.

    Args:
        name: the customer's whole name.
        email: the address that mail goes to.
        plan: the plan it begins with.
    """
    address = mailbox_of(email)
    had = ctx.deps.find_account(address)
    if had is None:
        ctx.deps.open_account(name, address, tier=plan)
        text = "Your account is open. Follow this link to choose a password."
    else:
        text = "You have an account already. If you forgot the password, follow this link to set a new one."
    ctx.deps.queue_mail(address, "Your account", text, key=ctx.effect_key)
    # The same answer in both cases, or anybody could find out who has an account. Nobody is signed in by it either.
    return {"name": name, "email": email, "plan": plan, "sent": "a mail with a link that completes the account"}


@tool(effect="idempotent")
@told
def edit_account(ctx: DeskContext, customer: str | None = None, phone: str | None = None, address: str | None = None) -> View:
    """Change what is given of an account. Name and e-mail address are changed by the owner alone, at /account/profile.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
        phone: the new phone number.
        address: the new address to which orders go by default.
    """
    account = customer_of(ctx, customer)
    return customer_view(ctx.deps.edit_account(account.id, phone=phone, address=address))


@tool(effect="compensable", needs_approval=True)
@told
def close_account(ctx: DeskContext, customer: str | None = None) -> View:
    """Close an account, once the customer has agreed; a person checks it first. It can be restored for 14 days.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
    """
    account = customer_of(ctx, customer)
    ctx.deps.close_account(account.id)
    return {**customer_view(account), "closed": True}


@tool(effect="idempotent")
@told
def send_reset_link(ctx: DeskContext, email: str) -> View:
    """Mail a link with which a password or PIN is set anew, if an account has that address.

    Args:
        email: the e-mail address of the account.
    """
    account = ctx.deps.find_account(email) if "@" in email else None
    if account is not None:
        text = f"Set a new password with this link. It works once, for {POLICY.reset_minutes} minutes."
        ctx.deps.queue_mail(account.email, "Your new password", text, key=ctx.effect_key)
    # The same answer in both cases, or anybody could find out who has an account.
    return {"email": email, "sent": "if there is an account with that address", "minutes": POLICY.reset_minutes}


@tool(effect="idempotent")
@told
def switch_plan(ctx: DeskContext, plan: Tier, customer: str | None = None) -> View:
    """Put a customer on another plan.

    Args:
        plan: the plan from now on.
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
    """
    moved = ctx.deps.switch_plan(customer_of(ctx, customer).id, plan)
    remember(ctx, tier=moved.tier)
    return customer_view(moved)


@tool(effect="idempotent")
@told
def subscribe(ctx: DeskContext, email: str) -> View:
    """Send the newsletter to an e-mail address. An address that is not the signed-in customer's own has to confirm it first.

    Args:
        email: where it should go.
    """
    if _is_own(ctx, email):
        ctx.deps.subscribe(email)
        return {"email": email, "subscribed": True}
    return _to_be_confirmed(ctx, email, "Subscribe to the newsletter") | {"subscribed": True}


@tool(effect="idempotent")
@told
def unsubscribe(ctx: DeskContext, email: str) -> View:
    """Stop sending the newsletter to an e-mail address. Another address than the customer's own has to confirm it first.

    Args:
        email: where it should no longer go.
    """
    if _is_own(ctx, email):
        ctx.deps.unsubscribe(email)
        return {"email": email, "subscribed": False}
    return _to_be_confirmed(ctx, email, "Leave the newsletter") | {"subscribed": False}


@tool(effect="read")
@told
def newsletter_status(ctx: DeskContext) -> View:
    """Look up whether the newsletter goes to the e-mail address of the customer who is signed in."""
    reader = owner(ctx)
    return {"email": reader.email, "subscribed": ctx.deps.is_subscribed(reader.email)}


def _is_own(ctx: DeskContext, email: str) -> bool:
    known = identified(ctx)
    return known is not None and known.email.lower() == email.strip().lower()


def _to_be_confirmed(ctx: DeskContext, email: str, subject: str) -> View:
    """Mail a link that has to be followed. Who gets the newsletter is not told to others."""
    address = mailbox_of(email)
    ctx.deps.queue_mail(address, subject, "Follow this link to confirm it. If it was not you, do nothing.", key=ctx.effect_key)
    return {"email": email, "confirm": "a link to confirm it is on its way to that address"}
