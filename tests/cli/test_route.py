"""`switchroom eval` and `switchroom route`: trained, measured, gated, and fed from a journal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SHOP, Sw, data
from tests.routing.data import FILE, half

ROUTER = """
from switchroom.routing import KeywordRouter
router = KeywordRouter({"sales": ["price"], "support": ["broken"]})
"""


@pytest.fixture
def cases(home: Path) -> Path:
    """Four cases, of which one is decided wrongly."""
    place = home / "cases.jsonl"
    said = [("a price", "sales"), ("it is broken", "support"), ("price", "support"), ("hi", None)]
    place.write_text("\n".join(json.dumps({"text": text, "route": route}) for text, route in said))
    return place


@pytest.fixture
def app(home: Path) -> str:
    (home / "desk.py").write_text(ROUTER)
    return f"{home}/desk.py:router"


def halves(home: Path) -> tuple[Path, Path]:
    """The questions over ten intents, in a file for each half."""
    lines = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    for part in ("train", "val"):
        mine = [line for line in lines if line["part"] == part]
        (home / f"{part}.jsonl").write_text("\n".join(map(json.dumps, mine)))
    return home / "train.jsonl", home / "val.jsonl"


def test_a_router_is_measured_and_its_confusions_have_examples(sw: Sw, app: str, cases: Path) -> None:
    ended = sw("eval", app, str(cases))
    assert ended.exit_code == 0, ended.output
    assert "accuracy           0.750" in ended.stdout
    assert "    1  support -> sales\n         line 3: price" in ended.stdout


def test_json_is_the_baseline_of_a_later_run(sw: Sw, app: str, cases: Path, home: Path) -> None:
    (home / "before.json").write_text(sw("eval", app, str(cases), "--json").stdout)
    same = sw("eval", app, str(cases), "--json", "--baseline", str(home / "before.json"))
    assert (same.exit_code, data(same.stdout)["newly_wrong"]) == (0, [])
    (home / "desk.py").write_text(ROUTER.replace("broken", "mended"))
    worse = sw("eval", app, str(cases), "--baseline", str(home / "before.json"))
    assert worse.exit_code == 1
    assert "The accuracy fell from 0.750 to 0.500; wrong now are the lines 2." in worse.stderr


def test_a_gate_ends_with_one_below_what_is_asked(sw: Sw, app: str, cases: Path) -> None:
    assert sw("eval", app, str(cases), "--fail-under", "0.75").exit_code == 0
    ended = sw("eval", app, str(cases), "--fail-under", "0.76")
    assert (ended.exit_code, "below the 0.76" in ended.stderr) == (1, True)
    assert sw("eval", app, str(cases), "--fail-under", "nan").exit_code == 1


def test_junit_is_written_beside(sw: Sw, app: str, cases: Path, home: Path) -> None:
    assert sw("eval", app, str(cases), "--junit", str(home / "out.xml")).exit_code == 0
    assert b'failures="1"' in (home / "out.xml").read_bytes()


@pytest.mark.parametrize("line", ['{"text": "hi", "route": "slaes"}', "{", '{"text": "", "route": "sales"}'])
def test_a_wrong_case_is_wrong_use_and_names_its_line(sw: Sw, app: str, cases: Path, line: str) -> None:
    cases.write_text(cases.read_text() + "\n" + line)
    ended = sw("eval", app, str(cases))
    assert (ended.exit_code, "line 5" in ended.stderr) == (2, True)


def test_an_application_is_measured_by_who_answers(sw: Sw, home: Path) -> None:
    (home / "cases.jsonl").write_text('{"text": "hello", "route": "desk"}\n{"text": "hi", "route": "billing"}')
    told = data(sw("eval", SHOP, str(home / "cases.jsonl"), "--json").stdout)
    assert (told["accuracy"], told["wrong"]) == (0.5, [2])


def test_a_router_is_trained_measured_and_given_a_threshold(sw: Sw, home: Path) -> None:
    train, val = halves(home)
    place = str(home / "questions.router")
    told = data(sw("route", "train", str(train), place, "--json").stdout)
    assert (told["routes"], sum(told["examples"].values()), told["out_of_scope"]) == (10, len(half("train")[0]), 60)
    first = data(sw("eval", place, str(val), "--json").stdout)
    assert first["accuracy_likeliest"] >= 0.9
    assert first["out_of_scope"]["area"] >= 0.93
    told = data(sw("route", "threshold", place, "--error", "0.02", "--write", "--json").stdout)
    assert told["error"] <= 0.02
    second = data(sw("eval", place, str(val), "--json").stdout)
    assert second["abstained"] >= first["abstained"]
    assert second["accuracy_routed"] >= first["accuracy_routed"]


def test_few_examples_are_warned_of_on_stderr(sw: Sw, home: Path) -> None:
    (home / "few.jsonl").write_text('{"text": "a", "route": "one"}\n{"text": "b", "route": "two"}')
    ended = sw("route", "train", str(home / "few.jsonl"), str(home / "few.router"))
    assert ended.exit_code == 0
    assert "Warning: Too few examples" in ended.stderr


def test_a_threshold_takes_one_wish_and_a_router(sw: Sw, home: Path) -> None:
    assert sw("route", "threshold", str(home / "none.router"), "--at", "0.5").exit_code == 2
    assert sw("route", "threshold", str(home / "none.router")).exit_code == 2


def test_messages_that_bounced_are_mined_from_a_journal(sw: Sw, home: Path) -> None:
    (home / "app.py").write_text(
        ROUTER
        + "from switchroom import RunConfig, route\n"
        + "app = route(router, {'sales': str, 'support': str}, fallback=lambda text: 'hm')\n"
        + f"config = RunConfig(journal='sqlite:///{home}/chats.db')\n"
    )
    assert sw("chat", f"{home}/app.py", "what does it cost?", "--conversation", "c-1").exit_code == 0
    ended = sw("route", "mine", f"sqlite:///{home}/chats.db")
    assert data(ended.stdout) == {
        "text": "what does it cost?",
        "route": "fallback",
        "was": "",
        "why": "left open",
        "conversation": "c-1",
        "turn": 1,
    }
    assert ended.stderr == "1 messages bounced in 1 conversations.\n"


LINE = """
from switchroom import Node, OutputNode, Session

class Hall(Node):
    async def process_event(self, event):
        content = getattr(event, "content", "")
        event.metadata["route"] = "sales" if "price" in content else "support" if "broken" in content else "nobody"
        await self.send_event(event)

class Says(OutputNode):
    async def generate_response(self):
        yield f"{self.name} here"

def app() -> Session:
    session = Session(fallback=Says("last"))
    hall = Hall("hall")
    session.add_node(hall)
    for name in ("sales", "support"):
        session.add_node(Says(name))
        session.add_edge(hall, name, name)
    return session
"""


def test_a_session_is_measured_by_who_answered(sw: Sw, cases: Path, home: Path) -> None:
    (home / "line.py").write_text(LINE)
    ended = sw("eval", f"{home}/line.py", str(cases), "--json")
    told = data(ended.stdout)
    assert (told["accuracy"], told["wrong"], told["out_of_scope"]["rejected"]) == (0.75, [3], 1.0)


def test_a_router_that_breaks_over_a_case_is_a_figure_and_no_traceback(sw: Sw, cases: Path, home: Path) -> None:
    (home / "breaks.py").write_text(
        "from switchroom.routing import ModelRouter\n"
        "from switchroom.testing import FunctionModel\n"
        "def answer(request):\n"
        "    if 'broken' in request.messages[-1].text:\n"
        "        raise ValueError('boom')\n"
        "    return 'sales'\n"
        "router = ModelRouter(FunctionModel(answer), ['sales', 'support'])\n"
    )
    ended = sw("eval", f"{home}/breaks.py:router", str(cases), "--json")
    assert (ended.exit_code, data(ended.stdout)["failed"]) == (0, 1)


def test_a_journal_that_is_not_there_is_not_made_and_a_conversation_is_named(sw: Sw, home: Path) -> None:
    ended = sw("route", "mine", f"sqlite:///{home}/nodb.db")
    assert (ended.exit_code, (home / "nodb.db").exists()) == (2, False)
    assert "There is no journal" in ended.stderr
