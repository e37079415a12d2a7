"""`switchroom chat`: data on stdout, talk on stderr, one answer to a message, and nobody left without one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SHOP, Process, Sw, data, environ
from tests.patience import HANGS_S
from tests.servers.faults import Fault, bad_request, wrong_key
from tests.servers.http import served


def test_a_message_is_answered_on_stdout_and_all_else_is_talk(sw: Sw) -> None:
    ended = sw("chat", SHOP, "hi")
    assert ended.exit_code == 0
    assert ended.stdout == "Hello from the desk, [31mwhat can I do?\n"
    assert "[desk]" in ended.stderr
    assert "To go on: switchroom chat" in ended.stderr


STEERING = "a\x1b]0;title\x07b\x1b[2Jc\x9bd\x00e\rf\x7fg\ttab"


@pytest.mark.parametrize("source", ["answer", "error", "tool"])
def test_no_control_character_leaves_the_command_where_it_is_piped(process: Process, home: Path, source: str) -> None:
    models = {
        "answer": "return TEXT",
        "error": "raise ConnectionError(TEXT)",
        "tool": "return 'done' if request.messages[-1].role == 'tool' else call('echo', text=TEXT)",
    }
    (home / "steering.py").write_text(f"""
from switchroom import Agent, tool
from switchroom.testing import FunctionModel, call

TEXT = {STEERING!r}

@tool(effect="read")
async def echo(text: str) -> str:
    return text

def answer(request):
    {models[source]}

app = Agent("desk", model=FunctionModel(answer), tools=[echo])
""")
    ended = process("chat", str(home / "steering.py"), "hi")
    written = ended.stdout + ended.stderr
    assert "]0;title" in written
    assert [char for char in written if (char < " " and char not in "\n\t") or "\x7f" <= char < "\xa0"] == []


def test_json_is_one_object_with_all_that_happened(sw: Sw) -> None:
    ended = sw("chat", SHOP, "send the parcel", "--json", "--conversation", "c-1")
    assert ended.exit_code == 0
    assert ended.stderr == "posting P7\n"
    assert data(ended.stdout) == {
        "conversation": "c-1",
        "turn": 1,
        "text": "So it is: P7 is posted.",
        "answered_by": "desk",
        "tools": [{"agent": "desk", "tool": "post", "args": {"parcel": "P7"}, "result": "P7 is posted"}],
        "handoffs": [],
        "waiting": [],
        "usage": {"requests": 2, "input_tokens": 0, "output_tokens": 0},
        "answers": 1,
    }


def test_a_conversation_goes_on_under_its_id(sw: Sw) -> None:
    first = data(sw("chat", SHOP, "hi", "--json").stdout)
    second = data(sw("chat", SHOP, "hi again", "--json", "--conversation", first["conversation"]).stdout)
    assert (first["turn"], second["turn"]) == (1, 2)
    assert first["conversation"] == second["conversation"]


def test_each_new_conversation_has_an_id_of_its_own(sw: Sw) -> None:
    ids = {data(sw("chat", SHOP, "hi", "--json").stdout)["conversation"] for _ in range(3)}
    assert len(ids) == 3


def test_conversations_are_kept_in_the_users_data_folder(sw: Sw, home: Path) -> None:
    sw("chat", SHOP, "hi")
    assert (home / "data" / "switchroom" / "chats.db").is_file()


def test_a_journal_that_is_named_keeps_it_instead(sw: Sw, home: Path) -> None:
    ended = sw("chat", SHOP, "hi", "--journal", f"sqlite:///{home}/mine.db")
    assert (home / "mine.db").is_file()
    assert not (home / "data").exists()
    assert f"--journal sqlite:///{home}/mine.db" in ended.stderr


def test_a_handoff_says_who_to_whom_why_and_what_was_carried(sw: Sw) -> None:
    ended = sw("chat", SHOP, "I was charged twice")
    assert "→ billing  charged twice" in ended.stderr
    assert "carries order: 9001, problem: two charges" in ended.stderr
    assert '· look_up(order="9001")' in ended.stderr
    assert "order: 9001, status: delivered" in ended.stderr


def test_a_question_to_a_person_is_reported_with_the_way_to_answer_it(sw: Sw) -> None:
    ended = sw("chat", SHOP, "I was charged twice", "--json", "--conversation", "c-1")
    assert ended.exit_code == 0
    told = data(ended.stdout)
    assert told["answers"] == 0
    assert told["handoffs"] == [
        {
            "source": "desk",
            "target": "billing",
            "reason": "charged twice",
            "brief": {"order": "9001", "problem": "two charges"},
        }
    ]
    (waiting,) = told["waiting"]
    assert waiting == {
        "id": waiting["id"],
        "agent": "billing",
        "tool": "refund",
        "args": {"order": "9001", "cents": 16000},
        "question": "approval",
    }
    assert f"--conversation c-1 --answer '{waiting['id']}=yes'" in ended.stderr


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("yes", "One moment.\nBilling says: 16000 returned for 9001."),
        ("no", "One moment.\nBilling says: [a person did not approve this]."),
    ],
)
def test_an_answer_finishes_the_turn_that_waits(sw: Sw, word: str, text: str) -> None:
    asked = data(sw("chat", SHOP, "I was charged twice", "--json", "--conversation", "c-1").stdout)
    id = asked["waiting"][0]["id"]
    ended = data(sw("chat", SHOP, "--json", "--conversation", "c-1", "--answer", f"{id}={word}").stdout)
    assert (ended["turn"], ended["text"], ended["answers"]) == (1, text, 1)
    assert ended["waiting"] == []


def test_an_answer_and_the_next_message_go_together(sw: Sw) -> None:
    asked = data(sw("chat", SHOP, "I was charged twice", "--json", "--conversation", "c-1").stdout)
    answer = f"{asked['waiting'][0]['id']}=yes"
    ended = data(sw("chat", SHOP, "is 16000 returned?", "--json", "--conversation", "c-1", "--answer", answer).stdout)
    assert (ended["turn"], ended["answers"]) == (2, 1)
    assert ended["finished"]["text"] == "One moment.\nBilling says: 16000 returned for 9001."


def test_a_message_to_a_conversation_that_waits_is_not_sent(sw: Sw) -> None:
    sw("chat", SHOP, "I was charged twice", "--conversation", "c-1")
    ended = sw("chat", SHOP, "hello?", "--json", "--conversation", "c-1")
    told = data(ended.stdout)
    assert (told["turn"], len(told["waiting"])) == (1, 1)
    assert "Turn 1 waits for a person: I was charged twice" in ended.stderr
    assert "Your message was not sent" in ended.stderr


def test_lines_of_stdin_are_messages_of_one_conversation(sw: Sw) -> None:
    ended = sw("chat", SHOP, "--json", input="hi\n\n  \nsend the parcel\n")
    first, second = (json.loads(line) for line in ended.stdout.splitlines())
    assert (first["turn"], second["turn"]) == (1, 2)
    assert first["conversation"] == second["conversation"]
    assert ended.exit_code == 0


def test_who_has_to_wait_for_a_person_is_told_so_on_stdout(sw: Sw) -> None:
    ended = sw("chat", SHOP, "I was charged twice")
    assert (ended.exit_code, ended.stdout) == (1, "This has to be approved by a person first.\n")
    assert "Answer (yes or no) with: switchroom chat" in ended.stderr


def test_lines_behind_a_question_to_a_person_are_counted_and_not_read(process: Process) -> None:
    ended = process("chat", SHOP, input="hi\nI was charged twice\nhi\n\nhi\n")
    assert ended.returncode == 1
    assert ended.stdout.splitlines()[1:] == ["This has to be approved by a person first."]
    assert ended.stderr.endswith("2 lines were not read: a person's answer is awaited.\n")


def test_a_pipe_that_stays_open_does_not_hold_up_the_end(home: Path) -> None:
    command = [sys.executable, "-m", "switchroom", "chat", SHOP]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environ()
    ) as open:
        assert open.stdin is not None
        open.stdin.write(b"I was charged twice\n")
        open.stdin.flush()
        assert open.wait(HANGS_S) == 1


def test_a_byte_that_is_no_character_does_not_end_a_dialogue(home: Path) -> None:
    command = [sys.executable, "-m", "switchroom", "chat", SHOP, "--json"]
    ended = subprocess.run(command, input=b"hi \xff\nhi\n", capture_output=True, env=environ(), timeout=HANGS_S)
    assert ended.returncode == 0
    assert [json.loads(line)["answers"] for line in ended.stdout.splitlines()] == [1, 1]


def test_in_a_pipe_the_words_for_leaving_are_messages(sw: Sw) -> None:
    ended = sw("chat", SHOP, "--json", input="quit\n/help\n/q\n")
    assert [json.loads(line)["turn"] for line in ended.stdout.splitlines()] == [1, 2, 3]


def test_a_wrong_model_name_ends_a_pipe_and_there_is_nothing_to_go_on_with(
    process: Process,
) -> None:
    ended = process("chat", "supportgenie", input="hi\nhello\n", SWITCHROOM_MODEL="nobody:gpt-x")
    assert ended.returncode == 2
    assert ended.stderr.count("Error: ") == 1
    assert "1 line was not read: what follows would fail in the same way." in ended.stderr
    assert "To go on" not in ended.stderr


@pytest.mark.parametrize(("fault", "asked"), [(wrong_key(), 1), (bad_request(), 2)])
def test_a_pipe_ends_with_a_denial_and_not_with_another_fault_of_the_model(process: Process, fault: Fault, asked: int) -> None:
    with served(fault) as server:
        given = {"SWITCHROOM_MODEL": "openai:gpt-x", "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.url}
        ended = process("chat", "supportgenie", "--json", input="hi\nhello\n", **given)
    assert len(ended.stdout.splitlines()) == asked
    assert ended.returncode == (2 if asked == 1 else 1)


def test_a_journal_in_memory_is_not_offered_to_go_on_with(sw: Sw) -> None:
    assert "To go on" not in sw("chat", SHOP, "hi", "--journal", "memory:").stderr
    ended = sw("chat", SHOP, "I was charged twice", "--journal", "memory:")
    assert "--answer" not in ended.stderr
    assert "It cannot be answered: nothing is kept after this process." in ended.stderr


def test_help_says_where_conversations_are_kept(sw: Sw) -> None:
    assert "XDG_DATA_HOME" in sw("chat", "--help").stdout


def test_a_dialogue_ends_with_its_input(sw: Sw) -> None:
    ended = sw("chat", SHOP, input="hi")
    assert ended.exit_code == 0
    assert ended.stdout.startswith("Hello from the desk")


def test_a_failed_run_ends_with_code_1_and_says_where(sw: Sw) -> None:
    ended = sw("chat", SHOP, "fail")
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert "Error: ConnectionError: the line is down" in ended.stderr
    assert 'raise ConnectionError("the line is down")' in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_failed_run_is_an_object_too(sw: Sw) -> None:
    ended = sw("chat", SHOP, "fail", "--json")
    assert ended.exit_code == 1
    told = data(ended.stdout)
    assert told["answers"] == 0
    assert told["error"]["type"] == "ConnectionError"


def test_a_failure_does_not_end_a_dialogue(sw: Sw) -> None:
    ended = sw("chat", SHOP, "--json", input="fail\nhi\n")
    assert [json.loads(line)["answers"] for line in ended.stdout.splitlines()] == [0, 1]
    assert ended.exit_code == 1


def test_an_answer_that_was_replaced_is_the_only_one_that_is_given(sw: Sw) -> None:
    ended = sw("chat", SHOP, "tell me the secret")
    assert ended.stdout == "That is a secret.\n"


def test_who_is_no_language_model_says_so_once(sw: Sw) -> None:
    ended = sw("chat", "supportgenie", input="hello\nthanks\n")
    assert ended.stderr.count("not from a language model") == 1
    assert "not from a language model" not in ended.stdout


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["  "], "The message is empty."),
        ([""], "The message is empty."),
        (["hi", "--conversation", ""], "--conversation is empty."),
        (["hi", "--journal", " "], "--journal is empty."),
        (["hi", "--journal", "chats.db"], "is no URL"),
        (["hi", "--journal", "mongo://x"], "has no journal adapter 'mongo'"),
        (["--answer", "x=yes"], "--answer needs --conversation"),
        (["--conversation", "c", "--answer", "x=maybe"], "write ID=yes or ID=no"),
        (["--conversation", "c", "--answer", "yes"], "write ID=yes or ID=no"),
        (["--conversation", "never", "--answer", "x=yes"], "There is no conversation 'never'"),
    ],
)
def test_wrong_use_ends_with_code_2(sw: Sw, args: list[str], told: str) -> None:
    ended = sw("chat", SHOP, *args)
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert told in ended.stderr


def test_an_answer_to_nothing_that_was_asked_names_the_question(sw: Sw) -> None:
    asked = data(sw("chat", SHOP, "I was charged twice", "--json", "--conversation", "c-1").stdout)
    ended = sw("chat", SHOP, "--conversation", "c-1", "--answer", "turn#1/desk#0/refnd#3.0=yes")
    assert ended.exit_code == 2
    assert f"Did you mean '{asked['waiting'][0]['id']}'?" in ended.stderr


def test_a_file_that_is_no_journal_is_wrong_use(sw: Sw, home: Path) -> None:
    (home / "notes.db").write_text("not a database, and long enough to be told from one " * 40)
    ended = sw("chat", SHOP, "hi", "--journal", f"sqlite:///{home}/notes.db")
    assert ended.exit_code == 2
    assert "cannot be read" in ended.stderr


def test_a_conversation_of_another_application_is_refused(sw: Sw) -> None:
    sw("chat", SHOP, "hi", "--conversation", "c-1")
    ended = sw("chat", f"{SHOP}:billing", "hi", "--conversation", "c-1")
    assert ended.exit_code == 2
    assert "is answered by 'desk'" in ended.stderr


def test_a_function_is_talked_with_as_well(sw: Sw, home: Path) -> None:
    (home / "loud.py").write_text("async def app(input, scope): return {'loud': input.upper()}")
    assert sw("chat", str(home / "loud.py"), "hi").stdout == '{"loud":"HI"}\n'
    assert data(sw("chat", str(home / "loud.py"), "hi", "--json").stdout)["answers"] == 1


def test_a_shared_state_begins_empty_where_its_type_is_declared(sw: Sw, home: Path) -> None:
    (home / "counting.py").write_text("""
from pydantic import BaseModel
from switchroom import Agent, RunConfig, ToolContext, tool
from switchroom.testing import FunctionModel, call

class Count(BaseModel):
    messages: int = 0

@tool(effect="idempotent")
async def count(ctx: ToolContext) -> str:
    await ctx.update(messages=ctx.state.messages + 1)
    return f"{ctx.state.messages} so far"

def think(request):
    last = request.messages[-1]
    return last.text if last.role == "tool" else call("count")

app = Agent("counter", model=FunctionModel(think), tools=[count])
config = RunConfig(state_type=Count)
""")
    for expected in ("1 so far", "2 so far"):
        assert sw("chat", str(home / "counting.py"), "hi", "--conversation", "c").stdout == f"{expected}\n"


def test_a_turn_that_a_kill_left_unfinished_is_finished_first(process: Process, home: Path) -> None:
    fuse = home / "fuse"
    fuse.touch()
    killed = process("chat", SHOP, "send the parcel", "--conversation", "c-1", FUSE=str(fuse))
    assert killed.returncode == -9
    ended = process("chat", SHOP, "hi", "--json", "--conversation", "c-1", FUSE=str(fuse))
    assert ended.returncode == 0
    told = data(ended.stdout)
    assert (told["turn"], told["answers"]) == (2, 1)
    assert (told["finished"]["text"], told["finished"]["answers"]) == ("So it is: P7 is posted.", 1)
    assert "Turn 1 is unfinished; it is finished first: send the parcel" in ended.stderr


def test_what_a_kill_left_unfinished_is_shown_from_its_beginning(process: Process, home: Path) -> None:
    fuse = home / "fuse"
    fuse.touch()
    process("chat", SHOP, "send the parcel", "--conversation", "c-1", FUSE=str(fuse))
    ended = process("chat", SHOP, "--conversation", "c-1")
    assert ended.stdout == "posting P7\nSo it is: P7 is posted.\n"
    assert '· post(parcel="P7") began before: done again' in ended.stderr


def test_new_code_that_cannot_finish_an_old_turn_says_so_and_sends_nothing(sw: Sw, process: Process, home: Path) -> None:
    fuse = home / "fuse"
    fuse.touch()
    process("chat", SHOP, "send the parcel", "--conversation", "c-1", FUSE=str(fuse))
    changed = Path(SHOP).read_text().replace('    "desk",\n', '    "desk",\n    version="2",\n')
    (home / "shop2.py").write_text(changed)
    ended = sw("chat", str(home / "shop2.py"), "hi", "--json", "--conversation", "c-1")
    assert ended.exit_code == 2
    assert data(ended.stdout)["error"]["type"] == "Diverged"
    assert "Resume it with the old code." in ended.stderr
    assert "Your message was not sent" in ended.stderr


def test_help_and_version_need_no_application(process: Process) -> None:
    told = process("--help")
    assert told.returncode == 0
    assert all(command in told.stdout for command in ("chat", "demo"))
    assert process("--version").stdout.startswith("switchroom")


def test_importing_switchroom_does_not_import_the_command_line(process: Process) -> None:
    import subprocess
    import sys

    from tests.cli.conftest import environ

    check = "import sys, switchroom; print([m for m in sys.modules if m.partition('.')[0] in ('click', 'rich') or '.cli' in m])"
    told = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, env=environ(), check=True)
    assert told.stdout == "[]\n"
