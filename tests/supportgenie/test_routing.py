"""SupportGenie's router: what it learned from is what is shipped, it is measured, and it spares the model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import supportgenie
from supportgenie import SupportGenie
from supportgenie.danger import is_dangerous, is_one_slip
from supportgenie.desk import Desk
from supportgenie.learned import topics
from supportgenie.routing import router
from switchroom.cli.eval import eval as command
from switchroom.cli.show import ANN, GRACE, JOHN, VISITOR
from switchroom.events import RouteDecided
from switchroom.model import ModelRequest
from switchroom.routing import LearnedRouter
from switchroom.routing.evaluation.cases import examples_of, read_cases
from switchroom.testing import FunctionModel

DATA = Path(__file__).parents[1] / "data"
EXAMPLES = Path(supportgenie.__file__).parent / "examples"


def evaluated(cases: str, *options: str) -> dict[str, Any]:
    """What `switchroom eval supportgenie` prints about cases."""
    ran = CliRunner().invoke(command, ["supportgenie", str(DATA / cases), "--json", *options])
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_the_shipped_router_is_what_is_learned_from_the_shipped_messages():
    examples, strange = examples_of(read_cases(EXAMPLES / "messages.jsonl"))
    learned = LearnedRouter.fit(examples, out_of_scope=strange)
    assert learned.examples == topics().examples
    for case in read_cases(DATA / "newcomers_100.jsonl"):
        ours, shipped = learned.decide(case.text), topics().decide(case.text)
        assert ours.candidates[0][0] == shipped.candidates[0][0]
        assert ours.confidence == pytest.approx(shipped.confidence, abs=0.02)


def test_none_of_the_messages_that_it_is_measured_on_are_among_those_it_learned_from():
    learned = {case.text.casefold() for case in read_cases(EXAMPLES / "messages.jsonl")}
    assert not learned & {case.text.casefold() for case in read_cases(DATA / "newcomers_100.jsonl")}


def test_an_evaluation_changes_nothing_at_the_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SUPPORTGENIE_DB", str(tmp_path / "desk.db"))
    cases = tmp_path / "cases.jsonl"
    cases.write_text(
        '{"text": "cancel order 370795561790", "route": "support"}\n{"text": "human please", "route": "escalation"}'
    )
    assert evaluated(str(cases))["accuracy"] == 1.0
    with closing(Desk.open(tmp_path / "desk.db")) as desk:
        assert desk.find_ticket("T-00002") is None
        order = desk.find_order("370795561790")
        assert order is not None
        assert order.status == "placed"


def test_messages_of_customer_service_reach_their_department():
    assert evaluated("bitext_cs_val_300.jsonl", "--label", "department")["accuracy"] >= 0.996


def test_messages_as_newcomers_write_them_reach_their_department():
    report = evaluated("newcomers_100.jsonl")
    assert (report["cases"], report["failed"]) == (100, 0)
    assert report["accuracy"] >= 0.75
    assert report["macro_f1"] >= 0.76


def test_what_the_router_decides_at_once_is_hardly_ever_wrong():
    cases = read_cases(DATA / "newcomers_100.jsonl")
    decided = [(case.route, decision.route) for case in cases if (decision := router().decide(case.text)).route]
    assert len(decided) >= 30
    assert sum(meant == route for meant, route in decided) / len(decided) >= 0.9


async def test_a_model_by_name_is_spared_what_the_router_is_sure_of(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []

    def answer(request: ModelRequest) -> str:
        asked.append(request.agent)
        return "Let me look."

    def named(name: str) -> FunctionModel:
        return FunctionModel(answer)

    monkeypatch.setattr("supportgenie.supervision.named", named)
    with SupportGenie("openai:any") as genie:
        reply = await genie.ahandle_query("where is my parcel?")
    assert (reply.answered_by, asked) == ("support", ["support"])
    assert reply.run is not None
    (decided,) = [fact for fact in reply.run.facts if isinstance(fact, RouteDecided)]
    assert (decided.route, decided.by) == ("support", "cascade/learned")


async def test_a_model_that_is_passed_is_asked_whom_each_message_is_for():
    asked: list[str] = []

    def answer(request: ModelRequest) -> str:
        asked.append(request.agent)
        return "technical" if request.agent == "router" else "Let me look."

    with SupportGenie(FunctionModel(answer)) as genie:
        reply = await genie.ahandle_query("where is my parcel?")
    assert (reply.answered_by, asked) == ("technical", ["router", "technical"])


@pytest.mark.parametrize("text", ["ther was SMOKE coming out of it", "my phone is on fire!!", "the battery is swollen"])
async def test_danger_is_for_escalation_before_anything_else(text: str):
    with SupportGenie() as genie:
        reply = await genie.ahandle_query(text)
    assert (reply.answered_by, reply.needs_escalation) == ("escalation", True)


# Ordinary first sentences

ORDINARY = {
    "where is my order?": "track_order",
    "where's my parcel": "track_order",
    "my order 370795561790 has not arrived": "track_order",
    "my parcel was stolen": "track_order",
    "when will order 732201349959 arrive?": "track_order",
    "please cancel my order": "cancel_order",
    "take the keyboard out of order 370795561790": "change_order",
    "how do I change my delivery address?": "change_shipping_address",
    "do you ship to Canada?": "delivery_options",
    "how long does delivery take?": "delivery_period",
    "my card was stolen": "stolen_card",
    "I lost my credit card": "stolen_card",
    "someone used my credit card": "stolen_card",
    "my account was hacked": "privacy",
    "is the Phone 6 waterproof?": "product_question",
    "how heavy is the Harrow 14?": "product_question",
    "does the speaker work in the rain? is it water resistant?": "product_question",
    "how much is the Harrow laptop?": "place_order",
    "I'd like to buy a mouse": "place_order",
    "my phone fell and the screen is cracked": "device_wont_start",
    "the wifi does not work": "device_connection",
    "my charger is broken, is it under warranty?": "warranty",
    "where is my refund?": "track_refund",
    "I want a refund for order 00123842": "get_refund",
    "my payment was declined": "payment_issue",
    "I forgot my password": "recover_password",
    "I want to close my account": "delete_account",
    "upgrade me to pro": "switch_account",
    "which plans do you have?": "plans",
    "what are your opening hours?": "contact_customer_service",
    "are you open on Sunday?": "contact_customer_service",
    "let me talk to a person": "contact_human_agent",
    "I want to file a complaint": "complaint",
}


def suggested() -> dict[str, str]:
    """The sentences that the README and the demonstration suggest, or play, with their topics."""
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    commands = re.findall(r'switchroom chat supportgenie "(.+?)"', readme)
    programs = re.findall(r'handle_query\("(.+?)"', readme)
    demonstrated = [customer.messages[0] for customer in (JOHN, ANN, GRACE, VISITOR)]
    topics = {
        "cancel": "cancel_order",
        "where is my invoice": "check_invoice",
        "where is my order": "track_order",
        "charged twice": "payment_issue",
        "won't start": "device_wont_start",
    }
    sentences = [*commands, *programs, *demonstrated]
    return {text: next(topic for words, topic in topics.items() if words in text) for text in sentences}


def topic_of(text: str) -> str:
    """The topic with which a message reaches its department."""
    with SupportGenie() as genie:
        reply = genie.handle_query(text)
    assert reply.run is not None
    calls = [made.args for message in reply.run.messages for made in message.calls if made.name.startswith("transfer_to")]
    return str(calls[0]["topic"]) if calls and isinstance(calls[0], Mapping) else ""


def test_the_readme_and_the_demonstration_suggest_some_sentences():
    assert len(suggested()) >= 6


@pytest.mark.parametrize(("text", "topic"), [*suggested().items(), *ORDINARY.items()])
def test_a_sentence_that_is_suggested_or_ordinary_is_about_its_topic(text: str, topic: str):
    assert topic_of(text) == topic


@given(
    st.sampled_from(["where is my order {}?", "cancel order {}", "I want a refund for order {}", "order {} is broken", "{}"]),
    st.from_regex(r"\d{1,18}", fullmatch=True),
    st.from_regex(r"[a-z]{1,8}\.[a-z]{1,8}@(?:example|orders|refund)\.(?:com|net)", fullmatch=True),
)
def test_neither_digits_nor_addresses_have_weight(text: str, number: str, email: str):
    alone, numbered = router().decide(text.format("")), router().decide(f"{text.format(number)} {email}")
    assert (numbered.route, numbered.skill, numbered.confidence) == (alone.route, alone.skill, alone.confidence)


# Danger, with typos

DANGER = """
there is smoek comming from my charger
ther is smok comin out of teh ketle
smokng laptop
somke!!
my phone is smokin hot and smells burnt
the batery is swolen
the battery is sweling up
sparcs fly when I plug it in
the charger is burnning
my laptop cought fire
I got an electic shock from the lamp
the phone exploaded
it is too hot to touch
es kommt Rauch aus dem Ladegerät
sale humo del cargador
il y a de la fumée
充电器冒烟了
""".strip().splitlines()

HARMLESS = """
I spoke to your colleague
do you sell smoke detectors?
I have a Fire TV stick
I want to speak to somebody
a burning question: when do you open?
do you have sparkling colours
I broke my phone
the parking at your shop
where is my order?
my parcel is late
""".strip().splitlines()


@pytest.mark.parametrize("text", DANGER)
def test_a_danger_is_seen_through_typos_and_languages(text: str):
    decision = router().decide(text)
    assert (decision.route, decision.by) == ("escalation", "cascade/danger")


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_danger_is_taken_for_none(text: str):
    assert not is_dangerous(text)
    decided = router().decide(text)
    assert (decided.route, decided.skill) != ("escalation", "hardware_safety")


def test_no_ordinary_message_is_taken_for_a_danger():
    cases = read_cases(DATA / "bitext_cs_val_300.jsonl", label="department")
    assert [case.text for case in cases if is_dangerous(case.text)] == []


@given(st.sampled_from(["smoke", "smoking", "swollen", "sparks", "burning"]), st.data())
def test_one_slip_in_a_word_of_danger_is_forgiven(word: str, data: st.DataObject):
    at = data.draw(st.integers(1, len(word) - 2))
    slips = [word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word[:at] + word[at + 1] + word[at] + word[at + 2 :]]
    assert all(is_one_slip(slip, word) or slip == word for slip in slips)
