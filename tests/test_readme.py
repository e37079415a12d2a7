"""The README's example runs as it stands, and prints what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_example_of_the_readme_prints_what_it_says(tmp_path: Path):
    text = README.read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    printed = re.search(r"It prints:\n\n```text\n(.*?)```", text, re.DOTALL)
    assert example
    assert printed
    (tmp_path / "app.py").write_text(example[1], encoding="utf-8")
    run = subprocess.run([sys.executable, "-W", "error", "app.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout == printed[1]


def test_the_example_of_the_readme_is_about_thirty_lines():
    example = re.search(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert example
    assert len([line for line in example[1].splitlines() if line.strip()]) <= 32
