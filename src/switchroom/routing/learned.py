"""A router that learned from examples: quick, without a model, and it knows how sure it is."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, TypeAlias

from switchroom.errors import UserError
from switchroom.routing.asked import Asked, Conversation, asked_of
from switchroom.routing.decision import CANDIDATES, Decision, RoutingWarning, decided, left_open
from switchroom.routing.router import Router
from switchroom.routing.thresholds import Curve

Encoder: TypeAlias = Callable[[Sequence[str]], Any]
"""Makes rows of numbers of texts, all of one length: a sentence encoder such as `switchroom.routing.onnx.OnnxEncoder`."""

LONGEST_NAME = 1000
"""Characters of a route's name at most, and of the router's own."""

ENOUGH = 3
"""Examples below which a route has too few to be told from others."""


class LearnedRouter(Router):
    """Made by `fit` from examples, or by `load` from a file.

    It decides on the last message alone: `StickyRouter` around it sees to who has the conversation.

    Attributes:
        name: how decisions and paths call it.
        routes: the routes that it knows.
        threshold: the confidence below which it abstains.
        examples: how many examples of each route it learned from.
        curve: how often it was right on examples that it had not seen, at each confidence.
    """

    def __init__(self, saved: Any, encoder: Encoder | None = None) -> None:
        self.name: str = saved.name
        self.routes: tuple[str, ...] = saved.routes
        self.threshold: float = saved.threshold
        self.examples: dict[str, int] = dict(zip(saved.routes, saved.examples, strict=True))
        self.curve: Curve = saved.curve
        self._saved = saved
        self._model = saved.model
        self._encoder = encoder

    @classmethod
    def fit(
        cls,
        examples: Iterable[tuple[str, str]],
        *,
        out_of_scope: Iterable[str] = (),
        threshold: float | None = None,
        name: str = "learned",
        encoder: Encoder | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> LearnedRouter:
        """Learn who answers what.

        Give examples of each thing that a route does, not only of the route: ten of each go a long way. The route's name counts
        as an example, too, so call it what it is.

        Args:
            examples: texts, each with its route.
            out_of_scope: texts that are for none of the routes, as many as they are among what people write.
            threshold: the confidence below which it abstains. By default, with texts that are out of scope, the one under
                which most examples are treated as they should be; without, a low one. See `at`.
            name: how decisions and paths call it.
            encoder: a sentence encoder, whose numbers are learned from beside the words.
            progress: told the share that is done, from 0 to 1.

        Raises:
            UserError: there are fewer than two routes; a text is empty; two routes differ in nothing but capitals; a name
                is of no use.

        Warns:
            RoutingWarning: a route has fewer than three examples; a text stands under two routes.
        """
        # numpy comes with these, so that who learns nothing does not wait for it.
        saved = import_module("switchroom.routing.linear.saved")
        _check_name(name, "The router's name")
        texts, labels, strange = _checked(examples, out_of_scope)
        if threshold is not None:
            _check_threshold(threshold)
        return cls(saved.learned(texts, labels, strange, (name, threshold, encoder, progress)), encoder)

    def decide(self, conversation: Conversation, /) -> Decision:
        """Decide who is to answer the last message, by its text.

        Raises:
            UserError: what was given is no conversation.
        """
        return self._decided(asked_of(conversation))

    async def judge(self, asked: Asked, scope: Any) -> Decision:
        """The same in a run; nothing is waited for."""
        return self._decided(asked)

    def _decided(self, asked: Asked) -> Decision:
        model = self._model
        row = model.table.row(asked.text)
        encoded = None if self._encoder is None or not asked.text.strip() else self._encoded(asked)
        if not row.columns and encoded is None:
            return left_open(self.routes, self.name, "no word of the message is known")
        shares = model.calibration.probabilities(model.scores(row, encoded))
        places: list[int] = (-shares).argsort(kind="stable")[:CANDIDATES].tolist()
        ranked = tuple((self.routes[place], float(shares[place])) for place in places)
        reason = "" if ranked[0][1] < self.threshold else self._reason(asked, row, places[0])
        return decided(ranked, self.name, self.threshold, reason)

    def at(self, threshold: float | None = None, *, error: float | None = None, abstain: float | None = None) -> LearnedRouter:
        """The same router with another threshold.

        Args:
            threshold: the confidence itself.
            error: instead, the lowest one at which at most this share of what is routed goes wrong.
            abstain: instead, the highest one at which at most this share of what belongs somewhere is left open.

        Raises:
            UserError: not exactly one of them was given; one is no share; or no threshold keeps to the error.
        """
        match threshold, error, abstain:
            case float() | int(), None, None:
                wanted = threshold
            case None, float() | int(), None:
                wanted = self.curve.for_error(error)
            case None, None, float() | int():
                wanted = self.curve.for_abstention(abstain)
            case _:
                raise UserError("at(...) takes one of: a threshold, error=, abstain=.")
        _check_threshold(wanted)
        saved = import_module("switchroom.routing.linear.saved")
        return LearnedRouter(saved.with_threshold(self._saved, float(wanted)), self._encoder)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, whole or not at all.

        Raises:
            UserError: the file cannot be written.
        """
        import_module("switchroom.routing.linear.file").write(path, self._saved)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, encoder: Encoder | None = None) -> LearnedRouter:
        """Read one from a file. Nothing that stands in it is run.

        Args:
            path: the file.
            encoder: the one that it learned with, if it did.

        Raises:
            UserError: the file cannot be read, is no router, is damaged, is of a newer version, or learned with an encoder that
                is not given.
        """
        saved = import_module("switchroom.routing.linear.file").read(path)
        if len(saved.model.dense) and encoder is None:
            raise UserError(f"The router {path} learned with an encoder. Pass it: LearnedRouter.load(path, encoder=...).")
        if encoder is not None and not len(saved.model.dense):
            raise UserError(f"The router {path} learned without an encoder. Leave encoder= out, or train it with one.")
        return cls(saved, encoder)

    def _encoded(self, asked: Asked) -> Any:
        encode = import_module("switchroom.routing.linear.saved").encoded
        return encode(self._encoder, [asked.text], len(self._model.dense))[0]

    def _reason(self, asked: Asked, row: Any, best: int) -> str:
        lower = asked.text.casefold()
        return ", ".join(f"'{_whole(stem, lower)}'" for stem in self._model.telling(row, best))

    def __repr__(self) -> str:
        return f"LearnedRouter({self.name!r}, {len(self.routes)} routes, {sum(self.examples.values())} examples)"


def _whole(stem: str, text: str) -> str:
    """The word of a text that begins with a stem."""
    at = text.find(stem)
    end = at + len(stem)
    while at >= 0 and end < len(text) and text[end].isalnum():
        end += 1
    return text[at:end] if at >= 0 else stem


def _checked(examples: Iterable[tuple[str, str]], out_of_scope: Iterable[str]) -> tuple[list[str], list[str], list[str]]:
    """The examples' texts and routes, and what is out of scope.

    Raises:
        UserError: they are of no use.
    """
    texts, labels = list[str](), list[str]()
    if not isinstance(examples, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"The examples are {examples!r}. Give pairs of a text and its route.")
    for place, example in enumerate(examples, start=1):
        match example:
            case (str(text), str(label)):
                texts.append(_text(text, f"Example {place}"))
                labels.append(label.strip())
            case _:
                raise UserError(f"Example {place} is {example!r}. Give pairs of a text and its route.")
        if not labels[-1]:
            raise UserError(f"Example {place} ({text[:40]!r}) has no route. Give it one, or pass it in out_of_scope.")
    if isinstance(out_of_scope, str) or not isinstance(out_of_scope, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"out_of_scope is {out_of_scope!r}. Give a list of texts.")
    strange = [_text(text, f"Text {place} of out_of_scope") for place, text in enumerate(out_of_scope, start=1)]
    counts = Counter(labels)
    for label in counts:
        _check_name(label, "A route's name")
    if len(counts) < 2:
        raise UserError(
            f"The examples have {len(counts)} routes ({', '.join(counts) or 'none'}). Give examples of at least two."
        )
    folded: dict[str, str] = {}
    for label in counts:
        if (other := folded.setdefault(label.casefold(), label)) != label:
            raise UserError(
                f"The routes '{other}' and '{label}' differ only in capitals. Write them alike, or call one otherwise."
            )
    _warn(texts, labels, counts)
    return texts, labels, strange


def _text(given: object, owner: str) -> str:
    if not isinstance(given, str):
        raise UserError(f"{owner} is {given!r}. Give text.")
    if not given.strip():
        raise UserError(f"{owner} is empty. Leave it out.")
    return given


def _check_name(name: object, owner: str) -> None:
    """A name that a file can hold.

    Raises:
        UserError: it is none.
    """
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME:
        raise UserError(f"{owner} is {str(name)[:40]!r}. Give text of up to {LONGEST_NAME} characters.")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{owner} is no valid Unicode text: {name[:40]!r} ({error.reason}).") from None


def _warn(texts: Sequence[str], labels: Sequence[str], counts: Counter[str]) -> None:
    few = [label for label, count in counts.items() if count < ENOUGH]
    if few:
        shown = ", ".join(f"'{label}' ({counts[label]})" for label in few[:5]) + (", ..." if len(few) > 5 else "")
        warnings.warn(
            f"Too few examples: {shown}. Give each route at least {ENOUGH}, better ten of each thing that it does.",
            RoutingWarning,
            stacklevel=4,
        )
    seen: dict[str, str] = {}
    twice: dict[str, tuple[str, str]] = {}
    for text, label in zip(texts, labels, strict=True):
        if (other := seen.setdefault(" ".join(text.casefold().split()), label)) != label:
            twice.setdefault(text, (other, label))
    if twice:
        (text, (one, other)), *_ = twice.items()
        warnings.warn(
            f"{len(twice)} texts stand under two routes, such as {text[:60]!r} under '{one}' and '{other}'. "
            "Decide for one, or nobody can.",
            RoutingWarning,
            stacklevel=4,
        )


def _check_threshold(threshold: float) -> None:
    if isinstance(threshold, bool) or not _is_share(threshold):
        raise UserError(f"threshold={threshold!r}: give a confidence from 0 to 1.")


def _is_share(given: object) -> bool:
    return isinstance(given, int | float) and 0 <= given <= 1
