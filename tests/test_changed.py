"""What `make check CHANGED=1` looks at: the files that changed since the branch left main, and the files that import them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools.changed import base, changed_files, importers_of, imports_in, module_of

FILES = {
    "src/shop/__init__.py": "from shop.orders import Order",
    "src/shop/orders/__init__.py": "from shop.orders.table import Order",
    "src/shop/orders/table.py": "class Order: ...",
    "src/shop/billing.py": "from shop.orders import Order",
    "src/shop/till.py": "from shop import billing",
    "src/shop/news.py": "import json",
    "tests/test_till.py": "def test_it():\n    import shop.till",
    "examples/desk.py": "import shop",
    "examples/two_desks.py": "from desk import shop",
    "notes/loose.py": "import shop.orders",
}


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a branch that left main."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "all")
    git(tmp_path, "switch", "-qc", "branch")
    return tmp_path


def test_what_is_committed_changed_deleted_or_new_has_changed(root: Path):
    assert changed_files(root) == set()
    (root / "src/shop/news.py").write_text("import csv")
    git(root, "commit", "-qam", "news")
    (root / "src/shop/till.py").write_text("import csv")
    (root / "src/shop/billing.py").unlink()
    (root / "tests/test_new.py").write_text("")
    (root / "notes/more.py").write_text("")
    (root / "src/shop/data.csv").write_text("")
    changed = {"src/shop/news.py", "src/shop/till.py", "src/shop/billing.py", "tests/test_new.py"}
    assert changed_files(root) == changed


def test_what_changed_on_main_meanwhile_has_not_changed_here(root: Path):
    left = base(root)
    git(root, "switch", "-q", "main")
    (root / "src/shop/news.py").write_text("import csv")
    git(root, "commit", "-qam", "news")
    git(root, "switch", "-q", "branch")
    assert (base(root), changed_files(root)) == (left, set())


def test_without_a_main_what_is_not_committed_has_changed(root: Path):
    git(root, "branch", "-qD", "main")
    (root / "src/shop/news.py").write_text("import csv")
    assert changed_files(root) == {"src/shop/news.py"}


@pytest.mark.parametrize(
    ("changed", "importers"),
    [
        ("src/shop/till.py", {"tests/test_till.py"}),
        ("src/shop/billing.py", {"src/shop/till.py"}),
        ("src/shop/orders/table.py", {"src/shop/orders/__init__.py", "src/shop/billing.py", "src/shop/__init__.py"}),
        ("examples/desk.py", {"examples/two_desks.py"}),
        ("src/shop/news.py", set[str]()),
    ],
)
def test_importers_are_found_also_through_a_package_and_not_through_the_root(root: Path, changed: str, importers: set[str]):
    assert importers_of(root, [changed]) == importers


def test_the_importers_of_a_deleted_module_are_found(root: Path):
    (root / "src/shop/billing.py").unlink()
    assert importers_of(root, changed_files(root)) == {"src/shop/till.py"}


@pytest.mark.parametrize(
    ("text", "is_package", "modules"),
    [
        ("import a.b, c", False, ["a.b", "c"]),
        ("from a.b import c, d", False, ["a.b", "a.b.c", "a.b.d"]),
        ("from . import c", False, ["x.y", "x.y.c"]),
        ("from .z import c", True, ["x.y.m.z", "x.y.m.z.c"]),
        ("from .. import c", False, ["x", "x.c"]),
        ("from ..z import c", True, ["x.y.z", "x.y.z.c"]),
    ],
)
def test_imports_are_read_from_the_source(text: str, is_package: bool, modules: list[str]):
    assert list(imports_in(text, "x.y.m", is_package)) == modules


def test_a_file_has_the_name_under_which_it_is_imported():
    names = ["src/a/b.py", "src/a/__init__.py", "tests/cli/conftest.py", "examples/desk.py"]
    assert list(map(module_of, names)) == ["a.b", "a", "tests.cli.conftest", "desk"]
