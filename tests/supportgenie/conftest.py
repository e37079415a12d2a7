"""A desk in memory on a known day, for tests that change it and for tests that only read; and a customer who writes to it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from supportgenie import config, model
from supportgenie.desk import Desk
from tests.supportgenie.chat import Chat

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


@pytest.fixture
def chat(desk: Desk, tmp_path: Path) -> Chat:
    return Chat(desk, replace(config, model=model, journal=f"sqlite:///{tmp_path}/chats.db"))
