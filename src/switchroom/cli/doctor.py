"""`switchroom doctor`: what is missing, found out before somebody loses an hour over it."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator

import click
import msgspec

from switchroom.cli.brief import clean
from switchroom.cli.diagnosis import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}


@click.command(short_help="Find out what is missing before an application answers.")
@click.argument("app", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--ask", is_flag=True, help="Ask each model once. Without this the network is not used.")
def doctor(app: str | None, as_json: bool, ask: bool) -> None:
    """Look at this installation, and at APP where one is named: app.py[:name], package.module[:name], or supportgenie.

    Each finding is ok, a warning or a fault, with its remedy. Ends with 1 if there is a fault.
    """
    findings = [finding.discreet for finding in _findings(app, ask)]
    faults, warnings = (sum(finding.level == level for finding in findings) for level in ("fault", "warning"))
    if as_json:
        found = {"fine": not faults, "faults": faults, "warnings": warnings, "findings": findings}
        click.echo(msgspec.json.encode(found).decode())
    else:
        _show(findings)
        click.echo(_summary(faults, warnings), err=True)
    if faults:
        raise SystemExit(1)


def _findings(reference: str | None, ask: bool) -> Iterator[Finding]:
    # The runtime comes with these: not for `--help`.
    from switchroom.cli.diagnosis.application import application, cast_of, loaded, models_of
    from switchroom.cli.diagnosis.installation import installation
    from switchroom.cli.diagnosis.journals import journal
    from switchroom.cli.diagnosis.models import answers, default, keys
    from switchroom.cli.kept import default_journal

    app = None if reference is None else loaded(reference)  # first: a reference that leads nowhere is wrong use
    yield from installation()
    yield from keys()
    if app is None or isinstance(app, Finding):
        yield default()
    if isinstance(app, Finding):
        yield app
        return
    if app is None:
        yield from journal(default_journal(), "")
    else:
        yield from application(app)
        if app.config.journal is None:
            says = "RunConfig names none: Runner.run keeps nothing; `switchroom chat` keeps conversations in the data folder."
            yield Finding("journal", "ok", says)
        yield from journal(app.config.journal or default_journal(), app.reference)
    if ask:
        groups = [] if app is None else models_of(app, cast_of(app))[0]
        models = [(group.agents[0], group.model) for group in groups]
        yield from answers(models, None if app is None else app.config.model)


def _show(findings: list[Finding]) -> None:
    width = max(len(finding.check) for finding in findings)
    margin = " " * (width + 9)
    for finding in findings:
        level = click.style(f"{finding.level:7}", fg=_COLOURS[finding.level])
        click.echo(f"{level}  {finding.check:{width}}  {_folded(finding.says, margin + '  ')}", color=_colour())
        if finding.remedy:
            click.echo(f"{margin}  → {_folded(finding.remedy, margin + '    ')}", color=_colour())


def _folded(text: str, margin: str) -> str:
    """A text as one line; at a terminal, as lines that stand under one another behind a margin."""
    line = _line(text)
    if not sys.stdout.isatty():
        return line
    room = max(shutil.get_terminal_size().columns - len(margin), 20)
    folded = textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False)
    return f"\n{margin}".join(folded)


def _line(text: str) -> str:
    """A text as one line that does not steer the terminal."""
    return " ".join(clean(text).split())


def _colour() -> bool | None:
    """Whether colours are wanted: not where NO_COLOR says so, else as stdout is."""
    return False if os.environ.get("NO_COLOR") else None


def _summary(faults: int, warnings: int) -> str:
    found = [f"{number} {what}{'' if number == 1 else 's'}" for number, what in ((faults, "fault"), (warnings, "warning"))]
    if not faults and not warnings:
        return "All is well."
    return f"Found: {' and '.join(said for said in found if not said.startswith('0'))}."
