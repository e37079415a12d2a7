"""Checks of the arguments that callers pass: ids, answers, texts, flags and functions. Each refusal is a `UserError`."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, cast

from switchroom.errors import UserError

Answers: TypeAlias = Mapping[str, bool | tuple[bool, str]]
"""A person's answers by the ids of their questions: yes or no, and with it a note for the model."""

ID_BYTES = 512
"""The longest id of a conversation or a message, as UTF-8."""

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 80


def shown(value: Any) -> str:
    """Return the short `repr` of any value for an error message, also of one whose `__repr__` fails."""
    try:
        return _repr.repr(value).encode(errors="backslashreplace").decode()
    except Exception:
        return f"<{type(value).__name__}>"


def as_given(where: str, value: Any) -> str:
    """Return an argument with its value for an error message; dots in its name stand for the value."""
    return where.replace("...", shown(value)) if "..." in where else f"{where}={shown(value)}"


def check_id(given: Any, of: Literal["conversation", "message"], where: str) -> str:
    """Return the id of a conversation, or the caller's own id of a message.

    Args:
        given: the id.
        of: the thing that has the id.
        where: the name of the argument, for the error message.

    Raises:
        UserError: the id is not text, is empty or too long, or holds NUL or half a surrogate pair.
    """
    if type(given) is str and given.isascii() and given.isprintable() and 0 < len(given) <= ID_BYTES:
        return given  # most ids; the checks cost more than a row that is written
    what = f"the id of the {of}"
    text = check_name(given, where, what)
    if not text:
        raise UserError(f"{as_given(where, text)} is empty: give {what}, as text.")
    if len(text) > ID_BYTES or len(text.encode()) > ID_BYTES:
        raise UserError(f"{as_given(where, text)} is longer than {ID_BYTES} bytes of UTF-8: give a shorter id.")
    return text


def check_name(given: Any, where: str, what: str = "a name") -> str:
    """Return a text that files, databases, logs and traces can hold as a name.

    Args:
        given: the text.
        where: the name of the argument, for the error message.
        what: what the text is.

    Raises:
        UserError: the value is not text, or holds NUL or half a surrogate pair.
    """
    name = check_text(given, where, what)
    if "\0" in name:
        raise UserError(f"{as_given(where, name)} holds a NUL character: give {what} without it.")
    return name


def check_text(given: Any, where: str, what: str = "a text") -> str:
    """Return a text that an encoding can hold.

    Args:
        given: the text.
        where: the name of the argument, for the error message.
        what: what the text is.

    Raises:
        UserError: the value is not text, or holds half a surrogate pair.
    """
    if not isinstance(given, str):
        raise UserError(f"{as_given(where, given)} has the type {type(given).__name__}: give {what}, as text.")
    try:
        given.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{as_given(where, given)} is no valid Unicode ({error.reason}): decode the text properly first."
        ) from None
    return given


def check_answers(given: Any, where: str) -> Answers:
    """Return a copy of a person's answers.

    Args:
        given: the answers by the ids of their questions; None for no answers.
        where: the name of the argument, for the error message.

    Raises:
        UserError: they are no mapping of ids to answers.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise UserError(
            f"{as_given(where, given)} has the type {type(given).__name__}: "
            "give the answers by the ids in `waiting`, such as {'<id>': True}."
        )
    answers: dict[str, bool | tuple[bool, str]] = {}
    for id, answer in cast("Mapping[Any, Any]", given).items():
        if not isinstance(id, str):
            raise UserError(f"{as_given(where, given)}: the key {shown(id)} is no id of a question, which is text.")
        place = as_given(where, {id: answer})
        if isinstance(answer, bool):
            answers[id] = answer
        elif isinstance(answer, tuple) and [type(part) for part in cast("tuple[Any, ...]", answer)] == [bool, str]:
            yes, note = cast("tuple[bool, str]", answer)
            answers[id] = yes, check_text(note, place, "the note for the model")
        else:
            raise UserError(f"{place}: answer True or False, or (False, 'a note for the model').")
    return answers


def check_flag(given: Any, where: str) -> None:
    """Check that an option is True or False.

    Raises:
        UserError: it is neither.
    """
    if not isinstance(given, bool):
        raise UserError(f"{as_given(where, given)}: give True or False.")


def check_function(given: Any, where: str, form: str, *, may_be_async: bool = False) -> None:
    """Check that an option is a function of one argument, as far as its signature says.

    Args:
        given: the function.
        where: the name of the option, for the error message.
        form: the function as the message shows it, such as "f(conversation)".
        may_be_async: the function's result is awaited if it can be.

    Raises:
        UserError: it cannot be called in this way, or would return a coroutine or a generator in place of a value.
    """
    if not callable(given):
        raise UserError(f"{as_given(where, given)} has the type {type(given).__name__}: give a function, {form}.")
    for function in (given, None if isinstance(given, type) else getattr(given, "__call__", None)):  # noqa: B004
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise UserError(f"{as_given(where, given)} is a generator, which makes no value: give a function, {form}.")
        if not may_be_async and inspect.iscoroutinefunction(function):
            raise UserError(f"{as_given(where, given)} is async, and is not awaited: give a plain function, {form}.")
    try:
        signature = inspect.signature(given)
    except (TypeError, ValueError):  # a function in C that does not say
        return
    try:
        signature.bind(None)
    except TypeError as error:
        raise UserError(f"{as_given(where, given)} cannot be called with one argument ({error}): give {form}.") from None
