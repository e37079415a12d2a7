"""Messages in other languages: rules say in that language that they only write English, and change nothing unasked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from supportgenie import SupportGenie
from supportgenie.desk import Desk
from supportgenie.languages import language_named, language_of, languages
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel

DATA = Path(__file__).parents[1] / "data"
JOHN = {"customer_id": "C1001"}

ASKED = {
    "es": "¿Dónde está mi pedido?",
    "de": "Wo ist meine Bestellung 732201349959?",
    "fr": "Bonjour, où est ma commande ?",
    "pt": "Olá, onde está o meu pedido?",
    "it": "Buongiorno, dove è il mio ordine?",
    "nl": "Hallo, waar is mijn bestelling?",
    "pl": "Dzień dobry, gdzie jest moje zamówienie?",
    "tr": "Merhaba, siparişim nerede?",
    "hi": "mera order kahan hai",
    "ja": "注文した荷物はどこですか",
    "zh": "我的订单在哪里",
    "ko": "제 주문은 어디에 있나요?",
    "ru": "Где мой заказ?",
    "ar": "أين طلبي؟",
    "he": "איפה ההזמנה שלי?",
    "el": "Πού είναι η παραγγελία μου;",
    "th": "คำสั่งซื้อของฉันอยู่ที่ไหน",
}
HONEST = {one.code: one.honest for one in languages()}


@pytest.mark.parametrize(("code", "text"), ASKED.items(), ids=[*ASKED])
def test_a_message_in_another_language_is_told_so_in_that_language(code: str, text: str):
    with SupportGenie() as genie:
        reply = genie.handle_query(text)
    assert reply.text.startswith(HONEST[code])
    assert "in English" in reply.text
    assert len(reply.text) > len(HONEST[code]) + 60


def test_every_language_is_tried():
    assert set(ASKED) == set(HONEST)


@pytest.mark.parametrize(("file", "most"), [("bitext_cs_val_300.jsonl", 0), ("newcomers_100.jsonl", 1)])
def test_english_is_not_taken_for_another_language(file: str, most: int):
    rows = [json.loads(line) for line in (DATA / file).read_text("utf-8").splitlines()]
    english = [row["text"] for row in rows if row.get("kind") != "language"]
    assert sum(language_of(text) is not None for text in english) <= most


@pytest.mark.parametrize(
    "text", ["", "12345", "Ann Ortega", "van der Berg", "Carrer del Port 9, 46001 Valencia, Spain", "ok", "yes"]
)
def test_names_addresses_and_short_words_are_in_no_language(text: str):
    assert language_of(text) is None


@pytest.mark.parametrize(("name", "code"), [("Spanish", "es"), ("de-DE", "de"), ("pt_BR", "pt"), ("日本語", "ja")])
def test_a_profile_may_name_the_language(name: str, code: str):
    found = language_named(name)
    assert found is not None
    assert found.code == code
    with SupportGenie() as genie:
        first = genie.handle_query("where is my order?", {"language": name}, conversation="c").text
        second = genie.handle_query("and how long does delivery take?", conversation="c").text
    assert first.startswith(found.honest)
    assert found.honest not in second


@pytest.mark.parametrize("name", ["English", "en", "en-GB", "", "Klingon"])
def test_english_and_unknown_languages_are_not_mentioned(name: str):
    assert language_named(name) is None


@pytest.mark.parametrize(
    "text",
    [
        "Je veux annuler ma commande 370795561790",
        "quiero cancelar mi pedido 370795561790",
        "storniere meine Bestellung 370795561790",
    ],
)
def test_nothing_is_cancelled_for_a_message_that_was_only_half_understood(desk: Desk, text: str):
    genie = SupportGenie(desk=desk)
    assert "Shall I cancel it for you?" in genie.handle_query(text, JOHN, conversation="c").text
    order = desk.find_order("370795561790")
    assert order is not None
    assert order.status == "placed"
    assert "is cancelled" in genie.handle_query("oui", conversation="c").text


def test_a_conversation_in_another_language_goes_on():
    with SupportGenie() as genie:
        texts = ("¿Dónde está mi pedido?", "732201349959", "quiero hablar con una persona", "muchas gracias")
        replies = [genie.handle_query(text, conversation="c") for text in texts]
    assert [reply.answered_by for reply in replies] == ["support", "support", "escalation", "escalation"]
    assert "was shipped" in replies[1].text
    assert replies[2].needs_escalation
    assert "welcome" in replies[3].text


async def test_a_language_model_is_told_to_write_in_the_customers_language():
    told: list[str] = []

    def answering(request: ModelRequest) -> Any:
        told.append(" ".join(request.instructions.split()))
        return "Claro."

    with SupportGenie(FunctionModel(answering)) as genie:
        await genie.ahandle_query("hola", {"language": "Spanish"})
    assert "Write in the language that the customer writes in, or in `language` where that is known." in told[0]
    assert '"language": "Spanish"' in told[0]
