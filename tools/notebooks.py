"""The notebooks: each `notebooks/NAME.py` is executed in a kernel of its own, and written with its outputs as `NAME.ipynb`.

`python tools/notebooks.py` writes them; with `--check` it compares them with a new run instead, and writes nothing.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

Notebook: TypeAlias = Any
"""A notebook of nbformat, whose fields have no types."""

# These two have no types either.
jupytext: Any = importlib.import_module("jupytext")
nbformat: Any = importlib.import_module("nbformat")

FOLDER = Path(__file__).parents[1] / "notebooks"
LARGEST_BYTES = 300_000
CELL_TIMEOUT_S = 600
SVG = "image/svg+xml"
PLOTTED = "https://matplotlib.org/"
"""A part of every picture by matplotlib, whose lines differ from one version to the next."""

PLACE = re.compile(r"(<title>[^<]*?) (?:/[^<]*|[^<\s]*)\.py:\d+(?=</title>)")
"""The file and the line of a function in a drawn graph: they differ between machines, and after every change of the file."""

COLOURS = re.compile(r"\x1b\[[\d;]*m")

WITHOUT = ("_API_KEY", "_BASE_URL", "SWITCHROOM_MODEL", "SUPPORTGENIE_DB")
"""The ends of variables that would put a model or other records into the outputs."""

FIXED = {
    "SOURCE_DATE_EPOCH": "0",  # the date that matplotlib writes into pictures
    "PYTHONHASHSEED": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a debugger's warning, of no use here
}


def main(*args: str) -> int:
    """Write the notebooks, or check them; return 1 if one is out of date or too large."""
    faults = [fault for source in sorted(FOLDER.glob("*.py")) for fault in _faults(source, check="--check" in args)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def _faults(source: Path, *, check: bool) -> Iterator[str]:
    target = source.with_suffix(".ipynb")
    try:
        text = written(executed(source, {name: value for name, value in os.environ.items() if not name.endswith(WITHOUT)}))
    except CellExecutionError as error:
        yield f"{source.name}: a cell failed.\n{COLOURS.sub('', str(error))}"
        return
    if len(text.encode()) > LARGEST_BYTES:
        yield f"{target.name} has {len(text.encode())} bytes; at most {LARGEST_BYTES} are allowed. Show fewer pictures."
    if check:
        kept = target.read_text(encoding="utf-8") if target.exists() else "{}"
        yield from (f"{target.name}: {found}. Write it anew by `make notebooks`." for found in differences(kept, text))
    else:
        target.write_text(text, encoding="utf-8")
    yield from (f"{source.name}: {found}" for found in complaints(text))


def executed(source: Path, env: Mapping[str, str]) -> Notebook:
    """Run the cells of a text notebook from top to bottom, and return the notebook with its outputs.

    Args:
        source: The text notebook.
        env: The environment of the cells.

    Raises:
        CellExecutionError: A cell failed.
    """
    importlib.import_module(
        "matplotlib.font_manager"
    )  # the first import on a machine takes long and says so: here, not in a cell
    notebook: Notebook = jupytext.read(source, fmt="py:percent")
    with tempfile.TemporaryDirectory() as settings:
        # The settings and the kernels of the person who runs this are left aside.
        os.environ |= {"JUPYTER_CONFIG_DIR": settings, "IPYTHONDIR": settings, "JUPYTER_PREFER_ENV_PATH": "1"}
        client = NotebookClient(
            notebook, timeout=CELL_TIMEOUT_S, kernel_name="python3", coalesce_streams=True, record_timing=False
        )
        kernel = client.create_kernel_manager()
        kernel.transport, kernel.ip = "ipc", f"{settings}/kernel"  # no port that others could listen to
        client.execute(cwd=str(source.parent), env={**env, **FIXED, "IPYTHONDIR": settings})
    return notebook


def written(notebook: Notebook) -> str:
    """Return a notebook as JSON that is the same after every run with the same outputs."""
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02d}"
        cell.metadata = {}
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return PLACE.sub(r"\1", nbformat.writes(notebook)) + "\n"


def differences(kept: str, new: str) -> Iterator[str]:
    """Yield each difference between two notebooks in words.

    Sources, texts and drawn graphs have to be equal. Of plots only the texts in them are compared.
    """
    if kept == new:
        return
    old_cells, new_cells = (_read(text).get("cells", []) for text in (kept, new))
    if [_text(cell["source"]) for cell in old_cells] != [_text(cell["source"]) for cell in new_cells]:
        yield "its cells are not those of the text source"
        return
    for number, (old, fresh) in enumerate(zip(old_cells, new_cells, strict=True), start=1):
        if [_comparable(one) for one in old.get("outputs", ())] != [_comparable(one) for one in fresh.get("outputs", ())]:
            yield f"the output of cell {number} has changed: {_first_line(fresh)}"


def complaints(text: str) -> Iterator[str]:
    """Yield whatever the cells of a notebook printed on stderr, such as warnings."""
    for number, cell in enumerate(_read(text)["cells"], start=1):
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                yield f"cell {number} printed on stderr: {_text(output['text'])}"


def _read(text: str) -> dict[str, Any]:
    return json.loads(text)


def _comparable(output: dict[str, Any]) -> tuple[str, list[tuple[str, object]]]:
    """Return what has to be equal of an output."""
    shown: dict[str, Any] = output.get("data", {"text": output.get("text", "")})
    return output["output_type"], [
        (kind, _drawn(_text(value)) if kind == SVG else _text(value)) for kind, value in sorted(shown.items())
    ]


def _drawn(picture: str) -> object:
    return re.findall(r"<text[^>]*>([^<]*)</text>", picture) if PLOTTED in picture else picture


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType]


def _first_line(cell: dict[str, Any]) -> str:
    return _text(cell["source"]).strip().partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
