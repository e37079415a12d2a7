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


def test_a_node_that_says_nothing_is_named_on_stderr_with_the_reason(sw: Sw) -> None:
    ended = sw("chat", LINE, "hush")
    assert (ended.exit_code, ended.stdout.startswith("I am sorry")) == (0, True)
    warning = "Warning: Node 'desk' was to answer, and says nothing: its generate_response yielded no text."
    assert ended.stderr.count(warning) == 1
    assert "no answer came (silence); the fallback speaks" in ended.stderr


def test_a_warning_does_not_get_among_the_json(sw: Sw) -> None:
    ended = sw("chat", LINE, "hush", "--json")
    assert data(ended.stdout)["text"].startswith("I am sorry")
    assert "Node 'desk' was to answer, and says nothing" in ended.stderr


def test_a_failure_of_a_node_is_told_on_stderr_beside_the_json_without_a_traceback(sw: Sw) -> None:
    ended = sw("chat", LINE, "fail", "--json")
    assert ended.stderr.count("Error: Node 'desk' failed: ValueError: boom") == 1
    assert "Traceback" not in ended.stderr


LOGS = """
import logging

from switchroom import Agent
from switchroom.testing import FunctionModel


def answer(request):
    logging.getLogger("switchroom.mine").{call}
    return "hello"


app = Agent("desk", model=FunctionModel(answer))
"""


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("warning('%s is late', 'clerk')", "Warning: clerk is late\n"),
        ("error('dropped')", "Error: dropped\n"),
        ("warning('red \\x1b[31m text')", "Warning: red [31m text\n"),
        ("info('all is well')", ""),
    ],
)
def test_warnings_and_errors_of_the_log_are_shown_and_the_rest_is_not(sw: Sw, tmp_path: Path, call: str, told: str) -> None:
    (tmp_path / "logs.py").write_text(LOGS.format(call=call))
    ended = sw("chat", str(tmp_path / "logs.py"), "hi")
    assert ended.stdout == "hello\n"
    assert told in ended.stderr
    assert "\x1b" not in ended.stderr
    assert ("all is well" in ended.stderr, ended.stderr.count("late") <= 1) == (False, True)


def test_an_application_that_shows_its_log_itself_is_not_shown_it_twice(process: Process, tmp_path: Path) -> None:
    source = LOGS.format(call="warning('clerk is late')")
    (tmp_path / "logs.py").write_text(f"import logging\nlogging.basicConfig()\n{source}")
    assert process("chat", str(tmp_path / "logs.py"), "hi").stderr.count("clerk is late") == 1


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
