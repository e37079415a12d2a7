"""`switchroom init`: what it writes runs, is tested and is well made; and it takes nothing away from anybody."""

from __future__ import annotations

import json
import os
import re
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from switchroom.cli.init import TEMPLATES
from tests import forked
from tests.cli.conftest import Process, Sw, data, environ
from tests.cli.test_terminal import Terminal
from tests.patience import HANGS_S

FILES = [".gitignore", "README.md", "app.py", "offline.py", "requirements.txt", "test_app.py"]

every_template = pytest.mark.parametrize("template", TEMPLATES)


@pytest.fixture(autouse=True)
def here(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, and no key in the environment."""
    monkeypatch.chdir(home)
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)
    return home


def project(sw: Sw, template: str) -> Path:
    """A project of a template, in the current folder."""
    ended = sw("init", "desk", "--template", template)
    assert ended.exit_code == 0, ended.stderr
    return Path("desk")


def inside(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a project's folder."""
    return forked.run("-m", *command, cwd=folder, env=environ(**environment))


def contents(folder: Path) -> dict[str, str]:
    """All that is below a folder."""
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


# what is written ------------------------------------------------------------------------------------------------------


@every_template
def test_what_was_written_stands_on_stdout_and_the_next_command_on_stderr(sw: Sw, template: str) -> None:
    ended = sw("init", "desk", "--template", template)
    assert ended.stdout.splitlines() == [f"desk/{name}" for name in FILES]
    assert list(contents(Path("desk"))) == FILES
    *_, first, then = ended.stderr.splitlines()
    assert then == "Then, for its tests: pip install -r requirements.txt && pytest"
    assert first == f"Next: cd desk && switchroom chat app.py {shlex.quote(TEMPLATES[template].hello)}"


def test_without_a_terminal_nothing_is_asked_and_the_first_template_is_taken(process: Process) -> None:
    ended = process("init", "desk")
    assert ended.returncode == 0
    assert ended.stderr == snapshot("""\

'desk' is written: a support desk: triage, billing with a person's approval, a fallback.
Rules answer, no language model; set SWITCHROOM_MODEL=provider:model and its key for one.
Next: cd desk && switchroom chat app.py 'I was charged twice for A-17'
Then, for its tests: pip install -r requirements.txt && pytest
""")


def test_json_says_the_same_in_one_object(sw: Sw) -> None:
    ended = sw("init", "desk", "--template", "single", "--json")
    assert ended.stderr == ""
    assert data(ended.stdout) == snapshot(
        {
            "template": "single",
            "name": "desk",
            "folder": "desk",
            "files": [
                "desk/.gitignore",
                "desk/README.md",
                "desk/app.py",
                "desk/offline.py",
                "desk/requirements.txt",
                "desk/test_app.py",
            ],
            "next": "cd desk && switchroom chat app.py 'How many days from 2025-01-01 to 2025-03-14?'",
        }
    )


@every_template
def test_the_tests_of_a_project_pass_whatever_model_is_set(sw: Sw, template: str) -> None:
    folder = project(sw, template)
    ended = inside(folder, "pytest", "-q", "-p", "no:cacheprovider", SWITCHROOM_MODEL="nobody:at-all")
    assert ended.returncode == 0, ended.stdout
    assert not list(folder.glob("*.db*"))


@every_template
def test_a_project_answers_at_once_and_says_that_no_language_model_does(sw: Sw, template: str) -> None:
    message = {"support": "Where is my order A-19?"}.get(template, TEMPLATES[template].hello)
    ended = inside(project(sw, template), "switchroom", "chat", "app.py", message, "--json")
    assert ended.returncode == 0, ended.stderr
    told = data(ended.stdout)
    assert told["answers"] == 1
    assert told["text"]
    assert "not from a language model" in ended.stderr + told["text"]


def test_a_large_refund_of_the_support_desk_waits_and_is_made_by_another_process(sw: Sw) -> None:
    folder = project(sw, "support")
    asked = data(inside(folder, "switchroom", "chat", "app.py", TEMPLATES["support"].hello, "--json").stdout)
    (waiting,) = asked["waiting"]
    answer = ("--conversation", asked["conversation"], "--answer", f"{waiting['id']}=yes", "--json")
    told = data(inside(folder, "switchroom", "chat", "app.py", *answer).stdout)
    assert told["text"] == "One moment, please.\nI am sorry for that: it was charged twice. $89.00 refunded for order A-17."


@every_template
def test_a_model_that_is_set_takes_the_place_of_the_rules(sw: Sw, template: str) -> None:
    ended = inside(project(sw, template), "switchroom", "chat", "app.py", "hello", SWITCHROOM_MODEL="nobody:at-all")
    assert ended.returncode == 2
    assert "no model adapter 'nobody'" in ended.stderr


def test_who_will_answer_is_said_with_the_model_that_is_set(process: Process) -> None:
    ended = process("init", "desk", SWITCHROOM_MODEL="ollama:qwen3")
    assert "SWITCHROOM_MODEL is ollama:qwen3: that model answers." in ended.stderr


@every_template
def test_the_doctor_finds_nothing_wrong_with_a_new_project(sw: Sw, template: str) -> None:
    ended = inside(project(sw, template), "switchroom", "doctor", "app.py")
    assert ended.returncode == 0
    assert ended.stderr == "All is well.\n"


@every_template
def test_check_finds_nothing_in_a_new_project(sw: Sw, template: str) -> None:
    ended = inside(project(sw, template), "switchroom", "check", "--strict", "app.py")
    assert (ended.returncode, ended.stdout) == (0, "")


@every_template
def test_the_commands_of_the_readme_work_as_they_stand(sw: Sw, template: str) -> None:
    folder = project(sw, template)
    block = (folder / "README.md").read_text().split("```")[1]
    commands = [shlex.split(line, comments=True) for line in block.splitlines() if line.startswith("switchroom ")]
    assert [command[1] for command in commands[-3:]] == ["chat", "chat", "doctor"]
    for command in commands:
        ended = inside(folder, *command)
        waits = ended.stdout == "This has to be approved by a person first.\n"
        assert ended.returncode == (1 if waits else 0), ended.stderr


def test_projects_are_typed_and_formatted_as_a_newcomers_tools_want_it(sw: Sw, here: Path) -> None:
    rules = "E,F,W,I,UP,B,SIM,RUF,C4,PT"
    for template in TEMPLATES:
        assert sw("init", template, "--template", template).exit_code == 0
        folder = here / template
        assert inside(folder, "ruff", "format", "--isolated", "--check", ".").stdout.endswith("already formatted\n")
        checked = inside(folder, "ruff", "check", "--isolated", "--no-cache", "--select", rules, ".")
        assert checked.stdout == "All checks passed!\n"
    roots = [{"root": template} for template in TEMPLATES]  # each is checked as if it stood alone, and the library once for all
    (here / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict", "executionEnvironments": roots}))
    ended = inside(here, "pyright", "--pythonpath", sys.executable, PYRIGHT_PYTHON_IGNORE_WARNINGS="1")
    assert ended.returncode == 0, ended.stdout


def test_the_project_needs_this_version(sw: Sw) -> None:
    needed = (project(sw, "single") / "requirements.txt").read_text()
    assert re.match(r"switchroom>=\d+\.\d+", needed)
    assert "{{" not in needed


def test_the_list_names_each_template(sw: Sw) -> None:
    assert sw("init", "--list").stdout == snapshot("""\
support   a support desk: triage, billing with a person's approval, a fallback
pipeline  a researcher, an analyst and a writer, in plain code
single    one agent with one tool
""")
    listed = data(sw("init", "--list", "--json").stdout)["templates"]
    assert [one["template"] for one in listed] == list(TEMPLATES)
    assert list(Path().iterdir()) == []


# where it is written --------------------------------------------------------------------------------------------------


def test_without_a_folder_it_is_the_current_one_after_which_the_project_is_called(sw: Sw, here: Path) -> None:
    ended = sw("init")
    assert ended.stdout.splitlines() == FILES
    assert "cd " not in ended.stderr
    assert Path("README.md").read_text().startswith(f"# {here.name}\n")


def test_folders_above_are_made(sw: Sw) -> None:
    assert sw("init", "a/../b/c").exit_code == 0
    assert list(contents(Path("b/c"))) == FILES


@pytest.mark.parametrize("name", ["my desk", 'Annes\' "café" ☎', "what?", "$HOME", "-desk", "desk.db", "{{switchroom}}"])
def test_a_folder_may_be_called_anything_and_the_next_command_still_runs(sw: Sw, name: str) -> None:
    ended = sw("init", "--template", "single", "--json", "--", name)
    assert ended.exit_code == 0, ended.stderr
    assert (Path(name) / "README.md").read_text().startswith(f"# {name}\n")
    shell = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    run = subprocess.run(["sh", "-c", data(ended.stdout)["next"]], capture_output=True, text=True, env=environ(**shell))
    assert run.stdout == "That is 72 days.\n", run.stderr


def test_a_name_can_be_given(sw: Sw) -> None:
    sw("init", "desk", "--name", " The Desk ")
    assert Path("desk/README.md").read_text().startswith("# The Desk\n")


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\x1b[31mred", "\u202egnp"])
def test_a_name_that_cannot_be_printed_is_refused(sw: Sw, name: str) -> None:
    ended = sw("init", "desk", "--name", name)
    assert ended.exit_code == 2
    assert "Give it another with --name" in ended.stderr
    assert not Path("desk").exists()


def test_a_folder_whose_name_is_no_text_needs_a_name(here: Path) -> None:
    command = [sys.executable.encode(), b"-m", b"switchroom", b"init", b"d\xff", b"--json"]
    refused = subprocess.run(command, capture_output=True, env=environ(), timeout=HANGS_S)
    assert refused.returncode == 2
    assert b"Give it another with --name" in refused.stderr
    named = subprocess.run([*command, b"--name", b"desk"], capture_output=True, env=environ(), timeout=HANGS_S)
    assert named.returncode == 0
    assert json.loads(named.stdout)["folder"] == "d?"


# what is in the way ---------------------------------------------------------------------------------------------------


def test_files_that_are_there_are_named_and_nothing_is_written(sw: Sw) -> None:
    Path("desk").mkdir()
    Path("desk/app.py").write_text("mine")
    Path("desk/README.md").write_text("mine too")
    Path("desk/other.py").write_text("not in the way")
    before = contents(Path("desk"))
    ended = sw("init", "desk")
    assert ended.exit_code == 2
    assert ended.stdout == ""
    assert ended.stderr == snapshot(
        "Error: In 'desk' these are there already: README.md, app.py. Nothing was written. "
        "Name another folder, or pass --force to replace them.\n"
    )
    assert contents(Path("desk")) == before


def test_force_replaces_what_is_there_and_nothing_else(sw: Sw) -> None:
    Path("desk").mkdir()
    Path("desk/app.py").write_text("mine")
    Path("desk/other.py").write_text("not in the way")
    assert sw("init", "desk", "--force").exit_code == 0
    assert list(contents(Path("desk"))) == sorted([*FILES, "other.py"])
    assert Path("desk/app.py").read_text() != "mine"
    assert Path("desk/other.py").read_text() == "not in the way"


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(sw: Sw) -> None:
    Path("desk").mkdir()
    Path("elsewhere.py").write_text("mine")
    Path("desk/app.py").symlink_to(Path("elsewhere.py").absolute())
    Path("desk/README.md").symlink_to("nowhere")
    assert "these are there already: README.md, app.py." in sw("init", "desk").stderr
    assert sw("init", "desk", "--force").exit_code == 0
    assert Path("elsewhere.py").read_text() == "mine"
    assert not Path("desk/app.py").is_symlink()


def test_a_folder_in_the_place_of_a_file_is_not_replaced_even_by_force(sw: Sw) -> None:
    Path("desk/app.py").mkdir(parents=True)
    ended = sw("init", "desk", "--force")
    assert ended.exit_code == 2
    assert "these are folders: app.py" in ended.stderr
    assert contents(Path("desk")) == {}


@pytest.mark.parametrize("folder", ["file", "file/desk", "dangling", "dangling/desk"])
def test_a_file_in_the_place_of_the_folder_is_named(sw: Sw, folder: str) -> None:
    Path("file").write_text("mine")
    Path("dangling").symlink_to("nowhere")
    ended = sw("init", folder, "--force")
    assert ended.exit_code == 2
    assert f"'{folder.partition('/')[0]}' is no folder. Nothing was written." in ended.stderr
    assert Path("file").read_text() == "mine"


@pytest.mark.parametrize("folder", ["", " "])
def test_an_empty_folder_is_refused(sw: Sw, folder: str) -> None:
    assert sw("init", folder).exit_code == 2


def test_a_folder_that_may_not_be_written_to_is_told_without_a_traceback(process: Process) -> None:
    closed = Path("closed")
    closed.mkdir(mode=0o500)
    folder = Path("/proc") if os.access(closed, os.W_OK) else closed  # root may write everywhere but there
    for place in (folder, folder / "desk"):
        ended = process("init", str(place))
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert re.fullmatch(rf"Error: '{place}' cannot be written to: .*\. Nothing was written\.\n", ended.stderr)


def test_an_unknown_template_is_told_with_those_there_are(sw: Sw) -> None:
    ended = sw("init", "desk", "--template", "suport")
    assert ended.exit_code == 2
    assert ended.stderr == snapshot(
        "Error: init has no template 'suport'; it has ['support', 'pipeline', 'single']. Did you mean 'support'?\n"
    )
    assert not Path("desk").exists()


# all or nothing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [False, True])
def test_a_disk_that_is_full_leaves_everything_as_it_was(there: bool) -> None:
    before = {"desk/README.md": "mine"} if there else {}
    for name, text in before.items():
        Path(name).parent.mkdir()
        Path(name).write_text(text)

    def full() -> None:  # as a full disk: the small files fit, a large one does not
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))

    command = [sys.executable, "-m", "switchroom", "init", "desk", "--force"]
    environment = environ(PYTHONDONTWRITEBYTECODE="1")
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, preexec_fn=full, timeout=HANGS_S)
    assert ended.returncode == 1
    assert "File too large. Nothing was written." in ended.stderr
    assert contents(Path()) == before
    assert [path.name for path in Path().iterdir()] == (["desk"] if there else [])


@pytest.mark.parametrize("good", range(len(FILES) + 2))
def test_a_failure_between_any_two_files_leaves_everything_as_it_was(
    sw: Sw, monkeypatch: pytest.MonkeyPatch, good: int
) -> None:
    Path("desk").mkdir()
    for name in ("README.md", "test_app.py"):
        Path("desk", name).write_text("mine")
    moves = 0
    move = os.replace

    def failing(source: Path, target: Path) -> None:
        nonlocal moves
        moves += 1
        if moves == good + 1:
            raise OSError(5, "Input/output error")
        move(source, target)

    monkeypatch.setattr(os, "replace", failing)
    ended = sw("init", "desk", "--force")
    assert ended.exit_code == 1
    assert "Input/output error. Nothing was written." in ended.stderr
    assert contents(Path("desk")) == {"README.md": "mine", "test_app.py": "mine"}
    assert sorted(os.listdir("desk")) == ["README.md", "test_app.py"]


# with a person --------------------------------------------------------------------------------------------------------


def test_at_a_terminal_the_template_is_asked_for(here: Path) -> None:
    terminal = Terminal("init", str(here / "desk"))
    try:
        page = terminal.until("Template [support] › ")
        assert "single    one agent with one tool" in page
        terminal.type("single")
        terminal.until("Next: ")
        assert terminal.process.wait(HANGS_S) == 0
    finally:
        terminal.close()
    assert '"""One agent' in Path("desk/app.py").read_text()


def test_at_a_terminal_enter_takes_the_usual_one_and_an_option_is_not_asked_for(here: Path) -> None:
    for options in ([], ["--template", "support"]):
        terminal = Terminal("init", str(here / "desk"), "--force", *options)
        try:
            if not options:
                terminal.until("› ")
                terminal.type("")
            terminal.until("a support desk: triage, billing with a person's approval, a fallback.")
            assert terminal.process.wait(HANGS_S) == 0
        finally:
            terminal.close()


def test_who_leaves_instead_of_choosing_gets_nothing(here: Path) -> None:
    terminal = Terminal("init", str(here / "desk"))
    try:
        terminal.until("› ")
        assert terminal.ended() == 1
    finally:
        terminal.close()
    assert not Path("desk").exists()
