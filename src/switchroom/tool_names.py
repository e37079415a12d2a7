"""Names of agents as names of tools: 1 to 64 ASCII letters, digits, '_' and '-', which is all that servers accept."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

from switchroom.digest import digest

LONGEST_CHARS = 50
"""The longest name, which leaves room for a prefix such as "transfer_to_"."""

LONGEST_TOOL_CHARS = 64
"""The longest name of a tool."""

_OTHER = re.compile(r"[^A-Za-z0-9_-]")
_OTHERS = re.compile(r"[^A-Za-z0-9_-]+")
_MARK_CHARS = 8
_NOTHING_LEFT = "agent"


def tool_name(name: str) -> str:
    """Return a name as a tool's name. It depends on nothing but the name, and so is the same in each run.

    A name of ASCII characters keeps its letters and digits. Any other name, a name without letters and digits, and a name that
    is too long get a fingerprint.
    """
    plain = _OTHERS.sub("_", name)
    return plain if name.isascii() and len(plain) <= LONGEST_CHARS and _is_readable(plain) else marked_name(name)


def step_tool_name(name: str) -> str:
    """Return the name of a step as the name of a tool that runs the step: with '_' for what tools' names may not hold."""
    plain = _OTHER.sub("_", name)
    fits = name.isascii() and len(plain) <= LONGEST_TOOL_CHARS and (plain == name or _is_readable(plain))
    return plain if fits else marked_name(name)


def marked_name(name: str) -> str:
    """Return a name as a tool's name with a fingerprint, so that no other name becomes the same one."""
    latin = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _OTHERS.sub("_", latin).strip("_-")[: LONGEST_CHARS - _MARK_CHARS - 1]
    mark = digest(name.encode(errors="surrogatepass").hex())[:_MARK_CHARS]
    return f"{plain or _NOTHING_LEFT}_{mark}"


def distinct_tool_names(names: Iterable[str]) -> dict[str, str]:
    """Return the tool names of several agents, each by its agent's name.

    Of names that would become the same tool name, the one that needs no change keeps it, and the others get a fingerprint.
    """
    made = {name: tool_name(name) for name in names}
    count = Counter(made.values())
    return {name: plain if count[plain] == 1 or plain == name else marked_name(name) for name, plain in made.items()}


def _is_readable(plain: str) -> bool:
    return any(character.isalnum() for character in plain)
