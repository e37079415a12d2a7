"""The notebooks: their sources run without a key, the executed files are current, and a named model answers in them."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.servers.http import served
from tests.servers.said import Said
from tools.notebooks import FOLDER, LARGEST_BYTES, complaints, differences

WRITTEN = sorted(FOLDER.glob("*.ipynb"))
SOURCES = sorted(FOLDER.glob("*.py"))
WRITER = Path(__file__).parents[2] / "tools" / "notebooks.py"

MULTI_AGENT = FOLDER / "06_multi_agent.ipynb"


def run(*arguments: str, **env: str) -> str:
    """What a Python process prints; it has to end well."""
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, env={**os.environ, **env}, cwd=WRITER.parents[1], capture_output=True, text=True, timeout=600, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def changed(change: str) -> str:
    """The notebook with one change in its outputs."""
    notebook: Any = json.loads(MULTI_AGENT.read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    texts = [output for output in outputs if "text" in output]
    pictures = [output["data"]["image/svg+xml"] for output in outputs if "image/svg+xml" in output.get("data", {})]
    plots = [picture for picture in pictures if any("matplotlib" in line for line in picture)]
    graphs = [picture for picture in pictures if picture not in plots]
    match change:
        case "a word":
            texts[3]["text"][0] = texts[3]["text"][0].replace("o", "0", 1)
        case "a line fewer":
            del texts[-1]["text"][-1]
        case "a graph":
            graphs[-1][-5] += "<!-- moved -->"
        case "a value in the plot":
            plots[0][:] = [re.sub(r">0\.\d\d ", ">0.00 ", line) for line in plots[0]]
        case "another matplotlib":
            plots[0][:] = [line.replace("width=", "height=").replace("L 5", "L 6") for line in plots[0]]
        case "a source":
            notebook["cells"][2]["source"][-1] += "\n# more"
        case _:
            outputs[0].clear()
            outputs[0].update(copy.deepcopy({"output_type": "stream", "name": "stderr", "text": ["Warning: old\n"]}))
    return json.dumps(notebook)


def test_the_executed_notebooks_are_current():
    assert run(str(WRITER), "--check") == ""


def test_each_source_has_its_executed_notebook_and_no_other_is_there():
    assert [file.stem for file in WRITTEN] == [file.stem for file in SOURCES]
    assert MULTI_AGENT in WRITTEN


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
def test_an_executed_notebook_is_small_and_holds_pictures_and_nothing_of_the_machine_that_wrote_it(file: Path):
    text = file.read_text(encoding="utf-8")
    assert len(text.encode()) <= LARGEST_BYTES
    assert text.count('"image/svg+xml"') >= 3
    here = str(FOLDER.parent)
    assert [found for found in (here, "ipykernel_", "site-packages", ".py:", " object at 0x") if found in text] == []
    cells = json.loads(text)["cells"]
    numbers = [cell["execution_count"] for cell in cells if cell["cell_type"] == "code"]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("change", ["a word", "a line fewer", "a graph", "a value in the plot", "a source"])
def test_a_notebook_that_is_out_of_date_is_found(change: str):
    kept = MULTI_AGENT.read_text(encoding="utf-8")
    assert list(differences(changed(change), kept))
    assert list(differences(kept, kept)) == []


def test_lines_of_a_plot_by_another_version_of_matplotlib_are_no_difference():
    kept = MULTI_AGENT.read_text(encoding="utf-8")
    assert json.loads(changed("another matplotlib")) != json.loads(kept)
    assert list(differences(changed("another matplotlib"), kept)) == []


def test_what_a_cell_prints_on_stderr_is_complained_of():
    assert list(complaints(changed("stderr"))) == ["cell 3 printed on stderr: Warning: old\n"]


def test_a_named_model_answers_in_the_notebook():
    code = f"import os; from tools.notebooks import *\nprint(written(executed(FOLDER / '{MULTI_AGENT.stem}.py', os.environ)))"
    with served(Said("The model answers.")) as server:
        text = run("-c", code, SWITCHROOM_MODEL="openai:any", OPENAI_API_KEY="none", OPENAI_BASE_URL=server.url)
        asked = len(server.requests)
    cells = json.loads(text)["cells"]
    said = "".join(line for cell in cells for output in cell.get("outputs", ()) for line in output.get("text", ()))
    assert said.startswith("model: openai:any\n")
    assert said.count("The model answers.") > 15
    assert asked > 15
    assert list(complaints(text)) == []
