"""An application as a graph: its parts, the lines between them, and what is known of each without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, TypeAlias

import msgspec

PartKind: TypeAlias = Literal["agent", "team", "workflow", "guard", "function", "session", "node", "speaker", "listener"]
LineKind: TypeAlias = Literal["entry", "handoff", "tool", "part", "route", "edge", "runs", "calls", "fallback"]

NESTING: tuple[LineKind, ...] = ("tool", "part", "route", "runs", "calls")
"""Lines on which one waits for the other's answer."""


class Deeds(msgspec.Struct, frozen=True):
    """What a function does, as its source says.

    Args:
        waits_outside: it asks something outside of the process, which may not answer.
        bounded: it gives that a time.
        handles: it handles failures.
        gathers: lines in which agents are awaited together, and the first failure throws the others' answers away.
        swallows: lines in which a failure is dropped without a word.
    """

    waits_outside: bool = False
    bounded: bool = False
    handles: bool = False
    gathers: tuple[int, ...] = ()
    swallows: tuple[int, ...] = ()


class Habits(msgspec.Struct, frozen=True):
    """What a node does, as the source of its class says.

    Args:
        own_way: it has a `process_event` of its own.
        speechless: it is to answer, and has neither a `generate_response`, nor a step, nor a `process_event` of its own.
        passes_on: it passes messages on along its edges.
        sends: methods of the user's send events along its edges, or may do so.
        routes: the routes that it writes on events.
        any_route: it writes routes that are not known before it runs.
        may_not_route: it writes routes, and may pass a message on without one.
        hands_to: whom it hands over to, by name.
        hands_to_any: it hands over to somebody who is not known before it runs.
        keeps: attributes that change while it works, with the line where they do.
        reaches: what it touches of other nodes or agents, with the line.
    """

    own_way: bool = False
    speechless: bool = False
    passes_on: bool = True
    sends: bool = False
    routes: tuple[str, ...] = ()
    any_route: bool = False
    may_not_route: bool = False
    hands_to: tuple[str, ...] = ()
    hands_to_any: bool = False
    keeps: tuple[tuple[str, int], ...] = ()
    reaches: tuple[tuple[str, int], ...] = ()


class ToolPart(msgspec.Struct, frozen=True):
    """A tool, as an agent has it.

    Args:
        name: as the model calls it.
        description: as the model reads it.
        effect: what a call does to the world.
        declared: whether somebody said so.
        approval: whether a person may have to approve a call.
        timed: whether a call has a time.
        tells: whether the model is told of its failures, so that the run goes on.
        runs: the part that it runs, if it runs one.
        guards: what is around it.
        deeds: what its function does.
        where: the file and line of its function.
    """

    name: str
    description: str
    effect: str
    declared: bool = True
    approval: bool = False
    timed: bool = False
    tells: bool = False
    runs: str = ""
    guards: tuple[str, ...] = ()
    deeds: Deeds | None = None
    where: str = ""


class Part(msgspec.Struct, frozen=True):
    """Something that takes part: an agent, a workflow, a node.

    Args:
        id: the name by which lines call it; no two parts have the same.
        kind: what it is.
        name: how it is called in paths.
        what: of a workflow its kind, of a guard what it does, of a node its class.
        description: what it is for.
        answers: whether it can answer by itself.
        model: the model of an agent, as far as it says its name.
        no_model: what is said where there is none; "" where there is one.
        misnamed: a model is named for it, and there is none of that name.
        tools: an agent's tools.
        guards: an agent's guardrails by where they stand, such as "input: without_card".
        labels: what a classifier can say, where its type says so; None where it may say anything.
        abstains: a classifier may name nobody, for it is not sure.
        sure_from: the confidence below which a workflow does not route; None where there is none.
        asks_back: whether a workflow asks the person when it is not clear whom to route to.
        only_hands_over: an agent's model has to call a tool, and there are only handoffs.
        deeds: what a function does.
        habits: what a node does.
        where: the file and line where it is written.
    """

    id: str
    kind: PartKind
    name: str
    what: str = ""
    description: str = ""
    answers: bool = True
    model: str = ""
    no_model: str = ""
    misnamed: bool = False
    tools: tuple[ToolPart, ...] = ()
    guards: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None
    abstains: bool = False
    sure_from: float | None = None
    asks_back: bool = False
    only_hands_over: bool = False
    deeds: Deeds | None = None
    habits: Habits | None = None
    where: str = ""

    @property
    def who(self) -> str:
        """What a person calls it: "agent 'billing'"."""
        match self.kind:
            case "workflow" | "guard":
                return f"{self.what} '{self.name}'" if self.what != self.name else f"{self.kind} '{self.name}'"
            case "speaker" | "listener":
                return f"node '{self.name}'"
            case _:
                return f"{self.kind} '{self.name}'"


class Line(msgspec.Struct, frozen=True):
    """A way from one part to another.

    Args:
        source: where it begins.
        target: where it leads.
        kind: what goes along it.
        label: the role, the route, the condition with a question mark, the tool, or what a handoff has to bring along.
        conditional: whether only some go along it.
    """

    source: str
    target: str
    kind: LineKind
    label: str = ""
    conditional: bool = False


class Stranger(msgspec.Struct, frozen=True):
    """A way that leads to nobody.

    Args:
        source: where it begins.
        name: the name that nobody has.
        kind: what would go along it.
        known: the names that there are.
        why: what is wrong, where the name is not the fault.
    """

    source: str
    name: str
    kind: LineKind
    known: tuple[str, ...] = ()
    why: str = ""


class Unused(msgspec.Struct, frozen=True):
    """A tool or an agent that stands beside the application, and that nothing in it names."""

    kind: Literal["tool", "agent"]
    name: str
    where: str = ""


class Blueprint(msgspec.Struct, frozen=True, dict=True):
    """An application as a graph.

    Args:
        name: what the application is called.
        entry: the id of the part that is asked first.
        parts: all of them, in the order in which they are met from the entry on.
        lines: between them, in the order in which they are declared.
        strangers: ways that lead to nobody.
        unused: what stands beside the application.
        deadline: seconds in which a turn has its answer; None without a deadline.
    """

    name: str
    entry: str
    parts: tuple[Part, ...]
    lines: tuple[Line, ...]
    strangers: tuple[Stranger, ...] = ()
    unused: tuple[Unused, ...] = ()
    deadline: float | None = None

    def __getitem__(self, id: str) -> Part:
        """The part of an id."""
        return self._by_id[id]

    @cached_property
    def _by_id(self) -> dict[str, Part]:
        return {part.id: part for part in self.parts}

    @cached_property
    def _out(self) -> dict[str, list[Line]]:
        out: dict[str, list[Line]] = {part.id: [] for part in self.parts}
        for line in self.lines:
            out[line.source].append(line)
        return out

    def of_kind(self, *kinds: PartKind) -> list[Part]:
        """The parts of some kinds."""
        return [part for part in self.parts if part.kind in kinds]

    def out_of(self, id: str, *kinds: LineKind) -> list[Line]:
        """The lines that begin at a part, of all kinds or of some."""
        return [line for line in self._out[id] if not kinds or line.kind in kinds]

    def into(self, id: str, *kinds: LineKind) -> list[Line]:
        """The lines that lead to a part, of all kinds or of some."""
        return [line for line in self.lines if line.target == id and (not kinds or line.kind in kinds)]

    def reached(self, starts: Iterable[str], *kinds: LineKind) -> set[str]:
        """The parts that lines lead to from some, these included."""
        found: set[str] = set()
        waiting = list(starts)
        while waiting:
            id = waiting.pop()
            if id not in found:
                found.add(id)
                waiting += [line.target for line in self.out_of(id, *kinds)]
        return found

    def circles(self, *kinds: LineKind) -> Iterator[list[str]]:
        """The parts that lead to one another, in circles: each once, in the order of the parts."""
        place = {part.id: number for number, part in enumerate(self.parts)}
        targets = {part.id: [line.target for line in self.out_of(part.id, *kinds)] for part in self.parts}
        for together in sorted(
            (sorted(ids, key=place.__getitem__) for ids in _together(targets)), key=lambda ids: place[ids[0]]
        ):
            if len(together) > 1 or together[0] in targets[together[0]]:
                yield together


def _together(targets: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """The ids in groups whose members lead to one another, by Tarjan's algorithm, without recursion."""
    met: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    inside: set[str] = set()
    for start in targets:
        way = [] if start in met else [(start, iter(targets[start]))]
        while way:
            id, rest = way[-1]
            if id not in met:
                met[id] = low[id] = len(met)
                open_.append(id)
                inside.add(id)
            following = next(rest, None)
            if following is None:
                way.pop()
                if way:
                    low[way[-1][0]] = min(low[way[-1][0]], low[id])
                if low[id] == met[id]:
                    cut = open_.index(id)
                    yield open_[cut:]
                    inside.difference_update(open_[cut:])
                    del open_[cut:]
            elif following not in met:
                way.append((following, iter(targets[following])))
            elif following in inside:
                low[id] = min(low[id], met[following])
