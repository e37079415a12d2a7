"""How wide text is, near enough for a box around it: by the widths of a common broad typeface."""

from __future__ import annotations

import unicodedata

_GROUPS = {
    0.29: "ijl'|",
    0.34: "I., ;:!",
    0.41: 'ft()[]/\\-r"`',
    0.55: "*szc?_JL",
    0.6: "xkvyFTYZ",
    0.65: "aegbdhnopqu0123456789SEPXKABCRV$+#",
    0.8: "wGDHNUOQ&<>=~^→←↔",
    1.0: "mMW@%…",
}
_WIDTHS = {character: width for width, characters in _GROUPS.items() for character in characters}


_TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
"""Characters that turn the direction of what follows."""


def printable(text: str) -> str:
    """A text in one line, in which what steers a terminal, or stands in no document, is shown as a mark."""
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character in "\n\r\t\v\f":
        return " "
    code = ord(character)
    never = unicodedata.category(character) in ("Cc", "Cs") or code in _TURNING or code & 0xFFFE == 0xFFFE
    return "\N{REPLACEMENT CHARACTER}" if never else character


def width_of(text: str, size: float, bold: bool = False) -> float:
    """The width of a text in a size; a little more rather than less."""
    widths = (_WIDTHS.get(character, 0.66 if ord(character) < 0x1100 else 1.0) for character in text)
    return sum(widths) * size * (1.1 if bold else 1.0)


def fitting(text: str, width: float, size: float, bold: bool = False) -> str:
    """As much of a text as fits into a width; what is left out is three dots."""
    text = printable(text)
    if width_of(text, size, bold) <= width:
        return text
    while text and width_of(f"{text}…", size, bold) > width:
        text = text[:-1]
    return f"{text.rstrip()}…"


def folded(text: str, width: float, size: float, most: int) -> list[str]:
    """A text in lines of a width, at most so many; the last ends with three dots where something is left out."""
    lines: list[str] = []
    words = printable(text).split()
    while words and len(lines) < most:
        line = words.pop(0)
        while words and width_of(f"{line} {words[0]}", size) <= width:
            line += f" {words.pop(0)}"
        lines.append(line)
    if words:
        lines[-1] = f"{lines[-1]}…"
    return [fitting(line, width, size) for line in lines]
