"""Tools for money: invoices, what was paid twice, refunds and the fee for leaving early."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from typing import Any

from supportgenie.policy import POLICY, dollars
from supportgenie.tools.desk import DeskContext, customer_of, own_invoice, own_order, owner, remember, told
from supportgenie.views import View, customer_view, invoice_view, refund_view, spoken
from switchroom import NotDone, tool

_MONTHS = [name.lower() for name in calendar.month_name]
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_SHOWN = 3


@tool(effect="read")
@told
def find_invoice(ctx: DeskContext, number: str) -> View:
    """Look up an invoice: what it is for, its amount, and whether it is open, overdue, paid or void.

    Args:
        number: the invoice's number, with or without `#`.
    """
    return invoice_view(own_invoice(ctx, number))


@tool(effect="read")
@told
def find_invoices(ctx: DeskContext, customer: str | None = None, month: str | None = None) -> View:
    """List a customer's invoices, the newest first.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
        month: only those of one month, such as `October`, `last month` or `three months ago`.
    """
    payer = customer_of(ctx, customer)
    found = ctx.deps.invoices_of(payer.id, months_ago=_months_ago(ctx, month) if month else None)
    return {"customer": payer.name, "count": len(found), "invoices": [invoice_view(bill) for bill in found[:_SHOWN]]}


@tool(effect="idempotent")
@told
def send_invoice(ctx: DeskContext, number: str) -> View:
    """Mail a copy of an invoice to the e-mail address of its account, never to another one.

    Args:
        number: the invoice's number.
    """
    bill, payer = own_invoice(ctx, number), owner(ctx)
    text = f"Invoice {bill.number}, {bill.description}: {dollars(bill.cents)}, due {spoken(bill.due_on)}."
    ctx.deps.queue_mail(payer.email, f"Your invoice {bill.number}", text, key=ctx.effect_key)
    return {**invoice_view(bill), "sent_to": customer_view(payer)["email"]}


@tool(effect="read")
@told
def find_double_charges(ctx: DeskContext, customer: str | None = None, order: str | None = None) -> View:
    """Look for orders that a customer paid twice, with what has to be returned of each.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
        order: only the one order of this number.
    """
    if order:
        bought = own_order(ctx, order)
        remember(ctx, order_number=bought.number)
        payer_id, number = bought.customer_id, bought.number
    else:
        payer_id, number = customer_of(ctx, customer).id, ""
    bills = [bill for bill in ctx.deps.charged_twice(payer_id) if number in ("", bill.order_number)]
    # What was returned for an order already counts against its double charges first.
    returned = Counter[str]()
    for made in ctx.deps.refunds_of(payer_id):
        returned[made.order_number] += made.cents
    doubles: list[View] = []
    for bill in bills:
        paid_for = bill.order_number or ""
        settled = min(bill.cents, returned[paid_for])
        returned[paid_for] -= settled
        doubles.append({**invoice_view(bill), "cents": bill.cents - settled})
    return {"charged_twice": doubles}


@tool(effect="read")
@told
def check_refund(ctx: DeskContext, order: str) -> View:
    """Look up how much of an order can be refunded today, and until when.

    Args:
        order: the order's number.
    """
    found = own_order(ctx, order)
    remember(ctx, order_number=found.number)
    cents = ctx.deps.refundable_cents(found.number)
    made = [refund_view(r) for r in ctx.deps.refunds_of(found.customer_id) if r.order_number == found.number]
    return {
        "order": found.number,
        "status": found.status,
        "refundable": dollars(cents),
        "cents": cents,
        "until": spoken(ctx.deps.refund_deadline(found)),
        "refunds": made,
    }


async def _refunded(ctx: DeskContext, args: dict[str, Any]) -> View | NotDone:
    """What a refund gave back, of which a crash left unknown whether it was made."""
    made = ctx.deps.find_refund(ctx.effect_key)
    return NotDone() if made is None else refund_view(made)


@tool(
    effect="irreversible",
    needs_approval=lambda call: call.args["cents"] > POLICY.approval_cents,
    reconcile=_refunded,
)
@told
def refund(ctx: DeskContext, order: str, cents: int) -> View:
    """Return money for an order to the card or account that paid. Look up first what can be refunded.

    Args:
        order: the order's number.
        cents: the amount in cents.
    """
    made = ctx.deps.refund(own_order(ctx, order).number, cents, ctx.effect_key)
    remember(ctx, order_number=made.order_number)
    return refund_view(made)


@tool(effect="read")
@told
def find_refunds(ctx: DeskContext, customer: str | None = None) -> View:
    """List a customer's refunds, the newest first, with their status and when the money arrives.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
    """
    payer = customer_of(ctx, customer)
    found = ctx.deps.refunds_of(payer.id)
    return {"customer": payer.name, "refunds": [refund_view(made) for made in found[:_SHOWN]]}


@tool(effect="read")
@told
def exit_fee(ctx: DeskContext, customer: str | None = None) -> View:
    """Work out what ending a customer's plan today would cost.

    Args:
        customer: name, e-mail address or id; leave it out for the customer you are talking with.
    """
    leaver = customer_of(ctx, customer)
    return {**customer_view(leaver), "fee": dollars(ctx.deps.early_exit_cents(leaver.id))}


def _months_ago(ctx: DeskContext, month: str) -> int:
    """How many months a month lies back: one that is named without its year is the last one of that name."""
    words = re.findall(r"\w+", month.lower())
    for word in words:
        if word in _MONTHS:
            return (ctx.deps.today.month - _MONTHS.index(word)) % 12
        if word in _NUMBERS:
            return _NUMBERS.index(word)
        if word.isdecimal():
            return min(int(word), 1_200)
    return 0 if "this" in words else 1
