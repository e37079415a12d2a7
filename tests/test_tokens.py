"""The estimate of tokens: near what a real encoding makes of the same texts, and a count that behaves as counts do."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchroom import Message
from switchroom.messages import File, Image, Text, ToolCall
from switchroom.tokens import FILE_TOKENS, IMAGE_TOKENS, MESSAGE_TOKENS, RunningTokens, count_message, count_tokens

# Each text with what OpenAI's encoding o200k_base makes of it, and how far from that the estimate may be for texts of its kind.
MEASURED = [
    (
        "I was charged twice for order 113542617735902, and I would like to have the second amount back on my card. "
        "The parcel itself arrived on Tuesday, undamaged, so there is nothing wrong with the delivery.",
        46,
        0.05,
    ),
    (
        "Guten Tag, mir wurde die Bestellung doppelt berechnet. Könnten Sie mir bitte den zweiten Betrag auf die Kreditkarte "
        "zurücküberweisen? Das Paket selbst ist am Dienstag unbeschädigt angekommen, an der Lieferung gibt es also nichts "
        "auszusetzen.",
        51,
        0.15,
    ),
    (
        "Bonjour, j'ai été débité deux fois pour la même commande et je voudrais être remboursé du deuxième montant. "
        "Le colis est bien arrivé mardi, en bon état ; il n'y a donc rien à redire à la livraison.",
        48,
        0.2,
    ),
    (
        "Hola, me han cobrado dos veces el mismo pedido y quisiera que me devolvieran el segundo importe a la tarjeta. "
        "El paquete llegó el martes en buen estado, así que no hay ningún problema con el envío.",
        44,
        0.1,
    ),
    (
        "同じ注文の代金が二回請求されています。二回目の金額をカードに返金していただけますか。荷物は火曜日に無事に届きました。",
        43,
        0.2,
    ),
    (
        "Здравствуйте, за один и тот же заказ деньги списали дважды. Верните, пожалуйста, вторую сумму на карту. "
        "Посылка пришла во вторник в целости, так что к доставке вопросов нет.",
        45,
        0.25,
    ),
    (
        "مرحبا، تم خصم مبلغ الطلب مرتين من بطاقتي، وأرجو إعادة المبلغ الثاني. وصل الطرد يوم الثلاثاء سليما، فلا توجد أي مشكلة "
        "في التوصيل.",
        40,
        0.15,
    ),
    ("您好，同一个订单扣了两次款，请把第二笔金额退回到我的信用卡。包裹星期二已经完好送到，配送没有问题。", 36, 0.4),  # noqa: RUF001
    (
        '{"order_id": "#W5442520", "user_id": "olivia_ito_3591", "status": "pending", "items": [{"name": "Patio Umbrella", '
        '"product_id": "9743693396", "price": 358.74, "options": {"size": "7 ft", "color": "beige"}}], "payment_history": '
        '[{"transaction_type": "payment", "amount": 589.1, "payment_method_id": "paypal_8049766"}]}',
        109,
        0.08,
    ),
    (
        "async def refund(ctx: ToolContext, order_id: str, cents: int) -> str:\n"
        '    """Pay money back for an order."""\n'
        "    order = await ctx.deps.orders.find(order_id)\n"
        "    if order is None:\n"
        '        raise LookupError(f"there is no order {order_id!r}")\n'
        '    return f"refunded ${cents / 100:.2f}"\n',
        79,
        0.08,
    ),
    ("Thanks so much 🙏 that fixed it 🎉 all three orders are here now 📦📦📦", 22, 0.15),
]
KINDS = ["English", "German", "French", "Spanish", "Japanese", "Russian", "Arabic", "Chinese", "JSON", "Python", "emojis"]


@pytest.mark.parametrize(("text", "measured", "within"), MEASURED, ids=KINDS)
def test_the_estimate_is_near_what_an_encoding_makes_of_the_text(text: str, measured: int, within: float):
    assert abs(count_tokens(text) / measured - 1) <= within


@given(st.text(max_size=200))
def test_a_text_has_at_most_as_many_tokens_as_characters_and_only_an_empty_one_has_none(text: str):
    assert min(1, len(text)) <= count_tokens(text) <= len(text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_two_texts_have_together_about_as_many_tokens_as_one_made_of_both(first: str, second: str):
    apart, joined = count_tokens(first) + count_tokens(second), count_tokens(first + second)
    # Where they meet pieces become one, or a word becomes one that is not known as a whole.
    assert apart - 2 <= joined <= apart + 8


@given(st.text(max_size=60), st.text(max_size=60))
def test_values_are_counted_one_by_one(first: str, second: str):
    assert count_tokens(first, second) == count_tokens(first) + count_tokens(second)


@pytest.mark.parametrize("piece", ["a", "A", " ", "_", "7", "!", "é", "aé", "aaaaaaaaaaaaaé", "\n", "中", "🙏", "\0"])
def test_the_cost_grows_with_the_length_and_no_faster_whatever_the_text_repeats(piece: str):
    text = piece * (2_000_000 // len(piece))
    began = time.process_time()
    count_tokens(text)
    assert time.process_time() - began < 60  # less than one is usual; what is quadratic would take hours


def test_what_is_no_text_is_counted_as_its_json():
    class Case(pydantic.BaseModel):
        order: str
        cents: int

    case = Case(order="A-17", cents=8900)
    assert count_tokens(case) == count_tokens({"order": "A-17", "cents": 8900}) == count_tokens('{"order":"A-17","cents":8900}')
    assert count_tokens((1, 2), {"a": None}) == count_tokens("[1,2]") + count_tokens('{"a":null}')
    assert count_tokens(Decimal("1.50")) == count_tokens('"1.50"')


def test_what_has_no_json_is_counted_as_its_text():
    class Ticket:
        def __str__(self) -> str:
            return "ticket of Ann"

    round_and_round: list[Any] = []
    round_and_round.append(round_and_round)
    assert count_tokens(Ticket()) == count_tokens('"ticket of Ann"')
    assert count_tokens(round_and_round) == count_tokens("[[...]]")
    assert count_tokens({(1, 2): "x"}) == count_tokens("{(1, 2): 'x'}")
    assert count_tokens("half a pair: \ud83d") == count_tokens("half a pair: 中")


def test_a_subclass_of_text_is_a_text():
    class Name(str):
        pass

    assert count_tokens(Name("Ann Miller")) == count_tokens("Ann Miller")


def test_a_message_has_more_than_its_text():
    said = count_tokens("where is my parcel")
    assert count_message(Message("user", "where is my parcel")) == MESSAGE_TOKENS + said
    assert count_message(Message("user", (Text("where is"), Text(" my parcel")))) == MESSAGE_TOKENS + said
    assert count_tokens(Message("user", "where is my parcel"), "so?") == MESSAGE_TOKENS + said + count_tokens("so?")


def test_the_calls_of_a_message_count_with_their_arguments():
    calling = Message("assistant", "One moment.", calls=(ToolCall("find", {"order": "A-17"}), ToolCall("list", "no JSON")))
    expected = MESSAGE_TOKENS + count_tokens("One moment.")
    expected += MESSAGE_TOKENS + count_tokens("find", '{"order":"A-17"}')
    expected += MESSAGE_TOKENS + count_tokens("list", "no JSON")
    assert count_message(calling) == expected


def test_pictures_and_documents_count_what_is_declared_for_them_and_text_files_their_text():
    picture, page = (
        Image(data=b"\x89PNG" * 9_999, media_type="image/png"),
        File("invoice.pdf", data=b"%PDF", media_type="application/pdf"),
    )
    letter = File("letter.txt", data="Größe: 7 ft".encode(), media_type="text/plain")
    assert count_message(Message("user", (picture, page))) == MESSAGE_TOKENS + IMAGE_TOKENS + FILE_TOKENS
    assert count_message(Message("user", (letter,))) == MESSAGE_TOKENS + count_tokens("Größe: 7 ft")
    assert (
        count_tokens(picture, File(url="https://example.com/terms.txt", media_type="text/plain")) == IMAGE_TOKENS + FILE_TOKENS
    )


@dataclass
class Output:
    """What an agent of somebody's own gives."""

    result: str
    confidence: float


def test_whatever_a_call_was_given_can_be_counted_at_once():
    args, kwargs = ("where is my parcel",), {"context": {"user": "Ann"}}
    assert count_tokens(args, kwargs) == count_tokens('["where is my parcel"]', '{"context":{"user":"Ann"}}')
    assert count_tokens(Output("in Bonn", 0.9)) == count_tokens('{"result":"in Bonn","confidence":0.9}')


# totals of histories that grow ------------------------------------------------------------------------------------------


def test_each_message_of_a_history_that_grows_is_counted_once():
    counted: list[Message] = []

    def count(message: Message) -> int:
        counted.append(message)
        return len(message.text)

    totals, history = RunningTokens(count), [Message("user", "12345")]
    for length in range(1, 200):
        assert totals.of(tuple(history)) == 5 * length
        history.append(Message("user", "12345"))
    assert len(counted) == 199


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.lists(st.text(max_size=5), max_size=4)), max_size=20))
def test_a_running_total_is_the_sum_of_any_history_that_grew_was_cut_or_divided(steps: list[tuple[int, int, list[str]]]):
    totals = RunningTokens(count_message)
    histories: list[list[Message]] = [[]]
    for which, kept, texts in steps:
        base = histories[-1 - which % len(histories)]
        history = [*base[:kept], *(Message("user", text) for text in texts)]
        histories.append(history)
        assert totals.of(history) == sum(map(count_message, history))
