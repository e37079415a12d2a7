"""What the facts of a run have to say of its workflows: nothing that was finished is lost, and each failure is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never, cast

from switchroom.events import (
    BudgetDegraded,
    QuorumReached,
    RouteDecided,
    RunEvent,
    StepFailed,
    StepReturned,
    StepStarted,
    ToolFailed,
    ToolReturned,
    TurnStarted,
)
from switchroom.schema import as_text
from tests.laws.flows import Flow, Leaf, Plan


class Account:
    """The facts of a run by path: what each step was given, gave, or failed with."""

    def __init__(self, plan: Flow, events: Sequence[RunEvent]) -> None:
        self.events = events
        self.plans = dict(_named(plan))
        self.returned = {event.path: event.fact.output for event in events if isinstance(event.fact, StepReturned)}
        self.failed = [(event.path, event.fact) for event in events if isinstance(event.fact, StepFailed)]
        self.given = {event.path: event.fact.input for event in events if isinstance(event.fact, StepStarted)}
        self.lost = {event.path: event.fact.lost for event in events if isinstance(event.fact, QuorumReached)}
        self.degraded = [(event.path, event.fact) for event in events if isinstance(event.fact, BudgetDegraded)]
        self.applied = [fact for _, fact in self.degraded if fact.applied]
        self.routed = {event.path: event.fact for event in events if isinstance(event.fact, RouteDecided)}

    def ended(self, path: str) -> Any:
        """What a step gave, or its last failure as workflows tell it; None of one that was not begun."""
        if path in self.returned:
            return self.returned[path]
        told = [fact for where, fact in self.failed if where == path]
        return _told(path, told[-1]) if told else None

    def is_partial(self, path: str) -> bool:
        """Whether a budget was spent, and wanted what there was to be the answer."""
        return any(fact.step == "partial_answer" for where, fact in self.degraded if where == path)

    def is_cheaper(self, path: str) -> bool:
        """Whether a budget around gave agents another model, which answers in its own way."""
        return any(fact.step == "cheaper_model" and f"{path}/".startswith(f"{fact.budget}/") for fact in self.applied)

    def has_fewer_voters(self, path: str) -> bool:
        """Whether a vote asked its first voters only."""
        return any(fact.step == "fewer_voters" and fact.applied for where, fact in self.degraded if where == path)

    def tries(self, path: str) -> list[Any]:
        """What a step that is called several times gave, in order."""
        found: list[Any] = []
        while f"{path}#{len(found)}" in self.returned:
            found.append(self.returned[f"{path}#{len(found)}"])
        return found


def _named(plan: Plan) -> Iterator[tuple[str, Plan]]:
    yield plan.name, plan
    for part in plan.parts if isinstance(plan, Flow) else ():
        yield from _named(part)


def _told(path: str, failed: StepFailed) -> dict[str, str]:
    return {"failed": failed.error, "message": failed.message, "path": path}


def check(plan: Flow, events: Sequence[RunEvent], failed: Sequence[tuple[str, str]]) -> None:
    """Hold the facts of a run that is over, or of a part of it, against what they have to say."""
    account = Account(plan, events)
    check_the_paths(account)
    check_the_failures(account, failed)
    for path, output in account.returned.items():
        made = account.plans.get(path.rpartition("/")[2].partition("#")[0])
        if isinstance(made, Flow):
            check_the_output(account, made, path, output)


def check_the_paths(account: Account) -> None:
    """Each step is begun once in an attempt, with the same input in each, and returns once at all."""
    fingerprints: dict[str, str] = {}
    begun: set[str] = set()
    for event in account.events:
        match event.fact:
            case TurnStarted():
                begun = set()
            case StepStarted(fingerprint=fingerprint):
                assert event.path not in begun, f"{event.path} is begun twice"
                assert fingerprints.setdefault(event.path, fingerprint) == fingerprint
                begun.add(event.path)
            case _:
                pass
    ends = Counter(event.path for event in account.events if isinstance(event.fact, StepReturned))
    assert all(count == 1 for count in ends.values()), ends


def check_the_failures(account: Account, failed: Sequence[tuple[str, str]]) -> None:
    """What failed in the world is a fact of its own type, and so is each failure that a workflow tells of."""
    facts = {(path, fact.error) for path, fact in account.failed}
    calls = [event for event in account.events if isinstance(event.fact, ToolFailed | ToolReturned)]
    for label, error in failed:
        path = label.rpartition(":")[0] or label
        if (path, error) not in facts:
            assert any(_is_call(event, path, error) for event in calls), f"{error} at {label} is no fact"
    known = [_told(path, fact) for path, fact in account.failed]
    for told in _failures(account.returned):
        assert told in known or told["failed"] == "Skipped", f"{told} is no fact"


def _is_call(event: RunEvent, path: str, error: str) -> bool:
    parent, _, call = path.rpartition("/")
    match event.fact:
        case ToolFailed(index=index, tool=tool, error=failed):
            return event.path == parent and call.startswith(f"{tool}#") and call.endswith(f".{index}") and failed == error
        case ToolReturned(index=index, tool=tool, text=text, failed=True):
            return event.path == parent and call.startswith(f"{tool}#") and call.endswith(f".{index}") and error in text
        case _:
            return False


def _failures(value: Any) -> Iterator[dict[str, str]]:
    match value:
        case {"failed": str(), "message": str(), "path": str()}:
            yield cast("dict[str, str]", value)
        case dict():
            for inner in cast("dict[str, Any]", value).values():
                yield from _failures(inner)
        case list():
            for inner in cast("list[Any]", value):
                yield from _failures(inner)
        case _:
            pass


def check_the_output(account: Account, plan: Flow, path: str, output: Any) -> None:
    """What the parts gave is in what the workflow made of it."""
    ends = {name: account.ended(f"{path}/{name}#0") for name in plan.names}
    last = plan.names[-1]
    match plan.kind:
        case "sequential":
            assert output == ends[last] or account.is_partial(path)
        case "budgeted":
            assert output == ends[last]
        case "state":
            given = {name: value for name, value in ends.items() if f"{path}/{name}#0" in account.returned}
            assert given.keys() == ends.keys() or account.is_partial(path)
            assert all(output.get(name) == value or _is_in(value, output, name == last) for name, value in given.items())
        case "parallel":
            _check_branches(account, plan, path, output, ends)
        case "route":
            decided = account.routed[path]
            assert output == account.ended(f"{path}/{decided.to}#0")
        case "vote":
            voters = plan.names[:-1] if plan.last else plan.names
            votes = {name: ends[name] for name in voters if f"{path}/{name}#0" in account.given}
            assert list(votes) == voters or (list(votes) == voters[: len(votes)] and account.has_fewer_voters(path))
            assert {**output["ballots"], **output["failures"]} == votes
        case "debate":
            sides = [name for name in plan.names if name != last or not plan.last]
            said = [tries[turn] for turn in range(2) for name in sides if len(tries := account.tries(f"{path}/{name}")) > turn]
            assert [one["text"] for one in output["arguments"]] == [as_text(value, "side") for value in said]
        case "refine":
            assert output["draft"] in account.tries(f"{path}/{plan.names[0]}")
        case "fallback":
            returned = [name for name in plan.names if f"{path}/{name}#0" in account.returned]
            accepted = account.tries(f"{path}/accept") or [True]
            assert output == ends[returned[-1]]
            assert accepted[-1] is True
        case "supervisor":
            told = [event.fact.tool for event in account.events if event.path == path and isinstance(event.fact, ToolReturned)]
            asked = set(told)
            assert len(asked) == len(told), f"{path} called a worker twice"
            assert asked == set(plan.names) or (asked < set(plan.names) and account.is_cheaper(path))
        case "code" | "timed":
            assert len(output) == len(plan.parts)
            assert all(value in (ends[name], "too late") for name, value in zip(plan.names, output, strict=True))
        case _:
            assert_never(plan.kind)


def _is_in(value: Any, output: dict[str, Any], last: bool) -> bool:
    """Whether a mapping was taken into another; what came later may have changed what its keys say."""
    return isinstance(value, dict) and (output.items() >= value.items() if last else output.keys() >= value.keys())


def _check_branches(account: Account, plan: Flow, path: str, output: Any, ends: Mapping[str, Any]) -> None:
    joins = plan.names[-1:] if plan.last else []
    lost = account.lost.get(path, ())
    wanted = {name: value for name, value in ends.items() if name not in (*lost, *joins)}
    found = output
    if joins and not isinstance(plan.parts[-1], Leaf):
        return
    if joins:
        assert output == ends[joins[0]]
        found = account.given.get(f"{path}/{joins[0]}#0")
        if found is None:  # an agent reads it as text
            return
    skipped = {
        name
        for name, value in found.items()
        if isinstance(value, dict) and cast("dict[str, Any]", value).get("failed") == "Skipped"
    }
    assert all(plan.optional and ends[name] is None for name in skipped), f"{path} left out {skipped}"
    found = {name: value for name, value in found.items() if name not in skipped}
    wanted = {name: value for name, value in wanted.items() if name not in skipped}
    assert found == wanted
    assert list(found) == list(wanted)
    if plan.quorum is not None:
        succeeded = sum("failed" not in value if isinstance(value, dict) else True for value in wanted.values())
        assert succeeded >= (1 if account.is_partial(path) else plan.quorum)
