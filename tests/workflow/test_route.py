"""Who answers is decided by a classifier: what it may say, what becomes of what is not clear, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

import pytest
from inline_snapshot import snapshot
from pydantic import BaseModel

from switchroom import RunConfig, Runner, UserError, route, sequential
from switchroom.errors import GuardrailTripped, NoRoute
from switchroom.events import RouteDecided
from switchroom.guardrail import Trip, on_input
from switchroom.testing import transcript
from switchroom.wrap import CircuitBreaker, breaking
from tests.helpers import facts_of, keeping, run_of, texts
from tests.laws.worlds import Died, DyingJournal
from tests.workflow.cuts import World, agent, echo, failing


class Dept(Enum):
    BILLING = "billing"
    TECH = "technical support"


class Classified(BaseModel):
    """What a classifier gives."""

    department: Dept | None = None
    confidence: float | None = None
    reasoning: str = ""


class Decision(NamedTuple):
    """What a router gives."""

    route: str | None
    confidence: float
    candidates: tuple[tuple[str, float], ...]


class Invoice(BaseModel):
    """What billing gives."""

    cents: int = 0


class Ticket(BaseModel):
    """What technical support gives."""

    number: int
    cents: str = ""


def says(what: Any) -> Callable[[Any], Any]:
    """A classifier that always says the same."""

    def classify(text: Any) -> Any:
        return what

    return classify


ROUTES = {Dept.BILLING: echo("billing"), Dept.TECH: echo("tech")}


async def decided(what: Any, **options: Any) -> tuple[Any, RouteDecided]:
    """What a route gives when its classifier says this, and what was decided."""
    result = await Runner.run(route(says(what), ROUTES, **options), "help")
    [fact] = facts_of(RouteDecided, result.events)
    return result.final_output, fact


# what a classifier may say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        Dept.TECH,
        "technical support",
        " Technical Support. ",
        '"technical_support"',
        "**technical-support**",
        {"route": "technical support"},
        {"intent": "Technical support"},
        Classified(department=Dept.TECH, confidence=0.9),
        Decision("technical support", 0.5, (("technical support", 0.5),)),
    ],
    ids=str,
)
async def test_a_label_is_known_in_whatever_form_a_classifier_says_it(said: Any):
    output, fact = await decided(said)
    assert output == "tech(help)"
    assert (fact.route, fact.to, fact.by) == ("technical support", "technical support", "classify")


async def test_the_field_or_a_function_says_where_the_label_is():
    async def by(said: Any) -> str:
        return said["who"]

    assert (await decided({"who": "billing"}, by="who"))[0] == "billing(help)"
    assert (await decided({"who": "billing"}, by=lambda said: said["who"]))[0] == "billing(help)"  # pyright: ignore[reportUnknownLambdaType]
    assert (await decided({"who": "billing"}, by=by))[0] == "billing(help)"


async def test_labels_may_be_truths_and_numbers():
    flags = route(says(True), {True: echo("yes"), False: echo("no")})
    assert (await Runner.run(flags, "x")).final_output == "yes(x)"
    numbers = route(says(2), {1: echo("one"), 2: echo("two")})
    assert (await Runner.run(numbers, "x")).final_output == "two(x)"


async def test_a_transcript_of_a_route_by_an_agent():
    classifier = agent(
        "classifier",
        '{"department": "billing", "confidence": 0.9, "reasoning": "it is about an invoice"}',
        output_type=Classified,
    )
    result = await Runner.run(route(classifier, ROUTES, by="department", at_least=0.6), "my invoice")
    assert result.final_output == "billing(my invoice)"
    assert transcript(result) == snapshot("""\
route is given "my invoice"
  classifier begins, person: "my invoice"
  classifier: "{"department": "billing", "confidence": 0.9, "reasoning": "it is about an invoice"}"
  classifier returns {"department":"billing","confidence":0.9,"reasoning":"it is about an invoice"}
route "billing" (0.90) -> billing: it is about an invoice
  billing begins, person: "my invoice"
  billing: "billing(my invoice)"
route returns "billing(my invoice)"\
""")


@pytest.mark.parametrize(
    "candidates",
    [[("billing", 0.7), ("tech", 0.3)], {"billing": 0.7, "tech": 0.3}, [["billing", 0.7], ["tech", 0.3]]],
    ids=["pairs", "a dict", "lists"],
)
async def test_candidates_are_kept_with_their_probabilities(candidates: Any):
    _, fact = await decided({"route": "billing", "confidence": 0.7, "candidates": candidates})
    assert fact.candidates == (("billing", 0.7), ("tech", 0.3))


@pytest.mark.parametrize("candidates", [5, ["billing", "tech"], [{"x": 1}], [("billing", "much")]], ids=str)
async def test_candidates_that_cannot_be_read_do_not_leave_the_person_without_an_answer(candidates: Any):
    output, fact = await decided({"route": "billing", "candidates": candidates})
    assert (output, fact.candidates) == ("billing(help)", ())


# what is not clear ---------------------------------------------------------------------------------------------------


async def test_an_unknown_label_goes_to_the_fallback_and_else_back_to_the_person():
    assert (await decided("sales", fallback=echo("general"), clarify="Which?"))[0] == "general(help)"
    output, fact = await decided("sales", clarify="Which?")
    assert (output, fact.to, fact.route) == ("Which?", "clarify", None)
    assert fact.reason == snapshot("'classify' named 'sales'; there is ['billing', 'technical support']")


async def test_low_confidence_goes_back_to_the_person_and_else_to_the_fallback():
    unsure = Classified(department=Dept.TECH, confidence=0.2)
    assert (await decided(unsure, at_least=0.6, fallback=echo("general"), clarify=echo("ask")))[0] == "ask(help)"
    output, fact = await decided(unsure, at_least=0.6, fallback=echo("general"))
    assert (output, fact.to, fact.confidence) == ("general(help)", "fallback", 0.2)
    assert fact.reason == snapshot("'classify' named 'technical support' with a confidence of 0.20, and 0.6 to 1 is wanted")


async def test_who_names_nobody_asks_back():
    assert (await decided(Classified(), by="department", clarify="Which?"))[0] == "Which?"
    assert (await decided(None, fallback=echo("general")))[0] == "general(help)"


@pytest.mark.parametrize("confidence", [None, 95.0, -1.0])
async def test_a_confidence_that_is_none_or_outside_of_its_scale_is_not_sure(confidence: float | None):
    output, _ = await decided({"route": "billing", "confidence": confidence}, at_least=0.6, clarify="Which?")
    assert output == "Which?"


async def test_a_threshold_for_a_classifier_that_never_says_how_sure_it_is_is_refused():
    with pytest.raises(UserError) as error:
        await decided("billing", at_least=0.6, fallback=echo("general"))
    assert str(error.value) == snapshot(
        "route(at_least=0.6): 'classify' gave 'billing', which does not say how sure it is. Let it give a type with "
        "a field 'confidence', or leave at_least out."
    )


async def test_without_anybody_for_it_it_is_an_error_that_says_what_to_pass():
    with pytest.raises(NoRoute) as error:
        await decided("sales")
    assert str(error.value) == snapshot(
        "'route' knows nobody for this message: 'classify' named 'sales'; there is ['billing', 'technical "
        "support']. Pass fallback=, a step for what nobody else takes; or clarify=, who asks back."
    )
    assert [fact.to for fact in facts_of(RouteDecided, run_of(error.value).events)] == [""]


async def test_a_classifier_that_fails_leaves_it_to_the_fallback():
    result = await Runner.run(route(failing("classifier"), ROUTES, fallback=echo("general")), "help")
    assert result.final_output == "general(help)"
    assert [fact.reason for fact in facts_of(RouteDecided, result.events)] == snapshot(
        ["'classifier' failed: ConnectionError: the line is down"]
    )
    with pytest.raises(ConnectionError):
        await Runner.run(route(failing("classifier"), ROUTES, clarify="Which?"), "help")


async def test_a_guardrail_of_the_classifier_that_trips_is_not_answered_by_the_fallback():
    async def trips(ctx: Any, messages: Any) -> Trip:
        return Trip("no")

    classifier = agent("classifier", "billing", guardrails=[on_input(trips)])
    with pytest.raises(GuardrailTripped):
        await Runner.run(route(classifier, ROUTES, fallback=echo("general")), "help")


async def test_a_gift_of_which_no_field_is_a_label_is_the_developers_to_mend():
    with pytest.raises(UserError, match="it is not known which field names the route"):
        await decided({"who": "billing"})
    with pytest.raises(UserError, match="has no field 'department'"):
        await decided({"who": "billing"}, by="department")


async def test_routes_may_be_called_as_what_stands_beside_them():
    routes = {"fallback": echo("mine"), "clarify": echo("also mine"), "classify": echo("third")}
    for label, output in (("fallback", "mine(x)"), ("clarify", "also mine(x)"), ("classify", "third(x)")):
        workflow = route(says(label), routes, fallback=echo("other"), clarify="Which?")
        assert (await Runner.run(workflow, "x")).final_output == output


# what is kept --------------------------------------------------------------------------------------------------------


async def test_a_decision_is_taken_once_and_a_classifier_that_failed_is_not_asked_again():
    world = World()
    down = True

    def flaky(request: Any) -> str:
        if down:
            raise ConnectionError("the line is down")
        return "billing"

    workflow = route(world.agent("classifier", flaky), ROUTES, fallback=echo("general"))
    config = RunConfig(journal=DyingJournal(lambda event: event.path.endswith("fallback#0")))
    with pytest.raises(Died):
        await Runner.run(workflow, "help", conversation="c", config=config)
    down = False
    assert (await Runner.resume(workflow, conversation="c", config=config)).final_output == "general(help)"
    assert world.asked["classifier"] == 1


@pytest.mark.parametrize(("label", "output"), [("billing", Invoice(cents=5)), ("technical support", Ticket(number=7))])
async def test_a_typed_answer_is_of_its_own_routes_type_also_when_it_is_read_from_a_journal(label: str, output: BaseModel):
    routes = {
        Dept.BILLING: agent("billing", '{"cents": 5}', output_type=Invoice),
        Dept.TECH: agent("tech", '{"number": 7}', output_type=Ticket),
    }
    workflow, config = sequential(route(says(label), routes)), keeping()
    first = await Runner.run(workflow, "x", conversation="c", config=config)
    again = await Runner.resume(workflow, conversation="c", config=config)
    assert (first.final_output, again.final_output) == (output, output)


@pytest.mark.parametrize(("label", "output"), [("text", "plain"), ("typed", Ticket(number=7))])
async def test_a_route_of_text_beside_one_of_a_type_gives_each_as_it_was(label: str, output: Any):
    routes = {"text": agent("text", "plain"), "typed": agent("typed", '{"number": 7}', output_type=Ticket)}
    workflow, config = route(says(label), routes), keeping()
    await Runner.run(workflow, "x", conversation="c", config=config)
    assert (await Runner.resume(workflow, conversation="c", config=config)).final_output == output


async def test_who_is_routed_to_knows_what_others_told_the_person_before():
    heard: list[list[tuple[str, str]]] = []

    def tech(request: Any) -> str:
        heard.append(texts(request.messages))
        return "it is mended"

    def classify(text: str) -> str:
        return "tech" if "broken" in text else "billing"

    workflow, config = route(classify, {"billing": agent("billing", "it is 5"), "tech": agent("tech", tech)}), keeping()
    await Runner.run(workflow, "how much?", conversation="c", config=config)
    await Runner.run(workflow, "and it is broken", conversation="c", config=config)
    assert heard == snapshot([[("user", "how much?"), ("assistant", "it is 5"), ("user", "and it is broken")]])


# bad input -----------------------------------------------------------------------------------------------------------


unchecked: Any = route  # as a caller without a type checker has it


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unchecked(echo(), {}), "no routes"),
        (lambda: unchecked(echo(), [echo()]), r"route\(\.\.\.\) has no routes"),
        (lambda: unchecked(echo(), {"a": None}), "'a' is None"),
        (lambda: unchecked(None, {"a": echo()}), "classifier is None"),
        (lambda: unchecked(echo(), {Dept.BILLING: echo(), "billing": echo()}), "two routes called 'billing'"),
        (lambda: unchecked(echo(), {"a": echo()}, at_least=1.5), "at_least=1.5"),
        (lambda: unchecked(echo(), {"a": echo()}, at_least="0.5"), "at_least='0.5'"),
        (lambda: unchecked(echo(), {"a": echo()}, by=5), "by=5"),
        (lambda: unchecked(echo(), {"a": echo()}, fallback=5), "fallback is 5"),
        (lambda: unchecked(echo(), {"a": echo()}, clarify=5), "clarify is 5"),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_made(make: Any, message: str):
    with pytest.raises(UserError, match=message):
        make()


async def to_billing(text: str, scope: Any) -> str:
    return "billing"


async def hello(text: str, scope: Any) -> str:
    return "hello"


async def line_down(text: str, scope: Any) -> str:
    raise OSError("down")


async def test_a_route_whose_breaker_is_open_is_not_chosen():
    breaker = CircuitBreaker(failure_threshold=1, timeout=3600)
    billing = breaking(line_down, breaker)
    app = route(to_billing, {"billing": billing}, fallback=hello)
    with pytest.raises(OSError, match="down"):
        await Runner.run(app, "my invoice")
    result = await Runner.run(app, "my invoice")
    (decided,) = [fact for fact in result.facts if isinstance(fact, RouteDecided)]
    assert (decided.route, decided.to) == (None, "fallback")
    assert decided.reason.endswith("named 'billing', whose breaker is open")
