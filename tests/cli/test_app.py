"""Loading an application: where it is looked for, and what is said when it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot

from switchroom import Agent
from switchroom.cli.app import load_app
from switchroom.cli.faults import Wrong
from tests.cli.conftest import SHOP, Process

MODEL = """
from switchroom import Agent, RunConfig, Team
from switchroom.testing import FunctionModel
model = FunctionModel(lambda request: "hello")
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to write applications into, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(reference: str) -> str:
    with pytest.raises(Wrong) as caught:
        load_app(reference)
    assert caught.value.exit_code == 2
    return caught.value.message


def test_a_file_gives_its_app_and_the_config_beside_it() -> None:
    app = load_app(SHOP)
    assert app.step.name == "desk"
    assert app.config.max_turns == 12


def test_a_name_chooses_within_the_module() -> None:
    assert load_app(f"{SHOP}:billing").step.name == "billing"


def test_a_module_is_imported_from_the_current_folder(written: Path) -> None:
    (written / "kiosk").mkdir()
    (written / "kiosk" / "__init__.py").touch()
    (written / "kiosk" / "desk.py").write_text(MODEL + 'agent = Agent("kiosk", model=model)')
    assert load_app("kiosk.desk").step.name == "kiosk"
    assert load_app("kiosk.desk:agent").step.name == "kiosk"


def test_a_file_finds_the_modules_beside_it(written: Path) -> None:
    (written / "sub").mkdir()
    (written / "sub" / "made.py").write_text(MODEL + 'one = Agent("one", model=model)')
    (written / "sub" / "main.py").write_text("from made import one")
    assert load_app("sub/main.py").step.name == "one"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('x = Agent("x", model=model); app = Agent("a", model=model); team = Team([x])', "a"),
        ('agent = Agent("a", model=model); team = Team([agent], name="t")', "t"),
        ('agent = Agent("a", model=model); other = Agent("o", model=model)', "a"),
        ('x = Agent("x", model=model); y = Agent("y", model=model, handoffs=[x]); both = Team([y, x], name="b")', "b"),
        ('x = Agent("x", model=model); same = x', "x"),
    ],
)
def test_without_a_name_app_comes_first_then_team_then_agent_then_what_is_alone(written: Path, source: str, found: str) -> None:
    (written / "app.py").write_text(MODEL + source)
    assert load_app("app.py").step.name == found


def test_a_function_of_input_and_scope_is_an_application_too(written: Path) -> None:
    (written / "app.py").write_text("async def app(input, scope): return input.upper()")
    assert callable(load_app("app.py").step)


def test_a_missing_file_is_named_with_the_likely_one(written: Path) -> None:
    (written / "shop.py").touch()
    assert refused("shp.py") == f"There is no file 'shp.py' in {written}. Did you mean 'shop.py'?"


def test_a_missing_module_is_named() -> None:
    assert refused("no_such_module.at_all") == "There is no module 'no_such_module' to be imported."


def test_a_missing_name_is_told_with_what_is_there() -> None:
    told = refused(f"{SHOP}:biling")
    assert told == f"{SHOP} has no name 'biling'; it has ['desk', 'billing', 'app']. Did you mean 'billing'?"


def test_a_name_of_something_else_is_refused() -> None:
    assert "config is a RunConfig. Name an agent, a team" in refused(f"{SHOP}:config")


def test_two_agents_without_a_name_have_to_be_told_apart(written: Path) -> None:
    (written / "app.py").write_text(MODEL + 'x = Agent("x", model=model); y = Agent("y", model=model)')
    assert refused("app.py") == "app.py holds ['x', 'y']. Say which: app.py:x, or call it 'app'."


def test_a_module_with_nothing_to_run_says_what_to_make(written: Path) -> None:
    (written / "app.py").write_text("x = 1")
    assert refused("app.py") == snapshot(
        "app.py holds no application. Make a team, an agent, a workflow or a session in it, called 'app'."
    )


@pytest.mark.parametrize("reference", ["", "app.py:", ".", "some/folder", "not-a-module"])
def test_what_is_no_reference_at_all_is_refused(written: Path, reference: str) -> None:
    assert "Write app.py" in refused(reference)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "\n\nimport no_such_thing",
            "ModuleNotFoundError: No module named 'no_such_thing' (app.py, line 3: import no_such_thing)",
        ),
        ("x = (1\n", "SyntaxError: '(' was never closed (app.py, line 1: x = (1)"),
        ("def f():\n    raise ValueError('why')\nf()", "ValueError: why (app.py, line 2: raise ValueError('why'))"),
        ("raise SystemExit(3)", "SystemExit: 3 (app.py, line 1: raise SystemExit(3))"),
    ],
)
def test_a_module_that_cannot_be_imported_names_the_line(written: Path, source: str, told: str) -> None:
    (written / "app.py").write_text(source)
    assert refused("app.py") == f"app.py cannot be imported: {told}"


def test_a_fault_in_how_agents_are_made_is_told_in_its_own_words(written: Path) -> None:
    (written / "app.py").write_text(MODEL + 'app = Team([Agent("x"), Agent("x")])')
    assert refused("app.py") == "app.py cannot be imported: A team has two agents called 'x'; names are unique."


def test_an_agent_without_a_model_is_told_before_anything_runs(written: Path) -> None:
    (written / "app.py").write_text('from switchroom import Agent\napp = Agent("bare")')
    assert refused("app.py").startswith("Agent 'bare' has no model.")


def test_a_handoff_to_nobody_is_told_before_anything_runs(written: Path) -> None:
    (written / "app.py").write_text(MODEL + 'app = Team([Agent("x", model=model, handoffs=["y"])])')
    assert "hands over to 'y'" in refused("app.py")


def test_supportgenie_is_an_application_like_any_other() -> None:
    app = load_app("supportgenie")
    assert {"billing", "escalation"} <= {agent.name for agent in app.agents}
    assert "not from a language model" in app.honest


def test_an_application_of_real_models_has_nothing_to_confess() -> None:
    assert load_app(SHOP).honest == ""


def test_a_loaded_file_does_not_take_the_place_of_a_module_of_that_name(written: Path) -> None:
    import json

    (written / "json.py").write_text(MODEL + 'app = Agent("j", model=model)')
    app = load_app("json.py")
    assert isinstance(app.step, Agent)
    import sys

    assert sys.modules["json"] is json


def test_wrong_use_ends_with_code_2_on_stderr_and_without_a_traceback(process: Process) -> None:
    ended = process("chat", "nowhere.py", "hi")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("Error: There is no file 'nowhere.py'")
    assert "Traceback" not in ended.stderr
