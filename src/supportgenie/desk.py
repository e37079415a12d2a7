"""The support desk: everything it can look up, and every change the shop's terms allow it to make."""

import time
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Self

from supportgenie import rows
from supportgenie.policy import POLICY, dollars
from supportgenie.proofs import Proofs
from supportgenie.records import (
    PRIORITIES,
    Destination,
    KeyReused,
    Mail,
    NotFound,
    Order,
    Priority,
    Refund,
    Refused,
    Ticket,
)
from supportgenie.seed import seed
from supportgenie.store import Store

_ORDER_DIGITS = 12
_INVOICE_DIGITS = 7
_MOST_PIECES = 20


class Desk(Proofs):
    """The desk's records with the changes to them.

    One desk may be used from an event loop and from worker threads at once. Each change is written
    whole or not at all. A change that must not happen twice takes a `key`: the same key again
    returns what the first call made.
    """

    @classmethod
    def open(cls, path: str | Path = ":memory:", *, today: date | None = None, clock: Callable[[], float] = time.time) -> Self:
        """Open the desk's file; a new or empty one gets its tables and the demo shop's records.

        Args:
            path: The file, or ``:memory:`` for a desk that ends with this object.
            today: The day to answer for; without it, the day on which each question is asked.
            clock: Returns the time in seconds since 1970, for codes that expire and guesses that have to wait.

        Raises:
            DeskError: If the file was made by another version of the tables.
        """
        store = Store(path)
        try:
            store.prepare(lambda: seed(store, today or date.today()))
        except BaseException:
            store.close()
            raise
        return cls(store, today, clock)

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    # Orders

    def place_order(self, customer_id: str, items: Mapping[str, int], *, key: str, address: str | None = None) -> Order:
        """Order goods for a customer; the invoice stays open until the parcel ships.

        Args:
            customer_id: Who buys.
            items: How many pieces of which product (sku).
            key: The effect key; the same key returns the order made first.
            address: Where to send it; without it, the customer's own address.

        Raises:
            NotFound: If there is no such customer or product.
            Refused: If nothing is ordered, a product is sold out, or the address is out of reach.
            KeyReused: If the key belongs to somebody else's order.
        """
        with self._store.change():
            earlier = self._store.one("SELECT number FROM orders WHERE key = ?", key)
            if earlier:
                order = self._known_order(earlier["number"])
                if order.customer_id != customer_id:
                    raise KeyReused("that key belongs to another customer's order")
                return order
            customer = self._customer(customer_id)
            number = self._new_number(_ORDER_DIGITS, self.find_order)
            place = address or customer.address
            days = self._reach(place).days_max
            self._store.insert(
                "orders",
                number=number,
                customer_id=customer.id,
                status="placed",
                address=place,
                shipping_cents=0,
                placed_on=self.today.isoformat(),
                expected_on=(self.today + timedelta(days=days)).isoformat(),
                key=key,
            )
            for sku, quantity in items.items():
                self._put(number, sku, quantity)
            self._store.insert(
                "invoices",
                number=self._new_number(_INVOICE_DIGITS, self.find_invoice),
                order_number=number,
                customer_id=customer.id,
                description=f"Order {number}",
                cents=0,
                status="open",
                issued_on=self.today.isoformat(),
                due_on=(self.today + timedelta(days=POLICY.invoice_due_days)).isoformat(),
            )
            return self._priced(number)

    def set_quantity(self, number: str, sku: str, quantity: int) -> Order:
        """Make an order hold exactly that many pieces of a product: adds, changes or removes it.

        Args:
            number: The order, which must not have shipped.
            sku: The product.
            quantity: The number of pieces afterwards; 0 removes the product.

        Raises:
            NotFound: If there is no such order or product.
            Refused: If the order has shipped or is paid, the stock is too low, or nothing would be left.
        """
        with self._store.change():
            order = self._unshipped(number, "changed")
            if self._paid_cents(order.number):
                raise Refused(f"order {order.number} is paid already: cancel it and order anew")
            self._put(order.number, sku, quantity)
            return self._priced(order.number)

    def change_address(self, number: str, address: str) -> Order:
        """Send an order that has not shipped to another address.

        Raises:
            NotFound: If there is no such order.
            Refused: If it has shipped, or the shop does not deliver to that address.
        """
        with self._store.change():
            order = self._unshipped(number, "sent to another address")
            if order.address == address:
                return order
            expected = order.placed_on + timedelta(days=self._reach(address).days_max)
            self._store.run(
                "UPDATE orders SET address = ?, expected_on = ? WHERE number = ?",
                address,
                expected.isoformat(),
                order.number,
            )
            return self._known_order(order.number) if self._paid_cents(order.number) else self._priced(order.number)

    def cancel_order(self, number: str) -> Order:
        """Cancel an order that has not shipped; money already paid for it is refunded.

        Cancelling a cancelled order changes nothing.

        Raises:
            NotFound: If there is no such order.
            Refused: If it has shipped.
        """
        with self._store.change():
            order = self._known_order(number)
            if order.status == "cancelled":
                return order
            order = self._unshipped(number, "cancelled")
            self._store.run(
                "UPDATE orders SET status = 'cancelled', cancelled_on = ? WHERE number = ?",
                self.today.isoformat(),
                order.number,
            )
            self._store.run("UPDATE invoices SET status = 'void' WHERE order_number = ? AND status = 'open'", order.number)
            for item in order.items:
                self._store.run("UPDATE products SET stock = stock + ? WHERE sku = ?", item.quantity, item.sku)
            owed = self._paid_cents(order.number) - self._refunded_cents(order.number)
            if owed > 0:
                self._return_money(order, owed, f"cancelled:{order.number}")
            return self._known_order(order.number)

    # Money

    def refund(self, number: str, cents: int, key: str) -> Refund:
        """Return money for an order, once per key.

        Args:
            number: The order.
            cents: The amount in cents.
            key: The effect key; the same key returns the refund made first.

        Raises:
            NotFound: If there is no such order.
            Refused: If the shop's terms do not allow that amount today.
            KeyReused: If the key belongs to another order or amount.
        """
        with self._store.change():
            order = self._known_order(number)
            earlier = self.find_refund(key)
            if earlier:
                if (earlier.order_number, earlier.cents) != (order.number, cents):
                    raise KeyReused("that key belongs to another refund")
                return earlier
            self._check_refund(order, cents)
            return self._return_money(order, cents, key)

    # People at the desk, and mail

    def open_ticket(
        self,
        subject: str,
        body: str,
        *,
        customer_id: str | None = None,
        priority: Priority = "normal",
        key: str | None = None,
    ) -> Ticket:
        """Ask the people at the desk to look into something.

        Args:
            subject: One line.
            body: What happened, in the customer's words or the agent's.
            customer_id: Whom it concerns, if that is known.
            priority: How soon somebody should look at it.
            key: The effect key; the same key returns the ticket opened first.

        Raises:
            NotFound: If there is no such customer.
        """
        with self._store.change():
            row = self._store.one("SELECT * FROM tickets WHERE key = ?", key)
            if row is None:
                self._store.insert(
                    "tickets",
                    subject=subject,
                    body=body,
                    customer_id=self._customer(customer_id).id if customer_id else None,
                    priority=priority,
                    opened_on=self.today.isoformat(),
                    key=key,
                )
                row = self._store.one("SELECT * FROM tickets WHERE id = last_insert_rowid()")
            assert row is not None
            return rows.ticket(row)

    def add_to_ticket(self, number: str, text: str, *, priority: Priority = "low") -> Ticket:
        """Write more into a ticket, and raise its priority; the same text again changes nothing.

        Args:
            number: The ticket, such as ``T-00001``.
            text: What is to be known besides; empty to write nothing.
            priority: How soon somebody should look at it now; a higher one that the ticket has already stays.

        Raises:
            NotFound: If there is no such ticket.
        """
        with self._store.change():
            ticket = self.find_ticket(number)
            if ticket is None:
                raise NotFound(f"there is no ticket {number}")
            body = ticket.body if text in ticket.body else f"{ticket.body}\n{text}"
            raised = max(ticket.priority, priority, key=PRIORITIES.index)
            id = int(rows.digits_of(ticket.number))
            self._store.run("UPDATE tickets SET body = ?, priority = ? WHERE id = ?", body, raised, id)
            added = self.find_ticket(number)
            assert added is not None
            return added

    def queue_mail(self, to: str, subject: str, body: str, *, key: str) -> Mail:
        """Put a message into the outbox, once per key.

        Args:
            to: The address.
            subject: One line.
            body: The text.
            key: The effect key; the same key returns the message queued first.
        """
        with self._store.change():
            self._store.run(
                'INSERT INTO mails ("to", subject, body, queued_on, key) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING',
                to,
                subject,
                body,
                self.today.isoformat(),
                key,
            )
            row = self._store.one("SELECT * FROM mails WHERE key = ?", key)
            assert row is not None
            return rows.mail(row)

    # The terms

    def _unshipped(self, number: str, change: str) -> Order:
        order = self._known_order(number)
        if order.status == "placed":
            return order
        if order.status == "cancelled":
            raise Refused(f"order {order.number} is cancelled and cannot be {change}")
        raise Refused(
            f"order {order.number} was {order.status} and can no longer be {change}; "
            f"it can be returned within {POLICY.refund_days} days of delivery"
        )

    def _reach(self, address: str) -> Destination:
        destination = self.find_destination(address)
        if destination is None:
            raise Refused(f"the shop does not deliver to {address or 'an empty address'}; name the country")
        return destination

    def _check_refund(self, order: Order, cents: int) -> None:
        if cents <= 0:
            raise Refused("a refund has to be more than nothing")
        possible = self.refundable_cents(order.number)
        if cents <= possible:
            return
        deadline = self.refund_deadline(order)
        if order.status == "placed":
            reason = "it has not shipped: cancel it instead"
        elif deadline is None:
            reason = "it has not been delivered yet"
        elif self.today > deadline:
            reason = f"it could be returned until {deadline}, {POLICY.refund_days} days after delivery"
        else:
            reason = "the rest was not paid, or is refunded already"
        raise Refused(f"{dollars(possible)} of order {order.number} can be refunded; {reason}")

    # Steps of the changes above; each runs inside one

    def _put(self, number: str, sku: str, quantity: int) -> None:
        """Let an order hold `quantity` pieces of a product, taking them from the stock or returning them."""
        product = self._store.one("SELECT * FROM products WHERE sku = ? AND kind != 'plan'", sku)
        if product is None:
            raise NotFound(f"there is no product {sku}")
        if not 0 <= quantity <= _MOST_PIECES:
            raise Refused(f"an order holds 0 to {_MOST_PIECES} pieces of a product")
        line = (number, sku)
        held = self._store.number("SELECT quantity FROM items WHERE order_number = ? AND sku = ?", *line)
        if quantity - held > product["stock"]:
            raise Refused(f"{product['name']}: {product['stock']} in stock")
        self._store.run("UPDATE products SET stock = stock - ? WHERE sku = ?", quantity - held, sku)
        if quantity == 0:
            self._store.run("DELETE FROM items WHERE order_number = ? AND sku = ?", *line)
        elif held:
            self._store.run("UPDATE items SET quantity = ? WHERE order_number = ? AND sku = ?", quantity, *line)
        else:
            cents = product["cents"]
            self._store.insert("items", order_number=number, sku=sku, quantity=quantity, cents=cents)

    def _priced(self, number: str) -> Order:
        """Work out what an order costs to ship, and let its open invoice ask for the total."""
        order = self._known_order(number)
        if not order.items:
            raise Refused("an order needs at least one product; to want nothing of it any more, cancel it")
        goods = order.total_cents - order.shipping_cents
        shipping = 0 if goods >= POLICY.free_shipping_cents else self._reach(order.address).cents
        self._store.run("UPDATE orders SET shipping_cents = ? WHERE number = ?", shipping, number)
        self._store.run("UPDATE invoices SET cents = ? WHERE order_number = ? AND status = 'open'", goods + shipping, number)
        return self._known_order(number)

    def _return_money(self, order: Order, cents: int, key: str) -> Refund:
        expected = self.today + timedelta(days=POLICY.refund_arrival_days)
        self._store.insert(
            "refunds",
            order_number=order.number,
            customer_id=order.customer_id,
            cents=cents,
            status="approved",
            requested_on=self.today.isoformat(),
            expected_on=expected.isoformat(),
            key=key,
        )
        made = self.find_refund(key)
        assert made is not None
        return made
