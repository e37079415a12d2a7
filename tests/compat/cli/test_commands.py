"""The command line with agents of both compatibility layers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from click.testing import CliRunner, Result

from switchroom.check import check
from switchroom.cli.commands import switchroom
from switchroom.compat.agents import Agent, function_tool
from switchroom.testing import FunctionModel

APPS = Path(__file__).parent / "apps"
DESK, ALONE, NOBODY, CALL = (str(APPS / f"{name}.py") for name in ("desk", "alone", "nobody", "call"))
Sw: TypeAlias = Callable[..., Result]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty data folder, and forget the applications afterwards."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("SWITCHROOM_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith((str(APPS), str(tmp_path))):
            del sys.modules[name]


@pytest.fixture
def sw() -> Sw:
    """Return the command in this process."""

    def run(*args: str, input: str | None = None) -> Result:
        return CliRunner().invoke(switchroom, args, input=input, prog_name="switchroom")

    return run


def _cases(folder: Path, **routes: str) -> str:
    file = folder / "cases.jsonl"
    file.write_text("".join(json.dumps({"text": text, "route": route}) + "\n" for text, route in routes.items()))
    return str(file)


@pytest.mark.parametrize("app", [DESK, f"{DESK}:billing", ALONE, f"{ALONE}:assistant", CALL])
def test_check_finds_nothing_that_keeps_an_application_from_its_start(sw: Sw, app: str) -> None:
    result = sw("check", app, "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, [finding for finding in found["findings"] if finding["level"] == "error"]) == (0, [])


def test_check_knows_the_desk_s_circle_of_handoffs_and_nothing_else(sw: Sw) -> None:
    found = json.loads(sw("check", DESK, "--json").stdout)["findings"]
    assert [finding["code"] for finding in found] == ["missing-fallback"]


def test_check_tells_of_an_agent_without_a_model_and_of_one_that_cannot_be_run(sw: Sw) -> None:
    result = sw("check", f"{NOBODY}:silent", "--json")
    assert [finding["code"] for finding in json.loads(result.stdout)["findings"]] == ["no-model"]
    for name, said in (("strange", "handoffs holds 'nobody'"), ("wrong", "hooks=")):
        result = sw("check", f"{NOBODY}:{name}")
        assert result.exit_code == 2
        assert said in result.stderr


def test_the_graph_has_agents_handoffs_tools_guards_and_agents_inside_tools(sw: Sw) -> None:
    drawn = sw("graph", DESK).stdout
    for part in ("hands over to billing", "hands over to triage", "tool refund", "runs expert", "polite"):
        assert part in drawn
    assert drawn.count("expert (agent)") == 1
    for form in ("mermaid", "svg", "json"):
        assert "expert" in sw("graph", DESK, "--format", form).stdout
    assert "support" in sw("graph", CALL).stdout
    assert "team" not in sw("graph", f"{ALONE}:assistant", "--format", "text").stdout.partition("\n")[2]


def test_agents_that_run_one_another_as_tools_are_drawn_once_each(sw: Sw) -> None:
    first, second = Agent[Any]("first", model="gpt-test"), Agent[Any]("second", model="gpt-test")
    first.tools.append(second.as_tool("ask_second", "Ask the second."))
    second.tools.append(first.as_tool("ask_first", "Ask the first."))
    codes = [finding.code for finding in check(first)]
    assert "stranger" not in codes


def test_a_tool_of_a_compatibility_layer_is_read_as_any() -> None:
    import urllib.request

    @function_tool
    def fetch(address: str) -> str:
        """Fetch a page."""
        return urllib.request.urlopen(address).read().decode()

    model = FunctionModel(lambda request: "Hello.")
    slow = check(Agent[Any]("clerk", tools=[fetch], model=model))
    assert [(finding.code, finding.who) for finding in slow] == [("no-deadline", "tool 'fetch'")]
    fetch.timeout_seconds = 5
    assert check(Agent[Any]("clerk", tools=[fetch], model=model)) == []


def test_doctor_names_agents_models_and_handoffs(sw: Sw) -> None:
    result = sw("doctor", DESK, "--json")
    says = " ".join(finding["says"] for finding in json.loads(result.stdout)["findings"])
    assert result.exit_code == 0
    assert "FunctionModel" in says
    assert "triage → billing" in says
    missing = json.loads(sw("doctor", f"{NOBODY}:silent", "--json").stdout)
    assert missing["faults"] == 1
    assert sw("doctor", CALL).exit_code == 0


def test_doctor_tells_of_the_key_of_a_model_that_is_named(sw: Sw, home: Path) -> None:
    file = home / "named.py"
    file.write_text("from switchroom.compat.agents import Agent\napp = Agent('a', model='gpt-test')\n")
    faults = [
        one["says"] for one in json.loads(sw("doctor", str(file), "--json").stdout)["findings"] if one["level"] == "fault"
    ]
    assert len(faults) == 1
    assert "OPENAI_API_KEY" in faults[0]


def test_one_message_is_answered(sw: Sw) -> None:
    assert sw("chat", DESK, "hello").stdout == "triage answers 'hello' after 1\n"
    assert sw("chat", ALONE, "hello").stdout == "alone answers 'hello'\n"
    assert sw("chat", CALL, "hello").stdout == "support answers\n"


def test_a_conversation_goes_on_where_it_was_also_in_another_process(sw: Sw) -> None:
    said = sw("chat", DESK, "--conversation", "c-1", input="hello\nmy invoice\n").stdout.splitlines()
    assert said[0] == "triage answers 'hello' after 1"
    assert said[1].startswith("billing answers")
    said = sw("chat", DESK, "--conversation", "c-1", input="refund it\nwhy?\n").stdout.splitlines()
    assert said == ["billing answers 'refunded 7' after 3", "billing answers \"expert answers 'Why?' after 1\" after 4"]
    assert sw("chat", CALL, "--conversation", "c-2", input="hello\nbuy\nmore\n").stdout.splitlines() == [
        "support answers", "sales answers", "sales answers",
    ]  # fmt: skip


def test_a_guardrail_stops_a_turn_and_no_later_one(sw: Sw) -> None:
    result = sw("chat", DESK, "--conversation", "c-1", input="hello\nstupid machine\nsorry\n")
    assert "polite" in result.stderr
    assert result.stdout.splitlines()[0] == "triage answers 'hello' after 1"
    assert "triage answers 'sorry'" in sw("chat", DESK, "sorry", "--conversation", "c-1").stdout


def test_the_turns_of_one_message_do_not_count_for_the_next(sw: Sw) -> None:
    lines = "".join(f"message {number}\n" for number in range(25))
    result = sw("chat", DESK, input=lines)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 25)


def test_a_filter_of_a_handoff_holds_for_its_turn_and_the_next(sw: Sw, home: Path) -> None:
    file = home / "filtered.py"
    file.write_text("""
from switchroom.compat.agents import Agent, handoff
from switchroom.compat.agents.extensions.handoff_filters import remove_all_tools
from switchroom.testing import FunctionModel, call

def answer(request):
    if request.agent == "first":
        return call("transfer_to_second")
    return " | ".join(message.text for message in request.messages)

model = FunctionModel(answer)
second = Agent("second", model=model)
app = Agent("first", handoffs=[handoff(second, input_filter=remove_all_tools)], model=model)
""")
    said = sw("chat", str(file), input="one\ntwo\n").stdout.splitlines()
    assert said == ["one", "one | one | two"]


def test_an_evaluation_counts_who_had_the_message_and_calls_no_tool(sw: Sw, home: Path) -> None:
    cases = _cases(home, **{"my invoice": "billing", "hello": "triage", "refund me": "triage"})
    told = json.loads(sw("eval", DESK, cases, "--json").stdout)
    assert (told["accuracy"], told["failed"]) == (1.0, 0)
    told = json.loads(sw("eval", CALL, _cases(home, buy="sales", hello="support"), "--json").stdout)
    assert (told["accuracy"], told["failed"]) == (1.0, 0)
