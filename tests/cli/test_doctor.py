"""`switchroom doctor`: it finds what is missing, says what to do, tells no secret, and changes nothing."""

from __future__ import annotations

import re
import shlex
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from inline_snapshot import snapshot

from switchroom.cli.diagnosis.finding import hidden
from switchroom.cli.diagnosis.installation import packages
from switchroom.models.openai.providers import PROVIDERS
from tests.cli.conftest import SHOP, Process, Sw, data, environ
from tests.cli.test_terminal import Terminal
from tests.patience import HANGS_S
from tests.servers.faults import wrong_key
from tests.servers.http import served
from tests.servers.said import Said

KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz7890"
Install: TypeAlias = Callable[..., None]
BESIDE = """
from switchroom import Agent, RunConfig, Runner, Team, handoff, tool
from switchroom.testing import FunctionModel
model = FunctionModel(lambda request: "hello")
"""


@pytest.fixture(autouse=True)
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, and nothing of providers in the environment."""
    monkeypatch.chdir(home)
    for provider in PROVIDERS.values():
        monkeypatch.delenv(provider.key or "NONE", raising=False)
        monkeypatch.delenv(f"{provider.name.upper()}_BASE_URL", raising=False)
    return home


def found(sw: Sw, *args: str, code: int = 0) -> list[dict[str, Any]]:
    """The findings of a run that ends with the given code."""
    ended = sw("doctor", "--json", *args)
    assert ended.exit_code == code, ended.output
    told = data(ended.stdout)
    levels = [finding["level"] for finding in told["findings"]]
    assert (told["faults"], told["warnings"]) == (levels.count("fault"), levels.count("warning"))
    assert told["fine"] == (code == 0)
    return told["findings"]


def wrong(findings: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """What is not well."""
    return [(one["check"], one["level"], one["says"]) for one in findings if one["level"] != "ok"]


def said(findings: list[dict[str, Any]], check: str) -> list[str]:
    return [one["says"] for one in findings if one["check"] == check]


def app(source: str, name: str = "app.py") -> str:
    Path(name).write_text(BESIDE + source)
    return name


# the page -------------------------------------------------------------------------------------------------------------


def plain(page: str) -> str:
    """A page without what differs from machine to machine."""
    page = re.sub(r"(python +)\S.*", r"\1CPython", page)
    page = re.sub(r"(packages +)\S.*", r"\1...", page)
    return re.sub(r"SQLite \S+", "SQLite 3", page).replace(str(Path.cwd()), "HERE")


def test_the_page_of_a_new_project(sw: Sw) -> None:
    sw("init", ".", "--template", "support")
    ended = sw("doctor", "app.py")
    assert ended.exit_code == 0
    assert plain(ended.stdout).splitlines() == snapshot(
        [
            "ok       python    CPython",
            "ok       packages  ...",
            "ok       sqlite    SQLite 3",
            "ok       terminal  none here: text without colours, and nobody is asked anything",
            "ok       keys      no provider's key is set",
            "ok       app       app.py is a team, 'triage'; agents: triage, billing, reception.",
            "ok       model     'triage', 'billing' and 'reception': OfflineModel, as RunConfig(model=...) says. "
            "Answers come from rules and records, not from a language model.",
            "ok       handoffs  triage → billing, triage → reception, billing → triage",
            "ok       approval  Agent 'billing' may have to ask a person before it calls 'refund'; "
            "the journal keeps the question.",
            "ok       journal   chats.db is not there yet; it is made with the first conversation.",
        ]
    )
    assert ended.stderr == "All is well.\n"


def test_the_page_of_an_installation_without_a_key(sw: Sw) -> None:
    ended = sw("doctor")
    assert ended.exit_code == 0
    assert plain(ended.stdout).splitlines()[4:] == snapshot(
        [
            "ok       keys      no provider's key is set",
            "warning  model     Nothing in the environment names a model; agents need one of their own, or of their run.",
            "                   → Set SWITCHROOM_MODEL=provider:model and the provider's key, "
            "or pass model= to the agent or to RunConfig. `switchroom demo` and `switchroom chat supportgenie` need none.",
            "ok       journal   HERE/data/switchroom/chats.db is not there yet; it is made with the first conversation.",
        ]
    )
    assert ended.stderr == "Found: 1 warning.\n"


def test_a_process_ends_with_1_after_faults_and_its_stderr_counts_them(process: Process) -> None:
    ended = process("doctor", app("app = Agent('bare')"))
    assert ended.returncode == 1
    assert "fault    model " in ended.stdout
    assert ended.stderr == "Found: 1 fault.\n"


def test_a_terminal_gets_colours_unless_they_are_not_wanted() -> None:
    for wish, coloured in (("", True), ("1", False)):
        terminal = Terminal("doctor", NO_COLOR=wish, XDG_DATA_HOME=str(Path.cwd()))
        try:
            while "Found" not in terminal.page:
                terminal.raw += terminal.read()
            assert ("\x1b[32mok" in terminal.raw) == coloured
            assert f"90 columns, {'with' if coloured else 'without'} colours" in terminal.page
        finally:
            terminal.close()


def test_nothing_is_left_behind(sw: Sw, here: Path) -> None:
    reference = app("app = Agent('a', model=model); config = RunConfig(journal='sqlite:///deep/er/chats.db')")
    found(sw, reference)
    found(sw)
    assert [path.name for path in here.iterdir() if path.name != "__pycache__"] == ["app.py"]


# what is installed ----------------------------------------------------------------------------------------------------


@pytest.fixture
def install(here: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes a distribution with the given version and requirements appear."""
    monkeypatch.setattr(sys, "path", [str(here), *sys.path])

    def install(name: str, version: str, *requires: str) -> None:
        folder = here / f"{name}-{version}.dist-info"
        folder.mkdir()
        needs = [f"Requires-Dist: {need}" for need in requires]
        (folder / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *needs]))

    return install


def test_a_package_that_is_missing_or_too_old_or_too_new_is_a_fault(install: Install) -> None:
    needs = ("old>=2.10", "new<3,>=2", "well>=2.9", "gone>=1", "odd[extra]>=0.5; python_version >= '3'", "dev; extra == 'dev'")
    install("exchange", "1.0", *needs)
    for name, version in (("old", "2.9.1"), ("new", "3.0"), ("well", "2.10"), ("odd", "0.5rc1")):
        install(name, version)
    assert [(one.level, one.says, one.remedy) for one in packages("exchange")] == snapshot(
        [
            ("fault", "old is 2.9.1; exchange needs >=2.10.", "pip install 'old>=2.10'"),
            ("fault", "new is 3.0; exchange needs <3,>=2.", "pip install 'new<3,>=2'"),
            ("fault", "gone is not installed.", "pip install 'gone>=1'"),
            ("ok", "exchange 1.0, old 2.9.1, new 3.0, well 2.10, odd 0.5rc1", ""),
        ]
    )


def test_a_source_tree_that_is_not_installed_is_told() -> None:
    (finding,) = packages("no-such-distribution")
    assert finding.level == "warning"


def test_every_bound_that_switchroom_sets_is_of_a_kind_that_is_judged() -> None:
    needs = [need for need in metadata.requires("switchroom") or [] if "extra ==" not in need]
    assert needs
    assert all(re.fullmatch(r"[\w.-]+(<|>=)[\d.]+(,(<|>=)[\d.]+)*", need) for need in needs), needs


def test_output_that_is_no_utf_8_is_a_warning_and_does_no_harm(process: Process) -> None:
    ended = process("doctor", PYTHONIOENCODING="ascii")
    assert ended.returncode == 0
    assert "stdout is written as ascii" in ended.stdout
    assert "PYTHONUTF8=1" in ended.stdout


# models and keys ------------------------------------------------------------------------------------------------------


def test_a_model_is_told_with_what_chose_it_and_where_it_is_asked(sw: Sw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHROOM_MODEL", "ollama:qwen3")
    assert said(found(sw), "model") == [
        "An agent that names no model: ollama:qwen3, as SWITCHROOM_MODEL says; it is asked at http://localhost:11434/v1/."
    ]
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://box:1234/v1?token=abc")
    assert "asked at http://box:1234/v1." in said(found(sw), "model")[0]


def test_without_a_name_a_key_of_openai_chooses(sw: Sw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    (model,) = said(found(sw), "model")
    assert "since OPENAI_API_KEY is set and nothing names another" in model


def test_agents_are_grouped_by_their_model_and_why(sw: Sw) -> None:
    source = """
from switchroom import set_default_model
a = Agent("a", model="ollama:small"); b = Agent("b", model=model); c = Agent("c"); d = Agent("d")
app = Team([a, b, c, d]); set_default_model("ollama:large")
"""
    try:
        assert said(found(sw, app(source)), "model") == snapshot(
            [
                "'a': ollama:small, as the agent says; it is asked at http://localhost:11434/v1/.",
                "'b': FunctionModel, as the agent says.",
                "'c' and 'd': ollama:large, as set_default_model(...) says.",
            ]
        )
    finally:
        from switchroom import set_default_model

        set_default_model(None)


def test_a_key_that_a_named_model_needs_is_a_fault_when_it_is_not_there(sw: Sw, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = app("app = Agent('a', model='groq:llama')")
    (fault,) = [one for one in found(sw, reference, code=1) if one["level"] == "fault"]
    assert fault["says"].endswith("GROQ_API_KEY is not set.")
    assert fault["remedy"] == "Set GROQ_API_KEY."
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    assert wrong(found(sw, reference)) == []


def test_a_key_that_the_code_may_have_passed_is_only_a_warning(sw: Sw) -> None:
    source = "from switchroom.models import OpenAIChat\napp = Agent('a', model=OpenAIChat('gpt-x', api_key='mine'))"
    ((check, level, _),) = wrong(found(sw, app(source)))
    assert (check, level) == ("model", "warning")


@pytest.mark.parametrize("name", ["opnai:gpt-x", "gpt-x", ":", "openai:", "openai"])
def test_a_name_of_no_model_is_a_fault_with_and_without_an_application(
    sw: Sw, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SWITCHROOM_MODEL", name)
    ((check, level, says),) = wrong(found(sw, code=1))
    assert (check, level) == ("model", "fault")
    assert says.startswith(f"SWITCHROOM_MODEL is '{name}'.")
    assert [check for check, _, _ in wrong(found(sw, app("app = Agent('a')"), code=1))] == ["model"]


def test_an_address_without_http_is_a_fault(sw: Sw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHROOM_MODEL", "ollama:qwen3")
    monkeypatch.setenv("OLLAMA_BASE_URL", "localhost:11434")
    ((_, _, says),) = wrong(found(sw, code=1))
    assert says.endswith("it is asked at localhost:11434.")


@pytest.mark.parametrize("key", [f"{KEY} ", f"{KEY}\n", f"'{KEY}'", f'"{KEY}'])
def test_a_key_with_something_copied_along_is_a_warning(sw: Sw, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    assert [check for check, _, _ in wrong(found(sw))] == ["keys"]


@pytest.mark.parametrize(("key", "shown"), [(KEY, "…7890"), ("short-secret", "…"), ("12345678", "…")])
def test_of_a_key_no_more_than_4_characters_are_seen_wherever_it_turns_up(
    sw: Sw, monkeypatch: pytest.MonkeyPatch, key: str, shown: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    reference = app(f"raise ValueError('the key is {key}')")
    for options in ((), ("--json",)):
        ended = sw("doctor", reference, *options)
        assert ended.exit_code == 1
        assert f"OPENAI_API_KEY ({shown})" in ended.stdout
        assert key[:-4] not in ended.output


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f'OpenAIChat("x", api_key="{KEY}")', 'OpenAIChat("x", api_key="…7890")'),
        ("postgres://ann:p@ss/word@host/db", "postgres://…@ss/word@host/db"),
        ("at https://ann:secret@host/v1", "at https://…@host/v1"),
        ("task-force, sk-8, see https://host/a@b", "task-force, sk-8, see https://host/a@b"),
    ],
)
def test_what_looks_like_a_key_or_a_password_is_hidden(text: str, shown: str) -> None:
    assert hidden(text) == shown


# asking ---------------------------------------------------------------------------------------------------------------


def test_without_ask_nobody_is_asked(sw: Sw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHROOM_MODEL", "vllm:test")
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.settimeout(0.2)
        monkeypatch.setenv("VLLM_BASE_URL", f"http://127.0.0.1:{listening.getsockname()[1]}/v1")
        found(sw)
        found(sw, app("app = Agent('a')"))
        with pytest.raises(TimeoutError):
            listening.accept()


def test_a_model_is_asked_once_and_its_answer_is_timed(sw: Sw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("SWITCHROOM_MODEL", "openai:gpt-test")
    reference = app("app = Team([Agent('a', handoffs=['b']), Agent('b')])")
    with served(Said("ok")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        (answer,) = said(found(sw, reference, "--ask"), "answer")
        assert re.fullmatch(r"openai:gpt-test answered in \d+\.\d s: 'ok'\.", answer)
        (request,) = server.requests
        assert request.body["messages"] == [{"role": "user", "content": "Say ok."}]


def test_a_key_that_is_refused_is_a_fault_with_what_to_do(sw: Sw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("SWITCHROOM_MODEL", "openai:gpt-test")
    with served(wrong_key()) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        ((check, level, says),) = wrong(found(sw, "--ask", code=1))
    assert (check, level) == ("answer", "fault")
    assert "does not take the key for 'openai:gpt-test' (401). Set OPENAI_API_KEY" in says


def test_a_server_that_is_not_there_is_a_fault_and_its_password_is_not_told(sw: Sw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHROOM_MODEL", "vllm:test")
    with closing(socket.create_server(("127.0.0.1", 0))) as gone:
        port = gone.getsockname()[1]
    monkeypatch.setenv("VLLM_BASE_URL", f"http://ann:secret@127.0.0.1:{port}/v1")
    ended = sw("doctor", "--ask")
    assert ended.exit_code == 1
    assert "could not be reached" in ended.stdout
    assert "→ Ask again in a moment." in ended.stdout
    assert "secret" not in ended.output


def test_a_model_of_the_users_own_that_fails_is_told_with_its_place(sw: Sw) -> None:
    source = "def broken(request):\n    raise ValueError('why')\napp = Agent('a', model=FunctionModel(broken))"
    ((_, _, says),) = wrong(found(sw, app(source), "--ask", code=1))
    assert says == "FunctionModel did not answer: ValueError: why (app.py, line 6: raise ValueError('why'))"


def test_rules_are_not_asked_and_without_a_model_there_is_nothing_to_ask(sw: Sw) -> None:
    sw("init", "desk", "--template", "pipeline")
    answers = said(found(sw, "desk/app.py", "--ask"), "answer")
    assert answers == ["OfflineModel answers by rules: there is nothing to ask."]
    assert ("answer", "fault", "There is no model to be asked.") in wrong(found(sw, "--ask", code=1))


# applications ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing' (app.py, line 5: import no_such_thing)"),
        ("x = (1\n", "SyntaxError: '(' was never closed (app.py, line 5: x = (1)"),
        ("def f():\n    raise ValueError('why')\nf()", "ValueError: why (app.py, line 6: raise ValueError('why'))"),
        ("raise SystemExit(3)", "SystemExit: 3 (app.py, line 5: raise SystemExit(3))"),
        ("Team([Agent('x'), Agent('x')])", "A team has two agents called 'x'; names are unique."),
    ],
)
def test_an_application_that_cannot_be_imported_is_a_fault_with_its_line(sw: Sw, source: str, told: str) -> None:
    reference = app(source)
    findings = found(sw, reference, code=1)
    assert said(findings, "app") == [f"app.py cannot be imported: {told}"]
    assert said(findings, "python")
    ended = sw("doctor", reference)
    assert "Traceback" not in ended.output


def test_a_module_that_breaks_over_another_one_is_a_fault_too(sw: Sw) -> None:
    app("import no_such_thing", "kiosk.py")
    assert "No module named 'no_such_thing'" in said(found(sw, "kiosk", code=1), "app")[0]


@pytest.mark.parametrize("reference", ["nowhere.py", "nowhere", "nowhere.at_all", "", "app.py:", "some/folder", "void.py"])
def test_a_reference_that_leads_nowhere_is_wrong_use(sw: Sw, reference: str) -> None:
    Path("void.py").write_text("x = 1")
    ended = sw("doctor", reference)
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("Error: ")


def test_what_an_application_prints_does_not_get_among_the_data(sw: Sw) -> None:
    ended = sw("doctor", app("print('loading'); app = Agent('a', model=model)"), "--json")
    assert data(ended.stdout)["fine"]
    assert ended.stderr == "loading\n"


def test_an_agent_without_a_model_is_a_fault(sw: Sw) -> None:
    ((check, level, says),) = wrong(found(sw, app("app = Agent('bare')"), code=1))
    assert (check, level) == ("model", "fault")
    assert says.startswith("Agent 'bare' has no model.")


def test_an_agent_that_is_another_ones_tool_needs_a_model_too(sw: Sw) -> None:
    source = "worker = Agent('worker'); app = Agent('boss', model=model, tools=[worker.as_tool()])"
    findings = found(sw, app(source), code=1)
    assert "agents: boss, worker." in said(findings, "app")[0]
    ((check, level, says),) = wrong(findings)
    assert (check, level) == ("model", "fault")
    assert says.startswith("Agent 'worker' has no model.")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("app = Team([Agent('a', model=model, handoffs=['b'])])", "Agent 'a' hands over to 'b': the team has no agent 'b'"),
        (
            "app = Team([Agent('a', model=model, handoffs=['b c'], tools=[Agent('x').as_tool('transfer_to_b_c')]), "
            "Agent('b c', model=model)])",
            "Agent 'a' has two tools called 'transfer_to_b_c'",
        ),
    ],
)
def test_a_handoff_that_leads_nowhere_or_cannot_be_told_from_another_is_a_fault(sw: Sw, source: str, told: str) -> None:
    assert told in str(wrong(found(sw, app(source), code=1)))


def test_approval_without_a_journal_is_a_warning(sw: Sw) -> None:
    source = """
@tool(needs_approval=True)
async def pay() -> str: return "paid"
app = Agent("a", model=model, tools=[pay])
"""
    ((check, level, _),) = wrong(found(sw, app(source)))
    assert (check, level) == ("approval", "warning")
    assert wrong(found(sw, app(source + "config = RunConfig(journal='memory:')", "kept.py"))) == []


def test_all_who_may_ask_a_person_stand_in_one_warning(sw: Sw) -> None:
    source = """
@tool(needs_approval=True)
async def pay() -> str: return "paid"
@tool(needs_approval=True)
async def close() -> str: return "closed"
app = Team([Agent("a", model=model, tools=[pay], handoffs=["b"]), Agent("b", model=model, tools=[close])])
"""
    assert [says for _, _, says in wrong(found(sw, app(source)))] == snapshot(
        [
            "A person may have to be asked before these are called, and RunConfig names no journal to wait in: "
            "'pay' (agent 'a'), 'close' (agent 'b')."
        ]
    )


@pytest.mark.parametrize(("inner", "name"), [("OpenAIChat('gpt-x', api_key='k')", "openai:gpt-x"), ("model", "Watched")])
def test_a_model_around_another_is_named_by_it_where_that_has_a_name(sw: Sw, inner: str, name: str) -> None:
    source = f"""
from switchroom.models import OpenAIChat
class Watched:
    def __init__(self, model): self.model = model
    async def __call__(self, request, emit): return await self.model(request, emit)
app = Agent("a", model=Watched(Watched({inner})))
"""
    assert said(found(sw, app(source)), "model")[0].startswith(f"'a': {name}, as the agent says")


def test_long_findings_are_folded_at_a_terminal() -> None:
    terminal = Terminal("doctor", "supportgenie", XDG_DATA_HOME=str(Path.cwd()))
    try:
        terminal.until("handoffs  ")
        lines = terminal.until("approval").splitlines()
        assert len(lines) > 2
        assert all(len(line) <= 90 and line.startswith(" " * 19) for line in lines[1:-1])
    finally:
        terminal.close()


def test_of_a_function_the_teams_and_agents_beside_it_are_looked_at(sw: Sw) -> None:
    source = """
team = Team([Agent("a", model=model, handoffs=["b"]), b := Agent("b", model=model, handoffs=["a"])], name="desk")
alone = Agent("alone")
lost = Agent("lost", model=model, handoffs=["nobody"])
async def app(input, scope): return input
"""
    findings = found(sw, app(source))
    assert said(findings, "app") == ["app.py is a function, 'app'; agents: a, b, alone, lost."]
    assert [(check, level, says[:34]) for check, level, says in wrong(findings)] == [
        ("model", "warning", "Agent 'alone' has no model. Three "),
        ("handoffs", "warning", "Agent 'lost' hands over to 'nobody"),
    ]


def test_a_function_without_agents_is_an_application_as_well(sw: Sw) -> None:
    findings = found(sw, app("async def app(input, scope): return input"))
    assert said(findings, "app") == ["app.py is a function, 'app'; agents: none that can be seen from here."]


# journals -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def kept(sw: Sw, here: Path) -> Path:
    """A journal with one conversation, at the place where `chat` keeps them."""
    assert sw("chat", SHOP, "hi", "--conversation", "c-1", "--journal", f"sqlite:///{here}/made.db").exit_code == 0
    with closing(sqlite3.connect("made.db")) as db:
        (here / "data" / "switchroom").mkdir(parents=True)
        db.execute("VACUUM INTO ?", (str(here / "data" / "switchroom" / "chats.db"),))
    return here / "data" / "switchroom" / "chats.db"


def test_a_journal_is_counted(sw: Sw, kept: Path) -> None:
    assert said(found(sw), "journal") == [f"{kept}: 1 conversation."]


def test_a_turn_that_a_crash_broke_off_is_a_warning_and_its_remedy_works(sw: Sw, here: Path) -> None:
    (here / "fuse").touch()
    chat = [sys.executable, "-m", "switchroom", "chat", SHOP]
    sent = [*chat, "send the parcel", "--conversation", "c-9"]
    died = subprocess.run(sent, capture_output=True, env=environ(FUSE=str(here / "fuse")), timeout=HANGS_S)
    assert died.returncode == -9
    (warning,) = [one for one in found(sw, SHOP) if one["check"] == "journal" and one["level"] == "warning"]
    assert warning["says"] == "1 conversation (c-9) is in the middle of a turn: a process ended there, or is at it now."
    command = shlex.split(warning["remedy"].rpartition(": ")[2])
    assert command[0] == "switchroom"
    ended = subprocess.run([sys.executable, "-m", *command], stdin=subprocess.DEVNULL, capture_output=True, timeout=HANGS_S)
    assert ended.returncode == 0, ended.stderr
    assert [one for one in wrong(found(sw, SHOP)) if one[0] == "journal"] == []


def test_a_turn_that_waits_for_a_person_is_told_and_is_no_fault(sw: Sw) -> None:
    for name in ("c-1", "c-2"):
        sw("chat", SHOP, "I was charged twice", "--conversation", name)
    assert said(found(sw, SHOP), "journal")[-1].endswith(
        ": 2 conversations; 2 conversations (c-1, c-2) are waiting for a person's answer."
    )


@pytest.mark.parametrize("body", [b"no database at all, and longer than a header of one" * 9, b"\0" * 4096])
def test_a_file_that_is_no_journal_is_a_fault(sw: Sw, kept: Path, body: bytes) -> None:
    kept.write_bytes(body)
    (fault,) = [one for one in found(sw, code=1) if one["level"] == "fault"]
    assert (fault["check"], str(kept) in fault["says"]) == ("journal", True)
    assert "file is not a database" in fault["says"]
    assert "backup" in fault["remedy"]
    assert kept.read_bytes() == body


def test_a_journal_that_lost_its_end_is_a_fault(sw: Sw, kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:5000])
    assert [(check, level) for check, level, _ in wrong(found(sw, code=1))] == [("model", "warning"), ("journal", "fault")]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            "UPDATE entries SET fact = 'x' WHERE seq = 2",
            "Conversation 'c-1' cannot be read: An entry of the journal is damaged",
        ),
        ("DELETE FROM entries WHERE seq = 2", "Conversation 'c-1' cannot be read: The journal"),
        ("UPDATE entries SET version = 99", "Conversation 'c-1' cannot be read: The journal was written by a newer Switchroom"),
        ("PRAGMA user_version = 99", "was written by a newer Switchroom (layout 99"),
        ("DROP TABLE entries; CREATE TABLE entries (x)", "no such column: conversation"),
    ],
)
def test_a_damaged_entry_or_a_newer_layout_is_a_fault(sw: Sw, kept: Path, damage: str, told: str) -> None:
    with closing(sqlite3.connect(kept)) as db:
        db.executescript(damage)
    (fault,) = [one for one in found(sw, code=1) if one["level"] == "fault"]
    assert fault["check"] == "journal"
    assert told in fault["says"]


def test_a_database_of_something_else_is_a_warning_and_is_not_touched(sw: Sw, here: Path) -> None:
    with closing(sqlite3.connect("shop.db")) as db:
        db.executescript("CREATE TABLE customers (id); CREATE TABLE orders (id)")
    before = Path("shop.db").read_bytes()
    reference = app("app = Agent('a', model=model); config = RunConfig(journal='sqlite:///shop.db')")
    ((_, level, says),) = wrong(found(sw, reference))
    assert (level, says) == ("warning", "shop.db holds tables of something else (customers, orders), and no journal yet.")
    assert Path("shop.db").read_bytes() == before


@pytest.mark.parametrize(
    ("journal", "told"),
    [
        ("'sqlite:///'", "write 'sqlite:///' and the file"),
        ("'sqlite://chats.db'", "write 'sqlite:///' and the file"),
        ("'sqlite:///chats.db?sync=full'", "is not known; there are 'synchronous' and 'mode'"),
        ("'chats.db'", "is no URL. Write 'sqlite:///chats.db'"),
        ("'sqlit:///chats.db'", "Did you mean 'sqlite'?"),
        ("'sqlite:///app.py/chats.db'", "app.py is no folder"),
        ("'sqlite:////proc/chats.db'", "/proc says: "),
        ("'sqlite:///folder'", "The journal folder is a folder."),
    ],
)
def test_a_journal_that_cannot_be_opened_is_a_fault(sw: Sw, here: Path, journal: str, told: str) -> None:
    Path("folder").mkdir()
    reference = app(f"app = Agent('a', model=model); config = RunConfig(journal={journal})")
    ((check, level, says),) = wrong(found(sw, reference, code=1))
    assert (check, level) == ("journal", "fault")
    assert told in says
    assert not Path("chats.db").exists()


@pytest.mark.parametrize(
    ("journal", "told"),
    [
        ("'memory:'", "memory:: conversations last as long as the process."),
        ("MemoryJournal()", "MemoryJournal, an adapter of the application's own"),
        ("SqliteJournal('mine.db')", "mine.db: 0 conversations."),
    ],
)
def test_a_journal_of_another_kind_is_named(sw: Sw, journal: str, told: str) -> None:
    source = "from switchroom.journals import MemoryJournal, SqliteJournal\napp = Agent('a', model=model)"
    assert said(found(sw, app(f"{source}; config = RunConfig(journal={journal})")), "journal") == [told]
