"""The pages in docs are programs: the code of each runs from top to bottom, and prints what the page says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from switchroom.models.openai import PROVIDERS
from tests import forked
from tests.servers.http import served
from tests.servers.said import Said

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
PATTERNS = {"sequential", "parallel", "route", "vote", "debate", "refine", "supervisor", "fallback", "budgets", "context"}

# What asyncio says in development mode of a machine that was busy.
SLOW = re.compile(r"Executing <.*> took \d+\.\d+ seconds")


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs_and_prints_what_the_page_says(page: Path, tmp_path: Path):
    text = page.read_text(encoding="utf-8")
    (tmp_path / "page.py").write_text("\n".join(blocks(text, "python")), encoding="utf-8")
    with served(Said("hello")) as server:
        env = {
            **os.environ,
            "OPENAI_API_KEY": "none",
            "OPENAI_BASE_URL": server.url,
            "OUR_SERVER": server.url,
        }
        run = forked.run("-X", "dev", "-W", "error", "page.py", cwd=tmp_path, env=env)
    assert [line for line in run.stderr.splitlines() if not SLOW.fullmatch(line)] == []
    assert run.stdout.splitlines() == [line for block in blocks(text, "text") for line in block.splitlines()]


def test_there_is_a_page_for_each_subject_and_the_readme_names_it():
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    subjects = {"models", "tools", "handoffs", "guardrails", "history", "testing", "sessions", "check", "graph", "memory"}
    assert PATTERNS | subjects <= {page.stem for page in PAGES}
    assert [page.stem for page in PAGES if f"docs/{page.name}" not in readme] == []


def test_the_page_of_a_pattern_says_when_it_is_of_no_use():
    texts = {page.stem: page.read_text(encoding="utf-8") for page in PAGES}
    assert [name for name in sorted(PATTERNS) if "\n## When not to use it\n" not in texts[name]] == []


def test_the_page_on_models_names_each_provider_with_its_address_and_its_key():
    rows = [line for line in (DOCS / "models.md").read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    for name, provider in PROVIDERS.items():
        [row] = [row for row in rows if f"`{name}:...`" in row]
        assert provider.base_url in row
        assert provider.key in row
    assert len(rows) == len(PROVIDERS)
