"""The command line in this process, and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from click.testing import CliRunner, Result

from switchroom.cli.commands import switchroom
from tests import forked

SHOP = str(Path(__file__).parent / "apps" / "shop.py")

APPS = str(Path(__file__).parent / "apps")
Sw: TypeAlias = Callable[..., Result]
Process: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data folder and no wish for a model; what an application's import leaves in the process is undone."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("SWITCHROOM_MODEL", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a program that is changed within a second is read anew
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith((str(tmp_path), APPS)):
            del sys.modules[name]


@pytest.fixture
def sw() -> Sw:
    """The command in this process: `sw("chat", ..., input="...")`."""

    def run(*args: str, input: str | None = None) -> Result:
        return CliRunner().invoke(switchroom, args, input=input, prog_name="switchroom")

    return run


@pytest.fixture
def process() -> Process:
    """The command in a process of its own: `process("chat", ..., FUSE=...)`."""

    def run(*args: str, input: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return forked.run("-m", "switchroom", *args, input=input, env=environ(**environment))

    return run


def environ(**more: str) -> dict[str, str]:
    """This process's environment, in which the package is found as it is here."""
    source = str(Path(__file__).parents[2] / "src")
    return {**os.environ, "PYTHONPATH": source, "PYTHONDONTWRITEBYTECODE": "1", **more}


def data(output: str) -> dict[str, Any]:
    """The one JSON object that stdout is."""
    return json.loads(output)
