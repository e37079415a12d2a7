"""`switchroom check` and `switchroom graph` at the command line: what they look at, how they tell it, how they end."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from tests.cli.conftest import Process, Sw, data

BROKEN = Path(__file__).parents[1] / "check" / "apps"
WHOLE = """
from switchroom import Agent, Node, OutputNode, RunConfig, Session, Team, route, sequential, tool
from switchroom.compat.atoms import AtomsApp
from switchroom.testing import FunctionModel

config = RunConfig(model=FunctionModel(lambda request: "hello"))
print("being imported")
"""
NODE = "session.add_node(OutputNode('b', step=b))"
DESK = """
a = Agent("a", "Greet.", handoffs=["b"])
b = Agent("b", "Help.", description="helps")
"""


@pytest.fixture(autouse=True)
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder."""
    monkeypatch.chdir(home)
    return home


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the broken applications leave in the process is undone."""
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(BROKEN)):
            del sys.modules[name]


def app(source: str) -> str:
    Path("app.py").write_text(WHOLE + source)
    return "app.py"


def test_an_error_ends_with_1_and_is_told_with_its_remedy(sw: Sw):
    ended = sw("check", str(BROKEN / "stranger.py"))
    assert ended.exit_code == 1
    assert ended.stdout.splitlines() == [
        "error    stranger  Agent 'billing' hands over to 'refnds': the team has no agent 'refnds'; it has "
        "['billing', 'refunds']. Did you mean 'refunds'?",
        "                   → Add agent 'refnds', or name one that is there.",
    ]
    assert ended.stderr.endswith("stranger.py: 1 error.\n")


def test_a_warning_ends_with_0_unless_it_is_strict(sw: Sw):
    crowded = str(BROKEN / "crowded.py")
    assert sw("check", crowded).exit_code == 0
    assert sw("check", "--strict", crowded).exit_code == 1
    assert sw("check", "--strict", "--ignore", "too-much", crowded).exit_code == 0


def test_findings_are_data_with_json(sw: Sw):
    ended = sw("check", "--json", str(BROKEN / "nobody_reached.py"))
    assert ended.exit_code == 1
    assert data(ended.stdout) == snapshot(
        {
            "errors": 1,
            "warnings": 0,
            "findings": [
                {
                    "code": "unreachable",
                    "level": "error",
                    "who": "agent 'support'",
                    "says": "Agent 'support' is never reached: nobody hands over to it.",
                    "remedy": "Give somebody who is reached a handoff to 'support', or take it out of the team.",
                    "where": "",
                }
            ],
        }
    )


def test_nothing_found_is_said_so_and_ends_with_0(sw: Sw):
    ended = sw("check", app(DESK + "app = Team([a, b])"))
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "", "being imported\napp.py: nothing was found.\n")
    assert data(sw("check", "--json", "app.py").stdout) == {"errors": 0, "warnings": 0, "findings": []}


@pytest.mark.parametrize("command", ["check", "graph"])
def test_help_says_that_the_application_file_is_imported(sw: Sw, command: str):
    told = " ".join(sw(command, "--help").stdout.split())
    assert "is imported, so its top-level code runs" in told
    assert "Nothing is run" not in told


@pytest.mark.parametrize("command", ["check", "graph", "chat"])
def test_an_error_does_not_steer_the_terminal(sw: Sw, command: str):
    ended = sw(command, app("raise ValueError('\\x07\\x9b2J red')"))
    assert ended.exit_code == 2
    assert "red" in ended.stderr
    assert {"\x07", "\x9b"}.isdisjoint(ended.stderr)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["nowhere.py"], "There is no file 'nowhere.py'"),
        (["--ignore", "to-much", "app.py"], "Did you mean 'too-much'?"),
        (["app.py:nobody"], "app.py has no name 'nobody'"),
        (["app.py:config"], "app.py:config is a RunConfig."),
        (["app.py"], "app.py holds ['a', 'b']. Say which: app.py:a, or call it 'app'."),
    ],
    ids=["file", "code", "name", "kind", "which"],
)
def test_wrong_use_ends_with_2(sw: Sw, args: list[str], told: str):
    app(DESK.replace('handoffs=["b"]', ""))
    for command in ("check", "graph"):
        if command == "graph" and "--ignore" in args:
            continue
        ended = sw(command, *args)
        assert ended.exit_code == 2
        assert told in ended.stderr


@pytest.mark.parametrize(
    ("source", "entry"),
    [
        ("app = Team([a, b], name='desk')", "desk"),
        ("both = Team([a, b], name='both')", "both"),
        ("answering = sequential(b, Agent('c')).named('answering')", "answering"),
        ("async def app(text, scope): return await scope.call(b, text)", "app"),
        ("session = Session(b)", "session"),
        ("def app() -> Session: return Session(b)", "session"),
        ("def desk(name='desk') -> Team: return Team([a, b], name=name)", "desk"),
        ("async def made() -> Agent[str]: return b", "b"),
        ("async def opens(session: Session): session.add_node(OutputNode('b', step=b))", "session"),
        (
            "async def setup(session):\n    session.add_node(OutputNode('b', step=b))\n    await session.start()\n    1 / 0",
            "session",
        ),
        (f"async def setup(session): {NODE}", "session"),
        (
            "talk = AtomsApp(lambda session: built(session))\nasync def built(session): session.add_node(OutputNode(step=b))",
            "session",
        ),
    ],
    ids=[
        "team",
        "alone",
        "workflow",
        "function",
        "session",
        "factory",
        "making",
        "async making",
        "opening",
        "setup",
        "unstarted",
        "atoms",
    ],
)
def test_what_can_be_looked_at(sw: Sw, source: str, entry: str):
    ended = sw("graph", "--format", "json", app(DESK + source))
    assert ended.exit_code == 0, ended.output
    assert data(ended.stdout)["entry"] == entry


def test_a_function_that_takes_nothing_is_made_only_where_it_says_what_it_makes(sw: Sw):
    ended = sw("check", app("def app(): raise SystemExit('it was run')"))
    assert ended.exit_code == 2
    assert "'app' takes nothing; a step takes (input, scope)" in ended.stderr


def test_chat_is_had_with_a_session_as_with_a_step(sw: Sw):
    ended = sw("chat", app(f"{DESK}def app() -> Session:\n    session = Session()\n    {NODE}\n    return session"), "hello")
    assert (ended.exit_code, ended.stdout) == (0, "hello\n"), ended.output


def test_what_cannot_be_set_up_says_why(sw: Sw):
    ended = sw("check", app("async def setup(session): session.add_edge('a', 'b')"))
    assert ended.exit_code == 2
    assert "An edge leads to or from a stranger: the session has no node 'a'" in ended.stderr


def test_supportgenie_is_drawn_in_every_format_and_nothing_is_found_in_it(sw: Sw):
    assert sw("graph", "supportgenie").stdout.startswith(
        "supportgenie (team): answers a shop's customers\n  begins with router\n"
    )
    assert sw("graph", "supportgenie", "--format", "mermaid").stdout.startswith("flowchart LR\n")
    assert ET.fromstring(sw("graph", "supportgenie", "--format", "svg").stdout).tag.endswith("svg")
    assert data(sw("graph", "supportgenie", "--format", "json").stdout)["entry"] == "supportgenie"
    ended = sw("check", "--strict", "supportgenie")
    assert (ended.exit_code, ended.stdout) == (0, "")


def test_the_commands_work_in_a_process_and_use_no_network(process: Process):
    guard = "import socket\nsocket.socket.connect = None\n"
    ended = process("check", app(guard + DESK + "app = Team([a, b])"))
    assert (ended.returncode, ended.stdout) == (0, "")
    ended = process("graph", "app.py", "--format", "svg")
    assert ended.returncode == 0
    assert ET.fromstring(ended.stdout).tag.endswith("svg")


def test_chat_stops_at_what_cannot_answer(sw: Sw):
    ended = sw("chat", str(BROKEN / "only_round.py"), "hello")
    assert ended.exit_code == 2
    assert "has no way out" in ended.stderr
    ended = sw("chat", app("app = sequential(Agent('x', model='nobody'), Agent('y'))"), "hello")
    assert ended.exit_code == 2
    assert "The model 'nobody' of agent 'x' names no provider." in ended.stderr


@pytest.mark.parametrize("name", sorted(file.stem for file in BROKEN.glob("*.py")))
def test_chat_begins_where_check_finds_no_error(sw: Sw, name: str):
    place = str(BROKEN / f"{name}.py")
    errors = [found for found in data(sw("check", "--json", place).stdout)["findings"] if found["level"] == "error"]
    ended = sw("chat", place, "hello")
    assert (ended.exit_code != 2) is (not errors), ended.output


def test_what_a_function_gives_its_model_need_not_be_named_for_chat(sw: Sw):
    function = "async def app(text, scope): return (await Runner.run(a, text, config=config2)).final_output"
    given = f"from switchroom import Runner\na = Agent('a')\nconfig2 = config\ndel config\n{function}"
    ended = sw("chat", app(given), "hello", "--journal", "memory:")
    assert (ended.exit_code, ended.stdout) == (0, "hello\n"), ended.output
