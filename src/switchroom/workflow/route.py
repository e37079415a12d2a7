"""One of several steps, chosen by what a classifier says; whoever is not sure asks back, or leaves it to the fallback."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypeVar, cast

from switchroom.context import settled
from switchroom.errors import GuardrailTripped, NoRoute, UserError
from switchroom.events import RouteDecided
from switchroom.failure import told
from switchroom.scope import Scope
from switchroom.step import step_name
from switchroom.workflow.base import A, B, In, Out, Stage, Workflow, checked, input_of, output_of_one
from switchroom.workflow.branches import ENDING
from switchroom.workflow.verdicts import confidence_of, field_of, words_of
from switchroom.wrap import health

By: TypeAlias = str | Callable[[Any], Any]
Label = TypeVar("Label")

LIKELY = 3
"""Routes that a question back to the person names."""

_LABELS = ("route", "label", "category", "department", "intent", "classification")


class Choice(NamedTuple):
    """What a classifier said.

    Args:
        label: whom it named, as it said it; None if nobody.
        confidence: how sure it is, from 0 to 1, where it says so.
        candidates: labels with their probabilities, where it gives them.
        reason: why.
    """

    label: Any
    confidence: float | None = None
    candidates: tuple[tuple[str, float], ...] = ()
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Route(Workflow[In, Out]):
    """One of several steps; made by `route`."""

    KIND: ClassVar[str] = "route"
    classifier: Any = None
    routes: Mapping[str, Any] = cast("Mapping[str, Any]", None)
    by: By | None = None
    at_least: float | None = None
    fallback: Any = None
    clarify: Any = None

    @property
    def parts(self) -> Mapping[str, Any]:
        """The classifier, the routes by their labels, and who asks back and falls back."""
        others = {"clarify": self.clarify, "fallback": self.fallback}
        given = {name: step for name, step in others.items() if step is not None and not isinstance(step, str)}
        return {step_name(self.classifier): self.classifier, **self.routes, **given}

    async def __call__(self, input: In, scope: Any, /) -> Out:
        """Let the classifier choose, and give what the chosen step gives on the same input.

        Raises:
            NoRoute: it named nobody, or was not sure, and nobody is there for that.
        """
        decided = await scope.keep(await self._decided(input, scope))
        match decided.to:
            case "clarify" if self.clarify is not None and decided.route is None:
                if isinstance(self.clarify, str):
                    return cast("Out", self.clarify.replace("{routes}", _listed(decided, self.routes)))
                return await scope.call(self.clarify, input, name="clarify")
            case "fallback" if self.fallback is not None and decided.route is None:
                return await scope.call(self.fallback, input, name="fallback")
            case _:
                pass
        if decided.route is None:
            raise NoRoute(
                f"'{self.name}' knows nobody for this message: {decided.reason}. "
                "Pass fallback=, a step for what nobody else takes; or clarify=, who asks back."
            )
        return await scope.call(self.routes[decided.route], input, name=decided.route)

    async def _decided(self, input: Any, scope: Scope) -> RouteDecided:
        by = step_name(self.classifier)
        try:
            said = await scope.call(self.classifier, input)
        except (*ENDING, GuardrailTripped):
            raise
        except Exception as error:
            if self.fallback is None:
                raise
            return RouteDecided(None, "fallback", by=by, reason=f"'{by}' failed: {type(error).__name__}: {told(error)}")
        choice = await _choice(said, self.by, by)
        known = _known(choice.label, self.routes)
        about = (choice.confidence, choice.candidates, by)
        sure = known is not None and self._sure(said, choice.confidence, by)
        reached = known is None or self.fallback is None or health(self.routes[known]) != "open"
        if known is not None and sure and reached:
            return RouteDecided(known, known, *about, choice.reason)
        if not reached:
            what, order = f"named '{known}', whose breaker is open", ("fallback",)
        elif known is None:
            what = "named nobody" if choice.label is None else f"named {_text(choice.label)!r}; there is {list(self.routes)}"
            order = ("clarify", "fallback") if choice.label is None else ("fallback", "clarify")
        else:
            given = "no confidence" if choice.confidence is None else f"a confidence of {choice.confidence:.2f}"
            what = f"named '{known}' with {given}, and {self.at_least} to 1 is wanted"
            order = ("clarify", "fallback")
        to = next((one for one in order if getattr(self, one) is not None), "")
        return RouteDecided(None, to, *about, f"'{by}' {what}")

    def _sure(self, said: Any, confidence: float | None, by: str) -> bool:
        """Whether the classifier is sure enough.

        Raises:
            UserError: it gives nothing that could say so.
        """
        if self.at_least is None:
            return True
        if confidence is None and not _has(said, "confidence"):
            raise UserError(
                f"route(at_least={self.at_least}): '{by}' gave {said!r}, which does not say how sure it is. "
                "Let it give a type with a field 'confidence', or leave at_least out."
            )
        return confidence is not None and self.at_least <= confidence <= 1

    def read_input(self, plain: Any) -> Any:
        """The input, of the type that the classifier declares."""
        return input_of(self.classifier, plain)

    def read_output(self, plain: Any) -> Any:
        """What the chosen step gave, of the type of the steps whose it is."""
        others = [step for step in (self.clarify, self.fallback) if step is not None and not isinstance(step, str)]
        return output_of_one([*self.routes.values(), *others], plain)


def _listed(decided: RouteDecided, routes: Mapping[str, Any]) -> str:
    """The routes that a person is asked about: the likeliest three, or all."""
    likely = [label for label, _ in decided.candidates if label in routes][:LIKELY]
    *others, last = likely or list(routes)
    return f"{', '.join(others)} or {last}" if others else last


async def _choice(said: Any, by: By | None, owner: str) -> Choice:
    """What a classifier said, found in what it gave.

    Raises:
        UserError: that cannot be told.
    """
    if isinstance(by, str):
        label = field_of(said, (by,))
        if label is None and not _has(said, by):
            raise UserError(f"route(by='{by}'): '{owner}' gave {said!r}, which has no field '{by}'.")
    elif by is not None:
        label = await settled(by(said))
    elif said is None or isinstance(said, str | Enum | bool | int):
        return Choice(said)
    elif _has(said, "route"):
        label = field_of(said, ("route",))
    else:
        label = field_of(said, _LABELS)
        if label is None and not any(_has(said, name) for name in _LABELS):
            raise UserError(
                f"'{owner}' gave {said!r}, and it is not known which field names the route. Pass by='the_field' to route."
            )
    return Choice(label, confidence_of(said), _candidates(said), words_of(said) if not isinstance(said, str) else "")


def _candidates(said: Any) -> tuple[tuple[str, float], ...]:
    """Labels with their probabilities, where a classifier gives them in a form that can be read."""
    given = field_of(said, ("candidates",))
    pairs: Any = cast("Mapping[Any, Any]", given).items() if isinstance(given, Mapping) else given
    try:
        return tuple((_text(label), float(share)) for label, share in pairs)
    except (TypeError, ValueError):
        return ()


def _has(said: Any, name: str) -> bool:
    return name in said if isinstance(said, Mapping) else hasattr(said, name)


def _text(label: Any) -> str:
    return str(label.value if isinstance(label, Enum) else label)


def _known(label: Any, routes: Iterable[str]) -> str | None:
    """The label of a route that a classifier meant, also with other capitals, in quotes or with a full stop."""
    if label is None:
        return None
    said = _text(label)
    if said in routes:
        return said
    bare = _bare(said)
    alike = [route for route in routes if _bare(route) == bare]
    return alike[0] if len(alike) == 1 and bare else None


def _bare(label: str) -> str:
    return label.strip().strip("\"'`*.!:").replace("-", "_").replace(" ", "_").casefold()


def route(
    classifier: Stage[A, Any],
    routes: Mapping[Any, Stage[A, B]],
    by: By | None = None,
    at_least: float | None = None,
    fallback: Stage[A, B] | None = None,
    clarify: Stage[A, Any] | str | None = None,
) -> Route[A, B]:
    """One of several steps on the same input, chosen by a classifier; the choice is a fact (`RouteDecided`).

    A label that is none of the routes goes to the fallback, else back to the person; one that is not sure enough, and a
    classifier that names nobody, go back to the person, else to the fallback. The fallback answers as well where a classifier
    fails, and where the breaker of the chosen step is open.

    Args:
        classifier: a step that gives a label (text, or an enum's member), or a type with one.
        routes: steps by label.
        by: the field of what the classifier gives that holds the label, or a function of it. By default it is the thing itself,
            or a field called `route`, `label`, `category`, `department`, `intent` or `classification`.
        at_least: the confidence (0 to 1, the field `confidence`) below which nothing is routed. Nor is anything where the
            field is empty or outside of 0 to 1.
        fallback: who takes what nobody else does.
        clarify: who asks back when it is not clear: a step, or the question as text, in which "{routes}" stands for the
            likeliest routes.

    Returns:
        a step that gives what the chosen one gives.

    Raises:
        UserError: there are no routes, or something is no step.
    """
    if not isinstance(routes, Mapping) or not routes:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError("route(...) has no routes. Pass a dict of labels and steps.")
    if by is not None and not isinstance(by, str) and not callable(by):
        raise UserError(f"route(by={by!r}): give the name of a field, or a function of what the classifier gives.")
    if at_least is not None and (not isinstance(at_least, int | float) or not 0 <= at_least <= 1):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"route(at_least={at_least!r}): give a confidence from 0 to 1.")
    labels = [_text(label) for label in routes]
    for label in labels:
        if labels.count(label) > 1:
            raise UserError(f"route has two routes called '{label}'.")
    named = {_text(label): checked(step, f"route: '{_text(label)}'") for label, step in routes.items()}
    if fallback is not None:
        checked(fallback, "route: fallback")
    if clarify is not None and not isinstance(clarify, str):
        checked(clarify, "route: clarify")
    return Route(
        classifier=checked(classifier, "route: classifier"),
        routes=named,
        by=by,
        at_least=at_least,
        fallback=fallback,
        clarify=clarify,
    )
