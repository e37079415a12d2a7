"""Records as tools give them to models: amounts and days as people say them, for models quote and do not convert."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeAlias

from supportgenie.policy import dollars
from supportgenie.records import Article, Customer, Destination, Invoice, Order, Product, Refund, Ticket

View: TypeAlias = dict[str, Any]


def spoken(day: date | None) -> str | None:
    """A day as people say it: `March 14, 2025`."""
    return None if day is None else f"{day:%B} {day.day}, {day.year}"


def order_view(order: Order) -> View:
    """An order with its items, and the days that lie behind it or ahead."""
    return _filled(
        {
            "order": order.number,
            "customer": order.customer_id,
            "status": order.status,
            "items": [
                {"product": item.name, "sku": item.sku, "quantity": item.quantity, "each": dollars(item.cents)}
                for item in order.items
            ],
            "total": dollars(order.total_cents),
            "shipping": dollars(order.shipping_cents),
            "address": order.address,
            "placed": spoken(order.placed_on),
            "expected": spoken(order.expected_on),
            "shipped": spoken(order.shipped_on),
            "delivered": spoken(order.delivered_on),
            "cancelled": spoken(order.cancelled_on),
            "carrier": order.carrier,
            "tracking": order.tracking,
        }
    )


def delivery_view(order: Order) -> View:
    """An order's delivery status, which anybody may hear who knows its number.

    The tracking number is not part of it: with that number a parcel can be sent elsewhere.
    """
    told = ("order", "status", "expected", "shipped", "delivered", "cancelled", "carrier")
    return {name: value for name, value in order_view(order).items() if name in told}


def invoice_view(invoice: Invoice) -> View:
    """An invoice with the order it is for, if it is for one."""
    return _filled(
        {
            "invoice": invoice.number,
            "order": invoice.order_number,
            "customer": invoice.customer_id,
            "for": invoice.description,
            "amount": dollars(invoice.cents),
            "status": invoice.status,
            "issued": spoken(invoice.issued_on),
            "due": spoken(invoice.due_on),
            "paid": spoken(invoice.paid_on),
        }
    )


def refund_view(refund: Refund) -> View:
    """A refund, and when its money arrives."""
    return _filled(
        {
            "refund": refund.number,
            "order": refund.order_number,
            "amount": dollars(refund.cents),
            "status": refund.status,
            "requested": spoken(refund.requested_on),
            "expected": spoken(refund.expected_on),
            "paid": spoken(refund.paid_on),
        }
    )


def product_view(product: Product) -> View:
    """A product or a plan with its price."""
    price = dollars(product.cents) + (" a month" if product.kind == "plan" else "")
    stock = {} if product.kind == "plan" else {"in_stock": product.stock}
    return {
        "product": product.name,
        "sku": product.sku,
        "kind": product.kind,
        "price": price,
        "about": product.description,
        **stock,
    }


def destination_view(place: Destination) -> View:
    """How long a parcel takes to a country, and what it costs."""
    days = f"{place.days_min} to {place.days_max} days"
    return {"country": place.country, "days": days, "price": dollars(place.cents)}


def customer_view(customer: Customer) -> View:
    """An account; its e-mail address is shortened, for whoever asks need not be its owner."""
    name, _, host = customer.email.partition("@")
    return _filled(
        {
            "customer": customer.id,
            "name": customer.name,
            "email": f"{name[:1]}***@{host}",
            "plan": customer.tier,
            "yearly_contract_until": spoken(customer.contract_until),
        }
    )


def article_view(article: Article) -> View:
    """A help article with its address."""
    return {"topic": article.topic, "title": article.title, "path": article.path, "text": article.body}


def ticket_view(ticket: Ticket) -> View:
    """A ticket, as its opener may quote it."""
    return {"ticket": ticket.number, "subject": ticket.subject, "priority": ticket.priority, "status": ticket.status}


def _filled(fields: Mapping[str, Any]) -> View:
    """The fields that have something in them: a day that has not come says nothing, and costs tokens."""
    return {name: value for name, value in fields.items() if value is not None}
