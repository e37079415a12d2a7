"""What has to hold of a journal and of callers, whatever became of the processes that used them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from switchroom.events import (
    AnsweredWhileWaiting,
    AttemptReleased,
    EffectCleared,
    PersonAnswered,
    PersonAsked,
    RunEvent,
    RunInterrupted,
    StepFailed,
    StepReturned,
    ToolReturned,
    ToolReturnedLate,
    ToolStarted,
    ToolSuspended,
    TurnCut,
    TurnStarted,
)
from tests.kill.chaos import ONCE, is_session
from tests.kill.harness import Harness, Life


def check_the_answers(harness: Harness) -> Counter[str]:
    """Each caller got the answer to its own message, or an error; count what they got."""
    ends: Counter[str] = Counter()
    messages = {line["sent"]: line for line in harness.log() if "sent" in line}
    for line in harness.log():
        if "got" not in line:
            continue
        ends[line["end"]] += 1
        assert line["end"] not in ("error", "journal"), line
        if line["end"] == "answered" and not is_session(line["conversation"]):
            assert line["text"] == f"echo {line['got']}", line
        elif line["end"] == "answered":
            assert line["text"].split("\n")[-1] == f"echo {line['got']}", line
        for text in line.get("earlier", ()):
            label = text.split("\n")[-1].removeprefix("echo ")
            assert messages[label]["by"] == line["by"], line
            ends["earlier"] += 1
    return ends


def check_the_turns(conversation: str, events: list[RunEvent], lives: dict[str, Life]) -> int:
    """Turns follow one another, each answers its own message, and only a dead owner's turn was taken over; count the turns."""
    turns = 0
    label, output, owner, is_live = "", None, "", False
    recorded: Counter[str] = Counter()
    for place, event in enumerate(events):
        assert event.seq == place + 1
        match event.fact:
            case TurnStarted() as started:
                if is_live and started.owner != owner:
                    killed = lives[owner].killed
                    assert killed is not None, f"{conversation}: the turn of a living process was taken over"
                    assert event.at >= killed - 0.5, f"{conversation}: a turn was taken over before its owner was killed"
                if started.attempt == 1:
                    assert turns == 0 or output is not None, f"{conversation}: turn {turns} has no answer"
                    turns += 1
                    assert started.turn == turns
                    label, output = started.messages[0].text.partition(" ")[0], None
                    recorded[label] += 1
                owner, is_live = started.owner, True
            case AttemptReleased():
                is_live = False
            case AnsweredWhileWaiting(message=message):
                recorded[message.text.partition(" ")[0]] += 1
            case StepReturned(output=text) if event.path.count("/") == 1:
                assert output is None, f"{conversation}: turn {turns} returned twice"
                output, is_live = text, False
                assert _is_answer(text, label, events), f"{conversation}: {label} got {text!r}"
            case StepFailed() if event.path.count("/") == 1:
                is_live = False
            case _:
                pass
    assert output is not None
    assert all(count == 1 for count in recorded.values()), f"{conversation}: {recorded}"
    return turns


def _is_answer(text: Any, label: str, events: list[RunEvent]) -> bool:
    """Return True for the answer to a message, or what of it had been shown when it was interrupted."""
    last, cut = text.split("\n")[-1], any(isinstance(event.fact, TurnCut | RunInterrupted) for event in events)
    return last == f"echo {label}" or text == "" or (cut and f"echo {label}".startswith(last))


def check_the_unknown(conversation: str, events: list[RunEvent]) -> Counter[str]:
    """A call that must not happen twice begins anew only when it is clear that it did not happen; count how that was found."""
    found: Counter[str] = Counter()
    unknown: dict[tuple[str, int], str] = {}
    for event in events:
        match event.fact:
            case ToolStarted(index=index, tool=name) if name in ONCE:
                assert (event.path, index) not in unknown, f"{conversation}: {name} began twice at {event.path}"
                unknown[event.path, index] = name
            case ToolReturned(index=index) | ToolReturnedLate(index=index) | ToolSuspended(index=index):
                unknown.pop((event.path, index), None)
            case EffectCleared(index=index, tool=name):
                found[f"{name} reconciled"] += 1
                unknown.pop((event.path, index), None)
            case PersonAsked(question="unknown_effect", tool=name):
                found[f"{name} put to a person"] += 1
                assert name != "pay"
            case PersonAnswered(index=index):
                unknown.pop((event.path, index), None)
            case _:
                pass
    return found


def takeovers(harness: Harness, histories: dict[str, Sequence[RunEvent]]) -> list[float]:
    """Return the seconds after which callers that waited took over the turns of killed owners."""
    lives = {life.owner: life for life in harness.lives}
    seconds: list[float] = []
    for (conversation, at), waiter in harness.waited.items():
        killed = next(life for life in harness.lives if life.killed == at)
        began = next_attempt(histories[conversation], killed.owner, at)
        if began is not None and lives[waiter].was_free(at, began):
            seconds.append(began - at)
    return seconds


def next_attempt(events: Sequence[RunEvent], owner: str, killed: float) -> float | None:
    """Return when the next attempt began after the owner of a live turn was killed; None if it had no live turn."""
    is_live = False
    for event in events:
        match event.fact:
            case TurnStarted() if event.at > killed:
                return event.at if is_live else None
            case TurnStarted():
                is_live = event.fact.owner == owner
            case AttemptReleased():
                is_live = False
            case StepReturned() | StepFailed() if event.path.count("/") == 1:
                is_live = False
            case _:
                pass
    return None
