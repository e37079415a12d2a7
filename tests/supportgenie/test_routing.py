"""SupportGenie's router: what it learned from is what is shipped, it is measured, and it spares the model."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import supportgenie
from supportgenie import SupportGenie
from supportgenie.desk import Desk
from supportgenie.learned import topics
from supportgenie.routing import router
from switchroom.cli.eval import eval as command
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
    assert evaluated("bitext_cs_val_300.jsonl", "--label", "department")["accuracy"] >= 0.98


def test_messages_as_newcomers_write_them_reach_their_department():
    report = evaluated("newcomers_100.jsonl")
    assert (report["cases"], report["failed"]) == (100, 0)
    assert report["accuracy"] >= 0.7


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
