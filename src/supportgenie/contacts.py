"""E-mail addresses, phone numbers and payment cards in a text: found, masked, taken out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

CARD: Final = "[card number removed]"
PHONE: Final = "[number removed]"

_CARD_LENGTHS = range(13, 20)
# Digits as people write those of a card: in groups, with blanks or signs between them, also such as nobody sees. What stands
# between the numbers of a list (a comma, a semicolon) does not join them.
_DIGITS = re.compile(r"\d+(?:[\s.\u2010-\u2015\u200b-\u200d\u2060\ufeff/_*-]{1,3}\d+)*")
_GROUP = re.compile(r"\d+")

# It begins where a word begins, and its parts have the lengths that mail allows: no text takes long to be looked through.
_EMAIL = re.compile(r"(?<![\w.+%-])[\w.+%-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,63}(?![\w-])")
# A number is a phone's if it begins with a plus or is grouped as one; order numbers are neither.
_PHONE = re.compile(r"(?<![\w+])(?:\+\d[\d ().\u00a0-]{6,22}\d|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?![\w])")


def never(number: str) -> bool:
    """Where no records are at hand: no number is one of the shop's own."""
    return False


def without_cards(text: str, own: Callable[[str], bool] = never) -> str:
    """A text with each payment card's number taken out: 13 to 19 digits, grouped or not, whose check digit is right.

    Args:
        text: any text.
        own: says whether digits are a number of the shop's own, such as an order's; every tenth one looks like a card's.
    """
    return _DIGITS.sub(lambda run: _without(run.group(), own), text)


def _without(run: str, own: Callable[[str], bool]) -> str:
    groups = [(found.start(), found.end()) for found in _GROUP.finditer(run)]
    kept: list[str] = []
    at = first = 0
    while first < len(groups):
        last = _card_from(run, groups, first, own)
        if last is not None:
            kept += [run[at : groups[first][0]], CARD]
            at, first = groups[last][1], last
        first += 1
    return "".join(kept) + run[at:]


def _card_from(run: str, groups: list[tuple[int, int]], first: int, own: Callable[[str], bool]) -> int | None:
    """The last group of the card that begins with a group; None if there is none."""
    digits, found = "", None
    for last in range(first, len(groups)):
        digits += run[groups[last][0] : groups[last][1]]
        if len(digits) > _CARD_LENGTHS[-1]:
            break
        if len(digits) in _CARD_LENGTHS and checks(digits) and not own(digits):
            found = last
    return found


def checks(digits: str) -> bool:
    """Whether the last digit is the check digit of the others, as Luhn's formula has it."""
    total = 0
    for place, sign in enumerate(reversed(digits)):
        value = int(sign) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def emails_in(text: str) -> list[str]:
    """The e-mail addresses that a text names."""
    return [found.rstrip(".") for found in _EMAIL.findall(text)]


def without_emails(text: str) -> str:
    """Return a text without the e-mail addresses that it names."""
    return _EMAIL.sub(" ", text)


def phones_in(text: str) -> list[str]:
    """The phone numbers that a text names, as they are written."""
    return [found.strip() for found in _PHONE.findall(text)]


def digits_in(number: str) -> str:
    """The digits of a number alone, by which two ways of writing it are compared."""
    return "".join(sign for sign in number if sign.isdigit())


def masked(text: str, known: Callable[[str], bool]) -> str:
    """A text with the e-mail addresses and phone numbers masked that are not known.

    Args:
        text: what is to leave.
        known: says whether an address, in lower case, or a number's digits may be told.
    """
    text = _EMAIL.sub(lambda found: found.group() if known(found.group().lower()) else _mask(found.group()), text)
    return _PHONE.sub(lambda found: found.group() if known(digits_in(found.group())) else PHONE, text)


def _mask(email: str) -> str:
    name, _, host = email.partition("@")
    return f"{name[:1]}***@{host}"
