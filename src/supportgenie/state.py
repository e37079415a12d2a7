"""What the agents know of the customer whom they are talking with, shared by all of them along a conversation."""

from __future__ import annotations

from pydantic import BaseModel


class CustomerState(BaseModel):
    """Filled by the caller with what is known at the start, and by tools with what turns up.

    Attributes:
        name: what the customer is called.
        tier: the customer's plan.
        customer_id: the account, such as `C1001`; with it nobody has to ask who is writing.
        topic: what the help article was about that was looked up last.
        order_number: the order that was talked about last.
        invoice_number: the invoice that was talked about last.
        ticket_number: the ticket that was opened last.
        escalated: whether a person at the desk was asked to step in.
    """

    name: str = ""
    tier: str = ""
    customer_id: str = ""
    topic: str = ""
    order_number: str = ""
    invoice_number: str = ""
    ticket_number: str = ""
    escalated: bool = False

    def known(self) -> str:
        """What is known, as a line for an agent's instructions; empty if nothing is."""
        filled = {name.replace("_", " "): value for name, value in self.model_dump().items() if value}
        return "; ".join(f"{name}: {value}" for name, value in filled.items())
