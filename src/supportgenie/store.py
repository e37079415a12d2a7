"""One SQLite connection behind one lock: the tables, the reads and the all-or-nothing changes."""

import sqlite3
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from supportgenie.records import DeskError

SCHEMA_VERSION = 2

# Dates are ISO text and money is whole cents, so that a dump reads as it is meant.
SCHEMA = (
    """CREATE TABLE customers (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE COLLATE NOCASE,
        tier TEXT NOT NULL, phone TEXT NOT NULL, address TEXT NOT NULL, since TEXT NOT NULL,
        contract_until TEXT, active INTEGER NOT NULL DEFAULT 1)""",
    """CREATE TABLE products (
        sku TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL,
        cents INTEGER NOT NULL CHECK (cents >= 0), description TEXT NOT NULL,
        stock INTEGER NOT NULL CHECK (stock >= 0))""",
    """CREATE TABLE destinations (
        country TEXT PRIMARY KEY, days_min INTEGER NOT NULL, days_max INTEGER NOT NULL,
        cents INTEGER NOT NULL)""",
    "CREATE TABLE places (name TEXT PRIMARY KEY, country TEXT NOT NULL REFERENCES destinations)",
    """CREATE TABLE orders (
        number TEXT PRIMARY KEY, customer_id TEXT NOT NULL REFERENCES customers,
        status TEXT NOT NULL CHECK (status IN ('placed', 'shipped', 'delivered', 'cancelled')),
        address TEXT NOT NULL, shipping_cents INTEGER NOT NULL, placed_on TEXT NOT NULL,
        expected_on TEXT NOT NULL, shipped_on TEXT, delivered_on TEXT, cancelled_on TEXT,
        carrier TEXT, tracking TEXT, key TEXT UNIQUE)""",
    """CREATE TABLE items (
        order_number TEXT NOT NULL REFERENCES orders, sku TEXT NOT NULL REFERENCES products,
        quantity INTEGER NOT NULL CHECK (quantity > 0), cents INTEGER NOT NULL,
        PRIMARY KEY (order_number, sku))""",
    """CREATE TABLE invoices (
        number TEXT PRIMARY KEY, order_number TEXT REFERENCES orders,
        customer_id TEXT NOT NULL REFERENCES customers, description TEXT NOT NULL,
        cents INTEGER NOT NULL CHECK (cents >= 0),
        status TEXT NOT NULL CHECK (status IN ('open', 'paid', 'void')),
        issued_on TEXT NOT NULL, due_on TEXT NOT NULL, paid_on TEXT)""",
    """CREATE TABLE refunds (
        id INTEGER PRIMARY KEY, order_number TEXT NOT NULL REFERENCES orders,
        customer_id TEXT NOT NULL REFERENCES customers, cents INTEGER NOT NULL CHECK (cents > 0),
        status TEXT NOT NULL CHECK (status IN ('requested', 'approved', 'paid')),
        requested_on TEXT NOT NULL, expected_on TEXT NOT NULL, paid_on TEXT,
        key TEXT NOT NULL UNIQUE)""",
    """CREATE TABLE tickets (
        id INTEGER PRIMARY KEY, subject TEXT NOT NULL, body TEXT NOT NULL,
        customer_id TEXT REFERENCES customers, priority TEXT NOT NULL,
        status TEXT NOT NULL DEFAULT 'open', opened_on TEXT NOT NULL, key TEXT UNIQUE)""",
    """CREATE TABLE mails (
        id INTEGER PRIMARY KEY, "to" TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
        queued_on TEXT NOT NULL, key TEXT NOT NULL UNIQUE)""",
    "CREATE TABLE subscribers (email TEXT PRIMARY KEY COLLATE NOCASE, since TEXT NOT NULL)",
    """CREATE VIRTUAL TABLE articles USING fts5(
        slug UNINDEXED, topic, title, keywords, body,
        tokenize = 'porter unicode61 remove_diacritics 2')""",
    "CREATE INDEX orders_of ON orders (customer_id, placed_on)",
    "CREATE INDEX invoices_of ON invoices (customer_id, issued_on)",
    "CREATE INDEX invoices_for ON invoices (order_number)",
    "CREATE INDEX refunds_of ON refunds (customer_id)",
)

# Times are whole seconds since 1970.
PROOFS = (
    """CREATE TABLE codes (
        key TEXT PRIMARY KEY, email TEXT NOT NULL COLLATE NOCASE, code TEXT NOT NULL,
        sent_at INTEGER NOT NULL, used_by TEXT)""",
    "CREATE TABLE guesses (subject TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (subject, key))",
)
"""The tables that version 2 added."""

Value = str | int | None

BUSY_S = 10.0
"""Seconds in which another process may hold the file's lock."""


class Store:
    """A database that one event loop and its worker threads can share."""

    def __init__(self, path: str | Path = ":memory:") -> None:
        """Open the file, or a database in memory that ends with this object.

        Args:
            path: Where the file is or shall be; its folder has to exist.

        Raises:
            sqlite3.OperationalError: If the file cannot be opened.
        """
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA foreign_keys = ON")
        if str(path) != ":memory:":
            self._let_read_while_written()

    def _let_read_while_written(self) -> None:
        """Set the file to a write-ahead log. SQLite does not wait here for others that set the same file, so this does."""
        end = time.monotonic() + BUSY_S
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def prepare(self, fill: Callable[[], None]) -> None:
        """Create the tables and fill them, once in the life of a file.

        Args:
            fill: Writes the first records; runs in the same transaction as the tables' creation.

        Raises:
            DeskError: If the file was made by another version of the tables.
        """
        with self.change():
            row = self.one("PRAGMA user_version")
            version = int(row[0]) if row else 0
            match version:
                case _ if version == SCHEMA_VERSION:
                    return
                case 0:
                    self._create(SCHEMA + PROOFS)
                    fill()
                case 1:
                    self._create(PROOFS)
                case _:
                    raise DeskError(
                        f"the desk's file has tables of version {version}, this program expects "
                        f"{SCHEMA_VERSION}: move the file away to start with a new one"
                    )
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _create(self, statements: tuple[str, ...]) -> None:
        for statement in statements:
            self._db.execute(statement)

    def all(self, sql: str, *values: Value) -> list[sqlite3.Row]:
        """Return every row of a query."""
        with self._lock:
            return self._db.execute(sql, _storable(values)).fetchall()

    def one(self, sql: str, *values: Value) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self._lock:
            return self._db.execute(sql, _storable(values)).fetchone()

    def number(self, sql: str, *values: Value) -> int:
        """Return the whole number in a query's first column; 0 without a row or with NULL."""
        row = self.one(sql, *values)
        return int(row[0] or 0) if row else 0

    def run(self, sql: str, *values: Value) -> None:
        """Execute one statement; inside `change` it takes effect with the rest."""
        with self._lock:
            self._db.execute(sql, _storable(values))

    def insert(self, table: str, **columns: Value) -> None:
        """Insert one row; table and column names come from this program, never from outside."""
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        self.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *columns.values())

    @contextmanager
    def change(self) -> Generator[None, None, None]:
        """Hold everything in the block together: all of it is written, or nothing.

        The write lock is taken at once, so that what is read in the block is still true when it is
        written. A block within a block belongs to the outer one.
        """
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                # A full disk may have ended the transaction already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Close the connection; closing twice is allowed."""
        with self._lock:
            self._db.close()


def _storable(values: tuple[Value, ...]) -> tuple[Value, ...]:
    """Replace what UTF-8 cannot hold: half a character, as broken JSON escapes leave it."""
    return tuple(
        value.encode("utf-8", "replace").decode() if isinstance(value, str) and not value.isascii() else value
        for value in values
    )
