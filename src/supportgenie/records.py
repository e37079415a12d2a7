"""The desk's records as frozen values, and the ways in which the desk says no."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

OrderStatus = Literal["placed", "shipped", "delivered", "cancelled"]
InvoiceStatus = Literal["open", "overdue", "paid", "void"]
RefundStatus = Literal["requested", "approved", "paid"]
Priority = Literal["low", "normal", "high", "urgent"]
PRIORITIES: Final[tuple[Priority, ...]] = ("low", "normal", "high", "urgent")
"""From what can wait to what cannot."""
Tier = Literal["free", "freemium", "standard", "pro", "premium", "gold", "platinum"]
ProductKind = Literal["plan", "device", "accessory"]


class DeskError(Exception):
    """Anything the desk refuses; the message is written for the customer's eyes."""


class NotFound(DeskError):
    """No record has that number, address or name."""


class NotIdentified(DeskError):
    """Only the owner of an account may have that, and nobody knows yet who writes."""


class MustWait(DeskError):
    """Several numbers or codes were wrong; the next one is looked at after some seconds.

    Args:
        seconds: how long.
        where: where the wrong ones were given, as the end of a clause.
        helps: what the customer can do better than guess, as a clause; "" for nothing.
    """

    def __init__(self, seconds: int, where: str = "here", helps: str = "") -> None:
        happened = f"several numbers or codes that were given {where} were wrong, so I cannot look up this one yet"
        waits = f"please wait {seconds} {'second' if seconds == 1 else 'seconds'}, and try again"
        super().__init__(f"{happened}: {waits}{'; ' if helps else ''}{helps}")
        self.seconds = seconds


class TooManyGuesses(DeskError):
    """Too many wrong numbers or codes were given; a person goes on."""


class Refused(DeskError):
    """The record exists, but the shop's terms do not allow the change."""


class KeyReused(DeskError):
    """An effect key came back with other contents than the first time."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who has an account; `contract_until` is the end of a yearly plan, if there is one."""

    id: str
    name: str
    email: str
    tier: Tier
    phone: str
    address: str
    since: date
    contract_until: date | None
    active: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order; `cents` is the price of a single piece."""

    sku: str
    name: str
    quantity: int
    cents: int


@dataclass(frozen=True, slots=True)
class Order:
    """What was bought and where it is; `expected_on` is the promised day of arrival."""

    number: str
    customer_id: str
    status: OrderStatus
    items: tuple[Item, ...]
    address: str
    shipping_cents: int
    total_cents: int
    placed_on: date
    expected_on: date
    shipped_on: date | None
    delivered_on: date | None
    cancelled_on: date | None
    carrier: str | None
    tracking: str | None


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is to be paid, for an order or (without one) for a month of a plan."""

    number: str
    order_number: str | None
    customer_id: str
    description: str
    cents: int
    status: InvoiceStatus
    issued_on: date
    due_on: date
    paid_on: date | None

    @property
    def paid(self) -> bool:
        """Whether the money arrived."""
        return self.status == "paid"


@dataclass(frozen=True, slots=True)
class Refund:
    """Money on its way back; `key` is the effect key under which it was made."""

    number: str
    order_number: str
    customer_id: str
    cents: int
    status: RefundStatus
    requested_on: date
    expected_on: date
    paid_on: date | None
    key: str


@dataclass(frozen=True, slots=True)
class Article:
    """A help article; `topic` is the intent it answers, `path` its address on the shop's site."""

    slug: str
    topic: str
    title: str
    body: str

    @property
    def path(self) -> str:
        """The article's address below the shop's own."""
        return f"/help/{self.slug}"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Something a person at the desk has to look into."""

    number: str
    subject: str
    body: str
    customer_id: str | None
    priority: Priority
    status: Literal["open", "closed"]
    opened_on: date


@dataclass(frozen=True, slots=True)
class Product:
    """What can be bought; a plan's price is for a month, and plans are never out of stock."""

    sku: str
    name: str
    kind: ProductKind
    cents: int
    description: str
    stock: int


@dataclass(frozen=True, slots=True)
class Destination:
    """A country the shop delivers to, in days and cents per parcel."""

    country: str
    days_min: int
    days_max: int
    cents: int


@dataclass(frozen=True, slots=True)
class Mail:
    """A message waiting in the outbox."""

    to: str
    subject: str
    body: str
    queued_on: date
    key: str
