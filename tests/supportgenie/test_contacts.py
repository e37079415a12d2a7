"""Card numbers, e-mail addresses and phone numbers in texts: found however they are written, and nothing else is."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from supportgenie.contacts import CARD, checks, digits_in, emails_in, masked, phones_in, without_cards
from supportgenie.desk import Desk
from supportgenie.guards import own_numbers

SEPARATORS = ["", " ", "-", "\u2013", ".", "  ", " - ", "\u200b", "\n"]


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A card's number: 12 to 18 digits and the check digit."""
    digits = draw(st.text("0123456789", min_size=12, max_size=18))
    return next(digits + last for last in "0123456789" if checks(digits + last))


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A card's number, and how somebody writes it."""
    card = draw(cards())
    separator, size = draw(st.sampled_from(SEPARATORS)), draw(st.integers(2, 6))
    return card, separator.join(card[at : at + size] for at in range(0, len(card), size))


@given(written(), st.text("abc ,.!?\n"), st.text("abc ,!?\n"))
def test_a_card_number_does_not_stay_however_it_is_written(card: tuple[str, str], before: str, after: str):
    digits, typed = card
    assume(not before.endswith((".",)))
    left = without_cards(f"{before}{typed}{after}")
    assert digits not in digits_in(left)
    assert CARD in left
    assert left.startswith(before)
    assert left.endswith(after)


@given(st.text())
def test_taking_cards_out_twice_takes_out_no_more(text: str):
    once = without_cards(text)
    assert without_cards(once) == once


@given(st.text("0123456789", min_size=13, max_size=19))
def test_one_wrong_digit_makes_it_no_card(digits: str):
    assume(not checks(digits))
    assert without_cards(digits) == digits


@given(cards(), st.integers(0, 18), st.integers(1, 9))
def test_the_check_digit_finds_each_wrong_digit(card: str, place: int, more: int):
    place %= len(card)
    wrong = str((int(card[place]) + more) % 10)
    assert not checks(card[:place] + wrong + card[place + 1 :])


@pytest.mark.parametrize(
    "card", ["4111111111111111", "5555 5555 5555 4444", "3782-822463-10005", "6011.1111.1111.1117", "30569309025904"]
)
def test_known_test_cards_are_found(card: str):
    assert without_cards(f"my card is {card}, thanks") == f"my card is {CARD}, thanks"


def test_a_card_among_other_numbers_is_found_alone():
    text = "order 370795561790 12 4111 1111 1111 1111 03/29 123"
    assert without_cards(text) == f"order 370795561790 12 {CARD} 03/29 123"


def test_a_number_of_the_shops_own_is_no_card(reading_desk: Desk):
    number = "113542617735902"
    assert checks(number)
    assert without_cards(number) == CARD
    assert without_cards(f"order {number}", own_numbers(reading_desk)) == f"order {number}"


@pytest.mark.parametrize(
    "text",
    [
        "orders 370795561790, 732201349959 and 900100200302",
        "between 2025-03-14 and 2025-03-15",
        "tracking SP7322013499US",
        "+1 800 555 0142",
        "$1,499.00",
        "",
    ],
)
def test_other_numbers_stay(text: str):
    assert without_cards(text) == text


def test_addresses_and_numbers_are_found():
    assert emails_in("write to ann.o+x@mail.example.com, or bob@example.org.") == [
        "ann.o+x@mail.example.com",
        "bob@example.org",
    ]
    assert phones_in("call +36 1 555 0107 or (206) 555-0101, order 370795561790, of 2025-03-14") == [
        "+36 1 555 0107",
        "(206) 555-0101",
    ]


@given(st.emails())
def test_an_address_that_is_not_known_is_masked(email: str):
    assume(emails_in(email) == [email])
    assert email not in masked(f"write to {email} now", lambda form: False)
    assert masked(f"write to {email} now", lambda form: form == email.lower()) == f"write to {email} now"


def test_a_number_that_is_not_known_is_masked_whichever_way_it_is_written():
    known = {digits_in("+1 206 555 0101")}
    assert masked("+1 (206) 555-0101", known.__contains__) == "+1 (206) 555-0101"
    assert masked("call +44 151 555 0103.", known.__contains__) == "call [number removed]."
    assert masked("a***@example.com", known.__contains__) == "a***@example.com"


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "1 " * 100_000, "a@" * 100_000, "a." * 100_000, "+1" * 100_000, "(206) " * 30_000]
)
def test_no_text_takes_long_to_be_looked_through(text: str):
    began = time.process_time()
    without_cards(text)
    masked(text, lambda form: False)
    emails_in(text)
    phones_in(text)
    assert time.process_time() - began < 60  # a second is usual; what is quadratic would take hours
