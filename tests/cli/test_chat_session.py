"""`switchroom chat` with sessions: the same words for the same things, parts, handoffs, and the end of a call."""

from __future__ import annotations

from pathlib import Path

import pytest

from switchroom.cli.app import load_app
from tests.cli.conftest import APPS, Process, Sw, data

LINE = str(Path(APPS) / "line.py")


@pytest.mark.parametrize("name", ["", ":session", ":make", ":setup"])
def test_a_session_is_talked_with_and_so_is_what_makes_one(sw: Sw, name: str) -> None:
    ended = sw("chat", f"{LINE}{name}", "the price?")
    assert (ended.exit_code, ended.stdout) == (0, "Five dollars.\n")
    assert "[sales]" in ended.stderr


def test_the_conversation_is_the_session(sw: Sw) -> None:
    assert sw("chat", LINE, "hello", "--conversation", "c-7").stdout == "This is c-7.\n"


def test_a_handoff_between_nodes_is_in_the_json_and_who_answered_is_the_last(sw: Sw) -> None:
    found = data(sw("chat", LINE, "I want to buy it", "--json", "--conversation", "c-1").stdout)
    assert (found["text"], found["answered_by"]) == ("One moment.\nFive dollars.", "sales")
    assert found["handoffs"] == [
        {"source": "desk", "target": "sales", "reason": "wants to buy", "brief": {"what": "I want to buy it"}}
    ]
    again = data(sw("chat", LINE, "hello", "--json", "--conversation", "c-1").stdout)
    assert (again["turn"], again["answered_by"]) == (2, "sales")


def test_a_node_that_fails_is_told_in_a_line_and_the_answer_is_the_fallbacks(process: Process) -> None:
    ended = process("chat", LINE, "fail")
    assert (ended.returncode, ended.stdout.startswith("I am sorry")) == (0, True)
    assert "desk failed: ValueError: boom" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_dialogue_ends_with_the_call_and_cannot_be_gone_on_with(sw: Sw) -> None:
    ended = sw("chat", LINE, "--conversation", "c-2", input="hello\nbye\nhello?\n")
    assert (ended.exit_code, ended.stdout) == (0, "This is c-2.\nThis is c-2.\n")
    assert "The call has ended." in ended.stderr
    assert "To go on" not in ended.stderr
    again = sw("chat", LINE, "hello", "--conversation", "c-2")
    assert again.exit_code == 2
    assert "Conversation 'c-2' answers no more messages; begin another one." in again.stderr


def test_a_session_keeps_what_it_was_told_of_its_journal_and_one_in_memory_is_kept_with_the_others(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from switchroom import Session\n\n\nasync def hello(text: str) -> str:\n    return 'hello'\n\n\n"
        f"kept = Session(hello, journal='sqlite:///{tmp_path}/mine.db')\nloose = Session(hello)\n"
    )
    journal = load_app(f"{tmp_path}/mine.py:kept").config.journal
    assert getattr(journal, "path", None) == tmp_path / "mine.db"
    assert load_app(f"{tmp_path}/mine.py:loose").config.journal is None
