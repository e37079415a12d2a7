"""Answers by rules, so that the project runs without a key."""

from __future__ import annotations

import re

from switchroom.models import (
    Heard,
    OfflineModel,
    Reply,
    Returned,
    after,
    call,
    otherwise,
    when,
)

ORDER = re.compile(r"\b[A-Z]-\d+\b")
WHICH = "Which order is it about? Its number is like A-17."


def reception_wanted(heard: Heard, found: re.Match[str]) -> Reply:
    """Whoever asks for a person gets one."""
    return call("transfer_to_reception", reason="wants to speak to a person")


def put_through(heard: Heard) -> Reply:
    """Billing, as soon as the customer has named an order."""
    orders = ORDER.findall(heard.said)
    if orders:
        reason = "asks about an order"
        return [
            "One moment, please.",
            call(
                "transfer_to_billing",
                reason=reason,
                order=orders[-1],
                problem=heard.text,
            ),
        ]
    return f"Hello! I can help with orders, charges and refunds. {WHICH}"


def look_up(heard: Heard) -> Reply:
    """The order that was named last."""
    orders = ORDER.findall(heard.said)
    return call("look_up_order", order=orders[-1]) if orders else WHICH


def judge(heard: Heard, returned: Returned) -> Reply:
    """What was charged twice is paid back; of any other order its state is told."""
    order = returned.data
    if isinstance(order, str):
        return f"{order} Would you look the number up once more?"
    if order["charges"] > 1:
        return call("refund", order=ORDER.findall(heard.said)[-1], cents=order["cents"])
    price = f"${order['cents'] / 100:.2f}"
    return f"Your {order['item']} is {order['status']}, and was charged once: {price}."


def paid(heard: Heard, returned: Returned) -> Reply:
    """The refund was made, or whoever was asked did not approve it."""
    if returned.text.startswith("["):
        return "I am not allowed to refund that here. Please call 555-0100."
    return f"I am sorry for that: it was charged twice. {returned.text}."


def sorry(heard: Heard) -> Reply:
    """The last resort."""
    return "I am sorry that I could not help. Please call 555-0100, Monday to Friday."


model = OfflineModel(
    {
        "triage": [
            when(r"\b(person|human|somebody|someone)\b", reception_wanted),
            otherwise(put_through),
        ],
        "billing": [
            after("refund", paid),
            after("look_up_order", judge),
            otherwise(look_up),
        ],
        "reception": [otherwise(sorry)],
    }
)
