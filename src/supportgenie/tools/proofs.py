"""Tools by which a customer who is not signed in proves to own an account: a code goes to its e-mail address."""

from __future__ import annotations

from supportgenie.accounts import mailbox_of
from supportgenie.policy import POLICY
from supportgenie.records import NotFound
from supportgenie.rows import digits_of
from supportgenie.state import CustomerState
from supportgenie.tools.desk import DeskContext, guess, remember, told
from supportgenie.views import View
from switchroom import tool


@tool(effect="idempotent")
@told
def send_code(ctx: DeskContext, email: str) -> View:
    """Mail a code to the e-mail address of an account, for a customer who is not signed in and wants what is the owner's.

    Args:
        email: the e-mail address of the account, as the customer wrote it.
    """
    address = mailbox_of(email)
    guess(ctx, lambda: address, "", f"codes:{address.lower()}")
    code = ctx.deps.new_code(address, key=ctx.effect_key)
    account = ctx.deps.find_account(address)
    if code is not None and account is not None:
        text = f"Your code is {code}. It is valid for {POLICY.code_minutes} minutes. If you did not ask for it, do nothing."
        ctx.deps.queue_mail(account.email, "Your code", text, key=ctx.effect_key)
    remember(ctx, code_key=ctx.effect_key, code_email=address)
    # The same answer in every case, or anybody could find out who has an account.
    return {"email": email, "sent": "if there is an account with that address", "minutes": POLICY.code_minutes}


@tool(effect="idempotent")
@told
def confirm_code(ctx: DeskContext, code: str) -> View:
    """Check the code that a customer got by mail. If it is right, the customer counts as signed in; do then what was asked for.

    Args:
        code: the code, as the customer wrote it.
    """
    state = ctx.state
    if not isinstance(state, CustomerState) or not state.code_key:
        raise NotFound("no code was sent in this conversation")
    account = guess(
        ctx,
        lambda: ctx.deps.owner_by_code(state.code_key, digits_of(code), key=ctx.effect_key),
        "that code is not right, or it is too old",
        f"codes:{state.code_email.lower()}",
    )
    remember(ctx, customer_id=account.id, name=state.name or account.name, tier=account.tier)
    return {"customer": account.id, "name": account.name, "signed_in": True}
