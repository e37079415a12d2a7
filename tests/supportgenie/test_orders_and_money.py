"""Conversations about orders and money, as the offline model answers them, and what they leave at the desk."""

from __future__ import annotations

from inline_snapshot import snapshot

from supportgenie.state import CustomerState
from tests.supportgenie.chat import DAVID, JOHN, ROBERT, Chat

ANN = CustomerState(name="Ann Ortega", tier="gold", customer_id="C1006")


# Support


async def test_who_asks_whether_an_order_can_be_cancelled_is_offered_it_and_agrees(chat: Chat):
    await chat.say("How can I cancel order 370795561790?", JOHN)
    await chat.say("yes please")
    assert chat.transcript == snapshot("""\
customer: How can I cancel order 370795561790?
> router: transfer_to_support {'reason': 'the customer writes about: cancel order', 'topic': 'cancel_order',
  'order_number': '370795561790'}
> support: find_order {'number': '370795561790'}
support: Order 370795561790 (1 x Quill keyboard and 2 x Pebble mouse) is placed but has not shipped yet, so it
  can still be cancelled free of charge. Shall I cancel it for you?
customer: yes please
> support: cancel_order {'number': '370795561790'}
support: Order 370795561790 is cancelled as of March 14, 2025 (1 x Quill keyboard and 2 x Pebble mouse). Nothing
  will be charged for it.\
""")
    order = chat.desk.find_order("370795561790")
    assert order is not None
    assert order.status == "cancelled"


async def test_who_asks_for_an_order_to_be_cancelled_is_not_asked_again(chat: Chat):
    assert await chat.say("please cancel my order 113542617735902", DAVID) == snapshot(
        "Order 113542617735902 is cancelled as of March 14, 2025 (1 x Harrow 14 laptop). Nothing will be charged for it."
    )
    order = chat.desk.find_order("113542617735902")
    assert order is not None
    assert order.status == "cancelled"


async def test_who_turns_the_offer_down_keeps_the_order(chat: Chat):
    await chat.say("can I cancel order 370795561790?", JOHN)
    assert await chat.say("no, leave it") == snapshot("All right, the order stays as it is.")
    order = chat.desk.find_order("370795561790")
    assert order is not None
    assert order.status == "placed"


async def test_an_order_that_has_shipped_is_not_cancelled_but_what_can_be_done_is_said(chat: Chat):
    assert await chat.say("cancel purchase 732201349959", ROBERT) == snapshot("""\
I am sorry, but order 732201349959 was shipped and can no longer be cancelled; it can be returned within 30 days
  of delivery.\
""")


async def test_a_number_that_nobody_knows_is_asked_for_again(chat: Chat):
    assert await chat.say("where is my order 99999999?") == snapshot(
        "I could not find it: there is no order 99999999. Would you check the number in the confirmation e-mail?"
    )


async def test_a_parcel_that_is_late_is_said_to_be_late_once_its_number_is_known(chat: Chat):
    await chat.say("where is my parcel?")
    await chat.say("it's 900100200307")
    assert chat.transcript == snapshot("""\
customer: where is my parcel?
> router: transfer_to_support {'reason': 'the customer writes about: track order', 'topic': 'track_order'}
> support: latest_order {}
> support: search_articles {'query': 'track order'}
support: Give us the order number, or open /orders: each order shows "placed", "shipped", "delivered" or
  "cancelled" and the day it is expected. A parcel without any movement for 5 days is searched for by the
  carrier at our request; we replace it if it is not found within three more. There is more at /help/track-
  order. Which order is it? Its number is in the confirmation e-mail.
customer: it's 900100200307
> support: find_order {'number': '900100200307'}
support: Order 900100200307 was shipped on March 6, 2025 with Danube Freight; it was expected on March 13, 2025,
  so it is 1 day late; I am sorry.\
""")


async def test_an_order_goes_to_the_address_that_its_customer_asked_for(chat: Chat):
    await chat.say("I need to change the delivery address of order 370795561790", JOHN)
    assert await chat.say("1 New Road, Osaka, Japan") == snapshot(
        "Done: order 370795561790 goes to 1 New Road, Osaka, Japan now and should arrive by March 25, 2025."
    )
    order = chat.desk.find_order("370795561790")
    assert order is not None
    assert order.address == "1 New Road, Osaka, Japan"


async def test_an_orders_number_alone_sends_no_parcel_elsewhere(chat: Chat):
    await chat.say("I need to change the delivery address of order 370795561790")
    assert "at which e-mail address is your account?" in await chat.say("1 New Road, Osaka, Japan")
    order = chat.desk.find_order("370795561790")
    assert order is not None
    assert "Osaka" not in order.address


async def test_items_are_added_and_taken_out(chat: Chat):
    await chat.say("add two mice to order 370795561790", JOHN)
    assert await chat.say("and take out the keyboard") == snapshot(
        "Done: order 370795561790 now holds 4 x Pebble mouse, $196.00 with shipping."
    )
    order = chat.desk.find_order("370795561790")
    assert order is not None
    assert {item.sku: item.quantity for item in order.items} == {"mouse-m": 4}


async def test_a_known_customer_is_told_about_the_latest_order_without_its_number(chat: Chat):
    assert await chat.say("where is my order?", ANN) == snapshot(
        "Hello Ann! Order 900100200302 was delivered on March 10, 2025."
    )


# Billing, below sales


async def test_money_that_was_taken_twice_is_returned_once_a_person_approved(chat: Chat):
    assert await chat.say("Hello, I was charged twice for my order!", ANN) == ""
    (asked,) = chat.result.waiting
    assert (asked.agent, asked.tool, asked.args) == ("refunds", "refund", {"order": "900100200302", "cents": 16_000})
    assert len(chat.desk.refunds_of("C1006")) == 0
    await chat.approve(True)
    assert chat.transcript == snapshot("""\
customer: Hello, I was charged twice for my order!
> router: transfer_to_sales {'reason': 'the customer writes about: payment issue', 'topic': 'payment_issue'}
> sales: transfer_to_billing {'reason': 'the customer writes about: payment issue', 'topic': 'payment_issue'}
> billing: transfer_to_payment_investigator {'reason': 'the payment has to be looked into', 'topic':
  'payment_issue', 'kind': 'duplicate', 'summary': 'Hello, I was charged twice for my order!'}
> payment_investigator: find_double_charges {}
> payment_investigator: open_ticket {'subject': 'Double charge for order 900100200302', 'body': 'Order
  900100200302 was paid twice, by invoice 41201 over $160.00.\\nHello, I was charged twice for my order!'}
> payment_investigator: return_to_billing {'finding': 'charged_twice', 'order_number': '900100200302',
  'invoice_number': '41201', 'amount': '$160.00', 'case_number': 'T-00002'}
> billing: transfer_to_refunds {'reason': 'it was charged twice', 'topic': 'get_refund', 'order_number':
  '900100200302', 'amount': '$160.00', 'owed': True}
> refunds: check_refund {'order': '900100200302'}
> refunds: refund {'order': '900100200302', 'cents': 16000}
> refunds: return_to_billing {'status': 'refunded', 'order_number': '900100200302', 'amount': '$160.00',
  'refund_number': 'R-00006', 'expected': 'March 21, 2025'}
billing: Hello Ann! You are right: order 900100200302 was charged twice, and I am sorry about that. The second
  $160.00 is on the way back to you (refund R-00006) and should arrive by March 21, 2025.\
""")
    (refund,) = chat.desk.refunds_of("C1006")
    assert refund.cents == 16_000
    assert await chat.say("I was charged twice") == snapshot(
        "The second $160.00 for order 900100200302 (invoice 41201) was returned already."
    )
    assert chat.desk.refunds_of("C1006") == (refund,)


async def test_a_refund_that_a_person_did_not_approve_becomes_a_ticket(chat: Chat):
    assert await chat.say("I was charged twice", ANN) == ""
    assert await chat.approve(False) == snapshot("""\
Hello Ann! I am sorry: $160.00 of order 900100200302 could not be returned yet. A colleague looks into it: your
  case is T-00002. You hear from us within 2 days.\
""")
    assert chat.desk.refunds_of("C1006") == ()
    (ticket,) = chat.desk.tickets_of("C1006")
    assert ticket.priority == "high"


async def test_a_small_refund_is_made_without_a_person(chat: Chat):
    await chat.say("I want a refund for order 900100200303", ROBERT)
    await chat.say("yes, please")
    assert chat.transcript == snapshot("""\
customer: I want a refund for order 900100200303
> router: transfer_to_sales {'reason': 'the customer writes about: get refund', 'topic': 'get_refund',
  'order_number': '900100200303'}
> sales: transfer_to_billing {'reason': 'the customer writes about: get refund', 'topic': 'get_refund',
  'order_number': '900100200303'}
> billing: transfer_to_refunds {'reason': 'the customer wants money back', 'topic': 'get_refund',
  'order_number': '900100200303', 'owed': False}
> refunds: check_refund {'order': '900100200303'}
refunds: $49.00 of order 900100200303 can be refunded until March 24, 2025. Shall I return it to you?
customer: yes, please
> refunds: refund {'order': '900100200303', 'cents': 4900}
> refunds: return_to_billing {'status': 'refunded', 'order_number': '900100200303', 'amount': '$49.00',
  'refund_number': 'R-00006', 'expected': 'March 21, 2025'}
billing: Done: $49.00 of order 900100200303 is on the way back to you (refund R-00006) and should arrive by
  March 21, 2025.\
""")
    assert [refund.cents for refund in chat.desk.refunds_of("C1002")] == [4_900, 16_000]


async def test_an_invoice_is_answered_from_its_record(chat: Chat):
    await chat.say("I can't find bill #37777", JOHN)
    assert await chat.say("yes") == snapshot("""\
Invoice 37777 of February 9, 2025 (Order 900100200301) is over $1,538.00 and was paid on February 9, 2025. A
  copy is on its way to j***@example.com.\
""")
    (mail,) = chat.desk.outbox()
    assert mail.to == "john.smith@example.com"


async def test_one_of_several_invoices_is_chosen_by_its_place(chat: Chat):
    await chat.say(
        "send me the invoices from Anna Freeman", CustomerState(name="Anna Freeman", email="anna.freeman@example.com")
    )
    await chat.say("the second one")
    assert chat.transcript == snapshot("""\
customer: send me the invoices from Anna Freeman
> router: transfer_to_sales {'reason': 'the customer writes about: get invoice', 'topic': 'get_invoice'}
> sales: transfer_to_billing {'reason': 'the customer writes about: get invoice', 'topic': 'get_invoice'}
> billing: find_invoices {'customer': 'Anna Freeman'}
billing: Hello Anna! The newest of 17 invoices of Anna Freeman are 700046 of March 1, 2025 over $9.99 (paid),
  41120 of February 22, 2025 over $299.00 (paid) and 700047 of February 1, 2025 over $9.99 (paid). Which one
  shall I send you?
customer: the second one
> billing: send_invoice {'number': '41120'}
billing: Invoice 41120 of February 22, 2025 (Order 900100200308) is over $299.00 and was paid on February 22,
  2025. A copy is on its way to a***@example.com.\
""")


async def test_what_the_router_learned_reaches_billing_by_way_of_sales(chat: Chat):
    await chat.say("I paid $49 for order 900100200303 and want my money back", ROBERT)
    briefs = [call.args for message in chat.result.messages for call in message.calls if call.name.startswith("transfer")]
    assert briefs == snapshot(
        [
            {
                "reason": "the customer writes about: get refund",
                "topic": "get_refund",
                "order_number": "900100200303",
                "amount": "$49.00",
            },
            {
                "reason": "the customer writes about: get refund",
                "topic": "get_refund",
                "order_number": "900100200303",
                "amount": "$49.00",
            },
            {
                "reason": "the customer wants money back",
                "topic": "get_refund",
                "order_number": "900100200303",
                "amount": "$49.00",
                "owed": False,
            },
        ]
    )
