"""What came of an evaluation: figures, by route, the confusions with their examples, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from switchroom.routing.decision import Decision
from switchroom.routing.evaluation.cases import Case
from switchroom.routing.evaluation.measures import area, calibration_error, quantile, share


@dataclass(frozen=True, slots=True)
class Outcome:
    """A case, and what came of it.

    Args:
        case: what was asked.
        decision: what was decided.
        seconds: how long that took.
        failed: what went wrong, if something did.
    """

    case: Case
    decision: Decision
    seconds: float
    failed: str = ""

    @property
    def right(self) -> bool:
        """Whether it is as it should be: the case's route, or left open where nobody was meant."""
        return self.decision.route == self.case.route


class RouteFigures(NamedTuple):
    """How a route fared.

    Args:
        cases: those that were for it.
        chosen: how often it was chosen.
        right: how often that was right.
        precision: of those for which it was chosen, the share that was for it.
        recall: of those that were for it, the share for which it was chosen.
        f1: the harmonic mean of the two.
    """

    cases: int
    chosen: int
    right: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Report:
    """The figures of an evaluation.

    Args:
        outcomes: what came of each case.
        router: the router's name.
    """

    outcomes: tuple[Outcome, ...]
    router: str = ""

    @cached_property
    def belonging(self) -> Sequence[Outcome]:
        """The cases that are for one of the routes."""
        return [one for one in self.outcomes if one.case.route is not None]

    @cached_property
    def strange(self) -> Sequence[Outcome]:
        """The cases that are for none of them."""
        return [one for one in self.outcomes if one.case.route is None]

    @property
    def accuracy(self) -> float:
        """Of all cases the share that is as it should be."""
        return share(sum(one.right for one in self.outcomes), len(self.outcomes))

    @property
    def accuracy_routed(self) -> float:
        """Of the cases that were routed the share that is right."""
        routed = [one for one in self.outcomes if one.decision.route is not None]
        return share(sum(one.right for one in routed), len(routed))

    @property
    def accuracy_likeliest(self) -> float:
        """Of the cases that are for a route the share whose likeliest route is right, were nothing left open."""
        return share(sum(_likeliest(one) for one in self.belonging), len(self.belonging))

    @property
    def abstained(self) -> float:
        """Of the cases that are for a route the share that was left open."""
        return share(sum(one.decision.abstained for one in self.belonging), len(self.belonging))

    @property
    def rejected(self) -> float:
        """Of the cases that are for nobody the share that was left open."""
        return share(sum(one.decision.abstained for one in self.strange), len(self.strange))

    @property
    def calibration_error(self) -> float:
        """How far confidence is from being right, over the cases that are for a route."""
        sure = [one.decision.confidence for one in self.belonging]
        return calibration_error(sure, [_likeliest(one) for one in self.belonging])

    @property
    def out_of_scope_area(self) -> float | None:
        """How well confidence tells the cases of a route from those of nobody (area under ROC); None without both."""
        return area([one.decision.confidence for one in self.belonging], [one.decision.confidence for one in self.strange])

    @property
    def routes(self) -> dict[str, RouteFigures]:
        """The figures of each route that was meant or chosen, by name."""
        meant = [one.case.route for one in self.outcomes]
        chosen = [one.decision.route for one in self.outcomes]
        names = sorted({route for route in (*meant, *chosen) if route is not None})
        right = [one.case.route for one in self.outcomes if one.right]
        return {name: _figures(meant.count(name), chosen.count(name), right.count(name)) for name in names}

    @property
    def macro_f1(self) -> float:
        """The mean of the routes' F1, each counting the same."""
        scores = [figures.f1 for figures in self.routes.values() if figures.cases]
        return share(sum(scores), len(scores))

    @cached_property
    def confusions(self) -> dict[tuple[str | None, str | None], list[Outcome]]:
        """The outcomes by who was meant and who was chosen; None is nobody. The most frequent mistakes come first."""
        cells: dict[tuple[str | None, str | None], list[Outcome]] = {}
        for one in self.outcomes:
            cells.setdefault((one.case.route, one.decision.route), []).append(one)
        return dict(sorted(cells.items(), key=lambda cell: (cell[0][0] == cell[0][1], -len(cell[1]), str(cell[0]))))

    def as_json(self, examples: int = 5) -> dict[str, Any]:
        """All of it as plain data, with some examples of each confusion."""
        seconds = [one.seconds for one in self.outcomes]
        return {
            "router": self.router,
            "cases": len(self.outcomes),
            "accuracy": self.accuracy,
            "accuracy_routed": self.accuracy_routed,
            "accuracy_likeliest": self.accuracy_likeliest,
            "macro_f1": self.macro_f1,
            "abstained": self.abstained,
            "calibration_error": self.calibration_error,
            "out_of_scope": {
                "cases": len(self.strange),
                "rejected": self.rejected if self.strange else None,
                "area": self.out_of_scope_area,
            },
            "failed": sum(bool(one.failed) for one in self.outcomes),
            "latency_ms": {"median": 1e3 * quantile(seconds, 0.5), "p95": 1e3 * quantile(seconds, 0.95)},
            "tokens": sum(one.decision.tokens for one in self.outcomes),
            "cost": sum(one.decision.cost for one in self.outcomes),
            "routes": {name: figures._asdict() for name, figures in self.routes.items()},
            "confusions": [
                {
                    "meant": meant,
                    "chosen": chosen,
                    "count": len(found),
                    "examples": [{"line": one.case.line, "text": one.case.text} for one in found[:examples]],
                }
                for (meant, chosen), found in self.confusions.items()
                if meant != chosen
            ],
            "wrong": [one.case.line for one in self.outcomes if not one.right],
        }


def _likeliest(outcome: Outcome) -> bool:
    return outcome.decision.candidates[0][0] == outcome.case.route


def _figures(cases: int, chosen: int, right: int) -> RouteFigures:
    precision, recall = share(right, chosen), share(right, cases)
    return RouteFigures(cases, chosen, right, precision, recall, share(2 * precision * recall, precision + recall))
