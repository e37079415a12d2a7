"""`switchroom check`: what leaves people without an answer, found before anybody asks."""

from __future__ import annotations

import click
import msgspec

from switchroom.cli.diagnosis.finding import hidden
from switchroom.cli.faults import Wrong
from switchroom.cli.listed import Row, counted, show


@click.command(short_help="Find what leaves people without an answer.")
@click.argument("app")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--strict", is_flag=True, help="End with 1 for warnings, too.")
@click.option("--ignore", metavar="CODE", multiple=True, help="Leave out the findings of a kind.")
def check(app: str, as_json: bool, strict: bool, ignore: tuple[str, ...]) -> None:
    """Look at how APP hangs together: app.py[:name], package.module[:name], or supportgenie.

    APP may be an agent, a team, a workflow, a session, a function, or a function that sets a session up. APP's file
    or module is imported, so its top-level code runs, and so does a function that makes the application. No agent, tool or node
    is run, and check itself does not use the network. Each finding has a code, whom it is about, and a remedy. Ends with 1 if
    there is an error.
    """
    # The runtime comes with these: not for `--help`.
    from switchroom.check import CODES, check
    from switchroom.cli.seen import seen
    from switchroom.errors import UserError, unknown

    for code in ignore:
        if code not in CODES:
            raise Wrong(unknown("check", "code", code, CODES))
    looked_at = seen(app)
    try:
        found = check(looked_at.app, looked_at.config, looked_at.module)
    except UserError as error:
        raise Wrong(str(error)) from error
    found = [finding for finding in found if finding.code not in ignore]
    errors, warnings = (sum(finding.level == level for finding in found) for level in ("error", "warning"))
    if as_json:
        click.echo(hidden(msgspec.json.encode({"errors": errors, "warnings": warnings, "findings": found}).decode()))
    else:
        show([Row(finding.level, finding.code, hidden(finding.says), finding.remedy, finding.where) for finding in found])
        click.echo(f"{app}: {counted((errors, 'error'), (warnings, 'warning')) or 'nothing was found'}.", err=True)
    if errors or (strict and warnings):
        raise SystemExit(1)
