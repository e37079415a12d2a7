"""A person at a real terminal: asked, interrupting, and leaving."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forked
from tests.cli.conftest import SHOP, Process, environ
from tests.patience import HANGS_S, wait_until

STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """The command at a terminal of its own, read and typed into; with `out`, its stdout goes to that file."""

    def __init__(self, *args: str, out: int | None = None, **environment: str) -> None:
        self._master, slave = pty.openpty()
        self.process = forked.start(
            *("-m", "switchroom", *args),
            files=(slave, slave if out is None else out, slave),
            env=environ(**{"TERM": "xterm-256color", "COLUMNS": "90", "LINES": "40", **environment}),
            session=True,
        )
        os.close(slave)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.raw = ""

    @property
    def page(self) -> str:
        """What stands there, without what steers the terminal."""
        return STEERING.sub("", self.raw).replace("\r\n", "\n")

    def until(self, text: str, seconds: float = HANGS_S) -> str:
        """What came up to a text."""
        end = time.monotonic() + seconds
        while text not in self.page:
            ready, _, _ = select.select([self._master], [], [], max(end - time.monotonic(), 0))
            assert ready, f"{text!r} did not come: {self.page}"
            self.raw += self.read()
        page = self.page
        self.raw = page[page.index(text) + len(text) :]
        return page[: page.index(text) + len(text)]

    def read(self) -> str:
        """What came since; it waits for something to come."""
        try:
            return self._decoder.decode(os.read(self._master, 65536))
        except OSError as error:  # the other end is closed
            raise AssertionError(f"it ended with: {self.page}") from error

    def more(self) -> str:
        """What came and was not looked for yet, with what came since."""
        if select.select([self._master], [], [], 0)[0]:
            self.raw += self.read()
        return self.raw

    def type(self, line: str) -> None:
        """Type a line."""
        self.press(line + "\n")

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def ctrl_c(self) -> None:
        """Press Ctrl-C when the command waits: a line editor is deaf between its prompt and its waiting."""
        wait_until(self._waits, "the command waits")
        self.press("\x03")

    def _waits(self) -> bool:
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():  # no Linux: nothing tells, and a moment has to do
            time.sleep(0.2)
            return True
        return stat.read_text().rpartition(")")[2].split()[0] == "S"

    def ended(self) -> int:
        """The exit code, once it has ended; Ctrl-D ends it."""
        self.press("\x04")
        return self.process.wait(HANGS_S)

    def close(self) -> None:
        """Leave nothing running."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def at_a_terminal(terminals: list[Terminal], *args: str, out: int | None = None, **environment: str) -> Terminal:
    terminals.append(Terminal(*args, out=out, **environment))
    return terminals[-1]


def test_a_dialogue_goes_message_by_message_until_ctrl_d(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP)
    terminal.until("you › ")
    terminal.type("hi")
    assert "desk" in terminal.until("Hello from the desk, [31mwhat can I do?")
    terminal.until("you › ")
    assert terminal.ended() == 0
    terminal.until("To go on: switchroom chat")


@pytest.mark.parametrize("word", ["exit", "quit", "/exit", "/quit", "/Q "])
def test_a_word_for_leaving_leaves_and_reaches_nobody(terminals: list[Terminal], word: str) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP)
    terminal.until("Ctrl-D or /quit leaves")
    terminal.until("you › ")
    terminal.type(word)
    assert "desk" not in terminal.until("To go on: switchroom chat")
    assert terminal.process.wait(HANGS_S) == 0


def test_help_is_two_lines_for_the_person_and_reaches_nobody(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP)
    terminal.until("you › ")
    terminal.type("/help")
    told = terminal.until("you › ")
    assert "desk" not in told
    assert "exit and /quit do." in told
    assert "With --conversation ID" in told
    assert terminal.ended() == 0


def test_an_unknown_command_is_named_and_reaches_nobody(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP)
    terminal.until("you › ")
    terminal.type("/foo")
    told = terminal.until("you › ")
    assert "There is no command /foo" in told
    assert "desk" not in told
    assert terminal.ended() == 0


def test_a_dialogue_says_once_where_it_is_kept(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP)
    told = terminal.until("you › ").replace("\n", "")
    assert told.count(f"Conversations are kept in {os.environ['XDG_DATA_HOME']}/switchroom/chats.db.") == 1


def test_a_person_who_leaves_at_a_question_leaves_it_open(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP, "I was charged twice")
    terminal.until("y/n › ")
    terminal.type("/quit")
    terminal.until("To go on: switchroom chat")
    assert terminal.process.wait(HANGS_S) == 0


def test_a_person_who_is_there_is_asked_and_their_note_reaches_the_agent(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP, "I was charged twice")
    terminal.until('billing asks: may refund(order="9001", cents=16000) be done?\n  y/n › ')
    terminal.type("perhaps")
    terminal.until("Please answer y or n")
    terminal.type("no, too much")
    terminal.until("a person says no: too much")
    terminal.until("Billing says: [a person did not approve this: too much].")
    assert terminal.process.wait(HANGS_S) == 0


def test_ctrl_c_interrupts_and_what_is_said_instead_is_answered(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP)
    terminal.until("you › ")
    terminal.type("ponder this")
    terminal.until("ponder(seconds=30)")
    terminal.ctrl_c()
    terminal.until("Say what you want instead")
    terminal.until("you › ")
    terminal.type("never mind")
    terminal.until("Hello from the desk")
    terminal.until("you › ")
    assert terminal.ended() == 0


def test_ctrl_c_twice_leaves_the_turn_to_be_finished_later(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP, "--conversation", "c-1")
    terminal.until("you › ")
    terminal.type("ponder this")
    terminal.until("ponder(seconds=30)")
    terminal.ctrl_c()
    terminal.until("you › ")
    terminal.ctrl_c()
    terminal.until("To go on: switchroom chat")
    assert terminal.process.wait(HANGS_S) == 0
    again = at_a_terminal(terminals, "chat", SHOP, "--conversation", "c-1")
    again.until("Turn 1 is unfinished; it is finished first: ponder this")


def test_ctrl_c_ends_a_single_message_with_code_1(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP, "ponder this")
    terminal.until("ponder(seconds=30)")
    terminal.ctrl_c()
    terminal.until("Interrupted. The turn is unfinished")
    assert terminal.process.wait(HANGS_S) == 1
    assert "Traceback" not in terminal.page


def test_ctrl_c_at_the_prompt_leaves_politely(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP)
    terminal.until("you › ")
    terminal.ctrl_c()
    terminal.until("To go on: switchroom chat")
    assert terminal.process.wait(HANGS_S) == 0


def test_ctrl_c_with_half_a_line_typed_clears_the_line_and_a_second_one_leaves(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP)
    terminal.until("you › ")
    terminal.press("fail please")
    terminal.until("fail please")
    terminal.ctrl_c()
    assert "To go on" not in terminal.until("you › ")
    terminal.type("hi")
    assert "Error" not in terminal.until("Hello from the desk")
    terminal.until("you › ")
    terminal.ctrl_c()
    terminal.until("To go on: switchroom chat")
    assert terminal.process.wait(HANGS_S) == 0


def test_ctrl_c_with_half_an_answer_to_a_question_asks_it_again(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP, "I was charged twice")
    terminal.until("y/n › ")
    terminal.press("yes, pay")
    terminal.until("yes, pay")
    terminal.ctrl_c()
    terminal.until("y/n › ")
    terminal.type("no")
    terminal.until("a person says no")
    assert terminal.process.wait(HANGS_S) == 0


def test_where_the_terminal_edits_lines_itself_a_second_ctrl_c_leaves(terminals: list[Terminal], tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        terminal = at_a_terminal(terminals, "chat", SHOP, out=out.fileno())
    terminal.until("you › ")
    terminal.press("fail please")
    terminal.ctrl_c()
    terminal.until("Ctrl-C again leaves.")
    terminal.until("you › ")
    terminal.type("hi")
    assert "Error" not in terminal.until("you › ")
    assert (tmp_path / "out").read_text() == "Hello from the desk, [31mwhat can I do?\n"
    terminal.ctrl_c()
    terminal.until("you › ")
    terminal.ctrl_c()
    terminal.until("To go on: switchroom chat")
    assert terminal.process.wait(HANGS_S) == 0


def test_a_model_that_thinks_for_long_gives_a_sign_of_life_which_is_erased(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP, "take it slowly")
    terminal.until("thinking … 1 s")
    terminal.until("thinking … 2 s")
    wait_until(lambda: "a while." in terminal.more(), "the answer comes")
    before = terminal.raw.partition("That took")[0]
    assert before.rindex("\r\x1b[K") > before.rfind("thinking")


def test_the_sign_of_life_comes_on_a_terminal_only(process: Process, terminals: list[Terminal]) -> None:
    ended = process("chat", SHOP, "take it slowly")
    assert ended.stdout == "That took a while.\n"
    assert "thinking" not in ended.stderr
    dumb = at_a_terminal(terminals, "chat", SHOP, "take it slowly", TERM="dumb")
    assert "thinking" not in dumb.until("That took a while.")


def test_a_tool_at_work_is_its_own_sign_of_life(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP, "rest please")
    assert "thinking" not in terminal.until("nothing came of it")


def test_an_answer_that_is_withdrawn_is_cleared_from_the_terminal(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "chat", SHOP, "tell me the secret")
    page = terminal.until("That is a secret.")
    assert "withdrawn: replaced by a guardrail" in page


def test_agents_have_colours_unless_they_are_not_wanted(terminals: list[Terminal]) -> None:
    coloured = at_a_terminal(terminals, "chat", SHOP, "hi")
    coloured.process.wait(HANGS_S)
    plain = at_a_terminal(terminals, "chat", SHOP, "hi", NO_COLOR="1")
    plain.process.wait(HANGS_S)
    assert "\x1b[1;7;36m desk" in coloured.read()
    assert "\x1b" not in plain.read()


def test_the_demonstration_ends_with_the_visitors_turn(terminals: list[Terminal]) -> None:
    terminal = at_a_terminal(terminals, "demo")
    terminal.until("4 messages, 4 of them answered exactly once")
    terminal.until("Your turn")
    terminal.until("you › ")
    terminal.type("where is my order 732201349959?")
    terminal.until("tracking number")
    terminal.until("you › ")
    assert terminal.ended() == 0
    terminal.until("Go on with: switchroom chat supportgenie")
