"""The limits of the house: sizes, weights and speeds that nothing else checks, each fault with its remedy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple, TypeAlias

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILE_LINES = 400
FUNCTION_LINES = 60
PARAMETERS = 6
ROOT_NAMES = 45
DISTRIBUTIONS = 30
IMPORT_SECONDS = 0.3

# A slow machine is not the code's fault: these imports take an ordinary one so many seconds, and a slower one is given more.
YARDSTICK = "import asyncio, decimal, email.message, http.client, inspect, ssl, unittest, uuid"
YARDSTICK_SECONDS = 0.06

# Public signatures that may be wider, as "package/module.py:qualified.name" with the reason.
WIDE: dict[str, str] = {
    "switchroom/models/openai/__init__.py:OpenAIChat.__init__": "what users say of a server, by keyword, as the SDK calls it",
    "switchroom/runner/__init__.py:Runner.run": "what a caller says of one message, by keyword",
    "switchroom/runner/__init__.py:Runner.run_sync": "as Runner.run",
    "switchroom/runner/__init__.py:Runner.stream": "as Runner.run",
    "switchroom/session/session.py:Session.__init__": "what a user says of a session, by keyword",
}

# In parts, or this file would break its own rule.
HOSTS = [".".join(host) for host in [("pypi", "org"), ("files", "pythonhosted"), ("registry", "npmjs"), ("deb", "debian")]]

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Source(NamedTuple):
    """A parsed module; `path` is relative to the folder that the packages stand in."""

    path: str
    text: str
    tree: ast.Module


def main() -> int:
    root = Path(__file__).parents[1]
    faults = [
        *source_faults(root / "src"),
        *host_faults(root),
        *weight_faults("switchroom"),
        *import_faults("switchroom"),
    ]
    print("\n".join(faults) or "All limits kept.")
    return 1 if faults else 0


def source_faults(src: Path) -> Iterator[str]:
    """What is wrong with the modules of a source tree, one file at a time."""
    unused = set(WIDE)
    for file in sorted(src.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        source = Source(file.relative_to(src).as_posix(), text, ast.parse(text, file))
        for line, fault in [*shape_faults(source), *function_faults(source, unused), *export_faults(source)]:
            yield f"{file.relative_to(src.parent)}:{line}: {fault}"
    for name in sorted(unused):
        yield f"tools/limits.py: WIDE allows {name}, which no longer needs it: delete the entry"


def shape_faults(source: Source) -> Iterator[tuple[int, str]]:
    """The module as a whole: its length, its opening line, and imports that only the type checker sees."""
    length = len(source.text.splitlines())
    if length > FILE_LINES:
        yield length, f"{length} lines, at most {FILE_LINES}: the idea is two ideas, give each its file"
    docstring = ast.get_docstring(source.tree, clean=False) or ""
    if not docstring.partition("\n")[0].strip() or source.tree.body[0].lineno != 1:
        yield 1, "the first line is not a docstring: say the module's one idea there"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.If | ast.IfExp) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield node.lineno, "TYPE_CHECKING hides a circle of imports: move what both sides need to a lower floor"


def function_faults(source: Source, unused: set[str]) -> Iterator[tuple[int, str]]:
    """Functions that are too long or too wide; an allowance that is needed is taken out of `unused`."""
    copies_a_signature = "compat" in Path(source.path).parts
    for name, function in functions(source.tree):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES:
            yield function.lineno, f"{name} has {length} lines, at most {FUNCTION_LINES}: take out a step and name it"
        width = parameters(function)
        if width <= PARAMETERS or copies_a_signature or is_overload(function):
            continue
        if (allowance := f"{source.path}:{name}") in WIDE:
            unused.discard(allowance)
        else:
            fault = f"{name} has {width} parameters, at most {PARAMETERS}: options travel as one named value"
            yield function.lineno, fault


def functions(node: ast.AST, within: str = "") -> Iterator[tuple[str, Function]]:
    """Every function below a node, with its qualified name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield within + child.name, child
        named = isinstance(child, Function | ast.ClassDef)
        yield from functions(child, f"{within}{child.name}." if named else within)


def parameters(function: Function) -> int:
    """How many values a caller can pass, `*args` and `**kwargs` being one each."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    if positional and positional[0].arg in {"self", "cls"}:
        del positional[0]
    return len(positional) + len(given.kwonlyargs) + (given.vararg is not None) + (given.kwarg is not None)


def is_overload(function: Function) -> bool:
    return any(ast.unparse(decorator).endswith("overload") for decorator in function.decorator_list)


def export_faults(source: Source) -> Iterator[tuple[int, str]]:
    """The names that the root offers: a person has to be able to read them all."""
    if source.path != "switchroom/__init__.py":
        return
    for statement in source.tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name("__all__")], value=ast.List(names) | ast.Tuple(names)):
                if len(names) > ROOT_NAMES:
                    fault = f"__all__ has {len(names)} names, at most {ROOT_NAMES}: offer the rest from a subpackage"
                    yield statement.lineno, fault
                return
            case _:
                pass
    yield 1, "the root has no `__all__ = [...]`: write it as one list, so that it can be counted"


def host_faults(root: Path) -> Iterator[str]:
    """Files that name the host of a package registry: where packages come from is for the user to say."""
    # Not git's index but the folder less what .gitignore names: a new file counts at once, and no repository is needed.
    command = ["git", "grep", "--no-index", "--exclude-standard", "-nIiF", *(f"-e{host}" for host in HOSTS)]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if found.stderr:
        yield f"the search for registry hosts failed: {found.stderr.strip()}"
    for match in found.stdout.splitlines():
        path, line, _ = match.split(":", 2)
        yield f"{path}:{line}: names the host of a package registry: leave that to the user's configuration"


def weight_faults(name: str) -> Iterator[str]:
    """What a plain installation brings along."""
    brought = distributions(name)
    if len(brought) > DISTRIBUTIONS:
        listed = ", ".join(sorted(brought))
        yield f"{name} installs {len(brought)} distributions, at most {DISTRIBUTIONS}: make one an extra ({listed})"


def distributions(name: str) -> set[str]:
    """The installed distributions that a requirement leads to in this environment, itself included."""
    waiting, seen = [Requirement(name)], set[tuple[str, str]]()
    while waiting:
        requirement = waiting.pop()
        for extra in ["", *requirement.extras]:
            if (visit := (canonicalize_name(requirement.name), extra)) in seen:
                continue
            seen.add(visit)
            needs = map(Requirement, metadata.requires(requirement.name) or [])
            waiting += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    return {distribution for distribution, _ in seen}


def import_faults(module: str, at_most: float = IMPORT_SECONDS) -> Iterator[str]:
    """What an import costs above the bare interpreter, on an ordinary machine."""
    bare = cpu_seconds("pass")
    seconds = cpu_seconds(f"import {module}") - bare
    if seconds >= at_most * max(1.0, (cpu_seconds(YARDSTICK) - bare) / YARDSTICK_SECONDS):
        remedy = f"import the heavy part where it is used (`python -X importtime -c 'import {module}'` finds it)"
        yield f"import {module} takes {seconds:.2f} s of CPU, less than {at_most} allowed: {remedy}"


def cpu_seconds(statement: str) -> float:
    """The CPU time of a fresh interpreter that runs one statement, the best of three."""
    # Isolated, so that no PYTHON* variable counts: without bytecode files every import would be compiled again.
    command = [sys.executable, "-I", "-c", f"{statement}; import time; print(time.process_time())"]
    return min(float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(3))


if __name__ == "__main__":
    sys.exit(main())
