"""Exceptions as facts: of their own type again, whatever they hold, and never in place of the one that was raised."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from switchroom import Agent, RunError, Runner
from switchroom.failure import causes, failure, revived, told
from switchroom.testing import FunctionModel


class OutOfStock(Exception):
    """An exception of an application, made in its own way."""

    def __init__(self, item: str, left: int) -> None:
        super().__init__(f"{item}: {left} left")
        self.item = item
        self.left = left


class Mute(Exception):
    """An exception whose text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_exception_comes_back_as_its_own_type_with_its_plain_attributes():
    again = revived(failure(OutOfStock("lamp", 0), ()))
    assert isinstance(again, OutOfStock)
    assert (str(again), again.item, again.left) == ("lamp: 0 left", "lamp", 0)


def test_an_exception_of_a_type_that_is_not_known_comes_back_as_a_run_error_that_names_it():
    kept = failure(OutOfStock("lamp", 0), ())
    stranger = type(kept)(kept.error, kept.message, "elsewhere:OutOfStock")
    again = revived(stranger)
    assert isinstance(again, RunError)
    assert (type(again).__name__, str(again)) == ("OutOfStock", "lamp: 0 left")


def test_an_exception_of_which_not_all_can_be_kept_says_what_it_said():
    error = KeyError(("lamp", 1))
    again = revived(failure(error, ()))
    assert isinstance(again, KeyError)
    assert told(again) == str(error) == told(revived(failure(again, ())))


def test_what_pydantic_raises_comes_back_as_its_own_type():
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(int).validate_python("no")
    again = revived(failure(raised.value, ()))
    assert isinstance(again, ValidationError)
    assert told(again) == str(raised.value)


def test_a_group_that_cannot_be_made_again_comes_back_as_a_run_error_that_names_it():
    again = revived(failure(ExceptionGroup("two", [ValueError("a"), KeyError("b")]), ()))
    assert (type(again).__name__, str(again)) == ("ExceptionGroup", "two (2 sub-exceptions)")


def test_causes_that_go_in_a_circle_are_each_named_once():
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    assert causes(first) == [first, second]


@pytest.mark.parametrize("error", [Mute(), ValueError("broken \ud800"), ValueError(object())])
async def test_what_cannot_be_kept_of_an_exception_does_not_take_its_place(error: Exception):
    def answer(request: object) -> str:
        raise error

    with pytest.raises(type(error)) as raised:
        await Runner.run(Agent("clerk", model=FunctionModel(answer)), "x")
    assert raised.value is error


async def test_an_exception_that_is_its_own_cause_reaches_the_caller():
    def answer(request: object) -> str:
        error = ValueError("odd")
        raise error from error

    with pytest.raises(ValueError, match="odd"):
        await Runner.run(Agent("clerk", model=FunctionModel(answer)), "x")
