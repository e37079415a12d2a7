"""The demo shop's first day: reads the seed files and writes their records, dated from a given day."""

import tomllib
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

from supportgenie.policy import POLICY, dollars
from supportgenie.store import Store

Table = dict[str, Any]

# Enough for "eight months ago" and "last year" to find something.
_PLAN_MONTHS = 15
_FIRST_PLAN_INVOICE = 700_001


def seed(store: Store, today: date) -> None:
    """Fill empty tables with the demo shop.

    Args:
        store: Where the tables were just created; call inside its `change`.
        today: The day from which the seed's days are counted back.
    """
    records = _read("seed.toml")
    _catalogue(store, records)
    for row in records["customer"]:
        _customer(store, row, today)
    for row in records["order"]:
        _order(store, row, today)
    for row in records["invoice"]:
        _invoice(store, row, today)
    _plan_invoices(store, records, today)
    _desk_papers(store, records, today)
    _articles(store, records)


def months_before(day: date, months: int) -> date:
    """Return the first day of the month that lies `months` before the month of `day`."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _read(name: str) -> Table:
    return tomllib.loads(files("supportgenie").joinpath(name).read_text(encoding="utf-8"))


def _day(today: date, days_ago: int | None) -> str | None:
    return None if days_ago is None else (today - timedelta(days=days_ago)).isoformat()


def _catalogue(store: Store, records: Table) -> None:
    for row in records["destination"]:
        days_min, days_max = row["days"]
        store.insert("destinations", country=row["country"], days_min=days_min, days_max=days_max, cents=row["cents"])
        for name in (*row["names"], *row["cities"]):
            store.insert("places", name=name.lower(), country=row["country"])
    for row in records["product"]:
        store.insert("products", **{"stock": 0, **row})


def _customer(store: Store, row: Table, today: date) -> None:
    columns = {key: value for key, value in row.items() if key != "unpaid_months"}
    columns["since"] = _day(today, row["since"])
    columns["contract_until"] = _day(today, row.get("contract_until"))
    store.insert("customers", **columns)


def _order(store: Store, row: Table, today: date) -> None:
    number, customer = row["number"], row["customer"]
    address = store.one("SELECT address FROM customers WHERE id = ?", customer)
    prices = {sku: store.number("SELECT cents FROM products WHERE sku = ?", sku) for sku in row["items"]}
    total = sum(prices[sku] * quantity for sku, quantity in row["items"].items())
    # Every seeded parcel but one is above the limit for free shipping; that one pays its country's price.
    shipping = 0 if total >= POLICY.free_shipping_cents else row["shipping"]
    store.insert(
        "orders",
        number=number,
        customer_id=customer,
        status=row["status"],
        address=address["address"] if address else "",
        shipping_cents=shipping,
        placed_on=_day(today, row["placed"]),
        expected_on=_day(today, row["expected"]),
        shipped_on=_day(today, row.get("shipped")),
        delivered_on=_day(today, row.get("delivered")),
        cancelled_on=_day(today, row.get("cancelled")),
        carrier=row.get("carrier"),
        tracking=row.get("tracking"),
    )
    for sku, quantity in row["items"].items():
        store.insert("items", order_number=number, sku=sku, quantity=quantity, cents=prices[sku])
    invoice = {**row["invoice"], "order": number, "customer": customer}
    _invoice(store, {**invoice, "description": f"Order {number}", "cents": total + shipping}, today)


def _invoice(store: Store, row: Table, today: date) -> None:
    issued, paid = row["issued"], row.get("paid")
    status = "void" if row.get("void") else "open" if paid is None else "paid"
    store.insert(
        "invoices",
        number=row["number"],
        order_number=row["order"],
        customer_id=row["customer"],
        description=row["description"],
        cents=row["cents"],
        status=status,
        issued_on=_day(today, issued),
        due_on=_day(today, issued - POLICY.invoice_due_days),
        paid_on=_day(today, paid),
    )


def _plan_invoices(store: Store, records: Table, today: date) -> None:
    """Invoice each paid plan on the first of each month in which its customer was there already."""
    plans = {row["sku"]: row for row in records["product"] if row["kind"] == "plan"}
    number = _FIRST_PLAN_INVOICE
    for customer in records["customer"]:
        plan = plans[f"plan-{customer['tier']}"]
        if not plan["cents"]:
            continue
        for months in range(_PLAN_MONTHS):
            first = months_before(today, months)
            days_ago = (today - first).days
            if days_ago > customer["since"]:
                break
            paid = None if months in customer.get("unpaid_months", ()) else days_ago
            row: Table = {"number": str(number), "order": None, "customer": customer["id"], "issued": days_ago}
            row["description"] = f"{plan['name']} plan, {first:%B %Y}"
            _invoice(store, {**row, "cents": plan["cents"], "paid": paid}, today)
            number += 1


def _desk_papers(store: Store, records: Table, today: date) -> None:
    for index, row in enumerate(records["refund"]):
        owner = store.one("SELECT customer_id FROM orders WHERE number = ?", row["order"])
        store.insert(
            "refunds",
            order_number=row["order"],
            customer_id=owner["customer_id"] if owner else None,
            cents=row["cents"],
            status=row["status"],
            requested_on=_day(today, row["requested"]),
            expected_on=_day(today, row["requested"] - POLICY.refund_arrival_days),
            paid_on=_day(today, row.get("paid")),
            key=f"seed:{index}",
        )
    for row in records["subscriber"]:
        store.insert("subscribers", email=row["email"], since=_day(today, row["since"]))
    for row in records["ticket"]:
        store.insert(
            "tickets",
            subject=row["subject"],
            body=row["body"],
            customer_id=row["customer"],
            priority=row["priority"],
            opened_on=_day(today, row["opened"]),
        )


def _articles(store: Store, records: Table) -> None:
    facts = _facts(records)
    for row in _read("articles.toml")["article"]:
        # The files wrap their lines for the eye; an answer quotes whole paragraphs.
        texts = {key: " ".join(row[key].split()) for key in ("topic", "title", "keywords")}
        body = " ".join(row["body"].split()).format_map(facts)
        store.insert("articles", slug=row["slug"], body=body, **texts)


def _facts(records: Table) -> dict[str, str]:
    """What the articles' braces stand for, so that no term is written in two places."""
    destinations = [
        f"{row['country']} ({row['days'][0]} to {row['days'][1]} days, {dollars(row['cents'])})"
        for row in records["destination"]
    ]
    plans = [
        f"{row['name']} costs {dollars(row['cents'])} a month: {row['description']}"
        for row in records["product"]
        if row["kind"] == "plan"
    ]
    cities = [city for row in records["destination"] for city in row["cities"]]
    days = [day for row in records["destination"] for day in row["days"]]
    return {
        "refund_days": str(POLICY.refund_days),
        "refund_arrival_days": str(POLICY.refund_arrival_days),
        "withdrawal_days": str(POLICY.withdrawal_days),
        "missing_days": str(POLICY.missing_days),
        "invoice_due_days": str(POLICY.invoice_due_days),
        "complaint_days": str(POLICY.complaint_days),
        "warranty_months": str(POLICY.warranty_months),
        "reset_minutes": str(POLICY.reset_minutes),
        "exit_fee": dollars(POLICY.exit_cents_per_month),
        "free_shipping": dollars(POLICY.free_shipping_cents),
        "phone": POLICY.phone,
        "email": POLICY.email,
        "hours": POLICY.hours,
        "destinations": ", ".join(destinations),
        "cities": ", ".join(cities),
        "days_min": str(min(days)),
        "days_max": str(max(days)),
        "plans": "; ".join(plans),
    }
