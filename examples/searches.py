"""Three ways to search the library: by likeness of words, along relations, and in the tables whose columns fit."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing

from pydantic import BaseModel

from library import PASSAGES, RELATIONS, database
from reading import Index, spoken, stem, words

COLUMNS = {
    "principle": "principle: how a switch works, such as manual, crossbar, digital",
    "year": "year: when the first opened, how old, date, earliest, latest",
    "place": "place: where the first opened, town, city",
    "country": "country: where, nation, state, America, France",
}


class Understanding(BaseModel):
    """A question, understood: its terms, the things that it names, and what kind of answer it wants."""

    question: str
    terms: list[str]
    entities: list[str]
    wants: str


Search = Callable[[Understanding], list[str]]


def understood(question: str) -> Understanding:
    """A question understood by its words and by the names of the graph."""
    said = set(words(question))
    names = {name for relation in RELATIONS for name in (relation.subject, relation.object)}
    entities = sorted(name for name in names if set(words(name)) <= said)
    first = {"when": "year", "where": "place", "who": "person", "why": "reason", "how": "manner"}
    wants = next((kind for word, kind in first.items() if word in question.casefold().split()), "anything")
    return Understanding(question=question, terms=list(dict.fromkeys(spoken(question))), entities=entities, wants=wants)


def vector_search(asked: Understanding) -> list[str]:
    """The passages that are nearest to the terms."""
    return [found.text for found in PASSAGES.search(" ".join(asked.terms), 3)]


def graph_search(asked: Understanding) -> list[str]:
    """The relations in which the things stand that the question names."""
    return [
        f"{subject} {verb} {object}"
        for subject, verb, object in RELATIONS
        if subject in asked.entities or object in asked.entities
    ]


def schema_search(asked: Understanding) -> list[str]:
    """The rows that have a term in one of their columns, with the column that the question wants."""
    columns = [found.name for found in Index(COLUMNS).search(f"{asked.wants} {' '.join(asked.terms)}", 1)]
    wanted = columns[0] if columns else "year"
    with closing(database()) as switches:
        rows = switches.execute("SELECT * FROM switches ORDER BY year")
        names = [column[0] for column in rows.description]
        records = [dict(zip(names, row, strict=True)) for row in rows]
    found: list[str] = []
    for record in records:
        of_row = {stem(word) for value in record.values() for word in spoken(str(value))} - {"switch"}
        if of_row & set(map(stem, asked.terms)):
            found.append(f"switches: {record['name']}, {wanted} {record[wanted]}")
    return found


SEARCHES: dict[str, Search] = {"vector": vector_search, "graph": graph_search, "schema": schema_search}


def reachable(down: Collection[str]) -> dict[str, Search]:
    """The searches, of which those that are down raise."""

    def unreachable(name: str) -> Search:
        def search(asked: Understanding) -> list[str]:
            raise ConnectionError(f"{name} search cannot be reached")

        return search

    return {name: unreachable(name) if name in down else search for name, search in SEARCHES.items()}
