"""A customer's profile as a caller gives it: cleaned and bounded field by field, and never more than data."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Final, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from switchroom import UserError

log = logging.getLogger("supportgenie")

MORE_FIELDS: Final = 20
MORE_KEY: Final = 40
MORE_VALUE: Final = 200

TITLES: Final = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr"})
# Words within a name that begin in lower case.
_SMALL = TITLES | frozenset(
    ("al", "bin", "da", "de", "del", "den", "der", "di", "do", "dos", "du", "el", "la", "ten", "van", "von")
)
_NOT_IN_NAMES = re.compile(r"[^\w\s.'\u2019,-]|_")
_NOT_IN_LABELS = re.compile(r"[^\w\s.-]")
_NOT_IN_PHONES = re.compile(r"[^\d+() ./-]")
_MAILBOX = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)
_PHONE_DIGITS = range(6, 16)
_MAIL_LENGTH = 254
_SLIP = 0.75


def clean(text: str, most: int) -> str:
    """A text as one line of at most so many characters, without what steers a terminal, a page or an eye.

    Control and formatting characters, halves of characters and angle brackets become blanks; blanks are folded; the rest is
    cut off. Cleaning what is clean changes nothing.

    Args:
        text: any text, however long.
        most: characters that are kept.
    """
    # Whoever writes a megabyte into a name does not get a megabyte looked at.
    kept = "".join(" " if _steers(sign) else sign for sign in text[: most * 8])
    return " ".join(unicodedata.normalize("NFC", kept).split())[:most].rstrip()


def _steers(sign: str) -> bool:
    return sign in "<>" or unicodedata.category(sign)[0] in "CZ"


def _name(text: str) -> str:
    return clean(_NOT_IN_NAMES.sub(" ", text[:640]), 80)


def _label(text: str) -> str:
    return clean(_NOT_IN_LABELS.sub(" ", text[:320]), 40)


def mailbox(text: str) -> str:
    """An e-mail address without blanks around it; "" if it is none."""
    found = text[: _MAIL_LENGTH * 2].strip()
    return found if len(found) <= _MAIL_LENGTH and _MAILBOX.fullmatch(found) else ""


def phone_number(text: str) -> str:
    """A phone number with what people write between its digits; "" if it is none."""
    found = clean(_NOT_IN_PHONES.sub(" ", text[:160]), 40)
    return found if sum(sign.isdigit() for sign in found) in _PHONE_DIGITS else ""


def _text(cleaned: Callable[[str], str]) -> BeforeValidator:
    def read(given: Any) -> str:
        match given:
            case None:
                return ""
            case str():
                return cleaned(given)
            case _:
                raise ValueError(f"it is {type(given).__name__}; give text")

    return BeforeValidator(read)


def _verified(given: Any) -> bool:
    match given:
        case None:
            return True
        case bool():
            return given
        case _:
            raise ValueError(f"it is {type(given).__name__}; give True or False")


Name = Annotated[str, _text(_name)]
Label = Annotated[str, _text(_label)]
Mailbox = Annotated[str, _text(mailbox)]
Phone = Annotated[str, _text(phone_number)]


class CustomerProfile(BaseModel):
    """What a caller knows of a customer. Every field may be missing.

    The rule: text is one line of letters, marks, digits and a few signs, cut to its bound; an e-mail address or a phone number
    that is none counts as not given. Fields with other names are kept in `more`, as text and bounded. None counts as missing,
    any other type is a fault of the caller. Nothing in a profile is ever executed, and models are told it as JSON data.

    Attributes:
        name: what the customer is called, which signs nobody in; letters, digits, blanks and `.',-`, at most 80.
        tier: the level of service, such as `gold`, which gives priority; at most 40.
        email: where the customer can be written to. The address signs its account's owner in, unless `email_verified` is False.
        email_verified: False for an address that the host application has not checked, such as one from an open form.
        phone: where the customer can be called.
        plan: what the customer pays for, where that is not the tier; at most 40.
        customer_id: the account, such as `C1001`, of a customer who has signed in; at most 40.
        language: in which the customer wants to be answered; at most 40.
        more: the fields that have other names; at most 20, of 40 and 200 characters.
    """

    model_config = ConfigDict(frozen=True)

    name: Name = ""
    tier: Label = ""
    email: Mailbox = ""
    email_verified: Annotated[bool, BeforeValidator(_verified)] = True
    phone: Phone = ""
    plan: Label = ""
    customer_id: Label = ""
    language: Label = ""
    more: dict[str, str] = {}

    @classmethod
    def of(cls, given: CustomerProfile | Mapping[str, Any] | None) -> Self:
        """The profile in whatever a caller passes.

        Raises:
            UserError: it is no mapping, or a field is not of its type.
        """
        match given:
            case None:
                return cls()
            case CustomerProfile():
                return cls.model_validate(given.model_dump())
            case Mapping():
                _warn_of_slips(given)
                try:
                    return cls.model_validate({**given})
                except ValidationError as error:
                    raise UserError(f"The customer's profile cannot be read: {_explained(error)}.") from error
            case _:  # pyright: ignore[reportUnnecessaryComparison]
                raise UserError(f"The customer's profile is {type(given).__name__}. Pass a dict, or a CustomerProfile.")

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: Any) -> Any:
        """Fields of other names, put where they are kept."""
        if not isinstance(given, Mapping):
            return given
        fields = cast("Mapping[Any, Any]", given)
        named = {name: value for name, value in fields.items() if name in cls.model_fields and name != "more"}
        others = {name: value for name, value in fields.items() if name not in cls.model_fields}
        before: Any = fields.get("more") or {}
        if not isinstance(before, Mapping):
            raise ValueError(f"more is {type(before).__name__}; give fields by name")
        return {**named, "more": _bounded({**cast("Mapping[Any, Any]", before), **others})}

    @property
    def called(self) -> str:
        """How the customer is addressed: the first name, or title and last name; "" where the name does not look like one."""
        words = self.name.replace(",", " ").split()
        if len(words) > 2 and any(word[0].islower() and word.rstrip(".") not in _SMALL for word in words):
            return ""  # a sentence, and no name
        if not 0 < len(words) <= 4 or len(self.name) > 40 or not all(word[0].isalpha() for word in words):
            return ""
        if words[0][0].islower() and words[0].rstrip(".") not in TITLES:
            return self.name  # "van der Berg" is not called van
        return f"{words[0]} {words[-1]}" if words[0].rstrip(".").lower() in TITLES and len(words) > 1 else words[0]

    @property
    def reachable(self) -> bool:
        """Whether somebody at the desk could get back to the customer."""
        return bool(self.email or self.phone or self.customer_id)

    def given(self) -> dict[str, Any]:
        """The fields of a profile that have something in them."""
        fields = {name: getattr(self, name) for name in CustomerProfile.model_fields if name != "email_verified"}
        given = {name: value for name, value in fields.items() if value}
        return {**given, "email_verified": self.email_verified} if self.email else given


def _warn_of_slips(given: Mapping[str, Any]) -> None:
    """Say of a field that is kept in `more` which one may have been meant."""
    fields = [name for name in CustomerProfile.model_fields if name != "more"]
    for name in (str(key) for key in given if key not in CustomerProfile.model_fields):
        if len(name) <= MORE_KEY and (near := get_close_matches(name.lower(), fields, n=1, cutoff=_SLIP)):
            log.warning("The customer's profile has a field %r, which is not used; is %r meant?", name, near[0])


def _bounded(fields: Mapping[Any, Any]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in fields.items():
        key = clean(_NOT_IN_LABELS.sub(" ", str(name)[:320]), MORE_KEY)
        if key and value is not None and (key in kept or len(kept) < MORE_FIELDS):
            kept[key] = clean(value if isinstance(value, str) else _json(key, value), MORE_VALUE)
    return kept


def _json(name: str, value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError(f"{name} is {type(value).__name__}, which JSON cannot hold; give text or plain data") from None


def _explained(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    told = ((".".join(map(str, fault["loc"])), fault["msg"].removeprefix("Value error, ")) for fault in faults[:5])
    return "; ".join(f"'{field}': {why}" if field else why for field, why in told)
