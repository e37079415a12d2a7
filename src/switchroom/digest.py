"""Fingerprints of plain values: the same value has the same one, in any process."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def digest(value: Any) -> str:
    """A short fingerprint of a value that JSON can hold."""
    return blake2b(_encode(value), digest_size=12).hexdigest()
