"""Routing by keywords: whole words in any script, phrases, patterns; nothing is guessed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from switchroom import UserError
from switchroom.routing import KeywordRouter

DESK = KeywordRouter(
    {
        "billing": ["invoice", "cancel my plan", "rechnung", "don't charge"],
        "orders": ["cancel", "parcel", re.compile(r"\b\d{12}\b"), "订单", "c++"],
    }
)


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("Where is my INVOICE?", "billing"),
        ("invoices", None),
        ("the uninvoiced", None),
        ("cancel it", "orders"),
        ("please cancel my\n  plan", "billing"),
        ("order 370795561790, please", "orders"),
        ("order 37079556179", None),
        ("我的订单在哪里", "orders"),
        ("Wo ist meine RECHNUNG", "billing"),
        ("please don\u2019t charge me", "billing"),
        ("a book on C++, please", "orders"),
        ("\uff50\uff41\uff52\uff43\uff45\uff4c", "orders"),
        ("hi", None),
        ("", None),
        ("parcel " * 20_000, "orders"),
    ],
)
def test_a_keyword_is_found_as_a_whole_word(text: str, route: str | None):
    decision = DESK.decide(text)
    assert decision.route == route
    assert decision.abstained == (route is None)
    assert decision.by == "keywords"
    assert decision.confidence == decision.candidates[0][1]


def test_a_longer_match_around_anothers_counts_but_only_there():
    assert DESK.decide("cancel my plan").route == "billing"
    decision = DESK.decide("cancel my plan and cancel the parcel")
    assert decision.abstained
    assert {route for route, _ in decision.candidates} == {"billing", "orders"}


def test_matches_of_two_routes_leave_it_open_and_name_both():
    decision = DESK.decide("an invoice for the parcel")
    assert (decision.route, decision.abstained) == (None, True)
    assert decision.candidates == (("billing", 0.5), ("orders", 0.5))
    assert decision.reason == "several match: 'invoice' (billing), 'parcel' (orders)"


def test_one_keyword_alone_need_not_be_a_list():
    assert KeywordRouter({"a": "one", "b": re.compile("tw[oO]")}).decide("twO").route == "b"


@pytest.mark.parametrize(
    ("keywords", "fault"),
    [
        ({}, "has no routes"),
        ({"a": [" "]}, "Route 'a' has the keyword ' '"),
        ({"a": [7]}, "Give words, phrases or compiled patterns"),
        ({"a": ["Hi"], "b": ["hi"]}, "The keyword 'hi' stands under 'a' and 'b'. Leave it to one."),
    ],
)
def test_keywords_of_no_use_are_refused(keywords: Any, fault: str):
    with pytest.raises(UserError, match=re.escape(fault)):
        KeywordRouter(keywords)


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("我的iPhone坏了", "phones"),
        ("私はVIP会員です", "members"),
        ("返品したい", "returns"),
        ("iPhones", None),
        ("xVIP会員", None),
    ],
)
def test_words_of_other_scripts_are_found_where_no_space_is_put_around_them(text: str, route: str | None):
    router = KeywordRouter({"phones": ["iPhone"], "members": ["VIP会員"], "returns": ["返品"]})
    assert router.decide(text).route == route


@pytest.mark.parametrize(
    ("text", "route"), [("बिल चाहिए", "billing"), ("मेरा बिल।", "billing"), ("बिल्ली", None), ("कीमत", None)]
)
def test_a_word_does_not_end_before_a_vowel_sign(text: str, route: str | None):
    assert KeywordRouter({"billing": ["बिल"], "other": ["की"]}).decide(text).route == route


def test_phrases_of_a_route_may_overlap_and_each_holds_what_is_shorter():
    router = KeywordRouter({"billing": ["cancel my", "my plan today"], "orders": ["plan"]})
    assert router.decide("cancel my plan today").route == "billing"


def test_a_route_without_a_name_is_refused():
    with pytest.raises(UserError, match="has the route ''"):
        KeywordRouter({"": ["x"]})
