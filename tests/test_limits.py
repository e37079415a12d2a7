"""The limits of the house, each broken on a small tree of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tools import limits

Faults: TypeAlias = Callable[..., list[str]]


@pytest.fixture
def faults_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Writes one module below an empty src and says what is wrong with it; of the house's allowances it needs none."""
    monkeypatch.setattr(limits, "WIDE", {})

    def faults_of(text: str, path: str = "switchroom/rules.py") -> list[str]:
        file = tmp_path / "src" / path
        file.parent.mkdir(parents=True)
        file.write_text(text)
        return list(limits.source_faults(tmp_path / "src"))

    return faults_of


def test_a_module_within_all_limits_is_not_reported(faults_of: Faults):
    assert faults_of('"""One idea."""\n\ndef decide(state, /, *, now): ...\n') == []


def test_a_file_of_400_lines_is_not_reported(faults_of: Faults):
    assert faults_of('"""One idea."""\n' + "x = 1\n" * 399) == []


def test_a_file_over_400_lines_is_reported_with_its_length(faults_of: Faults):
    [fault] = faults_of('"""One idea."""\n' + "x = 1\n" * 400)
    assert fault.startswith("src/switchroom/rules.py:401: 401 lines, at most 400")


@pytest.mark.parametrize("text", ["", "# A comment.\n", 'x = "a value"\n', '"""\nToo late."""\n', '\n"""Late."""\n'])
def test_a_module_whose_first_line_does_not_say_its_idea_is_reported(faults_of: Faults, text: str):
    [fault] = faults_of(text)
    assert "rules.py:1: the first line is not a docstring" in fault


@pytest.mark.parametrize("test", ["TYPE_CHECKING", "typing.TYPE_CHECKING", "not TYPE_CHECKING"])
def test_an_import_for_the_type_checker_alone_is_reported_wherever_it_stands(faults_of: Faults, test: str):
    [fault] = faults_of(f'"""One idea."""\n\ndef decide():\n    if {test}:\n        import json\n')
    assert "rules.py:4: TYPE_CHECKING hides a circle of imports" in fault


def test_a_function_of_60_lines_is_not_reported(faults_of: Faults):
    assert faults_of('"""One idea."""\nasync def perform():\n' + "    x = 1\n" * 59) == []


def test_a_function_over_60_lines_is_reported_by_its_qualified_name(faults_of: Faults):
    body = "        x = 1\n" * 60
    [fault] = faults_of('"""One idea."""\nclass Runner:\n    async def run(self):\n' + body)
    assert "rules.py:3: Runner.run has 61 lines, at most 60" in fault


def test_a_function_of_more_than_six_parameters_is_reported_with_their_number(faults_of: Faults):
    [fault] = faults_of('"""One idea."""\ndef run(a, /, b, c, *rest, d, e, **more): ...\n')
    assert "rules.py:2: run has 7 parameters, at most 6" in fault


@pytest.mark.parametrize("receiver", ["self", "cls"])
def test_the_receiver_of_a_method_is_no_parameter(faults_of: Faults, receiver: str):
    assert faults_of(f'"""One idea."""\nclass Run:\n    def go({receiver}, a, b, c, d, e, f): ...\n') == []


def test_a_function_within_a_function_is_counted_too(faults_of: Faults):
    [fault] = faults_of('"""One idea."""\ndef outer():\n    def inner(a, b, c, d, e, f, g): ...\n')
    assert "rules.py:3: outer.inner has 7 parameters" in fault


@pytest.mark.parametrize("decorator", ["overload", "typing.overload"])
def test_an_overload_may_be_as_wide_as_it_has_to(faults_of: Faults, decorator: str):
    assert faults_of(f'"""One idea."""\n@{decorator}\ndef run(a, b, c, d, e, f, g): ...\n') == []


def test_a_signature_that_copies_another_library_may_be_as_wide_as_that_one(faults_of: Faults):
    text = '"""One idea."""\ndef run(a, b, c, d, e, f, g): ...\n'
    assert faults_of(text, path="switchroom/compat/agents.py") == []


def test_a_wide_signature_that_is_allowed_with_a_reason_is_not_reported(faults_of: Faults, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(limits.WIDE, "switchroom/rules.py:run", "pinned by the documents")
    assert faults_of('"""One idea."""\ndef run(a, b, c, d, e, f, g): ...\n') == []


def test_an_allowance_that_nothing_needs_any_more_is_reported(faults_of: Faults, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(limits.WIDE, "switchroom/rules.py:run", "pinned by the documents")
    [fault] = faults_of('"""One idea."""\ndef run(a): ...\n')
    assert "switchroom/rules.py:run, which no longer needs it" in fault


def test_a_root_with_45_names_is_not_reported(faults_of: Faults):
    assert faults_of(f'"""One idea."""\n__all__ = {["x"] * 45}\n', path="switchroom/__init__.py") == []


def test_a_root_with_more_than_45_names_is_reported_with_their_number(faults_of: Faults):
    [fault] = faults_of(f'"""One idea."""\n__all__ = {["x"] * 46}\n', path="switchroom/__init__.py")
    assert "switchroom/__init__.py:2: __all__ has 46 names, at most 45" in fault


@pytest.mark.parametrize("exports", ["", "__all__ = list(NAMES)\n"])
def test_a_root_whose_names_cannot_be_counted_is_reported(faults_of: Faults, exports: str):
    [fault] = faults_of(f'"""One idea."""\n{exports}', path="switchroom/__init__.py")
    assert "write it as one list" in fault


@pytest.mark.parametrize("host", limits.HOSTS)
def test_a_file_that_names_a_registry_host_is_reported_with_its_line(tmp_path: Path, host: str):
    (tmp_path / "NOTES.md").write_text(f"Packages\ncome from https://{host.upper()}/simple\n")
    [fault] = limits.host_faults(tmp_path)
    assert fault.startswith("NOTES.md:2: names the host of a package registry")


def test_files_that_git_ignores_may_name_registry_hosts(tmp_path: Path):
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / ".gitignore").write_text("/private/\n")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "pip.conf").write_text(limits.HOSTS[0])
    assert list(limits.host_faults(tmp_path)) == []


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes a distribution with the given requirements appear in this environment."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def install(name: str, *requires: str) -> None:
        needs = [f"Requires-Dist: {need}" for need in requires]
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", f"Name: {name}", "Version: 1", *needs]))

    return install


def test_only_what_a_plain_installation_brings_is_counted(install: Callable[..., None]):
    install("exchange", "Lines[fast]>=2", "tester; extra == 'dev'", "antique; python_version < '3'")
    install("lines", "exchange", "quick; extra == 'fast'", "slow; extra == 'slow'")
    install("quick")
    assert limits.distributions("exchange") == {"exchange", "lines", "quick"}


def test_more_than_30_distributions_are_reported_by_name(install: Callable[..., None]):
    names = [f"line{number}" for number in range(30)]
    install("exchange", *names)
    for name in names:
        install(name)
    [fault] = limits.weight_faults("exchange")
    assert "exchange installs 31 distributions, at most 30" in fault
    assert "line29" in fault


def test_an_import_that_costs_nothing_is_not_reported():
    assert list(limits.import_faults("sys")) == []


def test_an_import_that_costs_too_much_is_reported_with_its_time():
    [fault] = limits.import_faults("asyncio", at_most=0.001)
    assert fault.startswith("import asyncio takes 0.")
