"""A docstring as the text that a model reads, and the description of each parameter, in any of the usual styles."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Literal, TypeAlias

Style: TypeAlias = Literal["google", "numpy", "sphinx"]

_PARAMETERS = r"(?:keyword |other )?(?:args|arguments|params|parameters)"
_MARKS: tuple[tuple[Style, re.Pattern[str]], ...] = (
    ("numpy", re.compile(rf"^{_PARAMETERS}[ \t]*:?[ \t]*\n-{{3,}}[ \t]*$", re.IGNORECASE | re.MULTILINE)),
    ("google", re.compile(rf"^\*{{0,2}}{_PARAMETERS}[ \t]*:\*{{0,2}}[ \t]*$", re.IGNORECASE | re.MULTILINE)),
    ("sphinx", re.compile(r"^[ \t]*[:@](?:param|parameter|arg|argument|key|keyword)[ \t]", re.MULTILINE)),
)
_SECTION = re.compile(r"(?:returns?|yields?|raises|exceptions|warns|examples?|notes?|attributes)[ \t]*:", re.IGNORECASE)
_ITEM = re.compile(r"[ \t]*(?:[-*•][ \t]+)?`{0,2}\*{0,2}(\w+)`{0,2}[ \t]*(\([^)]*\))?[ \t]*:(.*)")
_EPYDOC = re.compile(r"^([ \t]*)@(param|return|type)", re.MULTILINE)


def read_docstring(doc: str, names: Collection[str]) -> tuple[str, dict[str, str]]:
    """Read a docstring of the Google, NumPy, Sphinx or Epydoc style.

    Args:
        doc: the docstring without its indentation.
        names: the names of the parameters.

    Returns:
        the text without the sections, and the description of each parameter that has one. A docstring that describes no
        parameter is all text.
    """
    style: Style | None = next((style for style, mark in _MARKS if mark.search(doc)), None)
    if style is None:
        return doc, {}
    import griffe

    texts: list[str] = []
    described: dict[str, str] = {}
    for section in griffe.Docstring(_normalised(doc, style, names)).parse(griffe.Parser(style), warnings=False):
        match section.kind:
            case griffe.DocstringSectionKind.text:
                texts.append(str(section.value))
            case griffe.DocstringSectionKind.parameters | griffe.DocstringSectionKind.other_parameters:
                described |= {parameter.name.lstrip("*"): parameter.description.strip() for parameter in section.value}
            case _:
                pass
    return "\n\n".join(texts), described


def _normalised(doc: str, style: Style, names: Collection[str]) -> str:
    """Return a docstring as the parser of its style wants it."""
    match style:
        case "google":
            return "\n".join(_google_lines(doc.splitlines(), names))
        case "numpy":
            return re.sub(rf"^({_PARAMETERS})[ \t]*:[ \t]*(?=\n-{{3,}})", r"\1", doc, flags=re.IGNORECASE | re.MULTILINE)
        case "sphinx":
            return _EPYDOC.sub(r"\1:\2", doc)


def _google_lines(lines: list[str], names: Collection[str]) -> Iterator[str]:
    """Yield the lines with a blank line before each section, and the parameters indented, without bullets and blank lines."""
    title = _MARKS[1][1]
    inside = False
    depth: int | None = None  # of the first parameter
    for line in lines:
        is_title, is_section = title.match(line), _SECTION.match(line)
        if is_title or is_section:
            inside, depth = is_title is not None, None
            yield ""
            yield f"{line.strip(' *').rstrip(':')}:" if is_title else line
            continue
        if inside and not line.strip():
            continue
        item = _ITEM.match(line) if inside else None
        indent = len(line) - len(line.lstrip())
        if inside and not indent and (item is None or item[1] not in names):
            inside = False
            yield ""
        if not inside:
            yield line
            continue
        depth = indent if depth is None else depth
        if item is not None and indent <= depth:
            kind = f" {item[2]}" if item[2] else ""
            yield f"    {item[1]}{kind}: {item[3].strip()}"
        else:
            yield f"        {line.strip()}"
