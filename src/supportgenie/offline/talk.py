"""A conversation as rules read it: what this message is about, what was given so far, and what tools have returned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from supportgenie import turns
from supportgenie.contacts import without_emails
from supportgenie.danger import is_dangerous
from supportgenie.introduction import introduction_in
from supportgenie.languages import Language, language_named, language_of
from supportgenie.learned import topic_of_foreign
from supportgenie.offline.phrases import asks_for_proof
from supportgenie.profile import CustomerProfile, phone_number
from supportgenie.search import words_of
from supportgenie.state import known_in
from supportgenie.turns import TRANSFER, Result, to_be_answered, turns_of
from supportgenie.understanding import Topic, concepts_of, is_known, topic_of
from switchroom.models import Heard

_ORDER = re.compile(r"(?<![\d$.])\d{8,18}(?![\d.]*\d)")
# A number that is no order's as the shop writes them, said of an order all the same: it has to be looked up as it stands, for
# what the conversation was about before is not meant. A short one may be a quantity, as in `order 2 mice`.
_NUMBERED = re.compile(
    r"\b(?:order|purchase)\b(?P<said>(?:[\s:.,#-]{0,3}\b(?:number|num|no|nr|id)\b)?[\s:.]{0,3}#?)"
    r"(?<![\d$])(?P<number>\d{1,60})(?![\w%$])(?![.,]\d)(?!\s*(?:dollars|bucks|usd|x)\b)",
    re.I,
)
_QUANTITY = re.compile(
    r"\s+(?!(?:please|pls|now|today|asap|again|for me|at once|and|but|or|is|was|has|because|as|to|i|it"
    r"|arrive|arrived|come|be|ship|shipped|delivered|go|still|will|did)\b)[a-z]",
    re.I,
)
_LONGEST_QUANTITY = 4
_SAID_ORDER = re.compile(
    r"\b(?:order|purchase)\b\D{0,12}?(#\w+|\b[a-z]{1,4}-\w*\d\w*|(?<![\d$.])\d{3,})|^\s*(#?[a-z]{0,4}-?\d{3,})\s*[.!]?\s*$",
    re.I,
)
_INVOICE = re.compile(
    r"(?:#|\b(?:invoices?|bills?)\W{1,3})\s*(\d{4,7})\b|(?<![\d$.,])\b(\d{5,7})\b(?!\s*(?:dollars|bucks|usd))", re.I
)
_EMAIL = re.compile(r"[^\s@,;:<>()]+@[^\s@,;:<>()]+\.[a-z]{2,}", re.I)
_PHONE = re.compile(r"(?<![\w.])\+?\(?\d[\d ().-]{5,20}\d(?!\w)")
_AMOUNT = re.compile(r"\$\s?(\d[\d,]*(?:\.\d\d)?)|(\d[\d,]*(?:\.\d\d)?)\s?(?:dollars|usd|bucks|\$(?!\d))", re.I)
_MONTH = re.compile(
    r"\b(january|february|march|april|may|june|july|august|september|october|november|december"
    r"|(?:last|this|previous) month|(?:\w+ )months? ago)\b",
    re.I,
)
_NAMED = re.compile(
    r"\b(?:from|for|of|am|name is|i'm|im|belongs? to)\s+"
    r"((?:m(?:r|s|rs|x)\.?\s+)[a-z][a-z'-]+|[a-z][a-z'-]+(?:\s+[a-z][a-z'-]+)?)",
    re.I,
)
_PLACE = re.compile(r"\b(?:to|from|in|into)\s+(?:the\s+)?([A-Z][\w.'-]*(?:\s+[A-Z][\w.'-]*)*|[a-z]+(?:\s+[a-z]+)?\s*\??$)")
_CHOICES = (r"first|1st|newest|latest|top", r"second|2nd", r"third|3rd", r"fourth|4th", r"fifth|5th")
_YES = re.compile(
    r"\W*(yes|yeah|yep|yup|y|sure|ok|okay|please do|please(?=\W*$)|go ahead|do (it|that|so)|correct|right|of course|absolutely"
    r"|sounds good|that would be|exactly|definitely|confirmed?)\b",
    re.I,
)
_FOREIGN_YES = re.compile(
    r"\W*(s[ií]|ja|oui|sim|tak|evet)\W*"
    r"(por favor|bitte|s['\u2019]il (vous|te) pla[iî]t|per favore|graag|prosz[eę]|l[uü]tfen)?\W*$",
    re.I,
)
_BUT = re.compile(r"\?|\b(but|first|before|how|what|when|why|which|not|don'?t|wait)\b", re.I)
_NO = re.compile(r"\W*(no|nope|nah|not now|never ?mind|leave it|don'?t|do not|stop)\b", re.I)
_LEAVES = re.compile(
    r"\W*(?:(?:no|ok(?:ay)?|oh|well)\W+)*(?:forget (?:it|that|about it)|never ?mind|leave it"
    r"|(?:it )?does ?n[o']t matter|drop it)"
    r"(?:\W+(?:then|please|thanks?|thank you))*\W*$",
    re.I,
)
_ASKS = re.compile(
    r"\W*(how|what|where|which|when|whether|can i|could i|may i|should i|is it|is there|am i)\b"
    r"|\bhow (to|do|can|could|i|does)\b|\bwhat (do|to|i (have|need|must))\b|\bwhere (do|to|can|could|i)\b"
    r"|\bif i can\b|\bpossible\b|\b(information|info|questions?|problems?|trouble|issues?) (about|with|on|regarding)\b"
    r"|\b(don'?t|do not|never|didn'?t|did not) (\w+ )?cancel",
    re.I,
)
_SOLVED = re.compile(r"\b(works? (now|again)|working now|solved|fixed|that (did it|helped|worked)|it helped)\b", re.I)

# Within a row, a message about one topic does not change the subject of a conversation about another.
_ROWS = (
    {"change_shipping_address", "set_up_shipping_address"},
    {"check_invoice", "get_invoice"},
    {"get_refund", "payment_issue", "check_refund_policy"},
    {"device_wont_start", "hardware_fault", "warranty", "device_connection", "software_update"},
    {"place_order", "plans"},
    {"login_loop", "recover_password"},
    {"track_order", "delivery_period"},
)
# What is asked about these is told at length, in words that may belong to anything.
_STORIES = ("complaint",)

DANGER: Final = Topic("hardware_safety", "escalation", ())
"""The topics that come before all others."""


class Turn(turns.Turn):
    """A turn with what rules see in its message."""

    @cached_property
    def concepts(self) -> frozenset[str]:
        """The concepts of the message, with the kinds of numbers and places in it."""
        found = {"place"} if _PLACE.search(self.text) else set[str]()
        if _ORDER.search(self.text) or numbered_order(self.text):
            found.add("order_number")
        elif _INVOICE.search(self.text):
            found.add("invoice_number")
        return concepts_of(without_emails(self.text)) | found


class Talk:
    """What rules ask of a conversation.

    Attributes:
        now: the turn that is being answered.
        before: the turn before it; an empty one at the beginning.
        topic: what the conversation is about now; empty if that is not known.
        fresh: whether this turn's message, or its brief, said so; else it goes on from before.
        known: what the agent's instructions say is known of the customer.
        is_resumed: whether the customer proved with this message to own an account. What was asked for before the proof is
            answered then, as if it were asked only now.
    """

    def __init__(self, heard: Heard) -> None:
        said = turns_of(to_be_answered(heard.request.messages), Turn)
        resumed = _resumed(said)
        self.is_resumed = resumed is not None
        said = said if resumed is None else resumed
        self.agent = heard.request.agent
        self.turns = said
        self.now = said[-1] if said else Turn("")
        self.before = said[-2] if len(said) > 1 else Turn("")
        self.topic, self.fresh = _topic(said)
        self.known = known_in(heard.request.instructions)

    @property
    def text(self) -> str:
        """The message that is being answered."""
        return self.now.text

    @property
    def words(self) -> list[str]:
        """Its words, in lower case."""
        return words_of(self.text)

    @property
    def foreign(self) -> bool:
        """Whether the message has words, and none that is known."""
        return len(self.words) > 1 and not any(is_known(word) for word in self.words)

    @property
    def language(self) -> Language | None:
        """The language of the message, if that is not English and can be told; at first also the one of the profile."""
        if introduction_in(self.text) is not None:
            return None
        if (self.fresh or not self.topic) and (written := language_of(self.text)):
            return written
        wanted = str(self.known.get("language", ""))
        return language_named(wanted) if wanted and not any(turn.said for turn in self.turns) else None

    def has(self, *concepts: str) -> bool:
        """Whether the message, or what this case began with, has one of the concepts."""
        return not self.now.concepts.isdisjoint(concepts)

    def had(self, *concepts: str) -> bool:
        """The same for the message and the one before it."""
        return self.has(*concepts) or not self.before.concepts.isdisjoint(concepts)

    def got(self, tool: str) -> Result | None:
        """What a tool returned in this turn."""
        return self.now.got(tool)

    def offered(self, *tools: str) -> Result | None:
        """What the last answer was about, if it came from one of these tools and the customer now says yes or no to it."""
        if self.fresh:
            return None
        return next((found for tool in tools if (found := self.before.got(tool)) and "refused" not in found), None)

    @property
    def yes(self) -> bool:
        """Whether the message agrees to what was offered, with no if and no but."""
        agrees = _YES.match(self.text) is not None and _BUT.search(self.text) is None
        return not self.fresh and (agrees or _FOREIGN_YES.match(self.text) is not None)

    @property
    def no(self) -> bool:
        """Whether the message turns down what was offered."""
        return self.leaves or (not self.fresh and _NO.match(self.text) is not None and len(self.words) < 6)

    @property
    def leaves(self) -> bool:
        """Whether the message says to forget what was asked."""
        return not self.fresh and _LEAVES.match(self.text) is not None

    @property
    def asks(self) -> bool:
        """Whether the message asks about something, or denies it, in place of asking for it to be done.

        Of a message in another language that cannot be told: nothing is done for it without a further question.
        """
        return language_of(self.text) is not None or _ASKS.search(self.text) is not None

    @property
    def solved(self) -> bool:
        """Whether the customer says that it works now."""
        return _SOLVED.search(self.text) is not None

    @property
    def order(self) -> str:
        """The order's number: from this message, else the last that the conversation was about."""
        if numbered := numbered_order(self.text):
            return numbered.group("number")
        if given := _ORDER.search(self.text):
            return given.group()
        if (said := _SAID_ORDER.search(self.text)) and not self.invoice:
            return said.group(1) or said.group(2)
        for turn in reversed(self.turns):
            for _, result in reversed(turn.results):
                if number := result.get("order"):
                    return str(number)
            if given := _ORDER.search(turn.text):
                return given.group()
        return ""

    @property
    def invoice(self) -> str:
        """The invoice's number, as given in this message."""
        numbered = numbered_order(self.text)
        given = _INVOICE.search(self.text.replace(numbered.group(), " ") if numbered else self.text)
        return (given.group(1) or given.group(2)) if given else ""

    @property
    def chosen_invoice(self) -> str:
        """The invoice that is meant by `the second one`, of those that were listed in the last answer."""
        if (listed := self.offered("find_invoices")) and listed["invoices"]:
            bills: list[Result] = listed["invoices"]
            for index, words in enumerate(_CHOICES[: len(bills)]):
                if re.search(rf"\b({words})\b", self.text, re.I):
                    return str(bills[index]["invoice"])
            if len(bills) == 1 and self.yes:
                return str(bills[0]["invoice"])
        return ""

    @property
    def email(self) -> str:
        """An e-mail address in the message."""
        given = _EMAIL.search(self.text)
        return given.group().rstrip(".") if given else ""

    @property
    def phone(self) -> str:
        """A phone number in the message."""
        given = _PHONE.search(self.text)
        return phone_number(given.group()) if given else ""

    @property
    def name(self) -> str:
        """How the customer is addressed; "" if that is not known."""
        return CustomerProfile(name=self.known.get("name", "")).called

    @property
    def greeting(self) -> str:
        """What the first answer of a conversation begins with, if it is known whom it greets."""
        return f"Hello {self.name}! " if self.name and not any(turn.said for turn in self.turns) else ""

    @property
    def identified(self) -> bool:
        """Whether tools know whose records are meant without being told."""
        return bool(self.known.get("customer_id"))

    @property
    def outcome(self) -> Result:
        """What the agent told who gave the conversation back in this turn; nothing, if the customer wants something else."""
        told = self.now.outcome
        return {} if "other_matter" in told.values() else told

    @property
    def cents(self) -> int:
        """An amount of money in the message; 0 if there is none."""
        return cents_in(self.text)

    @property
    def cents_before(self) -> int:
        """An amount in the message before, where this one goes on from there."""
        return 0 if self.fresh else cents_in(self.before.text)

    @property
    def month(self) -> str | None:
        """A month that is named; also one that was named before it was known whose invoices are meant."""
        given = _MONTH.search(self.text) or (None if self.fresh else _MONTH.search(self.before.text))
        return given.group() if given else None

    @property
    def place(self) -> str:
        """A place that the message names."""
        given = _PLACE.search(self.text)
        return given.group(1).strip(" ?.") if given else ""

    @property
    def who(self) -> str | None:
        """Who the customer says to be: an e-mail address or a name; a short answer to `who are you` is one too."""
        if self.email:
            return self.email
        given = _NAMED.search(self.text)
        if given and not _MONTH.search(given.group(1)) and not _not_a_name(given.group(1)):
            return given.group(1)
        answered = re.sub(r"^\W*(it'?s|this is|my name is|i am|i'm|yes|sure|ok)\b\W*", "", self.text, flags=re.I).strip(" .!")
        if not self.fresh and 0 < len(answered.split()) < 4 and not _not_a_name(answered):
            return answered
        return None


def _resumed(said: list[Turn]) -> list[Turn] | None:
    """Return the turns without those of a proof that this turn completes; None if it completes none."""
    checked = said[-1].got("confirm_code") if said else None
    first = len(said) - 1
    while first > 0 and asks_for_proof(said[first - 1].said):
        first -= 1
    if checked is None or "refused" in checked or first == len(said) - 1:
        return None
    asked = said[first]
    briefs = [(tool, result) for tool, result in asked.results if tool.startswith(TRANSFER)]
    return [*said[:first], Turn(asked.text, [*briefs, *said[-1].results])]


def numbered_order(text: str) -> re.Match[str] | None:
    """Return where a text names an order by a number of any length, right after the word; None if it names none so."""
    for found in _NUMBERED.finditer(text):
        is_short = len(found["number"]) <= _LONGEST_QUANTITY and not found["said"].strip()
        if not is_short or _QUANTITY.match(text, found.end()) is None:
            return found
    return None


def cents_in(text: str) -> int:
    """The first amount of money that a text names; 0 if there is none."""
    given = _AMOUNT.search(text)
    return round(float((given.group(1) or given.group(2)).replace(",", "")) * 100) if given else 0


def _not_a_name(text: str) -> bool:
    """Whether a text has words that mean something else; nobody is called `my last order`."""
    return bool(concepts_of(text)) or any(len(word) < 3 or word in _NO_NAMES for word in words_of(text) if word not in _TITLES)


_TITLES = frozenset({"mr", "ms", "mrs", "mx", "dr"})
_NO_NAME_WORDS = """
    the this that these those your yours mine our ours here there what which not dont know help please any all some one two
    three four five six seven eight nine ten eleven twelve trying looking having getting going last first second third
"""
_NO_NAMES = frozenset(_NO_NAME_WORDS.split())


def _topic(said: Sequence[Turn]) -> tuple[str, bool]:
    """The topic at the end of some turns, and whether the last one said it."""
    topic, fresh = "", False
    for index, turn in enumerate(said):
        own = DANGER if is_dangerous(turn.text) else topic_of_foreign(turn.text) or topic_of(turn.concepts, weak=not topic)
        given = str(turn.brief.get("topic", ""))
        if given:
            topic, fresh = given, True
        elif own is None or _goes_on(topic, own.name, turn, said[index - 1] if index else Turn("")):
            fresh = False
        else:
            topic, fresh = own.name, True
    return topic, fresh


def _goes_on(topic: str, own: str, turn: Turn, before: Turn) -> bool:
    """Whether a message with a topic of its own still belongs to the one that was talked about."""
    if own == DANGER.name:
        return False
    if topic in _STORIES and before.got("open_ticket") is None:
        return own != "contact_human_agent"
    if topic and _EMAIL.search(turn.text) and "e-mail address" in before.said:
        return True  # who was asked whose account it is has answered
    related = own == topic or any(topic in row and own in row for row in _ROWS)
    return related and "?" in before.said
