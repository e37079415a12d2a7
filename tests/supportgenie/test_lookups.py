"""Whatever customers name, in whatever way they write it, the desk finds the record."""

import dataclasses
from datetime import date

import pytest

from supportgenie.desk import Desk
from supportgenie.policy import POLICY, dollars

TODAY = date(2025, 3, 14)
PLACED, SHIPPED, DELIVERED, LATE = "370795561790", "732201349959", "00123842", "00004587345"


@pytest.mark.parametrize("number", [PLACED, SHIPPED, DELIVERED, LATE, "113542617735902"])
def test_every_order_number_that_customers_write_about_is_known(reading_desk: Desk, number: str) -> None:
    order = reading_desk.find_order(number)
    assert order is not None
    assert order.number == number
    assert order.items
    assert order.total_cents == order.shipping_cents + sum(item.cents * item.quantity for item in order.items)


@pytest.mark.parametrize("number", ["37777", "85632", "00108", "12588"])
def test_every_invoice_number_that_customers_write_about_is_known(reading_desk: Desk, number: str) -> None:
    invoice = reading_desk.find_invoice(f"#{number}")
    assert invoice is not None
    assert invoice.number == number


@pytest.mark.parametrize("written", ["#00123842", " 123842 ", "order 00123842", "order00123842"])
def test_a_number_is_found_however_it_is_written(reading_desk: Desk, written: str) -> None:
    order = reading_desk.find_order(written)
    assert order is not None
    assert order.number == DELIVERED


@pytest.mark.parametrize("written", ["", "#", "none", "999", "T-99999999999999999999999"])
def test_an_unknown_number_finds_nothing(reading_desk: Desk, written: str) -> None:
    assert reading_desk.find_order(written) is None
    assert reading_desk.find_invoice(written) is None
    assert reading_desk.find_ticket(written) is None


def test_the_seeded_orders_stand_in_every_state(reading_desk: Desk) -> None:
    customers = [reading_desk.find_customers(f"C{number}")[0] for number in range(1001, 1009)]
    states = {order.status for customer in customers for order in reading_desk.orders_of(customer.id)}
    assert states == {"placed", "shipped", "delivered", "cancelled"}
    assert len({customer.tier for customer in customers}) == 7


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("Mr. Smith", "John Smith"),
        ("ms. hawkings", "Grace Hawkings"),
        ("Anna Freeman", "Anna Freeman"),
        ("Ann", "Ann Ortega"),
        ("DAVID.MILLER@example.com", "David Miller"),
        ("c1002", "Robert Jones"),
    ],
)
def test_a_customer_is_found_by_name_address_or_id(reading_desk: Desk, who: str, name: str) -> None:
    customer = reading_desk.find_customer(who)
    assert customer is not None
    assert customer.name == name


def test_a_name_that_fits_two_customers_finds_neither(desk: Desk) -> None:
    desk.open_account("Peter Smith", "peter.smith@example.com")
    assert len(desk.find_customers("Smith")) == 2
    assert desk.find_customer("Smith") is None
    assert desk.find_customer("Mr.") is None


def test_the_latest_order_is_the_one_placed_last(reading_desk: Desk) -> None:
    latest = reading_desk.latest_order("C1001")
    assert latest is not None
    assert latest.number == PLACED
    assert reading_desk.latest_order("C1008") is None


@pytest.mark.parametrize("months", [0, 1, 8, 12])
def test_invoices_are_found_by_the_month_in_which_they_were_issued(reading_desk: Desk, months: int) -> None:
    invoices = reading_desk.invoices_of("C1001", months_ago=months)
    count = TODAY.year * 12 + TODAY.month - 1 - months
    assert invoices
    assert all((invoice.issued_on.year, invoice.issued_on.month - 1) == divmod(count, 12) for invoice in invoices)


def test_invoices_can_be_asked_for_between_two_days(reading_desk: Desk) -> None:
    since, until = date(2024, 1, 1), date(2024, 12, 31)
    found = reading_desk.invoices_of("C1001", since=since, until=until)
    assert [invoice.issued_on for invoice in found] == sorted((i.issued_on for i in found), reverse=True)
    assert {invoice.issued_on.year for invoice in found} == {2024}
    assert reading_desk.invoices_of("C1001", months_ago=10**9) == ()


def test_an_open_invoice_is_overdue_from_the_day_after_it_was_due(reading_desk: Desk) -> None:
    late = [invoice for invoice in reading_desk.invoices_of("C1005") if invoice.status == "overdue"]
    assert [invoice.description for invoice in late] == ["Premium plan, February 2025"]
    assert all(invoice.due_on < TODAY and not invoice.paid for invoice in late)


def test_a_double_charge_shows_as_the_second_paid_invoice(reading_desk: Desk) -> None:
    assert [invoice.number for invoice in reading_desk.charged_twice("C1006")] == ["41201"]
    assert reading_desk.charged_twice("C1001") == ()


@pytest.mark.parametrize("amount", [16_000, 29_900, 35_000, 120_000, 149_900])
def test_every_refund_that_customers_wait_for_is_on_record(reading_desk: Desk, amount: int) -> None:
    refunds = [refund for number in range(1001, 1009) for refund in reading_desk.refunds_of(f"C{number}")]
    assert [refund for refund in refunds if refund.cents == amount]


def test_leaving_a_yearly_plan_costs_each_month_that_has_begun(reading_desk: Desk) -> None:
    smith = reading_desk.find_customer("C1001")
    assert smith is not None
    assert smith.contract_until == date(2025, 7, 22)
    assert reading_desk.early_exit_cents("C1001") == 5 * POLICY.exit_cents_per_month
    assert reading_desk.early_exit_cents("C1002") == 0


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("do you ship to Dublin?", "Ireland"),
        ("can i place an order from MEXICO", "Mexico"),
        ("Carrer del Port 9, 46001 Valencia, Spain", "Spain"),
        ("London Road 1, Toronto, Canada", "Canada"),
    ],
)
def test_a_place_named_in_a_text_is_a_destination(reading_desk: Desk, text: str, country: str) -> None:
    destination = reading_desk.find_destination(text)
    assert destination is not None
    assert destination.country == country
    assert destination.days_min < destination.days_max


def test_a_place_out_of_reach_is_no_destination(reading_desk: Desk) -> None:
    assert reading_desk.find_destination("do you ship to Atlantis?") is None


def test_products_are_found_by_the_words_of_their_names(reading_desk: Desk) -> None:
    laptop = reading_desk.find_product("how much is the harrow laptop?")
    assert laptop is not None
    assert dollars(laptop.cents) == "$1,499.00"
    assert reading_desk.find_product("a piano") is None
    assert [plan.name for plan in reading_desk.products("plan")][-1] == "Platinum"


def test_records_cannot_be_changed_in_place(reading_desk: Desk) -> None:
    order = reading_desk.find_order(PLACED)
    assert order is not None
    with pytest.raises(dataclasses.FrozenInstanceError):
        order.status = "cancelled"  # pyright: ignore[reportAttributeAccessIssue]
