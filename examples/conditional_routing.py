"""A query goes to whoever takes its type, and the rest to a general agent: the pattern known as Conditional Routing."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing

from command import asked, command, say
from library import SWITCHES, database, passages
from switchroom import Agent, RunConfig, Runner, route
from switchroom.events import RouteDecided
from switchroom.model import ModelRequest

TYPES = {
    "data_query": r"\b(how many|count|list|average|earliest|latest)\b",
    "dashboard_creation": r"\b(dashboard|chart|plot|draw)\b",
    "document_search": r"\b(what|why|how|who|when|where|find|explain)\b",
}


def classify_query(query: str) -> str | None:
    """The type of a query, by its words; None if it has none of ours."""
    return next((kind for kind, signs in TYPES.items() if re.search(signs, query, re.IGNORECASE)), None)


def data_query(query: str) -> str:
    """The switches of the register whose country or principle the query names, or all, counted and listed."""
    named = [value for row in SWITCHES for value in (row.country, row.principle) if value.casefold() in query.casefold()]
    where = "country = ?1 OR principle = ?1" if named else "?1 IS NULL"
    with closing(database()) as switches:
        rows = switches.execute(f"SELECT name, year FROM switches WHERE {where} ORDER BY year", (named[0] if named else None,))
        found = [f"{name} ({year})" for name, year in rows]
    return f"{len(found)}: {', '.join(found)}"


def document_search(query: str) -> str:
    """What the library says."""
    return " ".join(passages(query, 2)) or "The library has nothing on that."


def dashboard_creation(query: str) -> str:
    """The switches by decade, or by whatever field the query names, as bars."""
    field = next((name for name in ("principle", "country") if name in query.casefold()), "decade")
    counts = Counter(f"{row.year // 10 * 10}s" if field == "decade" else str(getattr(row, field)) for row in SWITCHES)
    return "\n".join(f"{name:14} {'#' * number}" for name, number in sorted(counts.items()))


desk = route(
    classify_query,
    {"data_query": data_query, "document_search": document_search, "dashboard_creation": dashboard_creation},
    fallback=Agent("general", "Say briefly what can be asked here: data on exchanges, documents, dashboards."),
)


def offline(request: ModelRequest) -> str:
    """What the general agent would say."""
    return f"'{request.messages[-1].text}' is none of {', '.join(TYPES)}. Ask how many, why, or for a chart."


if __name__ == "__main__":
    text, model = asked(command(__doc__, "How many exchanges opened in France?"), offline)
    result = Runner.run_sync(desk, text, config=RunConfig(model=model))
    [decided] = [fact for fact in result.facts if isinstance(fact, RouteDecided)]
    say(f"{decided.to}:")
    say(result.final_output)
