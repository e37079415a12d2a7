"""What is suggested beside what a customer asked for: a rule over the plan, the product and how the customer sounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from supportgenie.state import CustomerState


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that goes with something else.

    Args:
        sku: what is suggested.
        why: what speaks for it, as the end of a sentence that begins with its name.
    """

    sku: str
    why: str


ACCESSORIES: Final = {
    "laptop-14": Offer("case-14", "fits it, in case you carry it around"),
    "phone-6": Offer("headphones-x", "go well with it"),
    "keyboard-k": Offer("mouse-m", "goes well with it"),
}
"""What goes with which product."""

PLANS: Final = {
    "free": Offer("plan-standard", "brings free standard delivery within the country"),
    "freemium": Offer("plan-standard", "brings free standard delivery within the country"),
    "standard": Offer("plan-pro", "brings free express delivery"),
    "pro": Offer("plan-premium", "makes the warranty 36 months"),
    "premium": Offer("plan-gold", "has calls answered first"),
}
"""What the next plan brings, for who asks about plans; nothing lies above gold that one suggests unasked."""


def offer_for(asked: str, state: CustomerState | None) -> Offer | None:
    """What to suggest to a customer; None for nothing.

    Nothing is suggested to who is not calm, to who has a case open or waits for a person, and nothing for a second time.

    Args:
        asked: the sku of the product that was asked for, or `plans` of who asks which plans there are.
        state: what is known of the customer.
    """
    if state is None or state.mood != "calm" or state.escalated or state.ticket_number or state.offered:
        return None
    return PLANS.get((state.plan or state.tier).lower()) if asked == "plans" else ACCESSORIES.get(asked)
