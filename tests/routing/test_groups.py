"""Many routes are learned in groups: what each costs does not depend on how many there are, and they decide as well."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import numpy as np

from switchroom.routing import LearnedRouter
from switchroom.routing.evaluation.measures import calibration_error
from switchroom.routing.linear.grams import grams_of
from switchroom.routing.linear.groups import Group, groups_of
from switchroom.routing.linear.table import Ints, Matrix, Table

PER_ROUTE = 16
FAMILIES = 10

FILE = Path(__file__).parents[1] / "data" / "router_form_1.router"
"""A router as the first version wrote it."""


def made(routes: int, seed: int = 1) -> list[tuple[str, str]]:
    """Examples of routes. Routes that have the same rest when divided by ten share a word."""
    chance = Random(seed)
    common = [f"common{chr(97 + n)}" for n in range(8)]
    return [
        (f"{_word(route)} {_word(2000 + route % FAMILIES)} {chance.choice(common)} {chance.choice(common)}", f"r{route:04}")
        for route in range(routes)
        for _ in range(PER_ROUTE)
    ]


def _word(number: int) -> str:
    return Random(number).choice("bcdfg") + "".join(chr(97 + number // 26**place % 26) for place in range(4))


@cache
def divided(routes: int) -> tuple[list[Group], Ints]:
    """The groups of so many routes, and the examples' routes."""
    examples = made(routes)
    grams = [grams_of(text) for text, _ in examples]
    table = Table.of(grams)
    own = np.array([int(route[1:]) for _, route in examples])
    return groups_of(Matrix.of(map(table.row_of, grams), len(table.columns)), None, own), own


def products_of_a_step(routes: int) -> int:
    """How many likenesses of two examples a step of the searches for all planes multiplies."""
    return sum(len(group.rows) ** 2 * len(group.routes) for group in divided(routes)[0])


def test_the_cost_of_a_route_does_not_grow_with_their_number():
    few, many = products_of_a_step(200), products_of_a_step(600)
    assert many <= 3 * 1.2 * few


def test_each_route_is_in_one_group_with_all_of_its_own_examples():
    found, own = divided(200)
    assert len(found) > 1
    assert sorted(route for group in found for route in group.routes.tolist()) == list(range(200))
    for group in found:
        assert set(np.flatnonzero(np.isin(own, group.routes)).tolist()) <= set(group.rows.tolist())
        assert len(set(group.rows.tolist())) == len(group.rows) < len(own)


def test_a_route_is_learned_against_the_routes_that_are_like_it():
    found, own = divided(200)
    for group in found:
        learned_from = set(own[group.rows].tolist())
        for route in group.routes.tolist():
            assert set(range(route % FAMILIES, 200, FAMILIES)) <= learned_from


def test_few_routes_are_learned_together_from_all_examples():
    own = np.repeat(np.arange(60), 50)
    [group] = groups_of(Matrix(np.zeros(len(own) + 1, dtype=np.int64), own[:0], np.zeros(0, dtype=np.float32), 1), None, own)
    assert (len(group.routes), len(group.rows)) == (60, 3000)


def test_routes_that_were_learned_in_groups_are_told_apart_and_sure_as_often_as_they_are_right():
    router = LearnedRouter.fit(made(130))
    asked = made(130, seed=2)[:: PER_ROUTE // 2]
    decisions = [router.decide(text) for text, _ in asked]
    right = [decision.candidates[0][0] == route for decision, (_, route) in zip(decisions, asked, strict=True)]
    assert sum(right) >= 0.97 * len(right)
    assert calibration_error([decision.confidence for decision in decisions], right) <= 0.05


def test_a_router_file_of_form_1_decides_as_it_did_when_it_was_written():
    router = LearnedRouter.load(FILE)
    decided = {text: router.decide(text) for text in ("where is the parcel", "twice on the invoice", "is it delivered")}
    assert {text: (decision.route, round(decision.confidence, 4)) for text, decision in decided.items()} == {
        "where is the parcel": ("orders", 0.9814),
        "twice on the invoice": ("billing", 0.9871),
        "is it delivered": ("orders", 0.9438),
    }
