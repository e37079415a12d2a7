"""Fingerprints of plain values: the same value has the same one, in any process."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from switchroom.errors import UserError

_encode = msgspec.json.Encoder().encode


def digest(value: Any) -> str:
    """Return a short fingerprint of a value.

    Raises:
        UserError: the value is none that JSON can hold.
    """
    try:
        return blake2b(_encode(value), digest_size=12).hexdigest()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise UserError(f"An input or an instruction holds what JSON cannot: {error}") from error
