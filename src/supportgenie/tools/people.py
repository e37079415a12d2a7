"""Tools that bring in the people at the desk: tickets, escalation, and how to reach them."""

from __future__ import annotations

from supportgenie.policy import POLICY
from supportgenie.records import DeskError, Priority, Ticket
from supportgenie.tools.desk import DeskContext, customer_of, remember, told
from supportgenie.views import View, ticket_view
from switchroom import tool


@tool(effect="idempotent")
@told
def open_ticket(ctx: DeskContext, subject: str, body: str, priority: Priority = "normal") -> View:
    """Ask the people at the desk to look into something that is not urgent.

    Args:
        subject: one line.
        body: what happened, with every number and name that was given.
        priority: how soon somebody should look at it.
    """
    return {**ticket_view(_ticket(ctx, subject, body, priority)), "answer_within_days": POLICY.complaint_days}


@tool(effect="idempotent")
@told
def escalate_to_human(ctx: DeskContext, summary: str) -> View:
    """Let a person take over: opens an urgent ticket with a summary. For whoever asks for one, and for danger.

    Args:
        summary: what the matter is, what was tried, and what the customer wants.
    """
    opened = _ticket(
        ctx, summary.splitlines()[0][:80] if summary.strip() else "A customer asks for a person", summary, "urgent"
    )
    remember(ctx, escalated=True)
    return {**ticket_view(opened), "hours": POLICY.hours, "phone": POLICY.phone}


@tool(effect="read")
@told
def contact_details(ctx: DeskContext) -> View:
    """Look up how and when people at the desk can be reached."""
    return {"phone": POLICY.phone, "email": POLICY.email, "hours": POLICY.hours}


def _ticket(ctx: DeskContext, subject: str, body: str, priority: Priority) -> Ticket:
    try:
        concerned = customer_of(ctx, None).id
    except DeskError:
        # A ticket is never refused because nobody knows yet whom it concerns.
        concerned = None
    opened = ctx.deps.open_ticket(subject, body, customer_id=concerned, priority=priority, key=ctx.effect_key)
    remember(ctx, ticket_number=opened.number)
    return opened
