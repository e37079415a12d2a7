"""Billing by rules: invoices, the state of refunds, the fee for leaving early, and what comes back from those below it."""

from __future__ import annotations

from supportgenie.offline.acts import Answer, Procedure, act, explain, joined, listed, recent, refused, sorry
from supportgenie.offline.proving import ask
from supportgenie.offline.talk import Talk
from supportgenie.policy import dollars
from supportgenie.turns import Result

_ORDER = "What is the number of the order?"


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
        return joined(refused(found), "Is there an invoice number?")
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
    """A payment that something is wrong with is investigated, once it is known whose; for everything else there are steps."""
    if talk.outcome:
        return settled(talk)
    answers = not talk.fresh and "?" in talk.before.said
    if not talk.fresh and not answers:
        return None
    twice, disputed = talk.had("twice"), talk.had("dispute")
    if (twice or disputed or answers) and not talk.identified:
        return ask(talk, "I am sorry about that; let me look it up." if twice or disputed else "")
    if twice or disputed or answers:
        return act(
            "transfer_to_payment_investigator",
            reason="the payment has to be looked into",
            topic="payment_issue",
            kind="duplicate" if twice else "disputed" if disputed else "failed",
            order_number=talk.order,
            invoice_number=talk.invoice,
            amount=dollars(talk.cents) if talk.cents else "",
            customer=None if talk.order else talk.who,
            summary=recent(talk),
        )
    return explain(talk, "What does the message say when you pay?")


def get_refund(talk: Talk) -> Answer | None:
    """Once the order is known, the refund is processed; what came of it is told."""
    if talk.outcome:
        return settled(talk)
    if talk.no:
        return "All right, then I leave it at that."
    if talk.has("dispute") and talk.before.outcome.get("status") == "denied":
        return act(
            "transfer_to_escalation",
            reason="the denial is disputed",
            topic="refund_dispute",
            summary=recent(talk),
        )
    if talk.order and not talk.identified:
        return ask(talk)
    if not talk.order:
        return explain(talk, "Which order is it? With its number I can see what can be refunded.")
    if not talk.fresh and talk.order not in talk.text:
        return None
    return act(
        "transfer_to_refunds",
        reason="the customer wants money back",
        topic="get_refund",
        order_number=talk.order,
        amount=dollars(talk.cents) if talk.cents and not talk.asks else "",
        owed=False,
    )


def settled(talk: Talk) -> Answer | None:
    """What came of a refund or an investigation, as the customer is told; money that is owed goes on to be returned."""
    told = talk.outcome
    return _refunded(talk, told) if "status" in told else _found(talk, told)


def _refunded(talk: Talk, told: Result) -> Answer:
    order, amount = told.get("order_number", ""), told.get("amount", "")
    match told["status"]:
        case "refunded":
            twice = talk.now.got("find_double_charges") is not None
            why = (
                f"You are right: order {order} was charged twice, and I am sorry about that. The second {amount} is"
                if twice
                else f"Done: {amount} of order {order} is"
            )
            return f"{why} on the way back to you (refund {told['refund_number']}) and should arrive by {told['expected']}."
        case "unknown_order":
            return joined(f"I could not find it: {told['explanation']}.", "Would you check the number?")
        case "withdrawn":
            return "All right, then I leave it at that."
        case "denied":
            return told["explanation"]
        case _:
            return f"I am sorry: {amount} of order {order} could not be returned yet."


def _found(talk: Talk, told: Result) -> Answer:
    order, amount, case = (told.get(field, "") for field in ("order_number", "amount", "case_number"))
    match told["finding"]:
        case "charged_twice":
            return act(
                "transfer_to_refunds",
                reason="it was charged twice",
                topic="get_refund",
                order_number=order,
                amount=amount,
                owed=True,
            )
        case "not_identified":
            return joined(f"{told['explanation']}.", _ORDER) if talk.identified else ask(talk)
        case "nothing_found":
            return explain(talk)
        case "returned_already":
            return told["explanation"]
        case _:
            return joined(told["explanation"], f"A colleague looks into it: your case is {case}.")


def track_refund(talk: Talk) -> Answer | None:
    """Where refunds are: of an order, or of a customer."""
    found = talk.got("check_refund") or talk.got("find_refunds")
    if found is None:
        return act("check_refund", order=talk.order) if talk.order else act("find_refunds", customer=talk.who)
    if "refused" in found:
        return joined(refused(found), _ORDER)
    refunds: list[Result] = found["refunds"]
    if not refunds:
        return "There is no refund on record. Which order should it be for?"
    expected = talk.cents or talk.cents_before
    fitting = [made for made in refunds if made["amount"] == dollars(expected)]
    missing = f"I see no refund over {dollars(expected)}, but this is on record:" if expected and not fitting else ""
    return joined(missing, *[refund_told(made) for made in (fitting or refunds)[:2]])


def cancellation_fee(talk: Talk) -> Answer | None:
    """What leaving early would cost this customer, else how it is worked out."""
    found = talk.got("exit_fee")
    if found is None:
        return act("exit_fee", customer=talk.who)
    if "refused" in found:
        return explain(talk)
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


def refund_told(made: Result) -> str:
    """Where a refund is, as a sentence says it."""
    about = f"Refund {made['refund']} over {made['amount']} for order {made['order']}"
    match made["status"]:
        case "requested":
            return f"{about} is requested: once your parcel is scanned, it goes on. It is expected by {made['expected']}."
        case "approved":
            return f"{about} is approved, and the money should be with you by {made['expected']}."
        case _:
            return f"{about} was paid on {made['paid']}."


def _when(talk: Talk) -> str:
    return f" from {talk.month}" if talk.month else ""


PROCEDURES: dict[str, Procedure] = {
    "check_invoice": invoices,
    "get_invoice": invoices,
    "payment_issue": payment_issue,
    "payment_dispute": payment_issue,
    "get_refund": get_refund,
    "track_refund": track_refund,
    "check_cancellation_fee": cancellation_fee,
    "check_refund_policy": terms,
    "check_payment_methods": terms,
}
