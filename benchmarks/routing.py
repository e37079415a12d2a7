"""`python -m benchmarks.routing --data DIR` prints the figures: accuracy, calibration, out of scope, stickiness, cascade.

DIR holds `clinc150_train.jsonl`, `clinc150_val.jsonl` and `sgd_dialogues_450.jsonl`, as docs/routing.md describes them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from switchroom.routing import Asked, LearnedRouter, StickyRouter, openers
from switchroom.routing.evaluation import Case, Report, evaluate
from switchroom.routing.evaluation.measures import share

Rows = list[dict[str, Any]]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="The router's figures.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the data sets")
    parser.add_argument("--seeds", type=int, default=2, help="samples of few examples")
    given = parser.parse_args()
    questions(given.data, given.seeds)
    dialogues(given.data)


def rows(place: Path) -> Rows:
    """The lines of a file."""
    return [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]


def questions(data: Path, seeds: int) -> None:
    """CLINC150: few examples and all, intents and domains, what is out of scope; and the cascade's curve."""
    train, val = rows(data / "clinc150_train.jsonl"), rows(data / "clinc150_val.jsonl")
    strange = [row["text"] for row in train if row["intent"] == "oos"]
    for per_intent, field in ((5, "intent"), (10, "intent"), (10, "domain")):
        for seed in range(seeds):
            show(f"{per_intent} per intent, {field}s, seed {seed}", some(train, per_intent, seed), val, field, [])
    report = show("all, intents", [row for row in train if row["intent"] != "oos"], val, "intent", strange)
    print("\nescalated -> accuracy, with an oracle that is right 95 % of the time in the last place")
    for wanted in (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0):
        ordered = sorted(report.belonging, key=lambda one: one.decision.confidence)
        cut = round(wanted * len(ordered))
        kept = sum(one.decision.candidates[0][0] == one.case.route for one in ordered[cut:])
        print(f"{wanted:9.2f} -> {(0.95 * cut + kept) / len(ordered):.3f}")


def some(train: Rows, per_intent: int, seed: int) -> Rows:
    """So many examples of each intent."""
    chance = random.Random(seed)
    by: defaultdict[str, Rows] = defaultdict(list)
    for row in train:
        if row["intent"] != "oos":
            by[row["intent"]].append(row)
    return [row for intent in sorted(by) for row in chance.sample(by[intent], per_intent)]


def show(name: str, train: Rows, val: Rows, field: str, strange: Sequence[str]) -> Report:
    """Learn, decide, and print a line."""
    began = time.process_time()
    router = LearnedRouter.fit([(row["text"], row[field]) for row in train], out_of_scope=strange)
    fit = time.process_time() - began
    cases = [Case(Asked(row["text"]), None if row["intent"] == "oos" else row[field]) for row in val]
    report = asyncio.run(evaluate(router, cases))
    told = report.as_json(0)
    print(
        f"{name:32} {len(train):6} examples  fit {fit:6.1f} s  accuracy {told['accuracy_likeliest']:.3f}  "
        f"ECE {told['calibration_error']:.3f}  area {told['out_of_scope']['area']:.3f}  "
        f"median {told['latency_ms']['median']:.2f} ms",
        flush=True,
    )
    return report


def dialogues(data: Path) -> None:
    """SGD: trained on half of the dialogues, tested on the other half, each turn after what was decided for the one before."""
    spoken = [
        [(turn["text"], turn["domain"]) for turn in dialogue["turns"] if turn["role"] == "user"]
        for dialogue in rows(data / "sgd_dialogues_450.jsonl")
    ]
    train, test = spoken[::2], spoken[1::2]
    examples, others = openers(train)
    opening = LearnedRouter.fit(examples, out_of_scope=others)
    every = LearnedRouter.fit([turn for turns in train for turn in turns])
    print("\nSGD: user turns right, handoffs' precision, recall and F1")
    for name, router, moves in (
        ("sticky", StickyRouter(opening), True),
        ("each turn anew", every, True),
        ("never", every, False),
    ):
        print(f"{name:16} {followed(router, test, moves)}", flush=True)


def followed(router: Any, spoken: Sequence[Sequence[tuple[str, str]]], moves: bool) -> str:
    """The figures of a router that follows conversations."""
    right = turns = hits = made = meant = 0
    for conversation in spoken:
        active: str | None = None
        was: str | None = None
        for text, route in conversation:
            chosen = active
            if active is None or moves:
                decision = router.decide(Asked(text, (), active))
                chosen = decision.route or active or decision.candidates[0][0]
            right, turns = right + (chosen == route), turns + 1
            if active is not None:
                switched, due = chosen != active, route != was
                hits, made, meant = hits + (switched and due and chosen == route), made + switched, meant + due
            active, was = chosen, route
    precision, recall = share(hits, made), share(hits, meant)
    f1 = share(2 * precision * recall, precision + recall)
    return f"accuracy {right / turns:.3f}  precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}"


if __name__ == "__main__":
    main()
