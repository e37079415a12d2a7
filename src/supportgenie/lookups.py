"""What the desk can look up: customers, orders, invoices, refunds, goods, places and help articles."""

import re
import secrets
import time
from collections.abc import Callable
from datetime import date, timedelta
from sqlite3 import Row

from supportgenie import rows
from supportgenie.policy import POLICY
from supportgenie.records import (
    Article,
    Customer,
    Destination,
    Invoice,
    Mail,
    NotFound,
    Order,
    Product,
    ProductKind,
    Refund,
    Ticket,
)
from supportgenie.search import ArticleSearch
from supportgenie.seed import months_before
from supportgenie.store import Store

_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr"})

# A hundred years; beyond that a calendar has no months to count.
_MOST_MONTHS = 1_200


class Lookups:
    """Reads of the desk's records; a number may come with `#`, spaces or without its leading zeros."""

    def __init__(self, store: Store, today: date | None = None, clock: Callable[[], float] = time.time) -> None:
        """Read from `store`; without `today` each question is answered as of the day it is asked."""
        self._store = store
        self._clock = clock
        self._fixed_today = today
        self._articles = ArticleSearch(store)

    @property
    def today(self) -> date:
        """The day on which the desk believes to be."""
        return self._fixed_today or date.today()

    # Customers

    def find_customer(self, who: str) -> Customer | None:
        """Find the one customer meant by an id, an e-mail address or a name.

        Args:
            who: For example ``C1001``, ``ann.ortega@example.com``, ``Mr. Smith`` or ``Anna Freeman``.

        Returns:
            The customer, or None when nobody or more than one fits.
        """
        found = self.find_customers(who)
        return found[0] if len(found) == 1 else None

    def find_customers(self, who: str) -> tuple[Customer, ...]:
        """Find every customer with that id, that e-mail address, or all of those words in the name."""
        wanted = who.strip().lower()
        found = self._store.all("SELECT * FROM customers WHERE active AND (lower(id) = ?1 OR lower(email) = ?1)", wanted)
        if not found:
            words = set(re.findall(r"\w+", wanted)) - _TITLES
            everyone = self._store.all("SELECT * FROM customers WHERE active ORDER BY id")
            found = [row for row in everyone if words and words <= set(row["name"].lower().split())]
        return tuple(rows.customer(row) for row in found)

    def find_account(self, who: str) -> Customer | None:
        """Find the account with exactly that id or that e-mail address; a name finds none."""
        wanted = who.strip().lower()
        row = self._store.one("SELECT * FROM customers WHERE active AND (lower(id) = ?1 OR lower(email) = ?1)", wanted)
        return rows.customer(row) if row else None

    def early_exit_cents(self, customer_id: str) -> int:
        """Return in cents what ending the customer's plan today would cost; 0 without a yearly contract.

        Raises:
            NotFound: If there is no such customer.
        """
        until = self._customer(customer_id).contract_until
        if until is None or until <= self.today:
            return 0
        months = (until.year - self.today.year) * 12 + until.month - self.today.month
        # A month that has begun counts as a whole one.
        return (months + (until.day > self.today.day)) * POLICY.exit_cents_per_month

    def is_subscribed(self, email: str) -> bool:
        """Say whether the newsletter goes to that address."""
        return self._store.one("SELECT 1 FROM subscribers WHERE email = ?", email.strip()) is not None

    # Orders and money

    def find_order(self, number: str) -> Order | None:
        """Find an order by its number."""
        found = self._by_number("orders", number)
        return self._order(found[0]) if found else None

    def orders_of(self, customer_id: str) -> tuple[Order, ...]:
        """Return a customer's orders, the latest first."""
        found = self._store.all("SELECT * FROM orders WHERE customer_id = ? ORDER BY placed_on DESC, rowid DESC", customer_id)
        return tuple(self._order(row) for row in found)

    def latest_order(self, customer_id: str) -> Order | None:
        """Return what the customer ordered last."""
        return next(iter(self.orders_of(customer_id)), None)

    def find_invoice(self, number: str) -> Invoice | None:
        """Find an invoice by its number."""
        found = self._by_number("invoices", number)
        return self._invoice(found[0]) if found else None

    def invoices_of(
        self,
        customer_id: str,
        *,
        months_ago: int | None = None,
        since: date | None = None,
        until: date | None = None,
    ) -> tuple[Invoice, ...]:
        """Return a customer's invoices, the newest first.

        Args:
            customer_id: Whose invoices.
            months_ago: Only those of one calendar month: 0 is this month, 1 the last one.
            since: Only those issued on this day or later.
            until: Only those issued on this day or earlier.
        """
        if months_ago is not None:
            if not 0 <= months_ago <= _MOST_MONTHS:
                return ()
            first = months_before(self.today, months_ago)
            last = months_before(self.today, months_ago - 1) - timedelta(days=1)
            since, until = max(since or first, first), min(until or last, last)
        found = self._store.all(
            """SELECT * FROM invoices WHERE customer_id = ? AND issued_on BETWEEN ? AND ?
               ORDER BY issued_on DESC, rowid DESC""",
            customer_id,
            (since or date.min).isoformat(),
            (until or date.max).isoformat(),
        )
        return tuple(self._invoice(row) for row in found)

    def charged_twice(self, customer_id: str) -> tuple[Invoice, ...]:
        """Return the paid invoices by which a customer paid for an order that was paid already."""
        found = self._store.all(
            """SELECT * FROM invoices AS later WHERE customer_id = ? AND status = 'paid' AND EXISTS (
                   SELECT 1 FROM invoices AS first WHERE first.order_number = later.order_number
                   AND first.status = 'paid' AND first.rowid < later.rowid) ORDER BY rowid""",
            customer_id,
        )
        return tuple(self._invoice(row) for row in found)

    def refundable_cents(self, number: str) -> int:
        """Return how many cents of an order could be refunded today under the shop's terms.

        Money that was taken twice is returned without a time limit, the price itself only for
        `POLICY.refund_days` after delivery.

        Raises:
            NotFound: If there is no such order.
        """
        order = self._known_order(number)
        paid = self._paid_cents(order.number)
        deadline = self.refund_deadline(order)
        open_window = deadline is not None and self.today <= deadline
        return max(0, (paid if open_window else paid - order.total_cents) - self._refunded_cents(order.number))

    def refund_deadline(self, order: Order) -> date | None:
        """Return the last day on which an order can be sent back; None before it was delivered."""
        delivered = order.delivered_on
        return None if delivered is None else delivered + timedelta(days=POLICY.refund_days)

    def find_refund(self, key: str) -> Refund | None:
        """Find the refund made under an effect key, to learn whether it happened."""
        row = self._store.one("SELECT * FROM refunds WHERE key = ?", key)
        return rows.refund(row) if row else None

    def refunds_of(self, customer_id: str) -> tuple[Refund, ...]:
        """Return a customer's refunds, the newest first."""
        found = self._store.all("SELECT * FROM refunds WHERE customer_id = ? ORDER BY requested_on DESC, id DESC", customer_id)
        return tuple(rows.refund(row) for row in found)

    # Goods, places, articles, tickets

    def products(self, kind: ProductKind | None = None) -> tuple[Product, ...]:
        """Return the catalogue, or one kind of it, the cheapest first."""
        found = self._store.all("SELECT * FROM products WHERE ?1 IS NULL OR kind = ?1 ORDER BY cents, rowid", kind)
        return tuple(Product(**row) for row in found)

    def find_product(self, text: str) -> Product | None:
        """Find the product whose number (sku) or name shares most words with the text; of several, who has fewest others."""
        words = set(re.findall(r"\w+", text.lower()))
        best: tuple[tuple[int, int], Product] | None = None
        for product in self.products():
            own = set(re.findall(r"\w+", f"{product.name} {product.sku}".lower()))
            shared = len(words & own)
            if product.sku == text.strip().lower():
                return product
            fit = (shared, shared - len(own))
            if shared and (best is None or fit > best[0]):
                best = (fit, product)
        return best[1] if best else None

    def find_destination(self, text: str) -> Destination | None:
        """Find the country the shop delivers to that a text or an address names, or a city of it.

        Args:
            text: For example ``do you ship to Dublin?``; the place named last counts, as in addresses.
        """
        lowered = text.lower()
        spots: list[tuple[int, str]] = []
        for row in self._store.all("SELECT name, country FROM places"):
            spots += [(hit.start(), row["country"]) for hit in re.finditer(rf"\b{row['name']}\b", lowered)]
        if not spots:
            return None
        row = self._store.one("SELECT * FROM destinations WHERE country = ?", max(spots)[1])
        return Destination(**row) if row else None

    def search_articles(self, query: str, limit: int = 3) -> tuple[Article, ...]:
        """Find the help articles that a message is about.

        Args:
            query: Any text, as the customer wrote it; misspelled words are understood.
            limit: The most articles to return.

        Returns:
            The best first; none when no word of the query occurs in any article.
        """
        return self._articles.search(query, limit)

    def articles_on(self, topic: str) -> tuple[Article, ...]:
        """Return the articles written for one topic, such as ``cancel_order``."""
        found = self._store.all("SELECT slug, topic, title, body FROM articles WHERE articles.topic = ?", topic)
        return tuple(rows.article(row) for row in found)

    def find_ticket(self, number: str) -> Ticket | None:
        """Find a ticket by its number, such as ``T-00001``."""
        digits = rows.digits_of(number)
        row = self._store.one("SELECT * FROM tickets WHERE id = ?", int(digits)) if 0 < len(digits) < 18 else None
        return rows.ticket(row) if row else None

    def tickets_of(self, customer_id: str) -> tuple[Ticket, ...]:
        """Return a customer's tickets, the newest first."""
        found = self._store.all("SELECT * FROM tickets WHERE customer_id = ? ORDER BY id DESC", customer_id)
        return tuple(rows.ticket(row) for row in found)

    def outbox(self) -> tuple[Mail, ...]:
        """Return the messages that wait to be sent, the oldest first."""
        return tuple(rows.mail(row) for row in self._store.all("SELECT * FROM mails ORDER BY id"))

    # Shared with the desk's changes

    def _customer(self, customer_id: str) -> Customer:
        row = self._store.one("SELECT * FROM customers WHERE id = ? AND active", customer_id)
        if row is None:
            raise NotFound(f"there is no customer {customer_id}")
        return rows.customer(row)

    def _known_order(self, number: str) -> Order:
        order = self.find_order(number)
        if order is None:
            raise NotFound(f"there is no order {number}")
        return order

    def _paid_cents(self, number: str) -> int:
        return self._store.number("SELECT sum(cents) FROM invoices WHERE order_number = ? AND status = 'paid'", number)

    def _refunded_cents(self, number: str) -> int:
        return self._store.number("SELECT sum(cents) FROM refunds WHERE order_number = ?", number)

    def _new_number(self, digits: int, find: Callable[[str], object]) -> str:
        """Return a random number that nothing has yet: nobody can tell it from another one."""
        while True:
            number = str(secrets.randbelow(9 * 10 ** (digits - 1)) + 10 ** (digits - 1))
            if find(number) is None:
                return number

    def _by_number(self, table: str, number: str) -> list[Row]:
        digits = rows.digits_of(number)
        if not digits:
            return []
        exact = self._store.all(f"SELECT * FROM {table} WHERE number = ?", digits)
        # Whoever read the number as an integer lost its leading zeros.
        bare = f"SELECT * FROM {table} WHERE ltrim(number, '0') = ?"
        return exact or self._store.all(bare, digits.lstrip("0"))

    def _order(self, row: Row) -> Order:
        lines = self._store.all(
            """SELECT sku, name, quantity, items.cents AS cents FROM items JOIN products USING (sku)
               WHERE order_number = ? ORDER BY items.rowid""",
            row["number"],
        )
        return rows.order(row, lines)

    def _invoice(self, row: Row) -> Invoice:
        return rows.invoice(row, self.today)
