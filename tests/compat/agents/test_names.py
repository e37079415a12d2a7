"""Each module and each public name of that SDK exists, or its import says what to use instead."""

from __future__ import annotations

import importlib
import importlib.util
import pickle
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from switchroom.compat import agents
from switchroom.compat.agents import AgentsException, UserError
from switchroom.compat.agents.exceptions import MissingName

ROOT = "switchroom.compat.agents"


def _stored() -> dict[str, list[str]]:
    """Return the names of that SDK by module."""
    modules: dict[str, list[str]] = {}
    names: list[str] = []
    for line in Path(__file__).with_name("sdk_names.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        if not line.startswith(" "):
            module, _, line = line.partition(":")
            names = modules.setdefault(module, [])
        names += line.split()
    return modules


MODULES = _stored()
REEXPORTS = ("decorators", "models", "models.openai_responses", "lifecycle", "memory.session", "memory.sqlite_session",
             "agent_output", "function_schema", "tracing.processors", "tracing.spans", "models.interface")  # fmt: skip


def _path(module: str) -> str:
    return ROOT if module == "." else f"{ROOT}.{module}"


def _imported(module: str) -> ModuleType | MissingName:
    try:
        return importlib.import_module(_path(module))
    except MissingName as error:
        return error


@pytest.mark.parametrize("module", MODULES)
def test_each_module_and_each_of_its_names_exists_or_names_an_alternative(module: str) -> None:
    found = _imported(module)
    if isinstance(found, MissingName):
        assert " has no counterpart in Switchroom. Instead: " in str(found)
        return
    for name in MODULES[module]:
        if name not in vars(found):
            own = re.escape(name if module == "." else f"{module}.{name}")
            expected = rf"^agents\.{own} has no counterpart in Switchroom\. Instead: .{{20}}"
            with pytest.raises(ImportError, match=expected) as caught:
                getattr(found, name)
            assert caught.value.name == name


def test_the_stored_list_is_the_whole_of_that_sdk() -> None:
    assert len(MODULES) > 250
    assert len(MODULES["."]) > 240
    assert sum(map(len, MODULES.values())) > 600


@pytest.mark.parametrize("module", REEXPORTS)
def test_modules_that_only_pass_names_on_exist(module: str) -> None:
    assert isinstance(_imported(module), ModuleType)


@pytest.mark.parametrize(
    "statement",
    [
        "from {root} import RunHooks",
        "from {root}.lifecycle import AgentHooks",
        "from {root}.run import RunState",
        "from {root}.exceptions import ToolInputGuardrailTripwireTriggered",
        "from {root} import voice",
        "from {root} import sandbox",
        "import {root}.mcp",
        "import {root}.mcp.server",
        "from {root}.extensions.memory.redis_session import RedisSession",
        "from {root}.handoffs.history import nest_handoff_history",
        "from {root}.tracing.processors import BatchTraceProcessor",
    ],
)
def test_an_import_of_what_only_that_sdk_has_is_an_import_error_that_names_the_alternative(statement: str) -> None:
    with pytest.raises(ImportError, match=r"agents\.\S+ has no counterpart in Switchroom\. Instead: .{20}") as caught:
        exec(statement.format(root=ROOT))
    assert isinstance(caught.value, UserError)  # and so is caught by what catches that SDK's own errors
    assert isinstance(caught.value, AgentsException)
    assert not isinstance(caught.value, AttributeError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_program_can_try_an_import_and_do_without() -> None:
    program = """
try:
    from switchroom.compat.agents import RunHooks
except ImportError:
    RunHooks = None
try:
    import switchroom.compat.agents.realtime as realtime
except ImportError:
    realtime = None
print(RunHooks, realtime)
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "None None\n"


@pytest.mark.parametrize("module", [module for module in MODULES if isinstance(_imported(module), ModuleType)])
def test_no_module_has_a_name_that_neither_sdk_has(module: str) -> None:
    found = importlib.import_module(_path(module))
    for name in ("nonsense", "Nonsense", "hooks", "parameters", "retry_", "__wrapped__", "__nonsense__"):
        assert not hasattr(found, name), name
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        _ = found.nonsense
    with pytest.raises(ImportError) as caught:
        exec(f"from {_path(module)} import nonsense")
    assert not isinstance(caught.value, MissingName)


def test_each_module_that_exists_can_be_imported_from_its_package() -> None:
    for module in MODULES:
        if module != "." and isinstance(_imported(module), ModuleType):
            package, _, name = _path(module).rpartition(".")
            names: dict[str, object] = {}
            exec(f"from {package} import {name}", names)
            assert isinstance(names[name], ModuleType), module


def test_options_are_no_names_of_the_module() -> None:
    options = (
        "hooks",
        "needs_approval",
        "previous_response_id",
        "mcp_servers",
        "error_handlers",
        "defer_loading",
        "parameters",
    )
    assert [name for name in options if hasattr(agents, name)] == []


def test_a_module_that_neither_sdk_has_is_an_ordinary_missing_module() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'switchroom\.compat\.agents\.nonsense'"):
        importlib.import_module(f"{ROOT}.nonsense")
    assert importlib.util.find_spec(f"{ROOT}.nonsense") is None
    assert importlib.util.find_spec("mcp_of_nobody") is None


def test_the_finder_of_missing_modules_is_there_once() -> None:
    importlib.reload(agents)
    names = [str(getattr(finder, "__name__", "")) for finder in sys.meta_path]
    assert names.count("MissingModules") == 1
