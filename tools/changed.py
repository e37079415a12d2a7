"""`make check CHANGED=1`: the checks on what changed since the branch left main, and on what imports that directly.

Format and lint look at the changed files. The type check also looks at the files that import one of them, as many as fit;
`make check` looks at them all. Floors and limits look at everything, for they are quick.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

CHECKED_FILES = 150
"""Files that the type check looks at, at most, so that it takes seconds."""
FOLDERS = ("src", "tests", "tools", "benchmarks", "examples")
ROOTS = ("src/", "examples/")
"""Folders whose modules are imported by the name below them."""


def main() -> int:
    """Run the checks; return 1 if one of them fails."""
    root = Path(__file__).parents[1]
    changed = changed_files(root)
    there = sorted(name for name in changed if (root / name).is_file())
    importers = sorted(importers_of(root, changed) - changed)
    checked = importers[: max(CHECKED_FILES - len(there), 0)]
    told = f"{counted(len(changed))} changed since {base(root)[:12]}, {len(checked)} of {len(importers)} importers checked"
    print(f"{told}." + ("" if len(checked) == len(importers) else " `make check` checks them all."), flush=True)
    python = Path(sys.executable).parent
    commands = [[str(python / "lint-imports"), "--no-logo"], [sys.executable, "tools/limits.py"]]
    if there:
        commands = [
            [str(python / "ruff"), "format", "--check", *there],
            [str(python / "ruff"), "check", *there],
            *commands,
        ]
    if there or checked:
        commands.append([str(python / "pyright"), *there, *checked])
    return max([subprocess.run(command, cwd=root).returncode != 0 for command in commands])


def changed_files(root: Path) -> set[str]:
    """Return the Python files that differ from where the branch left main, deleted and untracked ones included."""
    paths = [f"{folder}/" for folder in FOLDERS]
    differing = _git(root, "diff", "--name-only", "--no-renames", base(root), "--", *paths)
    untracked = _git(root, "ls-files", "--others", "--exclude-standard", "--", *paths)
    return {name for name in (*differing, *untracked) if name.endswith(".py")}


def base(root: Path) -> str:
    """Return the commit at which the branch left main; HEAD where there is no main."""
    for main in ("main", "origin/main"):
        found = subprocess.run(["git", "merge-base", "HEAD", main], cwd=root, capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.strip()
    return _git(root, "rev-parse", "HEAD")[0]


def importers_of(root: Path, changed: Iterable[str]) -> set[str]:
    """Return the files that import one of the changed modules, directly or from a package that takes names over from it."""
    modules = {module_of(name) for name in changed}
    files = [name for name in _git(root, "ls-files", "--", *FOLDERS) if name.endswith(".py") and (root / name).is_file()]
    texts = {name: (root / name).read_text(encoding="utf-8") for name in files}
    imported: dict[str, set[str]] = {}
    found: set[str] = set()
    waiting = modules
    while waiting:
        words = {module.rpartition(".")[2] for module in waiting}
        new: set[str] = set()
        for name, text in texts.items():
            if name in found or not any(word in text for word in words):
                continue
            if name not in imported:
                imported[name] = set(imports_in(text, module_of(name), name.endswith("/__init__.py")))
            if imported[name] & waiting:
                new.add(name)
        found |= new
        # The root packages take over so many names that all files would import what changed.
        waiting = {module_of(name) for name in new if name.endswith("/__init__.py") and "." in module_of(name)} - modules
        modules |= waiting
    return found


def imports_in(text: str, module: str = "", is_package: bool = False) -> Iterator[str]:
    """Yield the modules that a text may import: `from a import b` may import `a` and `a.b`.

    Args:
        text: the source.
        module: its own name, from which relative imports start.
        is_package: whether it is a package's `__init__`.
    """
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=source, names=names, level=level):
                above = (
                    module.split(".")[: None if is_package and level == 1 else -(level - is_package) or None] if level else []
                )
                start = ".".join([*above, *([source] if source else [])])
                yield start
                yield from (f"{start}.{alias.name}" for alias in names)
            case _:
                pass


def module_of(name: str) -> str:
    """Return the name under which a file is imported."""
    below = next((name.removeprefix(root) for root in ROOTS if name.startswith(root)), name)
    parts = PurePosixPath(below).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def counted(number: int) -> str:
    """Return a number of files in words."""
    return f"{number} file{'' if number == 1 else 's'}"


def _git(root: Path, *arguments: str) -> list[str]:
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
