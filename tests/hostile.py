"""Exceptions as hostile as application code can make them, by what is wrong with each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from hypothesis import strategies as st


class Unprintable:
    """Something that can be neither printed nor written."""

    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


class Numb:
    """Something whose text is a number."""

    def __str__(self) -> str:
        return 5  # pyright: ignore[reportReturnType]

    __repr__ = __str__


class Untrue(str):
    """A text that cannot be encoded, compared, or tested."""

    def encode(self, *args: Any, **kwargs: Any) -> bytes:
        raise LookupError("no encoding")

    def __eq__(self, other: object) -> bool:
        raise LookupError("no equality")

    def __hash__(self) -> int:
        raise LookupError("no hash")

    def __bool__(self) -> bool:
        raise LookupError("no truth")


class SaysNothing(Exception):
    """Its text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class SaysANumber(Exception):
    """Its text is a number."""

    def __str__(self) -> str:
        return 5  # pyright: ignore[reportReturnType]


class SaysWithoutEnd(Exception):
    """Its text is made by itself."""

    def __str__(self) -> str:
        return str(self)


class SaysUntrue(Exception):
    """Its text is of a class of its own."""

    def __str__(self) -> str:
        return Untrue("untrue \ud800")


def _raises(self: object) -> Any:
    raise OSError("a property that raises")


class Closed(Exception):
    """Its properties raise, also those that Python and Switchroom read."""

    args = property(_raises)  # pyright: ignore[reportAssignmentType]
    run = property(_raises)
    retry_after = property(_raises)
    __notes__ = property(_raises)  # pyright: ignore[reportAssignmentType]
    __dict__ = property(_raises)  # pyright: ignore[reportAssignmentType]


class Secret(Exception):
    """No attribute of it can be read or set."""

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise ValueError(name)

    def __setattr__(self, name: str, value: Any) -> None:
        raise ValueError(name)


class Ungrateful(Exception):
    """It takes no notes, and has one that is no list."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("ungrateful")
        self.__notes__: Any = 5

    def add_note(self, note: str) -> None:
        raise ValueError(note)


class Unequal(Exception):
    """It cannot be compared, tested, or be a key."""

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __eq__(self, other: object) -> bool:
        raise ValueError("no equality")

    def __bool__(self) -> bool:
        raise ValueError("no truth")


class Needy(Exception):
    """It is made of three things, and by a `__new__` of its own."""

    def __new__(cls, one: Any, two: Any, three: Any) -> Needy:
        return super().__new__(cls)

    def __init__(self, one: Any, two: Any, three: Any) -> None:
        self.one, self.two, self.three = one, two, three


class Misplaced(Exception):
    """Its class is said to stand where nothing can."""


Misplaced.__module__ = "nowhere \ud800"
Misplaced.__qualname__ = "x" * 200_000


class Placeless(Exception):
    """Its class stands in a number."""


Placeless.__module__ = 5  # pyright: ignore[reportAttributeAccessIssue]


def nested(depth: int) -> list[Any]:
    """A list in a list in a list."""
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


def circle() -> list[Any]:
    """A list that holds itself."""
    around: list[Any] = []
    around.append(around)
    return around


def with_fields(**fields: Any) -> Exception:
    error = ValueError("with fields")
    vars(error).update(fields)
    return error


def with_odd_fields() -> Exception:
    error = ValueError("with odd fields")
    odd: dict[Any, Any] = vars(error)
    odd[5] = odd["\ud800"] = odd["not a name"] = odd["__class__"] = odd["add_note"] = "odd"
    return error


def caused() -> Exception:
    first, second = ValueError("first"), SaysNothing()
    first.__cause__, second.__cause__ = second, first
    return first


ERRORS: dict[str, Callable[[], Exception]] = {
    "half a character": lambda: ValueError("half \ud800"),
    "NUL": lambda: ValueError("\0"),
    "a circle": lambda: ValueError(circle()),
    "10,000 deep": lambda: ValueError(nested(10_000)),
    "a million characters": lambda: ValueError("x" * 1_000_000),
    "50,000 values": lambda: ValueError([0] * 50_000),
    "an argument without text": lambda: ValueError(Unprintable()),
    "an argument whose text is a number": lambda: ValueError(Numb()),
    "an argument of a class of text": lambda: ValueError(Untrue("x"), {Untrue: Untrue("x")}),
    "an endless argument": lambda: ValueError(count(), (number for number in count())),
    "numbers": lambda: ValueError(float("nan"), float("inf"), 10**400, -(2**80), 1j),
    "bytes": lambda: ValueError(b"\xff\xfe", bytearray(b"\xff"), memoryview(b"\xff")),
    "keys": lambda: ValueError({1: 2, (3, 4): 5, None: 6, "\ud800": 7, "\0": 8}),
    "types": lambda: ValueError(int, ValueError, lambda: None, object()),
    "an exception as argument": lambda: ValueError(KeyboardInterrupt(), SaysNothing(), ValueError("\ud800")),
    "exceptions as fields": lambda: with_fields(left=KeyboardInterrupt(), right=SystemExit(3), inner=SaysNothing()),
    "fields": lambda: with_fields(deep=nested(10_000), around=circle(), bad=Unprintable(), half="\ud800", big=10**400),
    "names of fields": with_odd_fields,
    "no text": SaysNothing,
    "a number as text": SaysANumber,
    "text without end": SaysWithoutEnd,
    "a text that is untrue": SaysUntrue,
    "properties that raise": Closed,
    "no attributes": Secret,
    "no notes": Ungrateful,
    "no equality": Unequal,
    "a constructor of its own": lambda: Needy(1, Unprintable(), "\ud800"),
    "a class that is nowhere": lambda: Misplaced("lost"),
    "a class in a number": lambda: Placeless("lost"),
    "causes in a circle": caused,
    "a group": lambda: ExceptionGroup("half \ud800", [SaysNothing(), ValueError(circle())]),
    "an error of the system": lambda: OSError(2, "half \ud800", "\0"),
    "an error of encoding": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "half \ud800"),
}


def _values() -> st.SearchStrategy[Any]:
    leaves = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**200), 2**200),
        st.floats(),
        st.text(st.characters(codec=None), max_size=20),
        st.binary(max_size=20),
        st.builds(Unprintable),
        st.builds(Numb),
        st.builds(circle),
        st.text(max_size=5).map(Untrue),
        st.just(KeyboardInterrupt()),
        st.sampled_from([int, ValueError, object()]),
    )
    keys = st.one_of(st.text(st.characters(codec=None), max_size=5), st.integers(), st.none())
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )


class Holding(Exception):
    """Holds whatever it is given."""


@st.composite
def errors(draw: st.DrawFn) -> Exception:
    """An exception of any kind, with any arguments and attributes."""
    kind = draw(
        st.sampled_from([ValueError, KeyError, OSError, RuntimeError, Holding, SaysNothing, SaysUntrue, Unequal, Secret])
    )
    error = kind(*draw(st.lists(_values(), max_size=3)))
    names: Iterator[str] = iter(draw(st.lists(st.text(st.characters(codec=None), max_size=8), max_size=3)))
    fields: dict[Any, Any] = vars(error)
    for name in names:
        fields[name] = draw(_values())
    return error
