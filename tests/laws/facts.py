"""Any fact, made from the types that its fields declare: a new fact is among them from its first day."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from switchroom.events import AnyFact, Fact

LARGE = 64 * 1024

TEXT = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "\0",
        "\0blob",
        "\0\0blob",
        "\\u0000blob",
        '{"\\u0000blob":"00"}',
        "\u202eright to left",
        "\U0001f469\u200d\U0001f467",
        "\ufeff",
        "\x7f",
    ]
)


def repeated(piece: str, size: int) -> str:
    """A text of about a size."""
    return piece * (size // len(piece))


LONG = st.builds(repeated, st.sampled_from(["x", "\u00e9", "\U0001f469", "\0", '"']), st.integers(1, 2 * LARGE))
WORDS = TEXT | LONG
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    NoneType: st.none(),
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: WORDS,
    bytes: st.binary(max_size=40),
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a declared type."""
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return JSON
    if origin in (Union, UnionType):
        return st.one_of(*[values_of(arg) for arg in args])
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple and Ellipsis not in args:
        return st.tuples(*[TEXT if arg is str else values_of(arg) for arg in args])
    if origin is tuple:
        return st.lists(st.deferred(lambda: values_of(args[0])), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(values_of(args[0]), values_of(args[1]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        return st.builds(kind, **{name: values_of(hints[name]) for name in kind.__struct_fields__})
    return PLAIN[kind]


KINDS: tuple[type[Fact], ...] = get_args(AnyFact)


def facts() -> st.SearchStrategy[Fact]:
    """Any fact."""
    return st.sampled_from(KINDS).flatmap(values_of)
