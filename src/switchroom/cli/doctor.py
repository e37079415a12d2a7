"""`switchroom doctor`: what is missing, found out before somebody loses an hour over it."""

from __future__ import annotations

from collections.abc import Iterator

import click
import msgspec

from switchroom.cli.diagnosis import Finding
from switchroom.cli.listed import Row, counted, show


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
        show([Row(finding.level, finding.check, finding.says, finding.remedy) for finding in findings])
        found = counted((faults, "fault"), (warnings, "warning"))
        click.echo(f"Found: {found}." if found else "All is well.", err=True)
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
