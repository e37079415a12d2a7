"""`switchroom eval`: how well a router, or an application, puts labelled messages through."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click
import msgspec

from switchroom.cli.brief import clean, short
from switchroom.cli.faults import Failed, Wrong, give_up


@click.command("eval", short_help="Measure how well messages are routed, against labelled cases.")
@click.argument("app")
@click.argument("cases")
@click.option("--label", default="route", show_default=True, help="The field of a case that names its route.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; a later run takes it as --baseline.")
@click.option("--junit", "junit_file", metavar="FILE", help="Write the cases as JUnit's XML, too.")
@click.option("--baseline", metavar="FILE", help="Say what changed since an evaluation that --json printed.")
@click.option("--fail-under", type=click.FloatRange(0, 1), metavar="X", help="End with 1 below this accuracy.")
def eval(app: str, cases: str, label: str, as_json: bool, junit_file: str | None, **gate: Any) -> None:
    """Let APP decide on CASES, lines of JSON with `text` (or `messages`) and `route`; null for a message that is for nobody.

    APP is a router or an application: app.py[:name], package.module[:name], or a file that `switchroom route train` wrote. Ends
    with 1 if the accuracy is below --fail-under, or below the baseline's.
    """
    baseline: str | None = gate["baseline"]
    fail_under: float | None = gate["fail_under"]
    from switchroom.cli.bar import bar
    from switchroom.cli.routers import AppRouter, router_of
    from switchroom.errors import UserError
    from switchroom.routing.evaluation import evaluate, junit, read_cases
    from switchroom.routing.evaluation.baseline import changes, newly_wrong, read_baseline

    try:
        router = router_of(app)
        known = None if isinstance(router, AppRouter) else router.routes
        read = read_cases(cases, label=label, routes=known)
        before = None if baseline is None else read_baseline(baseline)
        with bar("Deciding") as progress:
            report = asyncio.run(evaluate(router, read, progress=progress))
    except UserError as error:
        give_up(error)
    told = report.as_json()
    if before is not None:
        told["changes"] = [change._asdict() for change in changes(before, report)]
        told["newly_wrong"] = newly_wrong(before, report)
    if junit_file is not None:
        try:
            Path(junit_file).write_bytes(junit(report))
        except OSError as error:
            raise Wrong(f"--junit {junit_file} cannot be written: {error.strerror or error}.") from error
    click.echo(msgspec.json.encode(told).decode() if as_json else clean(page(told)))
    _judge(told, before, fail_under)


def _judge(told: dict[str, Any], before: dict[str, Any] | None, fail_under: float | None) -> None:
    accuracy: float = told["accuracy"]
    if fail_under is not None and not accuracy >= fail_under:  # so that "nan" is no gate that lets all pass
        raise Failed(f"The accuracy is {accuracy:.3f}, below the {fail_under} that --fail-under asks for.")
    if before is not None and accuracy < before["accuracy"]:
        lines = ", ".join(map(str, told["newly_wrong"][:10]))
        raise Failed(
            f"The accuracy fell from {before['accuracy']:.3f} to {accuracy:.3f}; wrong now are the lines {lines or '-'}."
        )


def page(told: dict[str, Any]) -> str:
    """A report as a page: figures, routes, the most frequent mistakes with examples."""
    strange = told["out_of_scope"]
    latency = told["latency_ms"]
    lines = [
        f"{told['cases']} cases, router '{told['router']}'",
        f"accuracy           {told['accuracy']:.3f}  (of what was routed {told['accuracy_routed']:.3f}, "
        f"of the likeliest {told['accuracy_likeliest']:.3f})",
        f"macro F1           {told['macro_f1']:.3f}",
        f"left open          {told['abstained']:.3f}",
        f"calibration error  {told['calibration_error']:.3f}",
    ]
    if strange["cases"]:
        area = "-" if strange["area"] is None else f"{strange['area']:.3f}"
        lines.append(f"out of scope       {strange['cases']} cases, {strange['rejected']:.3f} left open, area {area}")
    lines.append(f"latency            {latency['median']:.2f} ms median, {latency['p95']:.2f} ms at 95 %")
    if told["tokens"] or told["cost"]:
        lines.append(f"cost               ${told['cost']:.4f}, {told['tokens']} tokens")
    if told["failed"]:
        lines.append(f"failed             {told['failed']}")
    width = max([5, *(len(name) for name in told["routes"])])
    lines += ["", f"{'route':{width}}  cases  precision  recall     F1"]
    for name, one in told["routes"].items():
        lines.append(f"{name:{width}}  {one['cases']:5}  {one['precision']:9.3f}  {one['recall']:6.3f}  {one['f1']:5.3f}")
    if told["confusions"]:
        lines += ["", "meant -> chosen"]
    for cell in told["confusions"]:
        lines.append(f"{cell['count']:5}  {cell['meant'] or 'nobody'} -> {cell['chosen'] or 'left open'}")
        lines += [f"         line {example['line']}: {short(example['text'], 90)}" for example in cell["examples"][:2]]
    for change in told.get("changes", ()):
        lines.append(f"{change['figure']}: {change['before']:.3f} -> {change['now']:.3f}")
    return "\n".join(lines)
