"""Billing by rules: invoices, what was paid twice, refunds and their state, and the fee for leaving early."""

from __future__ import annotations

from supportgenie.offline.acts import Answer, Procedure, act, explain, joined, listed, refused, sorry
from supportgenie.offline.talk import Result, Talk
from supportgenie.policy import dollars

_WHO = "What is the order's number, or your name or e-mail address?"
_WHICH = "Which invoice is it? Its number is enough, or the name it was issued to."


def invoices(talk: Talk) -> Answer | None:
    """An invoice by its number, or those of a customer; whoever wants a copy gets it by mail."""
    if sent := talk.got("send_invoice"):
        return sorry(sent) if "refused" in sent else joined(_invoice(sent), f"A copy is on its way to {sent['sent_to']}.")
    if found := talk.got("find_invoice"):
        if "refused" in found:
            return joined(f"I could not find it: {found['refused']}.", "Would you check the number?")
        return joined(_invoice(found), "Shall I mail you a copy?")
    if talk.yes and (shown := talk.offered("find_invoice")):
        return act("send_invoice", number=shown["invoice"])
    if talk.no:
        return "All right."
    if talk.chosen_invoice:
        return act("send_invoice", number=talk.chosen_invoice)
    if talk.invoice:
        return act("send_invoice" if talk.topic == "get_invoice" and not talk.asks else "find_invoice", number=talk.invoice)
    if (found := talk.got("find_invoices")) is None:
        return act("find_invoices", customer=talk.who, month=talk.month)
    if "refused" in found:
        if talk.who:
            return joined(f"I could not find any: {found['refused']}.", "Is there an invoice number?")
        return explain(talk, _WHICH)
    bills: list[Result] = found["invoices"]
    if not bills:
        return f"There is no invoice for {found['customer']}{_when(talk)}. Shall I look at another month?"
    some = listed([f"{bill['invoice']} of {bill['issued']} over {bill['amount']} ({bill['status']})" for bill in bills])
    if len(bills) == 1:
        return f"{found['customer']} has this invoice{_when(talk)}: {some}. Shall I mail you a copy?"
    return (
        f"The newest of {found['count']} invoices of {found['customer']}{_when(talk)} are {some}. Which one shall I send you?"
    )


def payment_issue(talk: Talk) -> Answer | None:
    """Money that was taken twice is returned at once; for everything else there are steps."""
    if done := talk.got("open_ticket"):
        return _looked_into(done)
    if made := talk.got("refund"):
        return _returned(talk, made)
    found = talk.got("find_double_charges")
    if found is None and (talk.had("twice") or not talk.fresh):
        if talk.order or talk.who or talk.fresh:
            return act("find_double_charges", order=talk.order, customer=None if talk.order else talk.who)
        return explain(talk, "What does the message say when you pay?")
    if found is None:
        return explain(talk, "What does the message say when you pay?")
    if "refused" in found:
        if talk.who or talk.order:
            return joined(refused(found), _WHO)
        return joined("I am sorry about that; let me look it up.", _WHO)
    double = next((bill for bill in found["charged_twice"] if bill["cents"] > 0), None)
    if double is not None:
        return act("refund", order=double["order"], cents=double["cents"])
    if found["charged_twice"]:
        bill = found["charged_twice"][0]
        return f"The second {bill['amount']} for order {bill['order']} (invoice {bill['invoice']}) was returned already."
    return explain(talk)


def get_refund(talk: Talk) -> Answer | None:
    """Tell what can be refunded, and refund it once the customer agreed to the amount."""
    if done := talk.got("open_ticket"):
        return _looked_into(done)
    if made := talk.got("refund"):
        return _returned(talk, made)
    if talk.no:
        return "All right, then I leave it at that."
    offered = talk.offered("check_refund")
    if offered and offered["cents"] and (talk.yes or talk.cents):
        return act("refund", order=offered["order"], cents=talk.cents or offered["cents"])
    if not talk.order:
        return explain(talk, "Which order is it? With its number I can see what can be refunded.")
    found = talk.got("check_refund")
    if found is None:
        return act("check_refund", order=talk.order)
    if "refused" in found:
        return joined(f"I could not find it: {found['refused']}.", "Would you check the number?")
    if found["cents"] and talk.cents and not talk.asks:
        return act("refund", order=found["order"], cents=talk.cents)
    if found["cents"]:
        until = f" until {found['until']}" if found["until"] else ""
        return f"{found['refundable']} of order {found['order']} can be refunded{until}. Shall I return it to you?"
    return joined(_not_refundable(found), *[_refund(made) for made in found["refunds"]])


def track_refund(talk: Talk) -> Answer | None:
    """Where refunds are: of an order, or of a customer."""
    found = talk.got("check_refund") or talk.got("find_refunds")
    if found is None:
        return act("check_refund", order=talk.order) if talk.order else act("find_refunds", customer=talk.who)
    if "refused" in found:
        if talk.order or talk.who:
            return joined(refused(found), _WHO)
        return explain(talk, f"Let me look it up. {_WHO}")
    refunds: list[Result] = found["refunds"]
    if not refunds:
        return "There is no refund on record. Which order should it be for?"
    expected = talk.cents or talk.cents_before
    fitting = [made for made in refunds if made["amount"] == dollars(expected)]
    missing = f"I see no refund over {dollars(expected)}, but this is on record:" if expected and not fitting else ""
    return joined(missing, *[_refund(made) for made in (fitting or refunds)[:2]])


def cancellation_fee(talk: Talk) -> Answer | None:
    """What leaving early would cost this customer, else how it is worked out."""
    found = talk.got("exit_fee")
    if found is None:
        return act("exit_fee", customer=talk.who)
    if "refused" in found:
        return explain(talk, "If you tell me your name or e-mail address, I work it out for your plan.")
    until = found.get("yearly_contract_until")
    if until is None:
        return f"You have no yearly contract, {found['name']}, so leaving the {found['plan'].title()} plan costs nothing."
    return f"Your {found['plan'].title()} plan runs until {until}. Ending it today would cost {found['fee']}."


def terms(talk: Talk) -> Answer | None:
    """Refund terms and ways to pay."""
    return explain(talk)


def _invoice(bill: Result) -> str:
    match bill["status"]:
        case "paid":
            state = f"was paid on {bill['paid']}"
        case "void":
            state = "is void, so nothing has to be paid"
        case status:
            state = f"is {status} and was due on {bill['due']}" if status == "overdue" else f"is open and due on {bill['due']}"
    return f"Invoice {bill['invoice']} of {bill['issued']} ({bill['for']}) is over {bill['amount']} and {state}."


def _refund(made: Result) -> str:
    about = f"Refund {made['refund']} over {made['amount']} for order {made['order']}"
    match made["status"]:
        case "requested":
            return f"{about} is requested: once your parcel is scanned, it goes on. It is expected by {made['expected']}."
        case "approved":
            return f"{about} is approved, and the money should be with you by {made['expected']}."
        case _:
            return f"{about} was paid on {made['paid']}."


def _returned(talk: Talk, made: Result) -> Answer:
    reason = str(made.get("refused", ""))
    if reason.startswith("a person did not approve"):
        numbers = f"order {talk.order}" if talk.order else "the charge"
        return act(
            "open_ticket", subject=f"Refund for {numbers} was not approved", body=f"{talk.text} ({reason})", priority="high"
        )
    if reason:
        return sorry(made)
    double = talk.got("find_double_charges")
    if double and double["charged_twice"]:
        why = (
            f"You are right: order {made['order']} was charged twice, and I am sorry about that. The second {made['amount']} is"
        )
    else:
        why = f"Done: {made['amount']} of order {made['order']} is"
    return f"{why} on the way back to you (refund {made['refund']}) and should arrive by {made['expected']}."


def _looked_into(ticket: Result) -> str:
    return (
        f"I cannot return that amount on my own, so a colleague looks into it: ticket {ticket['ticket']}. "
        f"You hear from us within {ticket['answer_within_days']} days."
    )


def _not_refundable(found: Result) -> str:
    match found["status"]:
        case "placed":
            return f"Order {found['order']} is placed but has not shipped, so it can simply be cancelled."
        case "shipped":
            return f"Order {found['order']} is shipped; it can be refunded once it has arrived."
        case "cancelled":
            return f"Order {found['order']} is cancelled, and nothing is left to refund."
        case _:
            return f"Nothing is left to refund of order {found['order']}; it could be returned until {found['until']}."


def _when(talk: Talk) -> str:
    return f" from {talk.month}" if talk.month else ""


PROCEDURES: dict[str, Procedure] = {
    "check_invoice": invoices,
    "get_invoice": invoices,
    "payment_issue": payment_issue,
    "get_refund": get_refund,
    "track_refund": track_refund,
    "check_cancellation_fee": cancellation_fee,
    "check_refund_policy": terms,
    "check_payment_methods": terms,
}
