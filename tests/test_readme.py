"""The README's examples run as they stand, and print what the README says."""

from __future__ import annotations

import re
from pathlib import Path

from tests import forked

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
GENIE, APP = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def printed(example: str, folder: Path) -> str:
    (folder / "app.py").write_text(example, encoding="utf-8")
    run = forked.run("-W", "error", "app.py", cwd=folder)
    assert run.stderr == ""
    return run.stdout


def test_the_example_prints_what_the_readme_says(tmp_path: Path):
    promised = re.search(r"this program prints:\n\n```text\n(.*?)```", TEXT, re.DOTALL)
    assert promised
    assert printed(APP, tmp_path) == promised[1]


def test_the_example_is_about_thirty_lines():
    assert len([line for line in APP.splitlines() if line.strip()]) <= 32


def test_the_support_application_answers_from_a_program(tmp_path: Path):
    said = printed(GENIE, tmp_path)
    assert said.startswith("support support False Hello Robert! Order 732201349959 was shipped")
