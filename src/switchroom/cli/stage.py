"""The shop that the demonstration plays in: SupportGenie without a language model, its desk and journal in a folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import supportgenie
from supportgenie.desk import Desk
from supportgenie.records import Refund
from supportgenie.state import CustomerState
from switchroom.cli.app import App
from switchroom.journals.sqlite import SqliteJournal

_NUMBER = re.compile(r"\d{4,18}")


class Stage:
    """SupportGenie in a folder. Two processes may stand on one stage.

    Args:
        folder: where the desk's and the journal's files are, or are made.
    """

    def __init__(self, folder: Path) -> None:
        self.desk = Desk.open(folder / "desk.db")
        self.journal = SqliteJournal(folder / "journal.db")
        config = replace(supportgenie.config, model=supportgenie.model, journal=self.journal, deps=self._desk_of)
        self.app = App("supportgenie", supportgenie.app, config)

    def _desk_of(self, conversation: str) -> Desk:
        return self.desk

    def app_for(self, customer: CustomerState) -> App:
        """The application for a customer of whom this is known."""

        def known(conversation: str) -> CustomerState:
            return customer

        return App(self.app.reference, self.app.step, replace(self.app.config, state=known))

    def owner_of(self, messages: Iterable[str]) -> str:
        """The account's id of the first order or invoice whose number stands in messages; "" if none does."""
        numbers = (number for message in messages for number in _NUMBER.findall(message))
        found = (self.desk.find_order(number) or self.desk.find_invoice(number) for number in numbers)
        return next((record.customer_id for record in found if record is not None), "")

    def close(self) -> None:
        """Close the files."""
        self.journal.close()
        self.desk.close()

    def refunds(self, order: str) -> list[Refund]:
        """The refunds of an order that stand in the desk's books."""
        found = self.desk.find_order(order)
        return [] if found is None else [made for made in self.desk.refunds_of(found.customer_id) if made.order_number == order]
