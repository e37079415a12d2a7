"""Applications that are broken, each in a way of its own, and what `check` finds in them; and applications that are not."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from supportgenie import application
from switchroom import RunConfig, parallel
from switchroom.check import CODES, Finding, check
from switchroom.cli.seen import seen
from switchroom.testing import FunctionModel

HERE = Path(__file__).parent
APPS = HERE / "apps"
SENSIBLE = HERE / "sensible"
EXAMPLES = HERE.parents[1] / "examples"
LIBRARIES = ("command", "library", "reading", "searches")
"""Modules of the examples that are none themselves."""


@pytest.fixture(autouse=True)
def undone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What an application's import leaves in the process is undone."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(APPS)
    yield
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(tuple(map(str, (APPS, SENSIBLE, EXAMPLES)))):
            del sys.modules[name]


def found(name: str) -> list[tuple[str, str, str]]:
    """What is found in an application: how grave it is, of which kind, and about whom."""
    looked_at = seen(f"{name}.py")
    findings = check(looked_at.app, looked_at.config, looked_at.module)
    assert all(finding.remedy and finding.says and finding.code in CODES for finding in findings)
    return [(finding.level, finding.code, finding.who) for finding in findings]


FOUND: dict[str, list[tuple[str, str, str]]] = {
    "closed_circle": [
        ("error", "no-entry", "session 'session'"),
        ("error", "no-way-out", "node 'one'"),
    ],
    "crowded": [
        ("warning", "too-much", "agent 'everything'"),
        ("warning", "too-much", "agent 'everything'"),
    ],
    "entangled": [
        ("error", "stranger", "node 'cart'"),
        ("error", "route-without-target", "node 'hall'"),
        ("warning", "missing-fallback", "session 'session'"),
        ("warning", "reaches-in", "node 'hall'"),
        ("warning", "forgets", "node 'hall'"),
        ("warning", "forgets", "node 'cart'"),
    ],
    "in_a_circle": [
        ("warning", "circular-dependency", "agent 'writer'"),
        ("warning", "unhandled-failure", "function 'app'"),
        ("warning", "unhandled-failure", "tool 'ask_editor'"),
        ("warning", "unhandled-failure", "tool 'ask_writer'"),
    ],
    "left_over": [
        ("warning", "unused-agent", "agent 'old_desk'"),
        ("warning", "unused-tool", "tool 'refund'"),
    ],
    "no_fallback": [
        ("error", "missing-fallback", "workflow 'route'"),
    ],
    "no_model": [
        ("error", "no-model", "agent 'triage'"),
        ("error", "no-model", "agent 'sales'"),
    ],
    "no_route": [
        ("error", "route-without-target", "workflow 'route'"),
        ("warning", "unused-route", "workflow 'route'"),
    ],
    "nobody_reached": [
        ("error", "unreachable", "agent 'support'"),
    ],
    "nobody_speaks": [
        ("error", "no-speaker", "session 'session'"),
    ],
    "only_round": [
        ("error", "no-way-out", "agent 'day'"),
    ],
    "speechless": [
        ("error", "nothing-to-say", "node 'sales'"),
        ("warning", "unreachable", "node 'notes'"),
    ],
    "stranger": [
        ("error", "stranger", "agent 'billing'"),
    ],
    "two_speak": [
        ("error", "two-speakers", "node 'hall'"),
    ],
    "undeclared": [
        ("warning", "no-description", "agent 'billing'"),
        ("warning", "no-description", "tool 'pay'"),
        ("warning", "undeclared-effect", "tool 'pay'"),
        ("warning", "no-deadline", "tool 'pay'"),
    ],
}


@pytest.mark.parametrize("name", sorted(file.stem for file in APPS.glob("*.py")))
def test_what_is_wrong_with_an_application_is_found_and_nothing_else(name: str):
    assert FOUND[name] == found(name)


def test_each_kind_of_finding_has_an_application_in_which_it_is_found():
    assert {code for findings in FOUND.values() for _, code, _ in findings} == set(CODES)


@pytest.mark.parametrize("name", sorted(file.stem for file in SENSIBLE.glob("*.py")))
def test_nothing_is_found_in_applications_that_are_sensible(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(SENSIBLE)
    assert found(name) == []


def test_nothing_is_found_in_supportgenie():
    assert check(application.app, application.config, application) == []


def example(name: str) -> ModuleType:
    """An example, imported as it is by itself."""
    sys.path.insert(0, str(EXAMPLES))
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def app_of(name: str, module: ModuleType) -> Any:
    """What an example runs; of one that puts it together from what it is told, put together with all of it."""
    if name == "retrieval":
        return module.Retrieval(parallel(module.reachable([])))
    return seen(str(EXAMPLES / f"{name}.py")).app


@pytest.mark.parametrize("name", sorted(file.stem for file in EXAMPLES.glob("*.py") if file.stem not in LIBRARIES))
def test_nothing_is_found_in_the_examples(name: str):
    module = example(name)
    config = RunConfig(model=FunctionModel(lambda request: "hello"))
    findings: list[Finding] = check(app_of(name, module), config, module)
    assert findings == []
