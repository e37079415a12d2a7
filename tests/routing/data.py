"""Questions over ten intents and some that are for none, and a router that learned from half of them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from switchroom.routing import LearnedRouter

FILE = Path(__file__).parents[1] / "data" / "clinc150_small.jsonl"


@cache
def half(part: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The examples of a half ("train" or "val"), and its questions that are for nobody."""
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if row["part"] == part]
    return [(row["text"], row["route"]) for row in rows if row["route"]], [row["text"] for row in rows if not row["route"]]


@cache
def learned() -> LearnedRouter:
    """A router that learned from the training half, with what is for nobody."""
    examples, strange = half("train")
    return LearnedRouter.fit(examples, out_of_scope=strange)
