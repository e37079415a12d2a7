"""Evaluation: cases are read with care, figures are what they say, changes and failures are named."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import UserError
from switchroom.errors import ModelUnavailable
from switchroom.model import Emit, ModelRequest, ModelResponse
from switchroom.routing import Asked, KeywordRouter, ModelRouter
from switchroom.routing.evaluation import Case, Report, changes, evaluate, junit, read_cases
from switchroom.routing.evaluation.baseline import newly_wrong, read_baseline
from switchroom.routing.evaluation.measures import area, calibration_error

WORDS = KeywordRouter({"sales": ["price"], "support": ["broken"]})
SAID = [("a price", "sales"), ("the price is broken", "support"), ("broken", "support"), ("price", "support"), ("hi", None)]


async def report() -> Report:
    return await evaluate(WORDS, [Case(Asked(text), route, line) for line, (text, route) in enumerate(SAID, start=1)])


def written(folder: Path, *lines: str) -> Path:
    place = folder / "cases.jsonl"
    place.write_text("\n".join(lines), encoding="utf-8")
    return place


# figures --------------------------------------------------------------------------------------------------------------


async def test_the_figures_are_counted_by_hand():
    found = await report()
    assert found.accuracy == pytest.approx(3 / 5)
    assert found.accuracy_routed == pytest.approx(2 / 3)
    assert found.abstained == pytest.approx(1 / 4)
    assert found.rejected == 1.0
    sales, support = found.routes["sales"], found.routes["support"]
    assert (sales.cases, sales.chosen, sales.right, sales.precision, sales.recall) == (1, 2, 1, 0.5, 1.0)
    assert (support.cases, support.chosen, support.precision, support.recall) == (3, 1, 1.0, pytest.approx(1 / 3))
    assert support.f1 == pytest.approx(0.5)


async def test_a_cell_of_the_confusions_lists_its_examples():
    found = await report()
    assert [one.case.text for one in found.confusions["support", "sales"]] == ["price"]
    assert [one.case.line for one in found.confusions["support", None]] == [2]
    told = found.as_json()
    assert {"meant": "support", "chosen": "sales", "count": 1, "examples": [{"line": 4, "text": "price"}]} in told["confusions"]
    assert told["wrong"] == [2, 4]
    assert json.loads(json.dumps(told)) == told


async def test_a_router_that_fails_leaves_the_case_open_and_says_why():
    async def gone(request: ModelRequest, emit: Emit) -> ModelResponse:
        raise ModelUnavailable("the line is down")

    seen: list[float] = []
    found = await evaluate(ModelRouter(gone, ["a", "b"]), [Case(Asked("hi"), "a", 1)], progress=seen.append)
    assert found.outcomes[0].failed == "ModelUnavailable: the line is down"
    assert found.as_json()["failed"] == 1
    assert seen == [1.0]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_the_area_is_how_often_one_is_above_the_other(higher: list[float], lower: list[float]):
    pairs = [(one > other) + 0.5 * (one == other) for one in higher for other in lower]
    assert area(higher, lower) == pytest.approx(sum(pairs) / len(pairs))


def test_there_is_no_area_without_both():
    assert area([], [0.5]) is None


def test_the_calibration_error_is_how_far_confidence_is_from_being_right():
    assert calibration_error([0.5, 0.5], [True, False]) == 0
    assert calibration_error([1.0, 1.0, 0.0], [False, True, False]) == pytest.approx(1 / 3)


# before and now -------------------------------------------------------------------------------------------------------


async def test_what_changed_since_a_baseline_is_named(tmp_path: Path):
    place = tmp_path / "before.json"
    place.write_text(json.dumps({"accuracy": 0.9, "macro_f1": 0.1, "wrong": [2]}))
    before, now = read_baseline(place), await report()
    assert [(change.figure, change.before) for change in changes(before, now)] == [("accuracy", 0.9), ("macro_f1", 0.1)]
    assert newly_wrong(before, now) == [4]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"accuracy": "high"}',
        "{",
        '{"accuracy": true}',
        '{"accuracy": 0.5, "wrong": 5}',
        '{"accuracy": 0.5, "wrong": [[1]]}',
        '{"accuracy": ' + "9" * 400 + "}",
        "[" * 100_000,
    ],
    ids=range(9),
)
def test_a_baseline_of_another_kind_is_refused(tmp_path: Path, content: str):
    place = tmp_path / "before.json"
    place.write_text(content)
    with pytest.raises(UserError, match="switchroom eval --json"):
        read_baseline(place)


async def test_build_servers_read_it_whatever_the_texts_hold():
    cases = [Case(Asked("bell \x07 <&> \ud83d"), "support", 1), Case(Asked("broken"), "support", 2)]
    router = KeywordRouter({"sales": ["price"], "support": ["broken"]}, name="words\x1b")
    suite = fromstring(junit(await evaluate(router, cases)))
    assert suite.get("name") == "routing: words\ufffd"
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "meant 'support', was left open (0.50)"


# cases ----------------------------------------------------------------------------------------------------------------


def test_cases_that_an_editor_began_with_a_mark_of_its_encoding_are_read(tmp_path: Path):
    place = tmp_path / "cases.jsonl"
    place.write_bytes(b'\xef\xbb\xbf{"text": "a price", "route": "sales"}\r\n')
    assert [case.route for case in read_cases(place)] == ["sales"]


def test_a_case_that_is_nested_without_end_is_refused_with_its_line(tmp_path: Path):
    place = tmp_path / "cases.jsonl"
    place.write_text('{"text": "hi", "route": "sales", "x": ' + "[" * 100_000)
    with pytest.raises(UserError, match="line 1: it is no JSON"):
        read_cases(place)


def test_cases_are_texts_or_conversations_with_who_has_them(tmp_path: Path):
    chat = [{"role": "assistant", "content": "Hello.", "agent": "sales"}, {"role": "user", "content": "yes"}]
    place = written(
        tmp_path,
        '{"text": "a price", "route": "sales", "more": 1}',
        "",
        json.dumps({"messages": chat, "route": "sales"}),
        '{"text": "hm", "route": null, "active": "support"}',
    )
    cases = read_cases(place)
    assert [(case.text, case.route, case.asked.active, case.line) for case in cases] == [
        ("a price", "sales", None, 1),
        ("yes", "sales", "sales", 3),
        ("hm", None, "support", 4),
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{", "line 2: it is no JSON"),
        ("[]", "line 2: a case is a JSON object with 'text' and 'route'"),
        ('{"text": "hi"}', "line 2: the case has no field 'route'"),
        ('{"text": "hi", "route": 7}', "line 2: 'route' is 7"),
        ('{"text": " ", "route": "sales"}', "line 2: 'text' is ' '"),
        ('{"messages": [{"role": "robot"}], "route": "sales"}', "line 2: A chat message has the role 'robot'"),
        ('{"text": "hi", "route": "sales", "active": 1}', "line 2: 'active' is 1"),
        ('{"text": "hi", "route": "slaes"}', "line 2: the router has no route 'slaes'; .* Did you mean 'sales'?"),
    ],
)
def test_a_wrong_line_is_named_with_its_number(tmp_path: Path, line: str, fault: str):
    with pytest.raises(UserError, match=fault):
        read_cases(written(tmp_path, '{"text": "a", "route": "sales"}', line), routes=WORDS.routes)


def test_a_file_without_cases_or_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="has no cases"):
        read_cases(written(tmp_path, ""))
    with pytest.raises(UserError, match="cannot be read"):
        read_cases(tmp_path / "nowhere.jsonl")


def test_another_field_may_name_the_route_and_oos_means_nobody(tmp_path: Path):
    place = written(tmp_path, '{"text": "a", "intent": "oos"}', '{"text": "b", "intent": "sales"}')
    assert [case.route for case in read_cases(place, label="intent", routes=WORDS.routes)] == [None, "sales"]
