"""The desk's changes to accounts: opening, editing, plans, closing, and the newsletter."""

import secrets

from supportgenie.lookups import Lookups
from supportgenie.records import Customer, Order, Refused, Tier


class Accounts(Lookups):
    """What customers may have changed about themselves; each change is safe to repeat."""

    def open_account(self, name: str, email: str, *, tier: Tier = "free", address: str = "") -> Customer:
        """Open an account; the same name and e-mail address again return the account opened first.

        Args:
            name: The customer's name.
            email: The address to which mail goes; one account each.
            tier: The plan.
            address: Where orders go unless another address is given.

        Raises:
            Refused: If the name is empty, the e-mail address is none, or it belongs to somebody else.
        """
        with self._store.change():
            mailbox = self._free_email(email, name)
            taken = self._store.one("SELECT id FROM customers WHERE email = ? AND active", mailbox)
            if taken:
                return self._customer(taken["id"])
            if not name.strip():
                raise Refused("an account needs a name")
            id = f"C{secrets.randbelow(9 * 10**7) + 10**7}"  # of eight digits; those of the demo shop have four
            self._store.insert(
                "customers",
                id=id,
                name=name.strip(),
                email=mailbox,
                tier=tier,
                phone="",
                address=address,
                since=self.today.isoformat(),
            )
            return self._customer(id)

    def edit_account(
        self,
        customer_id: str,
        *,
        name: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        address: str | None = None,
    ) -> Customer:
        """Change what is given of an account, and leave the rest.

        Raises:
            NotFound: If there is no such customer.
            Refused: If the e-mail address is none, or belongs to another account.
        """
        with self._store.change():
            old = self._customer(customer_id)
            self._store.run(
                "UPDATE customers SET name = ?, email = ?, phone = ?, address = ? WHERE id = ?",
                name or old.name,
                old.email if email is None else self._free_email(email, old.name),
                old.phone if phone is None else phone,
                old.address if address is None else address,
                old.id,
            )
            return self._customer(old.id)

    def switch_plan(self, customer_id: str, tier: Tier) -> Customer:
        """Put a customer on another plan; a yearly contract has to run out before going down.

        Raises:
            NotFound: If there is no such customer.
            Refused: If the other plan is cheaper and a yearly contract still runs.
        """
        with self._store.change():
            customer = self._customer(customer_id)
            if self._price(tier) < self._price(customer.tier) and self.early_exit_cents(customer_id):
                raise Refused(f"the yearly {customer.tier} plan runs until {customer.contract_until}")
            self._store.run("UPDATE customers SET tier = ? WHERE id = ?", tier, customer.id)
            return self._customer(customer.id)

    def close_account(self, customer_id: str) -> None:
        """Close an account; its orders and invoices stay, as the law asks.

        Raises:
            NotFound: If there is no such customer, or the account is closed already.
            Refused: If an order is on its way or an invoice is not paid.
        """
        with self._store.change():
            customer = self._customer(customer_id)
            if any(_on_its_way(order) for order in self.orders_of(customer.id)):
                raise Refused("an order is still on its way: the account can be closed when it has arrived")
            if any(bill.status in ("open", "overdue") for bill in self.invoices_of(customer.id)):
                raise Refused("an invoice is not paid yet: the account can be closed when it is")
            # The address stays in the record for the law, but a new account may use it.
            self._store.run("UPDATE customers SET active = 0, email = id || ' ' || email WHERE id = ?", customer.id)

    def subscribe(self, email: str) -> bool:
        """Send the newsletter to an address; returns False if it goes there already.

        Raises:
            Refused: If that is no e-mail address.
        """
        mailbox = mailbox_of(email)
        with self._store.change():
            if self.is_subscribed(mailbox):
                return False
            self._store.insert("subscribers", email=mailbox, since=self.today.isoformat())
            return True

    def unsubscribe(self, email: str) -> bool:
        """Stop sending the newsletter to an address; returns False if it did not go there."""
        with self._store.change():
            if not self.is_subscribed(email):
                return False
            self._store.run("DELETE FROM subscribers WHERE email = ?", email.strip())
            return True

    def _free_email(self, email: str, name: str) -> str:
        mailbox = mailbox_of(email)
        row = self._store.one("SELECT name FROM customers WHERE email = ? AND active", mailbox)
        if row and row["name"] != name.strip():
            raise Refused(f"{mailbox} belongs to another account")
        return mailbox

    def _price(self, tier: Tier) -> int:
        return self._store.number("SELECT cents FROM products WHERE sku = ?", f"plan-{tier}")


def mailbox_of(email: str) -> str:
    """Return an e-mail address without blanks around it.

    Raises:
        Refused: If it is none. Only a message that arrives proves an address, so the check is coarse.
    """
    mailbox = email.strip()
    name, at, host = mailbox.rpartition("@")
    if not (name and at and "." in host.strip(".")) or any(sign.isspace() for sign in mailbox):
        raise Refused(f"{mailbox or 'an empty text'} is not an e-mail address")
    return mailbox


def _on_its_way(order: Order) -> bool:
    return order.status in ("placed", "shipped")
