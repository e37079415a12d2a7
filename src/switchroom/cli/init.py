"""`switchroom init`: a new project from a template, written whole or not at all."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import msgspec

from switchroom.cli.faults import Failed, Wrong
from switchroom.cli.terminal import Left, ask_line, present
from switchroom.errors import unknown


@dataclass(frozen=True)
class Template:
    """A kind of project.

    Args:
        about: what it is, in a line.
        hello: the message to try it with.
    """

    about: str
    hello: str


TEMPLATES = {
    "support": Template("a support desk: triage, billing with a person's approval, a fallback", "I was charged twice for A-17"),
    "pipeline": Template("a researcher, an analyst and a writer, in plain code", "What about remote work?"),
    "single": Template("one agent with one tool", "How many days from 2025-01-01 to 2025-03-14?"),
}
"""The templates by name; the first is taken when none is named."""

THEN = "Then, for its tests: pip install -r requirements.txt && pytest"

_USUAL = next(iter(TEMPLATES))
_COMMON = "common"
_SUFFIX = ".tpl"  # so that no tool takes a file of a template for one of this package


@click.command(short_help="Write a new project that runs at once.")
@click.argument("folder", default=".")
@click.option("--template", metavar="NAME", help=f"One of {', '.join(TEMPLATES)}; without a terminal {_USUAL}.")
@click.option("--name", metavar="NAME", help="What the project is called; by default as its folder.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--list", "listed", is_flag=True, help="List the templates, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def init(folder: str, template: str | None, name: str | None, force: bool, listed: bool, as_json: bool) -> None:
    """Write a new project into FOLDER, by default the current one.

    It runs without a key: rules answer, and it says so. With SWITCHROOM_MODEL set, a language model does.
    """
    if listed:
        _list(as_json)
        return
    if not folder.strip():
        raise Wrong("FOLDER is empty. Name a folder, or leave it out for the current one.")
    target = Path(folder)
    project = _named(target, name)
    chosen = _chosen(template, as_json)
    made = _filled(chosen, project)
    _write(target, made, force)
    next_command = f"switchroom chat app.py {shlex.quote(TEMPLATES[chosen].hello)}"
    if target != Path():
        next_command = f"cd {'-- ' * folder.startswith('-')}{shlex.quote(_shown(target))} && {next_command}"
    paths = [_shown(target / name) for name in made]
    if as_json:
        found = {"template": chosen, "name": project, "folder": _shown(target), "files": paths, "next": next_command}
        click.echo(msgspec.json.encode(found).decode())
        return
    click.echo("\n".join(paths))
    click.echo(f"\n'{project}' is written: {TEMPLATES[chosen].about}.\n{_answers()}\nNext: {next_command}\n{THEN}", err=True)


def _list(as_json: bool) -> None:
    if as_json:
        found = [{"template": name, "about": template.about} for name, template in TEMPLATES.items()]
        click.echo(msgspec.json.encode({"templates": found}).decode())
        return
    for name, template in TEMPLATES.items():
        click.echo(f"{name:8}  {template.about}")


def _named(target: Path, name: str | None) -> str:
    """What the project is called: a line of text."""
    given = Path(os.path.abspath(target)).name if name is None else name.strip()
    if not given or not given.isprintable():
        raise Wrong(f"The project's name {given!r} is empty, or cannot be printed. Give it another with --name.")
    return given


def _chosen(template: str | None, as_json: bool) -> str:
    """The template's name: as given, else as the person at the terminal says, else the usual one."""
    if template is None and present() and not as_json:
        for name, known in TEMPLATES.items():
            click.echo(f"{name:8}  {known.about}", err=True)
        try:
            template = ask_line(f"Template [{_USUAL}] › ").strip() or _USUAL
        except Left:
            raise Failed("Nothing was written.") from None
    template = _USUAL if template is None else template
    if template not in TEMPLATES:
        raise Wrong(unknown("init", "template", template, TEMPLATES))
    return template


def _filled(template: str, project: str) -> dict[str, bytes]:
    """The files of a project by name."""
    try:
        needed = f"switchroom>={version('switchroom')}"
    except PackageNotFoundError:  # a source tree that is not installed
        needed = "switchroom"
    found: dict[str, bytes] = {}
    for folder in (_COMMON, template):
        for file in (files("switchroom.cli") / "templates" / folder).iterdir():
            if file.name.endswith(_SUFFIX):
                text = file.read_text(encoding="utf-8").replace("{{switchroom}}", needed).replace("{{name}}", project)
                found[file.name.removesuffix(_SUFFIX)] = text.encode()
    return dict(sorted(found.items()))


def _write(target: Path, made: Mapping[str, bytes], force: bool) -> None:
    """Write all files, or leave everything as it was.

    Raises:
        Wrong: something is in the way.
        Failed: the system does not let them be written.
    """
    for place in (target, *target.parents):
        if os.path.lexists(place) and not place.is_dir():
            raise Wrong(f"'{place}' is no folder. Nothing was written. Name another place.")
    there = [name for name in made if os.path.lexists(target / name)]
    if folders := [name for name in there if (target / name).is_dir()]:
        raise Wrong(f"In '{target}' these are folders: {', '.join(folders)}. Nothing was written. Move them away.")
    if there and not force:
        raise Wrong(
            f"In '{target}' these are there already: {', '.join(there)}. Nothing was written. "
            "Name another folder, or pass --force to replace them."
        )
    try:
        with ExitStack() as undo:
            for place in (*reversed(target.parents), target):
                if not place.exists():
                    place.mkdir()
                    undo.callback(place.rmdir)
            _replace(target, made)
            undo.pop_all()
    except OSError as error:
        raise Failed(f"'{target}' cannot be written to: {error.strerror or error}. Nothing was written.") from error


def _replace(target: Path, made: Mapping[str, bytes]) -> None:
    """Put files into a folder that is there: they are written aside first, since it is then that disks are full."""
    with TemporaryDirectory(prefix=".init-", dir=target) as aside, ExitStack() as undo:
        for name, body in made.items():
            Path(aside, name).write_bytes(body)
        for name in made:
            place, before = target / name, Path(aside, f"{name}.before")
            if os.path.lexists(place):
                os.replace(place, before)
                undo.callback(os.replace, before, place)
            os.replace(Path(aside, name), place)
            undo.callback(os.remove, place)
        undo.pop_all()


def _answers() -> str:
    """Who answers in the project, as things are."""
    if model := os.environ.get("SWITCHROOM_MODEL"):
        return f"SWITCHROOM_MODEL is {model}: that model answers."
    return "Rules answer, no language model; set SWITCHROOM_MODEL=provider:model and its key for one."


def _shown(path: Path) -> str:
    """A path as text, also where its bytes are none."""
    return str(path).encode(errors="replace").decode()
