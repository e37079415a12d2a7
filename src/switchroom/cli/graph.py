"""`switchroom graph`: an application drawn, without the network and without other programs."""

from __future__ import annotations

import click

from switchroom.cli.faults import Wrong

FORMATS = ("text", "mermaid", "svg", "json")


@click.command(short_help="Draw an application: text, Mermaid, SVG or JSON.")
@click.argument("app")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How it is drawn.")
def graph(app: str, form: str) -> None:
    """Draw APP: app.py[:name], package.module[:name], or supportgenie.

    APP may be an agent, a team, a workflow, a session, a function, or a function that sets a session up. What is drawn are its
    agents with their tools and guards, handoffs, routes, workflows, nodes and edges. APP's file or
    module is imported, so its top-level code runs, and so does a function that makes the application. No agent, tool or node is
    run.
    """
    # The runtime comes with these: not for `--help`.
    from switchroom import draw
    from switchroom.blueprint import blueprint_of
    from switchroom.cli.seen import seen
    from switchroom.errors import UserError

    looked_at = seen(app)
    try:
        blueprint = blueprint_of(looked_at.app, looked_at.config)
    except UserError as error:
        raise Wrong(str(error)) from error
    drawn = {"text": draw.text_of, "mermaid": draw.mermaid_of, "svg": draw.svg_of, "json": draw.json_of}[form]
    click.echo(drawn(blueprint), nl=False)
