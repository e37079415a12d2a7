"""Structured output: what an agent's final answer is checked against."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from switchroom.errors import UserError
from switchroom.schema import Invalid, Shape, as_text


class Output:
    """The declared type of an agent's answers. Text is taken as it is; anything else is parsed as JSON and validated."""

    __slots__ = ("schema", "shape")

    def __init__(self, of: type[Any], owner: str) -> None:
        self.shape: Shape[Any] | None = None if of is str else Shape(of, owner)
        self.schema: dict[str, Any] | None = None if self.shape is None else self.shape.schema()

    def read(self, text: str) -> Any:
        """The answer's value as plain JSON data.

        Raises:
            Invalid: the answer is empty, no JSON, or not of the declared type.
        """
        if self.shape is None:
            if not text.strip():
                raise Invalid("the answer is empty")
            return text
        return self.shape.read(text)

    def text(self, value: Any, owner: str) -> str:
        """A value that a guardrail gave, as the text of an answer.

        Raises:
            UserError: JSON cannot hold it.
        """
        if self.shape is None:
            return as_text(value, owner)
        try:
            return self.shape.text(value)
        except (ValueError, TypeError) as error:
            raise UserError(f"{owner} gave {value!r}, which is not of the output type: {error}") from error

    def load(self, value: Any) -> Any:
        """The typed value of what `read` gave, live and from a journal alike."""
        return value if self.shape is None else self.shape.load(value)


@lru_cache(maxsize=1024)
def output_of(of: type[Any], owner: str) -> Output:
    """The output of a type, built once."""
    return Output(of, owner)
