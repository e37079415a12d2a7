"""The group of commands: each is a module of its own, loaded when it is named or listed."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

import click

COMMANDS = {
    "chat": "switchroom.cli.chat",
    "check": "switchroom.cli.check",
    "demo": "switchroom.cli.demo",
    "doctor": "switchroom.cli.doctor",
    "eval": "switchroom.cli.eval",
    "graph": "switchroom.cli.graph",
    "init": "switchroom.cli.init",
    "route": "switchroom.cli.route",
}
"""The modules of the commands by name; a module holds its command under that name."""


class Commands(click.Group):
    """Commands by name, from the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; None if there is none."""
        module = COMMANDS.get(cmd_name)
        return None if module is None else getattr(import_module(module), cmd_name)


def _show_version(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    if wanted:
        try:
            click.echo(f"switchroom {version('switchroom')}")
        except PackageNotFoundError:
            click.echo("switchroom, from a source tree that is not installed")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version.")
def switchroom() -> None:
    """Put every message through to the agent who should answer it."""
