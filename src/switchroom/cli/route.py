"""`switchroom route`: a router is trained from labelled messages, given a threshold, and fed with what bounced."""

from __future__ import annotations

import asyncio
import warnings
from pathlib import Path
from typing import Any

import click
import msgspec

from switchroom.cli.faults import Wrong, give_up


@click.group(short_help="Train a router, set its threshold, mine a journal for examples.")
def route() -> None:
    """Train a router, set its threshold, mine a journal for examples."""


@route.command(short_help="Learn a router from labelled messages.")
@click.argument("cases")
@click.argument("router")
@click.option("--label", default="route", show_default=True, help="The field of a case that names its route.")
@click.option("--name", default="learned", show_default=True, help="What decisions call it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def train(cases: str, router: str, label: str, name: str, as_json: bool) -> None:
    """Learn from CASES, lines of JSON with `text` and `route` (null for what is for nobody), and write the file ROUTER."""
    from switchroom.cli.bar import bar
    from switchroom.errors import UserError
    from switchroom.routing import LearnedRouter, RoutingWarning
    from switchroom.routing.evaluation.cases import examples_of, read_cases

    try:
        examples, strange = examples_of(read_cases(cases, label=label))
        with bar("Learning") as progress, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", RoutingWarning)
            learned = LearnedRouter.fit(examples, out_of_scope=strange, name=name, progress=progress)
        learned.save(router)
    except UserError as error:
        give_up(error)
    for warning in caught:
        click.echo(f"Warning: {warning.message}", err=True)
    _tell(learned, {"router": router, "examples": learned.examples, "out_of_scope": len(strange)}, as_json)


@route.command(short_help="Set the confidence below which a router abstains.")
@click.argument("router")
@click.option("--error", type=click.FloatRange(0, 1), help="At most this share of what is routed goes wrong.")
@click.option("--abstain", type=click.FloatRange(0, 1), help="At most this share of what belongs somewhere is left open.")
@click.option("--at", "threshold", type=click.FloatRange(0, 1), help="The confidence itself.")
@click.option("--write", is_flag=True, help="Write it into the file; without this it is only told.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def threshold(
    router: str, error: float | None, abstain: float | None, threshold: float | None, write: bool, as_json: bool
) -> None:
    """Find the threshold of the file ROUTER for a wanted rate, by how it fared on examples that it had not seen."""
    from switchroom.errors import UserError
    from switchroom.routing import LearnedRouter

    if sum(given is not None for given in (error, abstain, threshold)) != 1:
        raise Wrong("Say what is wanted: one of --error, --abstain, --at.")
    try:
        learned = LearnedRouter.load(router).at(threshold, error=error, abstain=abstain)
        if write:
            learned.save(router)
    except UserError as fault:
        give_up(fault)
    _tell(learned, {"router": router, "written": write}, as_json)


@route.command(short_help="Find messages that bounced, as candidate examples.")
@click.argument("journal")
@click.option("--conversation", "only", metavar="ID", multiple=True, help="Only this conversation; may be repeated.")
def mine(journal: str, only: tuple[str, ...]) -> None:
    """Read JOURNAL, such as sqlite:///chats.db, for messages that were declined, handed back or on, or left open.

    Prints a line of JSON for each: its `text`, who answered in the end as `route`, who had it first and why it left. Look them
    through before a router learns from them: who answered in the end is not always who should have.
    """
    from switchroom.context import settled
    from switchroom.errors import JournalError, UserError
    from switchroom.journal import journal_at
    from switchroom.routing.mining import bounced

    try:
        _check_there(journal)
        opened: Any = journal_at(journal)
        names = list(only) or _conversations(opened)

        async def read() -> int:
            count = 0
            for name in names:
                events = await settled(opened.read(name))
                if not events:
                    raise UserError(f"The journal {journal} has no conversation '{name}'.")
                for found in bounced(events):
                    told = {"text": found.text, "route": found.route, "was": found.was, "why": found.why}
                    click.echo(msgspec.json.encode({**told, "conversation": name, "turn": found.turn}).decode())
                    count += 1
            return count

        count = asyncio.run(read())
    except (UserError, JournalError) as error:
        give_up(error)
    click.echo(f"{count} messages bounced in {len(names)} conversations.", err=True)


def _check_there(journal: str) -> None:
    """A journal that is only read is not made anew for a name with a mistake in it."""
    kind, _, place = journal.partition(":///")
    if kind == "sqlite" and not Path(place).is_file():
        raise Wrong(f"There is no journal {place}. Write sqlite:/// and the path of its file.")


def _conversations(journal: Any) -> list[str]:
    listed = getattr(journal, "conversations", None)
    if listed is None:
        raise Wrong("This journal does not list its conversations. Name them: --conversation ID.")
    return listed()


def _tell(learned: Any, told: dict[str, Any], as_json: bool) -> None:
    wrong, left = learned.curve.rates(learned.threshold)
    told |= {"routes": len(learned.routes), "threshold": learned.threshold, "error": wrong, "abstain": left}
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
        return
    click.echo(f"{told['router']}: {len(learned.routes)} routes, {sum(learned.examples.values())} examples")
    click.echo(f"threshold {learned.threshold:.4f}: {wrong:.1%} of the routed go wrong, {left:.1%} are left open")
