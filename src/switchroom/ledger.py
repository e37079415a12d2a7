"""What is spent of a budget, and spoken for, at the place in a run that it holds for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from switchroom.budget import Budget, CheaperModel, Degradation, PartialAnswer
from switchroom.errors import BudgetExceeded
from switchroom.events import BudgetDegraded, ModelAnswered, RunEvent
from switchroom.prices import price_of
from switchroom.usage import Usage
from switchroom.waiting_line import WaitingLine

log = logging.getLogger("switchroom")


class Cost(NamedTuple):
    """What a call takes of a budget, at most."""

    turns: int = 0
    tokens: int = 0
    money: Decimal = Decimal(0)

    def plus(self, other: Cost) -> Cost:
        """Both together."""
        return Cost(self.turns + other.turns, self.tokens + other.tokens, self.money + other.money)

    def minus(self, other: Cost) -> Cost:
        """This one without the other."""
        return Cost(self.turns - other.turns, self.tokens - other.tokens, self.money - other.money)


class Shortage(NamedTuple):
    """A resource of which a call wants more than a budget has left; and whether a call in flight may give some back."""

    ledger: Ledger
    resource: str
    may_pass: bool


class Less(NamedTuple):
    """Something that is done with less: what, by the account that wants it and the place among what that wants, and why."""

    ledger: Ledger
    place: int
    resource: str
    share: float

    @property
    def rule(self) -> Degradation:
        """What is done with less."""
        return self.ledger.budget.degrade[self.place]

    @property
    def fact(self) -> BudgetDegraded:
        """That it is done."""
        return BudgetDegraded(self.rule.step, self.resource, self.share, True, self.ledger.path, self.place)


class Ledger:
    """The account of a budget.

    Calls in flight are this process's affair and die with it, so they are kept here; what was spent is counted from facts.

    Args:
        budget: what may be spent.
        path: the place from which on it holds.
        parent: the account that holds around it, if there is one.
        past: what was noted before, by earlier attempts.
    """

    __slots__ = ("_applied", "_began", "_flying", "_line", "_reserved", "_told", "budget", "due", "parent", "path", "spent")

    def __init__(self, budget: Budget, path: str, parent: Ledger | None, past: Iterable[RunEvent]) -> None:
        self.budget = budget
        self.path = path
        self.parent = parent
        self.spent = Cost()
        self._began = asyncio.get_running_loop().time()
        self.due = None if budget.seconds is None else self._began + budget.seconds
        self._flying: dict[str, Cost] = {}
        self._applied: set[int] = set()
        self._told: set[int] = set()
        self._reserved = Cost()  # the sum of what is in flight
        self._line = WaitingLine()
        for event in past:
            match event.fact:
                case ModelAnswered(usage=usage, model=model) if event.path == path or event.path.startswith(path + "/"):
                    self.spent = self.spent.plus(self._cost(usage, model))
                case BudgetDegraded(budget=where, applied=True) as fact if where == path:
                    self._told.add(fact.place)
                    if any(place == fact.place and fact.share < at for place, at in self._steps()):
                        self._apply_to(fact.place)
                case _:
                    pass

    def around(self) -> Iterator[Ledger]:
        """This account, and those that hold around it."""
        ledger: Ledger | None = self
        while ledger is not None:
            yield ledger
            ledger = ledger.parent

    # calls -----------------------------------------------------------------------------------------------------------

    def shortage(self, usage: Usage, model: str, path: str) -> Shortage | None:
        """What a call lacks, here or in an account around; None if it fits."""
        for ledger in self.around():
            lacking = ledger._lacking(ledger._cost(usage, model), path)
            if lacking is not None:
                return lacking
        return None

    def _lacking(self, cost: Cost, path: str) -> Shortage | None:
        budget = self.budget
        flying = self._reserved
        for resource, limit in (("turns", budget.turns), ("tokens", budget.tokens), ("money", budget.money)):
            if limit is None:
                continue
            spent: Any = getattr(self.spent, resource)
            wanted = spent + getattr(cost, resource)
            if spent >= limit or wanted + getattr(flying, resource) > limit:
                return Shortage(self, resource, spent < limit and wanted <= limit and self._line.may_wait(path))
        return None

    def hold(self, usage: Usage, model: str, path: str) -> None:
        """Speak for what a call may take."""
        for ledger in self.around():
            ledger._release(path)
            cost = ledger._flying[path] = ledger._cost(usage, model)
            ledger._reserved = ledger._reserved.plus(cost)
            ledger._line.start(path)

    def _release(self, path: str) -> None:
        """Free what a call in flight may take."""
        cost = self._flying.pop(path, None)
        if cost is not None:
            # Sums of money are rounded: the difference does not outlive the calls.
            self._reserved = self._reserved.minus(cost) if self._flying else Cost()
            self._line.end(path)

    def settle(self, path: str, usage: Usage | None, model: str) -> None:
        """The call has ended: what it used is spent, and the rest is free again. `usage` is None of one that failed."""
        for ledger in self.around():
            ledger._release(path)
            ledger._line.ask_again()
        if usage is None:
            return
        for ledger in self.around():  # last: a price that fails is no reason to keep others waiting
            ledger.spent = ledger.spent.plus(ledger._cost(usage, model))

    async def change(self, path: str, asked_again: bool) -> None:
        """Wait until it is this call's turn to see whether it fits now.

        Args:
            path: the call's place.
            asked_again: it waited here before, and did not fit when it was its turn. Otherwise it goes to the end of the line.
        """
        await self._line.wait(path, asked_again)

    def ask_next(self) -> None:
        """Let the next call in line see whether it fits: the one whose turn it was has gone on, or given up."""
        self._line.ask_next()

    def _cost(self, usage: Usage, model: str) -> Cost:
        money = Decimal(0)
        if self.budget.money is not None and usage.total_tokens:
            price = (self.budget.price or price_of)(usage, model)
            if price is None and model not in _unpriced:
                _unpriced.add(model)
                log.warning("Budget(money=...) does not count model '%s': its price is not known. Pass price=.", model)
            money = price or money
        return Cost(usage.requests, usage.total_tokens, money)

    # doing with less -------------------------------------------------------------------------------------------------

    def share(self) -> tuple[float, str]:
        """How much is spent or spoken for of what there is least of, 1.0 being all of it; and of what that is."""
        budget = self.budget
        used = self.spent.plus(self._reserved)
        elapsed = asyncio.get_running_loop().time() - self._began
        shares = [
            (float(part) / float(limit), resource)
            for resource, part, limit in (
                ("turns", used.turns, budget.turns),
                ("tokens", used.tokens, budget.tokens),
                ("money", used.money, budget.money),
                ("seconds", elapsed, budget.seconds),
            )
            if limit is not None
        ]
        return max(shares)

    def less(self, kind: type[Degradation]) -> Less | None:
        """What is done with less of a kind, the last of it that holds now, here or in an account around."""
        for ledger in self.around():
            share, resource = ledger.share()
            for place, at in reversed(ledger._steps()):
                if isinstance(ledger.budget.degrade[place], kind) and (place in ledger._applied or share >= at):
                    return Less(ledger, place, resource, share)
        return None

    def declares(self, kind: type[Degradation]) -> bool:
        """Whether something of a kind is to be done with less, here or in an account around."""
        return any(isinstance(rule, kind) for ledger in self.around() for rule in ledger.budget.degrade)

    def next_less(self) -> tuple[Less, ...]:
        """Apply the next reduction, because a call does not fit, and all that come before it.

        Reductions that come before it may hold only through a call in flight, which may yet fail and give its share back. They
        hold from now on too: what is done with less is done in the declared order.

        Returns:
            the reductions that hold from now on, in their order; empty if all were applied before.
        """
        share, resource = self.share()
        for place, at in self._steps():
            if place not in self._applied and share < at:
                return tuple(Less(self, applied, resource, share) for applied in self._apply_to(place))
        return ()

    def _apply_to(self, last: int) -> list[int]:
        """Apply all reductions up to a place, and return the places of those that were not applied before."""
        places = [place for place, _ in self._steps() if place <= last and place not in self._applied]
        self._applied.update(places)
        return places

    def first_time(self, place: int) -> bool:
        """Whether it was not told yet that something is done with less."""
        if place in self._told:
            return False
        self._told.add(place)
        return True

    def kept(self, fact: BudgetDegraded) -> Degradation | None:
        """What was done with less, as it was noted; None if no budget here wants it any more."""
        for ledger in self.around():
            if ledger.path == fact.budget and fact.place < len(ledger.budget.degrade):
                return ledger.budget.degrade[fact.place]
        return None

    def _steps(self) -> list[tuple[int, float]]:
        """The places of what is done with less, but for the partial answer; and from which share of the budget on."""
        rules = [(place, rule) for place, rule in enumerate(self.budget.degrade) if not isinstance(rule, PartialAnswer)]
        spread = len(rules) + 1
        return [
            (place, 0.5 + 0.5 * turn / spread if rule.at is None else rule.at)
            for turn, (place, rule) in enumerate(rules, start=1)
        ]

    @property
    def cut(self) -> float | None:
        """When (by the loop's clock) what goes on is cut, for what there is then to be the answer; None if it never is."""
        seconds = self.budget.seconds
        ats = [rule.at for rule in self.budget.degrade if isinstance(rule, PartialAnswer)]
        return self._began + seconds * ats[0] if ats and seconds is not None else None

    def exceeded(self, resource: str) -> BudgetExceeded:
        """The error of a call that does not fit."""
        budget = self.budget
        partial = any(isinstance(rule, PartialAnswer) for rule in budget.degrade)
        limit = getattr(budget, resource)
        spent = f"{limit} s are over" if resource == "seconds" else f"{getattr(self.spent, resource)} of {limit} are spent"
        return BudgetExceeded(
            f"The budget of {resource} at {self.path} does not allow another call: {spent}. "
            f"Give more than Budget({resource}={limit}), or say what is to be done with less: degrade=.",
            resource,
            partial,
            self.path,
        )


_unpriced: set[str] = set()


def cheaper_of(ledger: Ledger) -> tuple[CheaperModel, Less] | None:
    """The cheaper model that agents are to be given now, if they are."""
    less = ledger.less(CheaperModel)
    if less is None or not isinstance(less.rule, CheaperModel):
        return None
    return less.rule, less
