"""`switchroom demo`: a support desk at work, played by itself in a few seconds."""

from __future__ import annotations

from pathlib import Path

import click

from switchroom.cli.script import read_script


@click.command(short_help="Watch a support desk at work; then write to it.")
@click.option(
    "--script",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Play this file instead: JSON, or a message per line with a blank line before each further customer.",
)
def demo(script: Path | None) -> None:
    """Three customers write to SupportGenie, a shop's support desk; one of the processes is killed on the way.

    Everything is real: the runtime, the journal, the desk's database. It plays in a temporary folder and leaves nothing behind.
    """
    customers = None if script is None else read_script(script)
    click.echo("Switchroom: customers write to a shop's support desk; specialised agents answer.")
    from switchroom.cli.show import play  # the heavy part, behind the first line

    code = play(customers)
    if code:
        raise SystemExit(code)
