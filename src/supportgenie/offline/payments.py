"""Investigations by rules: look at what was charged, open a case where there is something to it, and return the finding."""

from __future__ import annotations

from supportgenie.offline.acts import Answer, Procedure, act, listed
from supportgenie.offline.talk import Talk
from supportgenie.policy import dollars
from supportgenie.turns import Result


def investigate(talk: Talk) -> Answer | None:
    """What the brief says is looked into, by its kind."""
    brief = talk.now.brief
    if not brief:
        return None
    return _duplicate(talk, brief) if brief.get("kind") == "duplicate" else _charges(talk, brief)


def finding(what: str, **told: str | None) -> Answer:
    """The conversation given back to billing, with what was found."""
    return act("return_to_billing", finding=what, **told)


def _duplicate(talk: Talk, brief: Result) -> Answer:
    found = talk.got("find_double_charges")
    if found is None:
        return act("find_double_charges", order=brief.get("order_number"), customer=brief.get("customer"))
    if "refused" in found:
        return finding("not_identified", explanation=_sentence(found))
    bills: list[Result] = found["charged_twice"]
    if not bills:
        return finding("nothing_found", explanation="No order was paid twice.")
    double = next((bill for bill in bills if bill["cents"] > 0), None)
    if double is None:
        bill = bills[0]
        told = f"The second {bill['amount']} for order {bill['order']} (invoice {bill['invoice']}) was returned already."
        return finding("returned_already", order_number=bill["order"], explanation=told)
    opened = talk.got("open_ticket")
    if opened is None:
        about = f"Order {double['order']} was paid twice, by invoice {double['invoice']} over {double['amount']}."
        return act(
            "open_ticket", subject=f"Double charge for order {double['order']}", body=f"{about}\n{brief.get('summary', '')}"
        )
    return finding(
        "charged_twice",
        order_number=double["order"],
        invoice_number=double["invoice"],
        amount=dollars(double["cents"]),
        case_number=opened["ticket"],
    )


def _charges(talk: Talk, brief: Result) -> Answer:
    """A payment that failed or is disputed: what the invoices say, and a case for whoever looks at the bank's side of it."""
    found = talk.got("find_invoice") or talk.got("find_invoices")
    if found is None:
        if number := brief.get("invoice_number"):
            return act("find_invoice", number=number)
        return act("find_invoices", customer=brief.get("customer"), month=brief.get("month"))
    if "refused" in found:
        return finding("not_identified", explanation=_sentence(found))
    bills: list[Result] = found.get("invoices", [found])
    unpaid = [bill for bill in bills if bill["status"] in ("open", "overdue")]
    shown = unpaid if brief["kind"] == "failed" else bills
    if not shown:
        return finding("nothing_found", explanation="All invoices are paid.")
    some = listed([f"invoice {bill['invoice']} over {bill['amount']} ({bill['status']})" for bill in shown])
    opened = talk.got("open_ticket")
    if opened is None:
        return act("open_ticket", subject=f"Payment: {brief['kind']}", body=f"{brief.get('summary', '')}\nOn record: {some}.")
    return finding(
        "not_paid" if brief["kind"] == "failed" else "under_review",
        invoice_number=shown[0]["invoice"],
        amount=shown[0]["amount"],
        case_number=opened["ticket"],
        explanation=f"On record I see {some}.",
    )


def _sentence(found: Result) -> str:
    reason = str(found["refused"])
    return f"{reason[:1].upper()}{reason[1:]}"


PROCEDURES: dict[str, Procedure] = {"payment_issue": investigate, "payment_dispute": investigate}
