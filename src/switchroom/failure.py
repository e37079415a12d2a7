"""Exceptions as facts and back: what a step raised is raised again on resume, as its own type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from pydantic_core import PydanticCustomError, ValidationError

from switchroom.errors import RunError, UserError
from switchroom.events import StepFailed
from switchroom.schema import jsonable


def failure(error: Exception, through: tuple[str, ...]) -> StepFailed:
    """What is kept of an exception: what is not JSON of its arguments is kept as text, of its attributes not at all."""
    kind = type(error)
    args: list[Any] = []
    for value in error.args:
        plain = _plain(value)
        args.append(str(value) if plain is _NOT_PLAIN else plain)
    fields = {name: _plain(value) for name, value in vars(error).items() if name not in ("run", "__notes__", _SAID)}
    return StepFailed(
        kind.__name__,
        told(error),
        f"{kind.__module__}:{kind.__qualname__}",
        tuple(args),
        {name: value for name, value in fields.items() if value is not _NOT_PLAIN},
        through,
    )


def revived(failed: StepFailed) -> Exception:
    """The exception that was kept, of its own type if this process knows it and it can be made again; else a `RunError` of the
    same name. It says what it said.

    Nothing is imported for it, and its constructor is not called: a journal is data.
    """
    error = _of_its_type(failed)
    if error is None:
        error = type(failed.error, (RunError,), {})(failed.message)
    vars(error)[_SAID] = failed.message
    return error


def _of_its_type(failed: StepFailed) -> Exception | None:
    for kind in _kinds(Exception):
        if f"{kind.__module__}:{kind.__qualname__}" == failed.of:
            if kind is ValidationError:
                return _invalid(failed.message)
            try:
                error = kind.__new__(kind, *failed.args)
                error.args = failed.args
                vars(error).update(failed.fields)
            except (TypeError, ValueError):  # a type that is made in its own way only
                return None
            return error
    return None


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
        if cause.__cause__ is not None:
            waiting.append(cause.__cause__)
        if isinstance(cause, BaseExceptionGroup):
            waiting.extend(cast("BaseExceptionGroup[BaseException]", cause).exceptions)
    return list(found.values())


def told(error: BaseException) -> str:
    """What an exception says, if it can say anything; of one that was revived, what it said when it was raised.

    Of an exception not all may be kept, and what it says made anew would differ: `KeyError(("a", 1))` had a tuple.
    """
    said = vars(error).get(_SAID)
    if isinstance(said, str):
        return said
    try:
        return str(error)
    except Exception:
        return "(its text could not be made)"


def _kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


_NOT_PLAIN = object()
_SAID = "_switchroom_said"


def _plain(value: Any) -> Any:
    try:
        return jsonable(value, "An exception")
    except UserError:
        return _NOT_PLAIN
