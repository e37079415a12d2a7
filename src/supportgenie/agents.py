"""SupportGenie's agents: a router, three departments with two levels below sales, escalation, and a fallback."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from supportgenie import instructions as told
from supportgenie import tools
from supportgenie.briefs import BillingCase, Case, Fault, Incident, PaymentCase, PaymentFinding, RefundCase, RefundOutcome
from supportgenie.desk import Desk
from supportgenie.guards import GUARDS
from supportgenie.instructions import instructions
from switchroom import Agent, Team, handoff

VERSION = "3"

PROOFS = (tools.send_code, tools.confirm_code)
"""The instructions for a customer who is not signed in and has to prove to own an account."""


def _agent(name: str, duty: str, description: str, *, tools: Sequence[Any], handoffs: Sequence[Any]) -> Agent:
    return Agent(
        name,
        instructions(duty),
        description=description,
        tools=tools,
        handoffs=handoffs,
        guardrails=GUARDS,
        version=VERSION,
        deps_type=Desk,
    )


router = _agent(
    "router",
    told.ROUTER,
    "finds out what a customer wants when it belongs to nobody else here",
    tools=[tools.search_articles],
    handoffs=[
        handoff("support", requires=Case),
        handoff("technical", requires=Case),
        handoff("sales", requires=BillingCase),
        handoff("escalation", requires=Incident),
        handoff("fallback", requires=Case),
    ],
)

support = _agent(
    "support",
    told.SUPPORT,
    "orders, parcels, delivery, addresses, general questions",
    tools=[
        *PROOFS,
        tools.find_order,
        tools.latest_order,
        tools.list_orders,
        tools.cancel_order,
        tools.change_address,
        tools.change_item,
        tools.delivery_to,
        tools.search_articles,
        tools.open_ticket,
    ],
    handoffs=[handoff("router", requires=Case), handoff("escalation", requires=Incident)],
)

technical = _agent(
    "technical",
    told.TECHNICAL,
    "accounts, passwords, signing up, the app, the site, devices",
    tools=[
        *PROOFS,
        tools.diagnose,
        tools.find_account,
        tools.open_account,
        tools.edit_account,
        tools.close_account,
        tools.send_reset_link,
        tools.search_articles,
    ],
    handoffs=[handoff("router", requires=Case), handoff("escalation", requires=Fault)],
)

sales = _agent(
    "sales",
    told.SALES,
    "products, prices, placing orders, plans, newsletter; also the way to invoices, payments and refunds",
    tools=[
        *PROOFS,
        tools.find_product,
        tools.list_products,
        tools.place_order,
        tools.switch_plan,
        tools.subscribe,
        tools.unsubscribe,
        tools.newsletter_status,
        tools.search_articles,
    ],
    handoffs=[
        handoff("billing", requires=BillingCase),
        handoff("router", requires=Case),
        handoff("escalation", requires=Incident),
    ],
)

billing = _agent(
    "billing",
    told.BILLING,
    "invoices, payments, double charges, refunds, the fee for leaving early",
    tools=[
        *PROOFS,
        tools.find_invoice,
        tools.find_invoices,
        tools.send_invoice,
        tools.find_refunds,
        tools.check_refund,
        tools.exit_fee,
        tools.search_articles,
        tools.open_ticket,
    ],
    handoffs=[
        handoff("refunds", requires=RefundCase, returns=RefundOutcome),
        handoff("payment_investigator", requires=PaymentCase, returns=PaymentFinding),
        handoff("sales", requires=Case),
        handoff("router", requires=Case),
        handoff("escalation", requires=Incident),
    ],
)

refunds = _agent(
    "refunds",
    told.REFUNDS,
    "checks whether an order can be refunded, refunds it or says why not, and gives the conversation back",
    tools=[tools.find_order, tools.check_refund, tools.refund, tools.find_refunds],
    handoffs=[handoff("escalation", requires=Incident)],
)

payment_investigator = _agent(
    "payment_investigator",
    told.INVESTIGATOR,
    "looks into payments that failed, were taken twice or are disputed, opens a case, and gives the conversation back",
    tools=[tools.find_double_charges, tools.find_invoice, tools.find_invoices, tools.find_refunds, tools.open_ticket],
    handoffs=[handoff("escalation", requires=Incident)],
)

escalation = _agent(
    "escalation",
    told.ESCALATION,
    "complaints, disputes, reviews, contact with people, broken devices, danger, anything urgent",
    tools=[
        tools.open_ticket,
        tools.escalate_to_human,
        tools.note_contact,
        tools.contact_details,
        tools.search_articles,
    ],
    handoffs=[handoff("router", requires=Case)],
)

fallback = _agent(
    "fallback",
    told.FALLBACK,
    "whatever fits none of the others, or is not clear",
    tools=[tools.search_articles, tools.note_contact, tools.open_ticket, tools.contact_details],
    handoffs=[handoff("router", requires=Case), handoff("escalation", requires=Incident)],
)

app = Team(
    [router, support, technical, sales, billing, refunds, payment_investigator, escalation, fallback],
    entry="router",
    fallback="fallback",
    name="supportgenie",
    description="answers a shop's customers",
)
