"""Any fact, made from the types that its fields declare: a new fact is among them from its first day."""

from __future__ import annotations

from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from switchroom.events import AnyFact, Fact

LARGE = 64 * 1024

TEXT = st.text(max_size=12) | st.sampled_from(
    ["", "\0", "\0blob", "\\u0000blob", '{"\\u0000blob":"00"}', "\0\0blob", "\u202eright to left", "👩‍👩‍👧", "\ufeff", "\x7f"]
)
LONG = st.builds(lambda piece, size: piece * (size // len(piece)), st.sampled_from(["x", "é", "👩", "\0", '"']), st.integers(1, 2 * LARGE))
WORDS = TEXT | LONG
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a declared type."""
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return JSON
    if origin in (Union, UnionType):
        return reduce(or_, [values_of(arg) for arg in args])
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        return st.lists(st.deferred(lambda: values_of(args[0])), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(values_of(args[0]), values_of(args[1]), max_size=3)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        return st.builds(kind, **{name: values_of(hints[name]) for name in kind.__struct_fields__})
    return {NoneType: st.none(), bool: st.booleans(), int: st.integers(), str: WORDS, bytes: st.binary(max_size=40)}.get(
        kind, st.floats(allow_nan=False, allow_infinity=False)
    )


KINDS: tuple[type[Fact], ...] = get_args(AnyFact)


def facts() -> st.SearchStrategy[Fact]:
    """Any fact."""
    return st.sampled_from(KINDS).flatmap(values_of)
