"""How a row of the database becomes a record, and a number as people write it becomes a key."""

from collections.abc import Iterable
from datetime import date
from sqlite3 import Row

from supportgenie.records import Article, Customer, Invoice, Item, Mail, Order, Refund, Ticket

_DIGITS = frozenset("0123456789")


def digits_of(number: str) -> str:
    """Return the digits of a number that may carry `#`, blanks, or a word before it."""
    return "".join(sign for sign in number if sign in _DIGITS)


def article(row: Row) -> Article:
    """Read a row of `articles`, without the keywords that are only searched."""
    return Article(slug=row["slug"], topic=row["topic"], title=row["title"], body=row["body"])


def customer(row: Row) -> Customer:
    """Read a row of `customers`."""
    return Customer(
        id=row["id"],
        name=row["name"],
        email=row["email"],
        tier=row["tier"],
        phone=row["phone"],
        address=row["address"],
        since=date.fromisoformat(row["since"]),
        contract_until=_day(row["contract_until"]),
        active=bool(row["active"]),
    )


def order(row: Row, lines: Iterable[Row]) -> Order:
    """Read a row of `orders` with its rows of `items`, each joined with the product's name."""
    items = tuple(Item(row["sku"], row["name"], row["quantity"], row["cents"]) for row in lines)
    return Order(
        number=row["number"],
        customer_id=row["customer_id"],
        status=row["status"],
        items=items,
        address=row["address"],
        shipping_cents=row["shipping_cents"],
        total_cents=row["shipping_cents"] + sum(item.cents * item.quantity for item in items),
        placed_on=date.fromisoformat(row["placed_on"]),
        expected_on=date.fromisoformat(row["expected_on"]),
        shipped_on=_day(row["shipped_on"]),
        delivered_on=_day(row["delivered_on"]),
        cancelled_on=_day(row["cancelled_on"]),
        carrier=row["carrier"],
        tracking=row["tracking"],
    )


def invoice(row: Row, today: date) -> Invoice:
    """Read a row of `invoices`; whether an open one is overdue depends on the day."""
    due_on = date.fromisoformat(row["due_on"])
    late = row["status"] == "open" and due_on < today
    return Invoice(
        number=row["number"],
        order_number=row["order_number"],
        customer_id=row["customer_id"],
        description=row["description"],
        cents=row["cents"],
        status="overdue" if late else row["status"],
        issued_on=date.fromisoformat(row["issued_on"]),
        due_on=due_on,
        paid_on=_day(row["paid_on"]),
    )


def refund(row: Row) -> Refund:
    """Read a row of `refunds`."""
    return Refund(
        number=f"R-{row['id']:05d}",
        order_number=row["order_number"],
        customer_id=row["customer_id"],
        cents=row["cents"],
        status=row["status"],
        requested_on=date.fromisoformat(row["requested_on"]),
        expected_on=date.fromisoformat(row["expected_on"]),
        paid_on=_day(row["paid_on"]),
        key=row["key"],
    )


def ticket(row: Row) -> Ticket:
    """Read a row of `tickets`."""
    return Ticket(
        number=f"T-{row['id']:05d}",
        subject=row["subject"],
        body=row["body"],
        customer_id=row["customer_id"],
        priority=row["priority"],
        status=row["status"],
        opened_on=date.fromisoformat(row["opened_on"]),
    )


def mail(row: Row) -> Mail:
    """Read a row of `mails`."""
    return Mail(row["to"], row["subject"], row["body"], date.fromisoformat(row["queued_on"]), row["key"])


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
