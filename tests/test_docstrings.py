"""Descriptions of parameters: from docstrings of each usual form, and from the texts in annotations."""

from __future__ import annotations

from typing import Annotated, Any, Optional

import pytest
from pydantic import Field
from typing_extensions import Doc

from switchroom import tool
from switchroom.docstrings import read_docstring
from switchroom.messages import ValidCall

FORMS = {
    "google": "Look.\n\nArgs:\n    order: its number\n    cents (int): how much",
    "no blank line before": "Look.\nArgs:\n    order: its number\n    cents (int): how much\nReturns:\n    the order",
    "a blank line after the title": "Look.\n\nArgs:\n\n    order: its number\n\n    cents: how much",
    "not indented": "Look.\n\nArgs:\norder: its number\ncents: how much",
    "bullets": "Look.\n\nArgs:\n    - order: its number\n    * cents (int): how much",
    "bullets that are not indented": "Look.\nArgs:\n- `order`: its number\n- `cents` (int): how much",
    "Parameters": "Look.\nParameters:\n  order: its number\n  cents: how much",
    "Params": "Look.\n\nParams:\n    order: its number\n    cents: how much",
    "small letters": "Look.\nargs:\n    order: its number\n    cents: how much",
    "bold": "Look.\n\n**Args:**\n    order: its number\n    cents: how much",
    "tabs": "Look.\nArgs:\n\torder: its number\n\tcents: how much",
    "two sections": "Look.\n\nArgs:\n    order: its number\n\nKeyword Args:\n    cents: how much",
    "numpy": "Look.\n\nParameters\n----------\norder : str\n    its number\ncents : int, optional\n    how much",
    "numpy without a blank line": "Look.\nParameters\n----------\norder: str\n    its number\ncents: int\n    how much",
    "numpy with a colon": "Look.\n\nParameters:\n-----------\norder : str\n    its number\ncents : int\n    how much",
    "sphinx": "Look.\n\n:param order: its number\n:param int cents: how much\n:returns: the order",
    "sphinx without a blank line": "Look.\n:arg order: its number\n:parameter cents: how much",
    "epydoc": "Look.\n\n@param order: its number\n@param cents: how much\n@return: the order",
}


@pytest.mark.parametrize("doc", FORMS.values(), ids=FORMS)
def test_a_docstring_of_any_usual_form_describes_each_parameter(doc: str):
    assert read_docstring(doc, ["order", "cents"]) == ("Look.", {"order": "its number", "cents": "how much"})


def test_a_docstring_may_describe_parameters_alone():
    assert read_docstring("Args:\n    order: its number", ["order"]) == ("", {"order": "its number"})


def test_a_description_goes_on_in_the_lines_that_are_indented_further():
    doc = "Look.\nArgs:\n    order: its number,\n        such as A: 7\n    cents: how much\n\nMore of it."
    about, described = read_docstring(doc, ["order", "cents"])
    assert {name: " ".join(text.split()) for name, text in described.items()} == {
        "order": "its number, such as A: 7",
        "cents": "how much",
    }
    assert about == "Look.\n\nMore of it."


def test_a_line_with_a_colon_after_the_parameters_is_none_of_them():
    about, described = read_docstring("Look.\nArgs:\norder: its number\nBeware: only today", ["order"])
    assert described == {"order": "its number"}
    assert "Beware: only today" in about


def test_a_docstring_that_describes_no_parameter_is_text_as_it_stands():
    doc = "Look: everything.\nNote:\n    nothing is changed"
    assert read_docstring(doc, ["order"]) == (doc, {})


# annotations ----------------------------------------------------------------------------------------------------------


def described(fn: Any) -> dict[str, Any]:
    """The schemas of a tool's parameters."""
    return tool(fn).parameters["properties"]


def test_a_text_in_annotated_describes_the_parameter():
    def look(order: Annotated[int, "its number"], cents: Annotated[int | None, Doc("how much")] = None) -> None: ...

    assert described(look)["order"] == {"type": "integer", "description": "its number"}
    assert described(look)["cents"]["description"] == "how much"
    assert tool(look).check({"order": "7"}) == {"order": 7, "cents": None}


def test_a_text_in_annotated_keeps_the_constraints_beside_it():
    def look(order: Annotated[int, "its number", Field(ge=1)]) -> None: ...

    assert described(look)["order"] == {"type": "integer", "description": "its number", "minimum": 1}


def test_a_text_inside_of_a_type_describes_that_part():
    def look(tags: list[Annotated[str, "a tag"]], order: Optional[Annotated[int, "its number"]] = None) -> None: ...  # noqa: UP045

    assert described(look)["tags"] == {"type": "array", "items": {"type": "string", "description": "a tag"}}
    assert described(look)["order"]["anyOf"][0] == {"type": "integer", "description": "its number"}


def test_the_docstring_comes_first_then_the_field_then_the_text():
    def look(
        a: Annotated[int, "from the text"],
        b: Annotated[int, "from the text", Field(description="from the field")],
        c: Annotated[int, "from the text"] = Field(1, description="from the default"),
    ) -> None:
        """Look.

        Args:
            a: from the docstring
        """

    texts = [described(look)[name]["description"] for name in "abc"]
    assert texts == ["from the docstring", "from the field", "from the default"]


def test_what_is_no_text_in_annotated_is_no_description():
    def look(order: Annotated[int, ValidCall("a", {}, ""), ""]) -> None: ...

    assert described(look) == {"order": {"type": "integer"}}
