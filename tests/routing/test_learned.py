"""The learned router: it learns, knows how sure it is, abstains, is kept in a file, and refuses what is of no use."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zlib
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import UserError
from switchroom.routing import LearnedRouter, RoutingWarning
from switchroom.routing.evaluation.measures import area, calibration_error
from tests.routing.data import half, learned

FEW = [
    ("where is my parcel", "orders"),
    ("my package has not arrived", "orders"),
    ("track my delivery", "orders"),
    ("I was charged twice", "billing"),
    ("send me the invoice", "billing"),
    ("I want my money back", "billing"),
]


def refusal(examples: Any, **options: Any) -> str:
    with pytest.raises(UserError) as error:
        LearnedRouter.fit(examples, **options)
    return str(error.value)


# learning -------------------------------------------------------------------------------------------------------------


def test_it_routes_questions_that_it_has_not_seen():
    examples, _ = half("val")
    right = [learned().decide(text).candidates[0][0] == route for text, route in examples]
    assert sum(right) / len(right) >= 0.9


def test_its_confidence_is_how_often_it_is_right():
    examples, strange = half("val")
    decisions = [learned().decide(text) for text, _ in examples] + [learned().decide(text) for text in strange]
    right = [decision.candidates[0][0] == route for decision, (_, route) in zip(decisions, examples, strict=False)]
    right += [False] * len(strange)
    assert calibration_error([decision.confidence for decision in decisions], right) <= 0.1


def test_it_is_less_sure_of_what_is_for_nobody_and_leaves_most_of_it_open():
    examples, strange = half("val")
    ours = [learned().decide(text).confidence for text, _ in examples]
    decisions = [learned().decide(text) for text in strange]
    told_apart = area(ours, [decision.confidence for decision in decisions])
    assert told_apart is not None
    assert told_apart >= 0.93
    assert sum(decision.abstained for decision in decisions) >= 0.7 * len(decisions)


def test_a_decision_names_the_likeliest_routes_with_a_reason():
    decision = LearnedRouter.fit(FEW).decide("where is the parcel")
    assert decision.route == "orders"
    assert decision.by == "learned"
    assert decision.candidates[0] == ("orders", decision.confidence)
    assert [route for route, _ in decision.candidates] == ["orders", "billing"]
    assert sum(share for _, share in decision.candidates) == pytest.approx(1)
    assert "'parcel'" in decision.reason


def test_the_same_examples_make_the_same_router():
    one, other = LearnedRouter.fit(FEW), LearnedRouter.fit(FEW)
    assert one.decide("is it delivered") == other.decide("is it delivered")


def test_the_name_of_a_route_counts_as_words():
    router = LearnedRouter.fit([*FEW, ("qqq", "gift_card"), ("zzz", "gift_card"), ("xxx", "gift_card")])
    assert router.decide("I have a gift card").candidates[0][0] == "gift_card"


@given(st.text(max_size=200))
def test_a_decision_about_any_text_is_sound(text: str):
    decision = learned().decide(text)
    shares = [share for _, share in decision.candidates]
    assert decision.candidates
    assert shares == sorted(shares, reverse=True)
    assert decision.confidence == shares[0]
    assert all(0 <= share <= 1 for share in shares)
    assert sum(shares) <= 1 + 1e-9
    assert decision.abstained == (decision.route is None)
    assert decision.route in (None, decision.candidates[0][0])
    assert decision.abstained == (decision.confidence < learned().threshold) or "no word" in decision.reason


@pytest.mark.parametrize(
    ("text", "route"),
    [("мой заказ не пришёл", "orders"), ("我的订单在哪里", "orders"), ("😡😡", "angry"), ("¿dónde está mi pedido?", "orders")],
)
def test_it_learns_in_any_script_and_from_emoji(text: str, route: str):
    examples = [
        *FEW,
        ("где мой заказ", "orders"),
        ("订单在哪里", "orders"),
        ("dónde está el pedido", "orders"),
        ("😡", "angry"),
        ("😡 😡 !!", "angry"),
        ("this is bad 😡", "angry"),
    ]
    assert LearnedRouter.fit(examples).decide(text).candidates[0][0] == route


def test_numbers_of_orders_are_alike_whatever_the_digits():
    router = LearnedRouter.fit([*FEW, ("order 123456789012", "orders"), ("order 555", "orders")])
    assert router.decide("777888999000").route == "orders"


def test_a_text_of_a_hundred_thousand_characters_is_decided_on():
    router = LearnedRouter.fit([*FEW, ("parcel " * 15_000, "orders")])
    assert router.decide("where is my parcel " * 6_000).route == "orders"
    assert router.decide("x" * 100_000).candidates


@pytest.mark.parametrize("text", ["", " ", "\n", "?!", "qwxzk"])
def test_a_text_of_which_nothing_is_known_is_left_open(text: str):
    decision = LearnedRouter.fit(FEW).decide(text)
    assert decision.abstained
    assert decision.reason == "no word of the message is known"
    assert decision.candidates == (("billing", 0.5), ("orders", 0.5))


# examples of no use ---------------------------------------------------------------------------------------------------


def test_one_example_or_one_route_is_refused():
    assert refusal([]) == "The examples have 0 routes (none). Give examples of at least two."
    assert refusal([("hi", "a")]) == "The examples have 1 routes (a). Give examples of at least two."


def test_what_is_empty_or_no_pair_is_refused_with_its_place():
    assert refusal([*FEW, (" ", "orders")]) == "Example 7 is empty. Leave it out."
    assert refusal([*FEW, "orders"]) == "Example 7 is 'orders'. Give pairs of a text and its route."
    assert "Example 7 ('hi') has no route" in refusal([*FEW, ("hi", "")])
    assert refusal(FEW, out_of_scope=["hi", ""]) == "Text 2 of out_of_scope is empty. Leave it out."


def test_routes_that_differ_only_in_capitals_are_refused():
    assert refusal([*FEW, ("hi", "Orders")]).startswith("The routes 'orders' and 'Orders' differ only in capitals.")


def test_a_threshold_that_is_no_confidence_is_refused():
    for threshold in (1.5, "0.5", True, float("nan")):
        assert refusal(FEW, threshold=threshold) == f"threshold={threshold!r}: give a confidence from 0 to 1."


@pytest.mark.parametrize("name", ["", None, "x" * 1001, "\ud800"])
def test_a_name_that_no_file_could_hold_is_refused_before_it_is_learned(name: Any):
    assert refusal(FEW, name=name).startswith("The router's name is ")
    if name:
        assert refusal([*FEW, ("hi", name)]).startswith("A route's name is ")


@pytest.mark.parametrize("strange", ["how is the weather", None])
def test_a_text_in_place_of_a_list_of_texts_is_refused(strange: Any):
    assert refusal(FEW, out_of_scope=strange).startswith("out_of_scope is ")
    assert refusal(None).startswith("The examples are None.")


def test_few_examples_are_warned_of():
    with pytest.warns(RoutingWarning, match=r"Too few examples: 'sales' \(1\)"):
        LearnedRouter.fit([*FEW, ("a demo please", "sales")])


def test_a_text_under_two_routes_is_warned_of_and_leaves_it_unsure():
    with pytest.warns(RoutingWarning, match="1 texts stand under two routes, such as 'Track my  delivery'"):
        router = LearnedRouter.fit([*FEW, ("Track my  delivery", "billing")])
    assert router.decide("track my delivery").confidence < LearnedRouter.fit(FEW).decide("track my delivery").confidence


# thresholds -----------------------------------------------------------------------------------------------------------


def test_a_wanted_rate_of_errors_gives_a_threshold_that_keeps_to_it():
    examples, strange = half("val")
    router = learned().at(error=0.02)
    routed = [(decision.route, route) for text, route in examples if (decision := router.decide(text)).route is not None]
    routed += [(decision.route, None) for text in strange if (decision := router.decide(text)).route is not None]
    assert routed
    assert sum(chosen != meant for chosen, meant in routed) / len(routed) <= 0.06
    assert router.threshold > learned().threshold


def test_a_wanted_rate_of_abstentions_gives_the_highest_threshold_that_keeps_to_it():
    few, many = learned().at(abstain=0.01), learned().at(abstain=0.3)
    assert few.threshold < many.threshold
    assert many.curve.rates(many.threshold)[1] <= 0.3


def test_a_threshold_takes_one_wish_at_a_time():
    with pytest.raises(UserError, match="takes one of"):
        learned().at()
    with pytest.raises(UserError, match="takes one of"):
        learned().at(0.5, error=0.1)
    with pytest.raises(UserError, match=r"error=7 is no rate"):
        learned().at(error=7)


# files ----------------------------------------------------------------------------------------------------------------


def test_a_router_from_a_file_decides_as_the_one_that_was_saved(tmp_path: Path):
    router = learned().at(0.42)
    router.save(tmp_path / "small.router")
    loaded = LearnedRouter.load(tmp_path / "small.router")
    examples, strange = half("val")
    texts = [text for text, _ in examples] + strange
    assert [loaded.decide(text) for text in texts] == [router.decide(text) for text in texts]
    assert (loaded.name, loaded.routes, loaded.threshold, loaded.examples, loaded.curve) == (
        router.name,
        router.routes,
        0.42,
        router.examples,
        router.curve,
    )
    assert (tmp_path / "small.router").stat().st_size < 200_000
    assert [file.name for file in tmp_path.iterdir()] == ["small.router"]


def test_a_file_that_is_no_router_or_not_there_is_refused(tmp_path: Path):
    place = tmp_path / "x.router"
    with pytest.raises(UserError, match="cannot be read"):
        LearnedRouter.load(place)
    for content in (b"", b"PK\x03\x04", b"\x80\x04pickle"):
        place.write_bytes(content)
        with pytest.raises(UserError, match=r"is no router of Switchroom"):
            LearnedRouter.load(place)


def test_a_file_of_a_newer_version_says_so(tmp_path: Path):
    place = tmp_path / "x.router"
    learned().save(place)
    place.write_bytes(place.read_bytes().replace(b'"version":1', b'"version":9'))
    with pytest.raises(UserError, match="written by a newer Switchroom"):
        LearnedRouter.load(place)


@given(st.data())
def test_a_file_that_was_changed_anywhere_is_refused_or_decides_as_before(data: st.DataObject):
    content = bytearray(saved())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    place = folder() / "changed.router"
    place.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content))
    try:
        router = LearnedRouter.load(place)
    except UserError:
        return
    same = small()  # as where a byte is changed into what it was
    assert (router.name, router.routes, router.threshold, router.curve) == (same.name, same.routes, same.threshold, same.curve)
    assert router.decide("where is my parcel") == same.decide("where is my parcel")


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("number", [-3.0, 2e6])
def test_a_file_whose_calibration_cannot_be_is_refused(tmp_path: Path, place: int, number: float):
    told, packed = opened()
    told["calibration"][place] = number
    file = tmp_path / "x.router"
    file.write_bytes(sealed(told, packed))
    if place == 2 and number == -3.0:  # a shift may be
        assert 0 <= LearnedRouter.load(file).decide("what is the weather").confidence <= 1
        return
    with pytest.raises(UserError, match="its numbers cannot be"):
        LearnedRouter.load(file)


def test_a_file_that_claims_to_hold_more_than_it_does_is_not_unpacked(tmp_path: Path):
    packed = zlib.compress(b"\0" * 50_000_000, 9)
    told, _ = opened()
    place = tmp_path / "bomb.router"
    place.write_bytes(sealed(told, packed))
    with pytest.raises(UserError, match="does not unpack to the length that it says"):
        LearnedRouter.load(place)


def test_a_file_cannot_be_written_where_there_is_no_folder(tmp_path: Path):
    with pytest.raises(UserError, match="cannot be written"):
        learned().save(tmp_path / "nowhere" / "x.router")


# an encoder -----------------------------------------------------------------------------------------------------------

TONGUES = {"hola": 0, "hello": 0, "hi": 0, "adios": 1, "goodbye": 1, "bye": 1}


def by_sense(texts: Any) -> list[list[float]]:
    """An encoder that knows some words of two tongues by what they mean."""
    rows = [[0.0, 0.0, 0.01] for _ in texts]
    for row, text in zip(rows, texts, strict=True):
        for word in text.split():
            if word in TONGUES:
                row[TONGUES[word]] += 1.0
    return rows


def giving(rows: Any) -> Any:
    """An encoder that gives these rows of any texts."""
    return lambda _: rows  # pyright: ignore[reportUnknownLambdaType, reportUnknownVariableType]


def senseless(texts: Any) -> list[list[float]]:
    """An encoder that gives what is no number."""
    return [[float("nan")] for _ in texts]


GREETINGS = [
    ("hello you", "greet"),
    ("hello all", "greet"),
    ("hello", "greet"),
    ("goodbye you", "leave"),
    ("goodbye all", "leave"),
    ("goodbye", "leave"),
]


def test_an_encoder_knows_words_that_no_example_has(tmp_path: Path):
    router = LearnedRouter.fit(GREETINGS, encoder=by_sense)
    assert [router.decide(text).route for text in ("hola", "adios")] == ["greet", "leave"]
    router.save(tmp_path / "x.router")
    loaded = LearnedRouter.load(tmp_path / "x.router", encoder=by_sense)
    assert loaded.decide("hola") == router.decide("hola")
    with pytest.raises(UserError, match="learned with an encoder"):
        LearnedRouter.load(tmp_path / "x.router")


def test_an_encoder_of_another_width_is_refused(tmp_path: Path):
    LearnedRouter.fit(GREETINGS, encoder=by_sense).save(tmp_path / "x.router")
    other = LearnedRouter.load(tmp_path / "x.router", encoder=lambda texts: [[1.0, 2.0] for _ in texts])
    with pytest.raises(UserError, match="gives 2 numbers for a text, and the router learned with 3"):
        other.decide("hola")
    assert "It gives a row of finite numbers" in refusal(GREETINGS, encoder=senseless)
    rows: list[Any] = [None, ["a"] * 8, [[]] * 8, [[1.0], [1.0, 2.0]] * 4, [[1.0]]]
    for told in rows:
        assert "It gives a row of finite numbers" in refusal(GREETINGS, encoder=giving(told))


# what it costs to have it ----------------------------------------------------------------------------------------------


def test_numpy_is_not_imported_until_something_is_learned():
    code = "import sys, switchroom, switchroom.routing; assert 'numpy' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


MAGIC = b"switchroom router\n"


def opened() -> tuple[dict[str, Any], bytes]:
    """What a file says of itself, and its packed numbers."""
    content = saved()
    at = len(MAGIC) + 4
    length = int.from_bytes(content[len(MAGIC) : at], "little")
    return json.loads(content[at : at + length]), content[at + length :]


def sealed(told: dict[str, Any], packed: bytes) -> bytes:
    """A file whose digest is right, whatever it says."""
    plain = json.dumps(told | {"digest": ""}, separators=(",", ":")).encode()
    said = json.dumps(told | {"digest": blake2b(plain + packed, digest_size=16).hexdigest()}, separators=(",", ":")).encode()
    return MAGIC + len(said).to_bytes(4, "little") + said + packed


@cache
def small() -> LearnedRouter:
    """A small router."""
    return LearnedRouter.fit(FEW)


@cache
def saved() -> bytes:
    """Its file."""
    small().save(folder() / "saved.router")
    return (folder() / "saved.router").read_bytes()


@cache
def folder() -> Path:
    """A folder for files that are changed."""
    return Path(tempfile.mkdtemp(prefix="routers-"))
