"""`switchroom demo`: it plays by itself, it shows what is real, and it leaves nothing behind."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from supportgenie.state import CustomerState
from switchroom.cli.stage import Stage
from tests import forked
from tests.cli.conftest import Process, Sw, environ


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The whole demonstration, played once without a terminal."""
    folder = tmp_path_factory.mktemp("demo")
    environment = environ(TMPDIR=str(folder), XDG_DATA_HOME=str(folder / "data"))
    ended = forked.run("-m", "switchroom", "demo", env=environment)
    assert list(folder.iterdir()) == []
    return ended


def test_it_plays_to_its_end_and_leaves_nothing_behind(played: subprocess.CompletedProcess[str]) -> None:
    assert played.returncode == 0, played.stderr
    assert played.stderr == ""
    assert "\x1b" not in played.stdout


def test_every_message_is_answered_exactly_once(played: subprocess.CompletedProcess[str]) -> None:
    assert "4 messages, 4 of them answered exactly once" in played.stdout


def test_it_says_that_no_language_model_answers(played: subprocess.CompletedProcess[str]) -> None:
    assert played.stdout.count("not from a language model") == 1


def test_its_customers_have_signed_in_and_get_what_is_theirs(played: subprocess.CompletedProcess[str]) -> None:
    assert "have signed in at the shop" in played.stdout
    assert "Order 370795561790 is cancelled" in played.stdout
    assert "Hello Grace!" in played.stdout


@pytest.mark.parametrize(
    ("customer", "told"), [("C1001", "is cancelled"), ("C1006", "you have no order"), ("", "I send a code")]
)
def test_the_customer_of_the_environment_has_signed_in(
    sw: Sw, home: Path, monkeypatch: pytest.MonkeyPatch, customer: str, told: str
) -> None:
    monkeypatch.setenv("SUPPORTGENIE_CUSTOMER", customer)
    monkeypatch.setenv("SUPPORTGENIE_DB", str(home / "desk.db"))
    ended = sw("chat", "supportgenie", "cancel order 370795561790", "--journal", f"sqlite:///{home}/chats.db")
    assert told in ended.stdout


def test_a_scripts_customers_have_signed_in_as_the_owners_of_what_they_name(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    try:
        assert stage.owner_of(["hello", "where is order 732201349959?"]) == "C1002"
        assert stage.owner_of(["my invoice #37777, please"]) == "C1001"
        assert stage.owner_of(["hello", "order 99999999"]) == ""
        robert = stage.app_for(CustomerState(customer_id="C1002"))
        assert robert.config.state is not None
        assert robert.config.state("c") == CustomerState(customer_id="C1002")
    finally:
        stage.close()


def test_a_process_is_killed_and_the_refund_stands_once(played: subprocess.CompletedProcess[str]) -> None:
    killed = re.search(r"Process (\d+) is killed \(SIGKILL\), its refund made and not yet recorded", played.stdout)
    resumed = re.search(r"Process (\d+) takes the turn up", played.stdout)
    assert killed is not None
    assert resumed is not None
    assert killed[1] != resumed[1]
    assert "began before: found done, not repeated" in played.stdout
    assert len(re.findall(r"The desk's books (?:still )?have 1 refund for order \d+, of \$160\.00", played.stdout)) == 2


def test_it_ends_with_a_way_to_go_on(played: subprocess.CompletedProcess[str]) -> None:
    assert played.stdout.splitlines()[-1].startswith("Go on with: switchroom chat supportgenie")


def test_the_first_line_comes_before_anything_is_loaded_that_takes_long(home: Path) -> None:
    def seconds(*arguments: str) -> float:
        command = [sys.executable, "-m", "switchroom", *arguments]
        environment = environ(TMPDIR=str(home))  # it is killed, and cleans nothing up
        began = time.monotonic()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment) as running:
            assert running.stdout is not None
            assert running.stdout.readline().startswith(("Switchroom", "switchroom"))
            took = time.monotonic() - began
            running.kill()
            running.stdout.read()
        return took

    version, first_line = (min(seconds(*arguments) for _ in range(3)) for arguments in (["--version"], ["demo"]))
    assert first_line < 10 * version


def test_a_script_is_played_customer_by_customer(sw: Sw, home: Path) -> None:
    (home / "script.txt").write_text(
        "where is my order 732201349959?\nthanks\n\nI was charged twice for order 900100200302\nno\n"
    )
    ended = sw("demo", "--script", str(home / "script.txt"))
    assert ended.exit_code == 0
    assert ended.stdout.count("Customer 1 ›") == 2
    assert ended.stdout.count("Customer 2 ›") == 1
    assert "supervisor › no" in ended.stdout
    assert "3 messages, 3 of them answered exactly once" in ended.stdout


def test_a_question_that_a_script_leaves_open_is_answered_by_yes(sw: Sw, home: Path) -> None:
    (home / "script.json").write_text('["I was charged twice for order 900100200302"]')
    ended = sw("demo", "--script", str(home / "script.json"))
    assert "supervisor › yes" in ended.stdout
    assert "1 message, 1 of them answered exactly once" in ended.stdout


@pytest.mark.parametrize("text", ["", "[7"])
def test_a_script_that_is_none_is_wrong_use(sw: Sw, home: Path, text: str) -> None:
    (home / "script.json").write_text(text)
    ended = sw("demo", "--script", str(home / "script.json"))
    assert ended.exit_code == 2
    assert ended.stdout == ""


def test_a_script_that_is_not_there_is_wrong_use(process: Process) -> None:
    ended = process("demo", "--script", "nowhere.txt")
    assert ended.returncode == 2
    assert "nowhere.txt" in ended.stderr
