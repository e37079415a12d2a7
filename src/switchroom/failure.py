"""Exceptions as facts and back: what a step raised is raised again on resume, as its own type.

An exception comes from anybody's code, and a fact from anybody's file. Reading either never raises, and runs no code that a
fact names.
"""

from __future__ import annotations

import inspect
import logging
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import BuiltinFunctionType
from typing import Any, cast

import msgspec
from pydantic_core import PydanticCustomError, ValidationError

from switchroom.errors import RunError
from switchroom.events import StepFailed
from switchroom.schema import jsonable

LONGEST_TEXT_CHARS = 100_000
"""Characters that are kept of one text of an exception."""

MOST_VALUES = 10_000
"""Values that are kept of an exception's arguments, and of its attributes, those inside of others included."""

DEEPEST_VALUE = 32
"""Levels of nesting up to which a value is kept."""


def failure(error: Exception, through: tuple[str, ...]) -> StepFailed:
    """Return the fact that keeps an exception.

    Arguments that JSON cannot hold are kept as text, and such attributes are left out.
    """
    kind = type(error)
    return StepFailed(
        _written(kind.__name__),
        told(error),
        _place_of(kind),
        _args_of(error),
        _fields_of(error),
        through,
    )


def _args_of(error: Exception) -> tuple[Any, ...]:
    args: list[Any] = []
    room = _Room()
    with suppress(Exception):  # a subclass may make a property of it that raises
        for value in cast("tuple[Any, ...]", _ARGS.__get__(error)):
            try:
                args.append(room.plain(value))
            except _NotPlain:
                args.append(_text_of(value))
            if room.left <= 0:
                break
    return tuple(args)


def _fields_of(error: Exception) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    room = _Room()
    with suppress(Exception):
        for name, value in list(vars(error).items()):
            if _is_field(type(error), name):
                with suppress(_NotPlain):
                    fields[name] = room.plain(value)
    return fields


def revived(failed: StepFailed) -> Exception:
    """Return the exception that was kept, or a `RunError` of the same name where it cannot be made again.

    It is of its own type if that type is an exception that this process has imported. Nothing is imported for it, and no code
    of the type runs: a journal is data. The exception's text, as `told` returns it, is the one that was kept.
    """
    with suppress(Exception):
        error = _of_its_type(failed)
        if error is not None:
            vars(error)[_SAID] = failed.message
            return error
    name = failed.error
    if name.isidentifier() and len(name) <= 200:
        error = type(name, (RunError,), {})(failed.message)
    else:
        error = RunError(f"{_written(name)[:200]}: {failed.message}")
    vars(error)[_SAID] = failed.message
    return error


def _of_its_type(failed: StepFailed) -> Exception | None:
    kind = next((kind for kind in _kinds(Exception) if _place_of(kind) == failed.of), None)
    if kind is None or issubclass(kind, StopIteration | StopAsyncIteration):  # raised in a coroutine, these end iterations
        return None
    if issubclass(kind, ValidationError):
        return _invalid(failed.message)
    # Of a builtin, which makes the object and does nothing else; an application's own `__new__` may do anything.
    make = next(base.__new__ for base in kind.__mro__ if isinstance(base.__new__, BuiltinFunctionType))
    error = make(kind, *failed.args)
    if type(error) is not kind:  # OSError chooses a subclass by its arguments
        return None
    _ARGS.__set__(error, failed.args)
    vars(error).update({name: value for name, value in failed.fields.items() if _is_field(kind, name)})
    return error


def _is_field(kind: type, name: object) -> bool:
    """Return True for the name of an ordinary attribute, which hides no method or property and means nothing to Python."""
    if not isinstance(name, str) or not name.isidentifier() or name in _OURS or name.startswith("__"):
        return False
    own: object = inspect.getattr_static(kind, name, None)
    return not hasattr(cast("type", type(own)), "__get__")


def _invalid(message: str) -> ValidationError:
    """What pydantic raises, which is no exception that Python can make: with what it said as its one line."""
    line = PydanticCustomError("kept", "{message}", {"message": message})
    return ValidationError.from_exception_data(message.partition("\n")[0].rpartition(" ")[2], [{"type": line, "input": None}])


def causes(error: BaseException) -> list[BaseException]:
    """An exception, what it was raised from, and the members of a group: all that left through it."""
    found: dict[int, BaseException] = {}
    waiting: list[BaseException] = [error]
    while waiting:
        cause = waiting.pop()
        if id(cause) in found:
            continue
        found[id(cause)] = cause
        above: object = attribute_of(cause, "__cause__")
        if isinstance(above, BaseException):
            waiting.append(above)
        if isinstance(cause, BaseExceptionGroup):
            waiting.extend(cast("BaseExceptionGroup[BaseException]", cause).exceptions)
    return list(found.values())


def told(error: BaseException) -> str:
    """Return an exception's text, as valid Unicode; of one that was revived, its text when it was raised.

    Of an exception not all may be kept, and what it says made anew would differ: `KeyError(("a", 1))` had a tuple.
    """
    said: object = None
    with suppress(Exception):
        said = vars(error).get(_SAID)
    return _written(said) if isinstance(said, str) else _text_of(error)


def attribute_of(error: BaseException | None, name: str) -> Any:
    """Return an attribute of an exception; None if there is none, or if reading it fails."""
    try:
        return getattr(error, name, None)
    except Exception:
        return None


def add_note(error: BaseException, note: str) -> None:
    """Add a note to an exception, if it takes notes."""
    with suppress(Exception):
        error.add_note(_written(note))


def log_error(log: logging.Logger, error: BaseException, message: str, *args: object, **extra: object) -> None:
    """Log a message with an exception's traceback, or without it where a handler cannot print the exception.

    Args:
        log: the logger.
        error: the exception.
        message: the message, with a place for each argument.
        args: its arguments.
        extra: further attributes of the record.
    """
    try:
        log.error(message, *args, exc_info=(type(error), error, error.__traceback__), extra=extra)
    except Exception:  # printing runs the exception's own code
        log.error(message, *args, extra=extra)


def _kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for narrower in type.__subclasses__(kind):
        yield from _kinds(narrower)


def _place_of(kind: type) -> str:
    """Return where a type stands, as "module:qualified.name"; "" if it does not say."""
    try:
        return _written(f"{kind.__module__}:{kind.__qualname__}")
    except Exception:
        return ""


def _text_of(value: object) -> str:
    try:
        return _written(str(value))
    except Exception:
        return "(its text could not be made)"


def _written(text: str) -> str:
    """A text as an encoding holds it, and no longer than is kept."""
    if len(text) > LONGEST_TEXT_CHARS:
        text = f"{text[:LONGEST_TEXT_CHARS]}... ({len(text)} characters)"
    return str.encode(text, errors="backslashreplace").decode()


_SAID = "_switchroom_said"
_OURS = ("run", _SAID)
_ARGS: Any = vars(BaseException)["args"]  # of the builtin, for a subclass may have made something else of it


class _NotPlain(Exception):
    """JSON cannot hold a value."""


class _Room:
    """Room for the plain values of one exception.

    Attributes:
        left: how many more values are kept.
    """

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def plain(self, value: Any) -> Any:
        """Return a value as JSON holds it.

        Raises:
            _NotPlain: JSON cannot hold it, it is too large, or it cannot be read.
        """
        try:
            plain = self._plain(value, 0)
            return msgspec.json.decode(msgspec.json.encode(plain))  # numbers, too, may be such that JSON has no place for them
        except Exception as error:  # the value's own code may run
            raise _NotPlain from error

    def _plain(self, value: Any, depth: int) -> Any:
        self.left -= 1
        if self.left < 0 or depth > DEEPEST_VALUE:
            raise _NotPlain
        kind: type = type(cast("object", value))
        if value is None or kind in (bool, int):
            return value
        if kind is str:
            return _written(value)
        if kind is dict:
            fields = cast("Mapping[Any, Any]", value)
            return {self._key(name): self._plain(inner, depth + 1) for name, inner in fields.items()}
        if kind in (list, tuple, set, frozenset, deque):
            return [self._plain(inner, depth + 1) for inner in value]
        if isinstance(value, Iterator):  # reading it would use it up
            raise _NotPlain
        plain = jsonable(value, "An exception")
        return plain if type(plain) in (float, str) else self._plain(plain, depth + 1)

    def _key(self, name: Any) -> str:
        return _written(name if type(name) is str else next(iter(jsonable({name: None}, "An exception"))))
