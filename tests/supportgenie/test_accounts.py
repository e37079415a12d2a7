"""Customers change what is theirs, within the terms."""

import dataclasses

import pytest

from supportgenie.desk import Desk
from supportgenie.records import Refused


def test_the_newsletter_can_be_subscribed_to_and_left(desk: Desk) -> None:
    assert desk.subscribe(" Sam@Example.com ")
    assert not desk.subscribe("sam@example.com")
    assert desk.is_subscribed("SAM@example.com")
    assert desk.unsubscribe("sam@example.com")
    assert not desk.unsubscribe("sam@example.com")
    for wrong in ("", "sam", "@example.com", "sam@host", "sam smith@example.com"):
        with pytest.raises(Refused, match="not an e-mail address"):
            desk.subscribe(wrong)


def test_an_account_is_opened_edited_and_closed(desk: Desk) -> None:
    new = desk.open_account("Nora Quill", "nora@example.com", address="5 Hill Street, Dublin, Ireland")
    assert desk.open_account("Nora Quill", "nora@example.com") == new
    with pytest.raises(Refused, match="another account"):
        desk.open_account("Somebody Else", "NORA@example.com")
    edited = desk.edit_account(new.id, phone="+353 1 555 0199")
    assert edited == dataclasses.replace(new, phone="+353 1 555 0199")
    assert desk.switch_plan(new.id, "pro").tier == "pro"
    desk.close_account(new.id)
    assert desk.find_customer("Nora Quill") is None
    assert desk.open_account("Nora Quill", "nora@example.com").id != new.id


def test_an_account_with_unfinished_business_stays_open(desk: Desk) -> None:
    with pytest.raises(Refused, match="on its way"):
        desk.close_account("C1002")
    desk.cancel_order("113542617735902")
    with pytest.raises(Refused, match="not paid"):
        desk.close_account("C1005")


def test_a_yearly_contract_allows_going_up_but_not_down(desk: Desk) -> None:
    with pytest.raises(Refused, match="runs until"):
        desk.switch_plan("C1001", "free")
    assert desk.switch_plan("C1001", "platinum").tier == "platinum"
