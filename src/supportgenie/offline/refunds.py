"""Refunds by rules: look the order up, ask for agreement, refund or say why not, and give the conversation back to billing."""

from __future__ import annotations

from supportgenie.offline.acts import Answer, Procedure, act, joined
from supportgenie.offline.billing import refund_told
from supportgenie.offline.routing import NOT_SURE
from supportgenie.offline.talk import Talk, cents_in
from supportgenie.policy import dollars
from supportgenie.turns import Result


def get_refund(talk: Talk) -> Answer | None:
    """Tell what can be refunded, refund it once the customer agreed to the amount, and return with what came of it."""
    order = str(talk.now.brief.get("order_number", "")) or talk.order
    if made := talk.got("refund"):
        return _made(made, order, _amount(talk))
    if talk.no:
        return outcome("withdrawn", order_number=order)
    offered = talk.offered("check_refund")
    if offered and offered["cents"] and (talk.yes or talk.cents):
        return act("refund", order=offered["order"], cents=talk.cents or offered["cents"])
    found = talk.got("check_refund")
    if found is None:
        asked_again = talk.yes and talk.before.said.startswith(NOT_SURE)  # the offer is made again, with its amount
        return act("check_refund", order=order) if talk.fresh or asked_again else None
    if "refused" in found:
        return outcome("unknown_order", order_number=order, explanation=found["refused"])
    if not found["cents"]:
        return outcome("denied", order_number=found["order"], explanation=_denied(found))
    amount = _amount(talk)
    if 0 < amount <= found["cents"]:
        return act("refund", order=found["order"], cents=amount)
    until = f" until {found['until']}" if found["until"] else ""
    most = "No more than " if amount else ""
    return f"{most}{found['refundable']} of order {found['order']} can be refunded{until}. Shall I return it to you?"


def outcome(status: str, **told: str) -> Answer:
    """The conversation given back to billing, with what came of the refund."""
    return act("return_to_billing", status=status, **told)


def _amount(talk: Talk) -> int:
    """The amount that the brief or the customer names, in cents; 0 if there is none, or it is only asked about."""
    briefed = cents_in(str(talk.now.brief.get("amount", "")))
    return briefed or (0 if talk.asks else talk.cents)


def _made(made: Result, order: str, cents: int) -> Answer:
    reason = str(made.get("refused", ""))
    amount = dollars(cents) if cents else "the amount"
    if not reason:
        return outcome(
            "refunded",
            order_number=made["order"],
            amount=made["amount"],
            refund_number=made["refund"],
            expected=made["expected"],
        )
    if reason.startswith("a person did not approve"):
        return outcome("not_approved", order_number=order, amount=amount, explanation=reason)
    return outcome("denied", order_number=order, amount=amount, explanation=f"I am sorry, but {reason}.")


def _denied(found: Result) -> str:
    match found["status"]:
        case "placed":
            why = f"Order {found['order']} is placed but has not shipped, so it can simply be cancelled."
        case "shipped":
            why = f"Order {found['order']} is shipped; it can be refunded once it has arrived."
        case "cancelled":
            why = f"Order {found['order']} is cancelled, and nothing is left to refund."
        case _ if found["refunds"]:
            why = f"Nothing is left to refund of order {found['order']}; it could be returned until {found['until']}."
        case _:
            why = f"I am sorry, but order {found['order']} can no longer be refunded: that was possible until {found['until']}."
    return joined(why, *[refund_told(made) for made in found["refunds"]])


PROCEDURES: dict[str, Procedure] = {"get_refund": get_refund}
