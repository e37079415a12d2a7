"""No text becomes SQL: statements are written in the program, and values are bound."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import supportgenie
from supportgenie.desk import Desk
from supportgenie.records import DeskError
from tests.examples import times

SOURCES = sorted(Path(supportgenie.__file__).parent.rglob("*.py"))
# What may stand in a statement beside its text: names of tables and columns, marks, and constants of this program.
IN_SQL = {"table", "names", "marks", "_WEIGHTS", "SCHEMA_VERSION"}
VERBS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "PRAGMA ", "CREATE ", "DROP ")
INJECTIONS = st.sampled_from(
    [
        "'; DROP TABLE customers;--",
        '" OR 1=1 --',
        "C1001' UNION SELECT * FROM mails --",
        "%",
        "_",
        "\x00",
        "ann'",
        "1; DELETE FROM orders",
    ]
)


def statements(path: Path) -> list[ast.JoinedStr]:
    """The f-strings of a file that are SQL."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    return [node for node in joined if any(verb in ast.unparse(node) for verb in VERBS)]


def test_only_names_of_this_program_are_written_into_statements():
    found = [(path, node) for path in SOURCES for node in statements(path)]
    assert len(found) >= 5
    for path, node in found:
        named = {ast.unparse(part.value) for part in node.values if isinstance(part, ast.FormattedValue)}
        assert named <= IN_SQL, f"{path}:{node.lineno}"


def test_tables_and_columns_are_named_by_the_program():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("insert", "_by_number", "_next")
            ):
                first = node.args[0]
                assert isinstance(first, ast.Constant), f"{path.name}:{node.lineno}"
                assert set(str(first.value)) <= set(string.ascii_lowercase)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=times(30))
@given(st.one_of(INJECTIONS, st.text()))
def test_any_text_is_only_a_value(desk: Desk, text: str):
    before = _counts(desk)
    for ask in (
        desk.find_customers,
        desk.find_order,
        desk.find_invoice,
        desk.find_ticket,
        desk.find_product,
        desk.is_subscribed,
    ):
        ask(text)
    desk.search_articles(text)
    desk.find_destination(text)
    assert desk.invoices_of(text) == desk.orders_of(text) == desk.refunds_of(text) == ()
    for change in (desk.cancel_order, desk.early_exit_cents, desk.close_account):
        with pytest.raises(DeskError):
            change(f"{text}x")
    opened = desk.open_ticket(text, text)
    assert _counts(desk) == before
    again = desk.find_ticket(opened.number)
    assert again is not None
    assert again.subject == text.encode("utf-8", "replace").decode()


def _counts(desk: Desk) -> tuple[int, int, int, int]:
    everyone = [f"C{number}" for number in range(1001, 1009)]
    return (
        sum(desk.find_customer(id) is not None for id in everyone),
        sum(len(desk.orders_of(id)) for id in everyone),
        sum(len(desk.invoices_of(id)) for id in everyone),
        len(desk.products()),
    )
