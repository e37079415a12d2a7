"""Scripts of a demonstration: lines or JSON, customer after customer."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from switchroom.cli.faults import Wrong
from switchroom.cli.script import read_script


def read(tmp_path: Path, text: str, name: str = "script.txt") -> list[list[str]]:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return read_script(file)


def test_a_blank_line_begins_a_new_customer(tmp_path: Path) -> None:
    assert read(tmp_path, "\n a\nb\n\n \n\nc\n") == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("value", "customers"),
    [
        (["a", "b"], [["a", "b"]]),
        ([["a", "b"], ["c"]], [["a", "b"], ["c"]]),
        ([{"messages": ["a", {"role": "user", "content": "b"}]}, {"messages": ["c"]}], [["a", "b"], ["c"]]),
        ({"messages": ["a"]}, [["a"]]),
        ([["a", "  "], []], [["a"]]),
    ],
)
def test_json_is_a_list_of_messages_or_of_such_lists(tmp_path: Path, value: Any, customers: list[list[str]]) -> None:
    assert read(tmp_path, json.dumps(value), "script.json") == customers


def test_json_is_known_by_its_first_character_too(tmp_path: Path) -> None:
    assert read(tmp_path, ' ["a"]') == [["a"]]


@pytest.mark.parametrize(
    ("text", "name", "told"),
    [
        ("", "s.txt", "has no messages"),
        (" \n\n", "s.txt", "has no messages"),
        ("[]", "s.json", "has no messages"),
        ("7", "s.json", "has no messages"),
        ('["a",\n "b"', "s.json", "is no JSON: Expecting ',' delimiter in line 2, column 5."),
        ('[["a"], [7]]', "s.json", "[7] is no list of messages"),
        ('["a", 7]', "s.json", "is no list of messages"),
    ],
)
def test_what_is_no_script_is_told_by_its_fault(tmp_path: Path, text: str, name: str, told: str) -> None:
    with pytest.raises(Wrong, match=re.escape(told)):
        read(tmp_path, text, name)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_bytes(b"hi \xff\xfe")
    with pytest.raises(Wrong, match="is no UTF-8 text"):
        read_script(tmp_path / "s.txt")
