"""A desk in memory on a known day, for tests that change it and for tests that only read."""

from collections.abc import Iterator
from datetime import date

import pytest

from supportgenie.desk import Desk

TODAY = date(2025, 3, 14)


@pytest.fixture
def desk() -> Iterator[Desk]:
    opened = Desk.open(today=TODAY)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def reading_desk() -> Iterator[Desk]:
    """One desk for all tests that change nothing."""
    opened = Desk.open(today=TODAY)
    yield opened
    opened.close()
