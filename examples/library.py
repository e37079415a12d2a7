"""A small library on telephone exchanges: articles on shelves, switches as rows of a database, and who is related to whom."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from reading import Found, Index, sentences


class Article(NamedTuple):
    """A text, and the shelf that it stands on."""

    title: str
    shelf: str
    text: str


ARTICLES = (
    Article(
        "New Haven",
        "manual",
        "The first commercial telephone exchange opened in New Haven, Connecticut, in January 1878. George Coy built its "
        "switchboard, and twenty-one subscribers could reach one another through an operator.",
    ),
    Article(
        "Operators",
        "manual",
        "Boys from telegraph offices were the first operators, and many callers found them rude. In September 1878 Emma Nutt "
        "became the first woman to operate an exchange, in Boston. A few years later most operators were women.",
    ),
    Article(
        "The last cranks",
        "manual",
        "Bryant Pond in Maine kept its hand-cranked exchange until October 1983. The switchboard stood in the living room of "
        "the family that owned the company. It was the last of its kind in the United States.",
    ),
    Article(
        "Strowger",
        "automatic",
        "The undertaker Almon Strowger patented an automatic switch in 1891, so that no operator could lead his callers "
        "elsewhere. The first exchange with such switches opened in La Porte, Indiana, in November 1892. Callers sent pulses "
        "with keys, until the dial of 1896 did it for them.",
    ),
    Article(
        "Panel",
        "automatic",
        "The panel switch was made for large cities. Omaha got the first complete panel exchange in December 1921. It kept the "
        "digits that were dialled and looked for a free path by itself, which is called common control.",
    ),
    Article(
        "Crossbar",
        "automatic",
        "A crossbar switch closes a contact where a row and a column meet, and has little that wears out. Brooklyn got the "
        "first No. 1 crossbar exchange in February 1938. The No. 5 crossbar of 1948, made for suburbs, began in Media, "
        "Pennsylvania.",
    ),
    Article(
        "Direct dialling",
        "automatic",
        "Before 1951 every long distance call in America needed an operator. On 10 November 1951 the mayor of Englewood, New "
        "Jersey, dialled a number in California by himself. Bristol in England followed in December 1958.",
    ),
    Article(
        "Stored programs",
        "electronic",
        "The 1ESS was the first large exchange that was controlled by a stored program. It opened in Succasunna, New Jersey, "
        "in May 1965. A new service now meant another program, and no longer other wires.",
    ),
    Article(
        "Digital exchanges",
        "electronic",
        "The E10 in Perros-Guirec, France, was the first public exchange that switched speech as digits, in 1970. The 4ESS did "
        "so for long distance calls from January 1976, first in Chicago.",
    ),
    Article(
        "The failure of 1990",
        "electronic",
        "On 15 January 1990 about half of the long distance calls of AT&T failed for nine hours. Each 4ESS that recovered told "
        "its neighbours so, and a fault in a new program made them fail in turn. One misplaced break statement was the cause.",
    ),
    Article(
        "Traffic",
        "theory",
        "Agner Krarup Erlang studied the traffic of the exchanges in Copenhagen, and published his first theory of it in 1909. "
        "His formula of 1917 says how many lines are needed so that few callers find all lines busy.",
    ),
)


class Switch(NamedTuple):
    """A kind of exchange, and where the first of it opened."""

    name: str
    principle: str
    year: int
    place: str
    country: str


SWITCHES = (
    Switch("Coy switchboard", "manual", 1878, "New Haven", "United States"),
    Switch("Strowger switch", "step by step", 1892, "La Porte", "United States"),
    Switch("panel switch", "common control", 1921, "Omaha", "United States"),
    Switch("No. 1 crossbar", "crossbar", 1938, "Brooklyn", "United States"),
    Switch("No. 5 crossbar", "crossbar", 1948, "Media", "United States"),
    Switch("1ESS", "stored program", 1965, "Succasunna", "United States"),
    Switch("E10", "digital", 1970, "Perros-Guirec", "France"),
    Switch("4ESS", "digital", 1976, "Chicago", "United States"),
)


class Relation(NamedTuple):
    """An edge of the graph: who is to whom in which relation."""

    subject: str
    verb: str
    object: str


RELATIONS = (
    Relation("George Coy", "built", "Coy switchboard"),
    Relation("Emma Nutt", "worked in", "Boston"),
    Relation("Almon Strowger", "invented", "Strowger switch"),
    Relation("Agner Krarup Erlang", "worked in", "Copenhagen"),
    Relation("Strowger switch", "came after", "Coy switchboard"),
    Relation("panel switch", "came after", "Strowger switch"),
    Relation("No. 1 crossbar", "came after", "panel switch"),
    Relation("No. 5 crossbar", "came after", "No. 1 crossbar"),
    Relation("No. 5 crossbar", "made possible", "direct dialling"),
    Relation("1ESS", "came after", "No. 5 crossbar"),
    Relation("4ESS", "came after", "1ESS"),
    Relation("4ESS", "took part in", "the failure of 1990"),
)

PASSAGES = Index(
    {
        f"{article.title} {place}": sentence
        for article in ARTICLES
        for place, sentence in enumerate(sentences(article.text), start=1)
    }
)


def passages(question: str, limit: int = 3) -> list[str]:
    """The sentences of the library that are nearest to a question, the best first."""
    return [found.text for found in PASSAGES.search(question, limit)]


def nearest(question: str) -> Found | None:
    """The sentence that is nearest to a question, with how near it is; None if nothing has a word in common with it."""
    found = PASSAGES.search(question, 1)
    return found[0] if found else None


def database() -> sqlite3.Connection:
    """The switches in a database of their own, in memory."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE TABLE switches (name TEXT, principle TEXT, year INTEGER, place TEXT, country TEXT)")
    connection.executemany("INSERT INTO switches VALUES (?, ?, ?, ?, ?)", SWITCHES)
    return connection
