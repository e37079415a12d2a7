"""A message finds the help article it is about, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportgenie.desk import Desk
from supportgenie.policy import POLICY

_TOPICS = """
    cancel_order change_order change_shipping_address set_up_shipping_address check_cancellation_fee
    check_invoice get_invoice check_payment_methods payment_issue check_refund_policy get_refund track_refund
    complaint contact_customer_service contact_human_agent create_account edit_account delete_account
    recover_password registration_problems switch_account delivery_options delivery_period track_order
    place_order newsletter_subscription review
"""
TOPICS = _TOPICS.split()


@pytest.mark.parametrize("topic", TOPICS)
def test_every_intent_has_an_article_with_a_fact_in_it(reading_desk: Desk, topic: str) -> None:
    (article,) = reading_desk.articles_on(topic)
    assert article.path == f"/help/{article.slug}"
    assert any(sign.isdigit() for sign in article.body) or "/" in article.body
    assert "{" not in article.body


def test_the_articles_quote_the_terms_that_the_desk_keeps(reading_desk: Desk) -> None:
    (policy,) = reading_desk.articles_on("check_refund_policy")
    assert f"within {POLICY.refund_days} days of delivery" in policy.body
    (contact,) = reading_desk.articles_on("contact_customer_service")
    assert POLICY.phone in contact.body
    assert POLICY.hours in contact.body


@pytest.mark.parametrize(
    ("message", "topic"),
    [
        ("I bought the wrong thing, please cancel my order 370795561790", "cancel_order"),
        ("add another mouse to my order", "change_order"),
        ("I was charged twice", "payment_issue"),
        ("can I still get my money back, and in which cases?", "check_refund_policy"),
        ("I'm still waiting for the rebate of $350", "track_refund"),
        ("do you deliver to Finland", "delivery_options"),
        ("when will my parcel arrive", "delivery_period"),
        ("let me talk to a real person", "contact_human_agent"),
        ("at what hours can I call customer support", "contact_customer_service"),
        ("take me off the newsletter", "newsletter_subscription"),
        ("I keep landing on the login page again", "login_loop"),
        ("the app crashes when I open it", "app_crash"),
        ("your website is slow today", "slow_site"),
        ("the laptop won't turn on", "device_wont_start"),
        ("my headphones started smoking", "hardware_safety"),
    ],
)
def test_a_message_finds_the_article_about_it(reading_desk: Desk, message: str, topic: str) -> None:
    assert reading_desk.search_articles(message)[0].topic == topic


@pytest.mark.parametrize(
    ("message", "topic"),
    [
        ("acnceling my odrer", "cancel_order"),
        ("forgoten pasword", "recover_password"),
        ("newsleter", "newsletter_subscription"),
    ],
)
def test_misspelled_words_are_understood(reading_desk: Desk, message: str, topic: str) -> None:
    assert reading_desk.search_articles(message)[0].topic == topic


@pytest.mark.parametrize("query", ["", "   ", "🙂🙂", "12345", '"', "the of and", "zxqv"])
def test_a_query_without_a_known_word_finds_no_article(reading_desk: Desk, query: str) -> None:
    assert reading_desk.search_articles(query) == ()


def test_a_search_returns_at_most_as_many_articles_as_asked(reading_desk: Desk) -> None:
    assert len(reading_desk.search_articles("order invoice refund delivery account", limit=5)) == 5
    assert reading_desk.search_articles("order", limit=0) == ()


_SYNTAX = st.sampled_from(['"', "'", "*", "(", ")", "^", ":", "+", "-", " NEAR(", " OR ", " AND ", " NOT ", "{", "}", "title:"])


@given(st.one_of(st.text(), st.text("\ud800\udfff\0aé"), st.lists(st.one_of(_SYNTAX, st.text(max_size=5))).map("".join)))
def test_any_text_can_be_searched_without_an_error(reading_desk: Desk, text: str) -> None:
    for article in reading_desk.search_articles(f"{text} order"):
        assert article.body
    assert len(reading_desk.search_articles(text)) <= 3
    reading_desk.find_customers(text)
    reading_desk.find_order(text)
    reading_desk.find_product(text)
    reading_desk.find_destination(text)


def test_a_very_long_message_is_searched_too(reading_desk: Desk) -> None:
    assert reading_desk.search_articles("refund " * 5_000 + "x" * 100_000)[0].topic in TOPICS
