"""A finding: one thing that was looked at, how it is, and what to do about it. No secret is in it."""

from __future__ import annotations

import os
import re
from typing import Literal, TypeAlias

import msgspec

Level: TypeAlias = Literal["ok", "warning", "fault"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    Args:
        check: what, in a word.
        level: how it is.
        says: the same in a sentence.
        remedy: what to do about it; "" where nothing has to be done.
    """

    check: str
    level: Level
    says: str
    remedy: str = ""

    @property
    def discreet(self) -> Finding:
        """The finding without the secrets that an error's text or a line of code may have brought into it."""
        return Finding(self.check, self.level, hidden(self.says), hidden(self.remedy))


def shown(secret: str) -> str:
    """As much of a secret as may be seen: its last 4 characters, of a short one nothing."""
    return f"…{secret[-4:]}" if len(secret) >= 20 and secret[-4:].isalnum() else "…"


def hidden(text: str) -> str:
    """A text without secrets: those of the environment, and what looks like a key."""
    secrets = {value.strip() for name, value in os.environ.items() if _SECRET.search(name)}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 8:
            text = text.replace(secret, shown(secret))
    return _PASSWORD.sub("://…@", _KEY.sub(lambda found: shown(found[0]), text))


_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_KEY = re.compile(r"\b(sk|gsk|xai|pk|rk)[-_][\w-]{12,}")
_PASSWORD = re.compile(r"://[^\s/]+@")
