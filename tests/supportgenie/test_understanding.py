"""What a message is about, however it is spelled."""

from __future__ import annotations

import pytest

from supportgenie.desk import Desk
from supportgenie.understanding import concepts_of, department_of, language, topic_of


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("cancell my oder pls", "cancel_order"),
        ("the speaker I bought is dead", "device_wont_start"),
        ("my wifi keeps dropping on the speaker", "device_connection"),
        ("the website gives me a 503 error", "slow_site"),
        ("You billed me two times this month", "payment_issue"),
        ("my credit card keeps getting declined", "payment_issue"),
        ("Do you take PayPal?", "check_payment_methods"),
        ("When will I get my money back?", "check_refund_policy"),
        ("Do you have noise cancelling headphones?", "place_order"),
        ("I'd like to upgrade to premium", "switch_account"),
        ("This is ridiculous, I want to speak to your manager", "complaint"),
        ("my phone battery is swollen and hot", "hardware_safety"),
        ("I never received my pakcage", "track_order"),
        ("forgot pasword", "recover_password"),
        ("wannarestore my password", "recover_password"),
    ],
)
def test_a_message_has_its_topic(text: str, topic: str):
    found = topic_of(concepts_of(text), weak=True)
    assert found is not None
    assert found.name == topic


@pytest.mark.parametrize("text", ["", "🙂", "what is the weather like tomorrow", "tell me a joke", "asdf qwer", "¿Dónde está?"])
def test_what_is_no_matter_of_the_shop_has_no_topic(text: str):
    assert topic_of(concepts_of(text), weak=True) is None


def test_each_article_belongs_to_a_department(reading_desk: Desk):
    known = {topic.name for topic in language().topics}
    topics = {article.topic for topic in known for article in reading_desk.articles_on(topic)}
    found = {article.topic for text in known for article in reading_desk.search_articles(text.replace("_", " "), limit=50)}
    assert found - topics == set()


def test_a_topic_has_one_department_wherever_it_stands_in_the_file():
    departments: dict[str, set[str]] = {}
    for topic in language().topics:
        departments.setdefault(topic.name, set()).add(topic.department)
    assert {name: found for name, found in departments.items() if len(found) > 1} == {}
    assert department_of("something new") == "support"
