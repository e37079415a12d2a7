"""Tools for accounts: finding, opening, editing and closing them, passwords, plans and the newsletter."""

from __future__ import annotations

from supportgenie.policy import POLICY
from supportgenie.records import Tier
from supportgenie.tools.desk import DeskContext, customer_of, remember, told
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
    """Open an account for somebody who has none.

    Args:
        name: the customer's whole name.
        email: the address that mail goes to.
        plan: the plan it begins with.
    """
    had = ctx.deps.find_account(email)
    made = ctx.deps.open_account(name, email, tier=plan)
    if had is not None:  # whoever knows a name and an address need not be their owner
        return {"customer": made.id, "name": made.name, "email": customer_view(made)["email"]}
    remember(ctx, customer_id=made.id, name=made.name, tier=made.tier)
    return customer_view(made)


@tool(effect="idempotent")
@told
def edit_account(ctx: DeskContext, customer: str | None = None, phone: str | None = None, address: str | None = None) -> View:
    """Change what is given of an account. Name and e-mail address are changed by the owner alone, at /account/profile.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
        phone: the new phone number.
        address: the new address to which orders go by default.
    """
    owner = customer_of(ctx, customer)
    return customer_view(ctx.deps.edit_account(owner.id, phone=phone, address=address))


@tool(effect="compensable", needs_approval=True)
@told
def close_account(ctx: DeskContext, customer: str | None = None) -> View:
    """Close an account, once the customer has agreed; a person checks it first. It can be restored for 14 days.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
    """
    owner = customer_of(ctx, customer)
    ctx.deps.close_account(owner.id)
    return {**customer_view(owner), "closed": True}


@tool(effect="idempotent")
@told
def send_reset_link(ctx: DeskContext, email: str) -> View:
    """Mail a link with which a password or PIN is set anew, if an account has that address.

    Args:
        email: the e-mail address of the account.
    """
    owner = ctx.deps.find_account(email) if "@" in email else None
    if owner is not None:
        text = f"Set a new password with this link. It works once, for {POLICY.reset_minutes} minutes."
        ctx.deps.queue_mail(owner.email, "Your new password", text, key=ctx.effect_key)
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
    """Send the newsletter to an e-mail address.

    Args:
        email: where it should go.
    """
    return {"email": email, "subscribed": True, "changed": ctx.deps.subscribe(email)}


@tool(effect="idempotent")
@told
def unsubscribe(ctx: DeskContext, email: str) -> View:
    """Stop sending the newsletter to an e-mail address.

    Args:
        email: where it should no longer go.
    """
    return {"email": email, "subscribed": False, "changed": ctx.deps.unsubscribe(email)}


@tool(effect="read")
@told
def newsletter_status(ctx: DeskContext, email: str) -> View:
    """Look up whether the newsletter goes to an e-mail address.

    Args:
        email: the address.
    """
    return {"email": email, "subscribed": ctx.deps.is_subscribed(email)}
