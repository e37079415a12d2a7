"""Findings about who speaks in a graph of nodes: nobody, or several to the same message, or one whom no message reaches."""

from __future__ import annotations

from collections.abc import Iterator

from switchroom.blueprint import Blueprint, Part
from switchroom.check.finding import Finding, quoted
from switchroom.check.routes import surely_answered


def no_entry(app: Blueprint) -> Iterator[Finding]:
    """No message can enter a session."""
    for session in app.of_kind("session"):
        if not app.out_of(session.id, "entry"):
            nodes = [part.name for part in _nodes(app)]
            says = f"No message can enter: each of {nodes} has an incoming edge." if nodes else "The session has no nodes."
            remedy = "Leave one without, where messages begin." if nodes else "Add them: session.add_node(...)."
            yield Finding("no-entry", "error", session.who, says, remedy)


def no_speaker(app: Blueprint) -> Iterator[Finding]:
    """No message of a session reaches a node that speaks."""
    for session in app.of_kind("session"):
        starts = [line.target for line in app.out_of(session.id, "entry")]
        below = [app[id] for id in app.reached(starts, "edge", "handoff")]
        spoken_for = [line.target for line in app.out_of(session.id, "fallback")]
        if not starts or any(part.answers for part in below):
            continue
        speakers = [part.name for part in _nodes(app) if part.answers and part.id not in spoken_for]
        if speakers:
            begin = quoted([app[start].name for start in starts])
            says = f"No message reaches a node that speaks: nothing leads from {begin} to {quoted(speakers, 'or')}."
            remedy = f"Connect them: session.add_edge('{app[starts[0]].name}', '{speakers[0]}')."
        else:
            says = "No node speaks" + (": every message is answered by the fallback." if spoken_for else ".")
            remedy = "Add an OutputNode, or one with a step: OutputNode(step=agent)."
        level = "warning" if spoken_for and not speakers else "error"
        yield Finding("no-speaker", level, session.who, says, remedy)


def nothing_to_say(app: Blueprint) -> Iterator[Finding]:
    """Return the speakers that have neither a `generate_response` nor a step."""
    for session in app.of_kind("session"):
        spoken_for = [line.target for line in app.out_of(session.id, "fallback")]
        for node in _nodes(app):
            if node.habits is None or not node.habits.speechless:
                continue
            rest = "the fallback answers instead" if spoken_for else "nobody answers its messages"
            if node.id in spoken_for:
                rest = "the last resort is a sentence of Switchroom's own"
            yield Finding(
                "nothing-to-say",
                "warning" if spoken_for else "error",
                node.who,
                f"Output node '{node.name}' has neither a generate_response nor a step: it says nothing, and {rest}.",
                f"Pass a step: OutputNode('{node.name}', step=agent); or write `async def generate_response(self): yield ...`.",
                node.where,
            )


def two_speakers(app: Blueprint) -> Iterator[Finding]:
    """The same message reaches two nodes, each of which answers all that reaches it."""
    for session in app.of_kind("session"):
        starts = [line.target for line in app.out_of(session.id, "entry")]
        if len([start for start in starts if app[start].answers]) > 1 and len(starts) > 1:
            yield from _at_the_entry(app, session, starts)
            continue
        yield from _beside_the_entry(app, session, starts)
        for node in _nodes(app):
            heard = _plain_speakers(app, node)
            if len(heard) > 1:
                yield Finding(
                    "two-speakers",
                    "error",
                    node.who,
                    f"{quoted(heard)} answer the same message, for node '{node.name}' passes it on to all of them: "
                    f"'{heard[0]}' is heard, and nobody else.",
                    f"Give the edges conditions: session.add_edge('{node.name}', '{heard[1]}', when=...).",
                    node.where,
                )


def _at_the_entry(app: Blueprint, session: Part, starts: list[str]) -> Iterator[Finding]:
    plain = [app[start] for start in starts if _is_plain_speaker(app[start])]
    if len(plain) > 1:
        names = [part.name for part in plain]
        yield Finding(
            "two-speakers",
            "error",
            session.who,
            f"No edge leads to {quoted(names)}, so that each message enters at all of them: "
            f"'{names[0]}' is heard, and nobody else unless it is handed the conversation.",
            f"Lead there from where messages are to enter: session.add_edge('{names[0]}', '{names[1]}').",
            plain[1].where,
        )


def _beside_the_entry(app: Blueprint, session: Part, starts: list[str]) -> Iterator[Finding]:
    """A speaker to whom no edge leads, since it is handed the conversation: where messages enter is there as well."""
    for start in starts:
        others = [other for other in starts if other != start]
        handed = [app[line.source].name for line in app.into(start, "handoff")]
        meant = [other for other in others if surely_answered(app, other) or (handed and _leads_to_a_speaker(app, other))]
        if _is_plain_speaker(app[start]) and meant:
            name, beside = app[start].name, app[meant[0]].name
            remedy = f"Lead there on a condition: session.add_edge('{beside}', '{name}', when=...)."
            if handed:
                remedy = f"Lead there from who hands over to it: session.add_edge('{handed[0]}', '{name}')."
            yield Finding(
                "two-speakers",
                "error",
                session.who,
                f"No edge leads to '{name}', so that each message enters there as well as at '{beside}': "
                "two answer it, and one of them is heard.",
                remedy,
                app[start].where,
            )


def _leads_to_a_speaker(app: Blueprint, id: str) -> bool:
    return any(app[other].answers for other in app.reached([id], "edge"))


def beyond_a_speaker(app: Blueprint) -> Iterator[Finding]:
    """A speaker keeps each message for itself, so that who stands behind it is never asked."""
    handed = {line.target for line in app.lines if line.kind == "handoff"}
    anybody = any(part.habits is not None and part.habits.hands_to_any for part in app.parts)
    for node in _nodes(app):
        led_by = [app[line.source] for line in app.into(node.id, "edge")]
        if node.answers and node.id not in handed and not anybody and led_by and all(map(_is_plain_speaker, led_by)):
            names = [part.name for part in led_by]
            yield Finding(
                "unreachable",
                "error",
                node.who,
                f"Node '{node.name}' is never asked: {quoted(names)} answers each message, and passes none on.",
                f"Hand over to it: self.send_event(HandoffEvent(target='{node.name}', ...)); or lead to it from a node before.",
                node.where,
            )


def _plain_speakers(app: Blueprint, node: Part) -> list[str]:
    """Those to whom a node passes each message on, and who answer each."""
    if node.habits is None or node.answers or not node.habits.passes_on:
        return []
    targets = [app[line.target] for line in app.out_of(node.id, "edge") if not line.conditional]
    return [part.name for part in targets if _is_plain_speaker(part)]


def _is_plain_speaker(part: Part) -> bool:
    return part.answers and part.habits is not None and not part.habits.own_way


def _nodes(app: Blueprint) -> list[Part]:
    return [part for part in app.parts if part.habits is not None]
