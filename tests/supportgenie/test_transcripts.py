"""The scripts as they go, whole: answered by rules, and by a function that plays a language model."""

from __future__ import annotations

from datetime import date

import pytest
from inline_snapshot import snapshot

from supportgenie import Desk, SupportGenie
from switchroom.testing import FunctionModel
from tests.supportgenie.llm import llm
from tests.supportgenie.scripts import ANGRY, HARDWARE, REFUND, SCRIPTS, SUBJECTS, Script, folded, play, transcript

TODAY = date(2025, 3, 14)


@pytest.fixture
def offline(desk: Desk) -> SupportGenie:
    return SupportGenie(desk=desk)


@pytest.fixture
def spoken(desk: Desk) -> SupportGenie:
    return SupportGenie(FunctionModel(llm), desk=desk)


async def told(script: Script, genie: SupportGenie) -> str:
    return transcript(script, await play(script, genie))


# By rules


async def test_a_refund_waits_for_a_person_and_comes_back_to_billing(offline: SupportGenie):
    assert await told(REFUND, offline) == snapshot("""\
customer: Hello, I sent the phone of order 00123842 back and would like my money back.
> router: transfer_to_sales {'reason': 'the customer writes about: get refund', 'topic': 'get_refund',
  'order_number': '00123842'}
> sales: transfer_to_billing {'reason': 'the customer writes about: get refund', 'topic': 'get_refund',
  'order_number': '00123842'}
> billing: transfer_to_refunds {'reason': 'the customer wants money back', 'topic': 'get_refund',
  'order_number': '00123842', 'owed': False}
> refunds: check_refund {'order': '00123842'}
refunds: Hello Grace! $1,200.00 of order 00123842 can be refunded until April 4, 2025. Shall I return it to you?
[refunds of sales]
customer: Yes, please.
> refunds: refund {'order': '00123842', 'cents': 120000}
(to the customer: Thank you. Before this is done a colleague has to approve it: the refund of $1,200.00 for
  order 00123842. You need not do anything; you hear from us within 2 days.)
[refunds of sales]
a person: yes
> refunds: return_to_billing {'status': 'refunded', 'order_number': '00123842', 'amount': '$1,200.00',
  'refund_number': 'R-00006', 'expected': 'March 21, 2025'}
billing: Done: $1,200.00 of order 00123842 is on the way back to you (refund R-00006) and should arrive by March
  21, 2025.
[billing of sales]
customer: Great, thank you!
billing: You're welcome! Write again whenever something comes up.
[billing of sales]\
""")
    assert [made.cents for made in offline.desk.refunds_of("C1003")] == [120_000, 120_000]


async def test_three_questions_and_then_the_workshop(offline: SupportGenie):
    assert await told(HARDWARE, offline) == snapshot("""\
customer: My laptop does not turn on any more.
> router: transfer_to_technical {'reason': 'the customer writes about: device wont start', 'topic':
  'device_wont_start'}
> technical: diagnose {'problem': 'device_wont_start', 'said': 'My laptop does not turn on any more.'}
> technical: search_articles {'query': 'device wont start'}
technical: Hello Sam! Charge it for 30 minutes with the cable it came with, at a wall socket. Then hold the
  power button for 20 seconds, let go, and press it once. There is more at /help/device-does-not-start. Could
  you try that, and tell me what the light does?
[technical of technical]
customer: I did that. The light blinks red, three times.
> technical: diagnose {'problem': 'device_wont_start', 'said': 'I did that. The light blinks red, three times.'}
technical: Thank you. Does it do the same with another cable, at another wall socket?
[technical of technical]
customer: It is the same with my sister's cable, in another room.
> technical: diagnose {'problem': 'device_wont_start', 'said': "It is the same with my sister's cable, in
  another room."}
technical: Thank you. And when did it work last: did anything happen to it, such as an update or a fall?
[technical of technical]
customer: Last week. No update, and it was always on my desk.
> technical: diagnose {'problem': 'device_wont_start', 'said': 'Last week. No update, and it was always on my
  desk.'}
> technical: transfer_to_escalation {'reason': 'the steps did not help', 'topic': 'hardware_fault', 'summary':
  'My laptop does not turn on any more.', 'device': 'laptop', 'findings': ['Could you try that, and tell me what
  the light does? - I did that. The light blinks red, three times.', "Does it do the same with another cable, at
  another wall socket? - It is the same with my sister's cable, in another room.", 'And when did it work last:
  did anything happen to it, such as an update or a fall? - Last week. No update, and it was always on my
  desk.']}
> escalation: open_ticket {'subject': 'Fault that the steps did not mend', 'body': "My laptop does not turn on
  any more.\\nDevice: laptop\\nCould you try that, and tell me what the light does? - I did that. The light blinks
  red, three times.\\nDoes it do the same with another cable, at another wall socket? - It is the same with my
  sister's cable, in another room.\\nAnd when did it work last: did anything happen to it, such as an update or a
  fall? - Last week. No update, and it was always on my desk.", 'priority': 'high'}
escalation: Thank you for trying. This is something for our workshop: I have opened ticket T-00002 with what you
  told me, and a colleague gets back to you within 2 days. You need not explain it again.
[escalation of technical, a person is needed]\
""")
    ticket = offline.desk.find_ticket("T-00002")
    assert ticket is not None
    assert "\n".join(map(folded, ticket.body.splitlines())) == snapshot("""\
My laptop does not turn on any more.
Device: laptop
Could you try that, and tell me what the light does? - I did that. The light blinks red, three times.
Does it do the same with another cable, at another wall socket? - It is the same with my sister's cable, in
  another room.
And when did it work last: did anything happen to it, such as an update or a fall? - Last week. No update, and
  it was always on my desk.
Contact: Sam Okafor, sam.okafor@example.com\
""")


async def test_an_angry_customer_gets_a_person_who_knows_where_to_call(offline: SupportGenie):
    assert await told(ANGRY, offline) == snapshot("""\
customer: Where is order 99887766? You have lost my parcel for the third time, you useless people, I have had
  enough!
> router: transfer_to_support {'reason': 'the customer writes about: track order', 'topic': 'track_order',
  'order_number': '99887766'}
> support: find_order {'number': '99887766'}
> support: transfer_to_escalation {'reason': 'a person has to take over: anger', 'topic': 'anger', 'summary':
  'Where is order 99887766? You have lost my parcel for the third time, you useless people, I have had enough!',
  'answered': 'I could not find it: there is no order 99887766. Would you check the number in the confirmation
  e-mail?', 'urgent': False}
> escalation: escalate_to_human {'summary': 'For a person: anger.\\nWhere is order 99887766? You have lost my
  parcel for the third time, you useless people, I have had enough!'}
escalation: I could not find it: there is no order 99887766. I am sorry about the trouble that you have had. A
  colleague takes over with everything that was written here: your case is T-00002, marked urgent. People are
  there Monday to Friday 8:00 to 20:00 and Saturday 9:00 to 17:00, Eastern Time; if you would rather call, the
  number is +1 800 555 0142. How can we reach you: may I have your name, and an e-mail address or a phone
  number?
[escalation of support, a person is needed]
customer: Lena Farkas, lena@farkas.example.org or +36 1 555 0199
> escalation: note_contact {'name': 'Lena Farkas', 'email': 'lena@farkas.example.org', 'phone': '+36 1 555
  0199'}
escalation: Thank you, Lena Farkas. It stands in your case T-00002: a colleague reaches you at
  lena@farkas.example.org or +36 1 555 0199 within 2 days.
[escalation of support, a person is needed]\
""")
    ticket = offline.desk.find_ticket("T-00002")
    assert ticket is not None
    assert (ticket.priority, ticket.body) == snapshot(
        (
            "urgent",
            """\
For a person: anger.
Where is order 99887766? You have lost my parcel for the third time, you useless people, I have had enough!
Contact: Lena Farkas, lena@farkas.example.org, +36 1 555 0199\
""",
        )
    )


async def test_a_customer_turns_to_something_else_twice(offline: SupportGenie):
    assert await told(SUBJECTS, offline) == snapshot("""\
customer: How can I cancel order 370795561790?
> router: transfer_to_support {'reason': 'the customer writes about: cancel order', 'topic': 'cancel_order',
  'order_number': '370795561790'}
> support: find_order {'number': '370795561790'}
support: Hello John! Order 370795561790 (1 x Quill keyboard and 2 x Pebble mouse) is placed but has not shipped
  yet, so it can still be cancelled free of charge. Shall I cancel it for you?
[support of support]
customer: Wait. How much is the Harrow laptop?
> support: transfer_to_router {'reason': 'the customer writes about: place order', 'topic': 'place_order',
  'order_number': '370795561790'}
> router: transfer_to_sales {'reason': 'the customer writes about: place order', 'topic': 'place_order',
  'order_number': '370795561790'}
> sales: find_product {'product': 'harrow laptop'}
sales: The Harrow 14 laptop costs $1,499.00 (14 inch laptop, 32 GB of memory, 20 hours of battery, 1.1 kg); 12
  are in stock. The Sleeve for Harrow 14 fits it, in case you carry it around, for $39.00. Shall I order one for
  you?
[sales of sales]
customer: And when did order 900100200301 arrive?
> sales: transfer_to_router {'reason': 'the customer writes about: track order', 'topic': 'track_order',
  'order_number': '900100200301'}
> router: transfer_to_support {'reason': 'the customer writes about: track order', 'topic': 'track_order',
  'order_number': '900100200301'}
> support: find_order {'number': '900100200301'}
support: Order 900100200301 was delivered on February 12, 2025.
[support of support]\
""")


# By a function that sees what a language model sees


async def test_a_language_model_refunds_after_a_person_has_approved(spoken: SupportGenie):
    assert await told(REFUND, spoken) == snapshot("""\
customer: Hello, I sent the phone of order 00123842 back and would like my money back.
> router: transfer_to_sales {'reason': 'that is what the customer writes about', 'topic': 'refund',
  'order_number': '00123842'}
> sales: transfer_to_billing {'reason': 'it is about money', 'topic': 'refund', 'order_number': '00123842'}
> billing: transfer_to_refunds {'reason': 'money is wanted back', 'order_number': '00123842'}
> refunds: check_refund {'order': '00123842'}
refunds: I can return $1,200.00 for order 00123842, until April 4, 2025. Shall I return it?
[refunds of sales]
customer: Yes, please.
> refunds: refund {'order': '00123842', 'cents': 120000}
(to the customer: Thank you. Before this is done a colleague has to approve it: the refund of $1,200.00 for
  order 00123842. You need not do anything; you hear from us within 2 days.)
[refunds of sales]
a person: yes
> refunds: return_to_billing {'reason': 'the refund is made', 'status': 'refunded', 'order_number': '00123842',
  'amount': '$1,200.00', 'refund_number': 'R-00006', 'expected': 'March 21, 2025'}
billing: $1,200.00 for order 00123842 is on its way (refund R-00006) and is with you by March 21, 2025.
[billing of sales]
customer: Great, thank you!
billing: You are welcome, Grace!
[billing of sales]\
""")
    assert [made.cents for made in spoken.desk.refunds_of("C1003")] == [120_000, 120_000]


async def test_a_language_model_asks_three_questions_and_then_the_workshop(spoken: SupportGenie):
    assert await told(HARDWARE, spoken) == snapshot("""\
customer: My laptop does not turn on any more.
> router: transfer_to_technical {'reason': 'that is what the customer writes about', 'topic': 'device'}
> technical: diagnose {'problem': 'device_wont_start', 'said': 'My laptop does not turn on any more.'}
> technical: search_articles {'query': 'laptop does not turn on'}
technical: I am sorry to hear that, Sam. Charge it for 30 minutes with the cable it came with, at a wall socket.
  Then hold the power button for 20 seconds, let go, and press it once. Could you try that, and tell me what the
  light does?
[technical of technical]
customer: I did that. The light blinks red, three times.
> technical: diagnose {'problem': 'device_wont_start', 'said': 'I did that. The light blinks red, three times.'}
technical: I see. Does it do the same with another cable, at another wall socket?
[technical of technical]
customer: It is the same with my sister's cable, in another room.
> technical: diagnose {'problem': 'device_wont_start', 'said': "It is the same with my sister's cable, in
  another room."}
technical: I see. And when did it work last: did anything happen to it, such as an update or a fall?
[technical of technical]
customer: Last week. No update, and it was always on my desk.
> technical: diagnose {'problem': 'device_wont_start', 'said': 'Last week. No update, and it was always on my
  desk.'}
> technical: transfer_to_escalation {'reason': 'the questions are over and it is the device', 'topic':
  'hardware', 'summary': 'The laptop does not turn on.', 'device': 'laptop', 'findings': ['Could you try that,
  and tell me what the light does? - I did that. The light blinks red, three times.', "Does it do the same with
  another cable, at another wall socket? - It is the same with my sister's cable, in another room.", 'And when
  did it work last: did anything happen to it, such as an update or a fall? - Last week. No update, and it was
  always on my desk.'], 'tried': 'charging, the power button, another cable'}
> escalation: open_ticket {'subject': 'Broken laptop', 'body': "The laptop does not turn on.\\nCould you try
  that, and tell me what the light does? - I did that. The light blinks red, three times.\\nDoes it do the same
  with another cable, at another wall socket? - It is the same with my sister's cable, in another room.\\nAnd
  when did it work last: did anything happen to it, such as an update or a fall? - Last week. No update, and it
  was always on my desk.", 'priority': 'high'}
escalation: A colleague takes it from here: your case is T-00002.
[escalation of technical, a person is needed]\
""")


async def test_a_language_model_that_answers_an_angry_customer_is_taken_over_from(spoken: SupportGenie):
    assert await told(ANGRY, spoken) == snapshot("""\
customer: Where is order 99887766? You have lost my parcel for the third time, you useless people, I have had
  enough!
> router: transfer_to_support {'reason': 'that is what the customer writes about', 'topic': 'order',
  'order_number': '99887766'}
> support: find_order {'number': '99887766'}
> support: transfer_to_escalation {'reason': 'a person has to take over: anger', 'topic': 'anger', 'summary':
  'Where is order 99887766? You have lost my parcel for the third time, you useless people, I have had enough!',
  'answered': 'I am sorry, there is no order 99887766. Could you check the number in your confirmation e-mail?',
  'urgent': False}
> escalation: escalate_to_human {'summary': 'Where is order 99887766? You have lost my parcel for the third
  time, you useless people, I have had enough!'}
escalation: I am very sorry. I am sorry, there is no order 99887766. Could you check the number in your
  confirmation e-mail? A colleague takes it from here: your case is T-00002. How can we reach you, by e-mail or
  phone, and what is your name?
[escalation of support, a person is needed]
customer: Lena Farkas, lena@farkas.example.org or +36 1 555 0199
> escalation: note_contact {'name': 'Lena Farkas', 'email': 'lena@farkas.example.org', 'phone': '+36 1 555
  0199'}
escalation: Thank you, Lena. A colleague gets back to you about T-00002 soon.
[escalation of support, a person is needed]\
""")
    ticket = spoken.desk.find_ticket("T-00002")
    assert ticket is not None
    assert (ticket.priority, ticket.body) == snapshot(
        (
            "urgent",
            """\
Where is order 99887766? You have lost my parcel for the third time, you useless people, I have had enough!
Contact: Lena Farkas, lena@farkas.example.org, +36 1 555 0199\
""",
        )
    )


async def test_a_language_model_follows_a_customer_who_turns_to_something_else(spoken: SupportGenie):
    assert await told(SUBJECTS, spoken) == snapshot("""\
customer: How can I cancel order 370795561790?
> router: transfer_to_support {'reason': 'that is what the customer writes about', 'topic': 'cancel',
  'order_number': '370795561790'}
> support: find_order {'number': '370795561790'}
support: John, order 370795561790 is placed and can still be cancelled. Shall I do that for you?
[support of support]
customer: Wait. How much is the Harrow laptop?
> support: transfer_to_router {'reason': 'that is not about an order', 'topic': 'price'}
> router: transfer_to_sales {'reason': 'that is what the customer writes about', 'topic': 'price'}
> sales: find_product {'product': 'Harrow 14 laptop'}
sales: The Harrow 14 laptop is $1,499.00: 14 inch laptop, 32 GB of memory, 20 hours of battery, 1.1 kg. By the
  way, the Sleeve for Harrow 14 fits it, in case you carry it around; it is $39.00. Would you like to have one?
[sales of sales]
customer: And when did order 900100200301 arrive?
> sales: transfer_to_router {'reason': 'that is not about buying', 'topic': 'order', 'order_number':
  '900100200301'}
> router: transfer_to_support {'reason': 'that is what the customer writes about', 'topic': 'order',
  'order_number': '900100200301'}
> support: find_order {'number': '900100200301'}
support: order 900100200301 is delivered, with Swift Parcel, and comes by February 12, 2025.
[support of support]\
""")


# By whomever


@pytest.mark.parametrize("name", SCRIPTS)
async def test_rules_and_a_language_model_come_to_the_same_end(name: str):
    ends: list[list[tuple[str, str, bool]]] = []
    for model in (None, FunctionModel(llm)):
        with SupportGenie(model, desk=Desk.open(today=TODAY)) as genie:
            replies = await play(SCRIPTS[name], genie)
            ends.append([(reply.answered_by, reply.route, reply.needs_escalation) for reply in replies])
    assert ends[0] == ends[1]
