"""Tools that bring in the people at the desk: tickets, escalation, how to reach them, and how they reach the customer."""

from __future__ import annotations

from supportgenie.danger import is_dangerous
from supportgenie.policy import POLICY
from supportgenie.profile import CustomerProfile
from supportgenie.records import PRIORITIES, Priority, Refused, Ticket
from supportgenie.state import CustomerState
from supportgenie.tools.desk import DeskContext, identified, remember, told
from supportgenie.views import View, ticket_view
from switchroom import tool


@tool(effect="idempotent")
@told
def open_ticket(ctx: DeskContext, subject: str, body: str, priority: Priority = "normal") -> View:
    """Ask the people at the desk to look into something. A conversation has one ticket, and one more for a danger: a second
    call adds to it.

    Args:
        subject: one line.
        body: what happened, with every number and name that was given.
        priority: how soon somebody should look at it; customers of a high tier are never below `high`.
    """
    return {**_case(ctx, subject, body, priority), "answer_within_days": POLICY.complaint_days}


@tool(effect="idempotent")
@told
def escalate_to_human(ctx: DeskContext, summary: str) -> View:
    """Let a person take over: the ticket becomes urgent, with a summary. For whoever asks for one, for anger, and for danger.

    Args:
        summary: what the matter is, what was tried, and what the customer wants.
    """
    subject = summary.splitlines()[0][:80] if summary.strip() else "A customer asks for a person"
    opened = _case(ctx, subject, summary, "urgent")
    remember(ctx, escalated=True)
    return {**opened, "hours": POLICY.hours, "phone": POLICY.phone}


@tool(effect="idempotent")
@told
def note_contact(ctx: DeskContext, name: str = "", email: str = "", phone: str = "") -> View:
    """Keep how a customer can be reached; it is added to the ticket, if there is one. Give what the customer said, no more.

    Args:
        name: the customer's name.
        email: the e-mail address.
        phone: the phone number.
    """
    given = CustomerProfile(name=name, email=email, phone=phone)
    if not (given.email or given.phone):
        raise Refused("I need an e-mail address or a phone number that somebody can reach you at")
    state = _state(ctx)
    # What the caller vouched for stays; what is said now is for the people who read the ticket.
    new = {field: value for field, value in given.given().items() if not getattr(state, field, "")}
    remember(ctx, **new, said=[*state.said, *new] if state else [])
    kept = {field: value for field, value in given.given().items() if isinstance(value, str)}
    cases = [number for number in (state.danger_ticket, state.ticket_number) if number] if state else []
    if not cases:
        return kept
    noted = [ctx.deps.add_to_ticket(number, _contact(given)) for number in cases]
    return {**kept, "ticket": noted[0].number, "answer_within_days": POLICY.complaint_days}


@tool(effect="read")
@told
def contact_details(ctx: DeskContext) -> View:
    """Look up how and when people at the desk can be reached."""
    return {"phone": POLICY.phone, "email": POLICY.email, "hours": POLICY.hours}


def _state(ctx: DeskContext) -> CustomerState | None:
    return ctx.state if isinstance(ctx.state, CustomerState) else None


def _case(ctx: DeskContext, subject: str, body: str, priority: Priority) -> View:
    """The conversation's ticket, opened or added to, and whether anybody could get back to the customer.

    A danger has a ticket of its own, so that nobody overlooks it below a complaint.
    """
    state = _state(ctx)
    field = "ticket_number"
    if is_dangerous(body) if state is None else state.danger:
        field, priority = "danger_ticket", "urgent"
    if state is not None and state.tier.lower() in POLICY.first_tiers and PRIORITIES.index(priority) < PRIORITIES.index("high"):
        priority = "high"
    open_one = str(getattr(state, field)) if state is not None else ""
    if open_one and ctx.deps.find_ticket(open_one):
        opened = ctx.deps.add_to_ticket(open_one, body, priority=priority)
    else:
        opened = _opened(ctx, subject, body, priority)
        remember(ctx, **{field: opened.number})
    now = _state(ctx)
    return {**ticket_view(opened), "reachable": now is not None and now.reachable}


def _opened(ctx: DeskContext, subject: str, body: str, priority: Priority) -> Ticket:
    # A ticket is never refused because nobody knows yet whom it concerns.
    concerned = identified(ctx)
    state = _state(ctx)
    contact = _contact(state) if state is not None and (state.email or state.phone) else ""
    text = f"{body}\n{contact}" if contact else body
    customer_id = concerned.id if concerned else None
    return ctx.deps.open_ticket(subject, text, customer_id=customer_id, priority=priority, key=ctx.effect_key)


def _contact(profile: CustomerProfile) -> str:
    return f"Contact: {', '.join(part for part in (profile.name, profile.email, profile.phone) if part)}"
