"""The application as it is run: the team, who answers for it, and where the desk's records are kept."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Final

from supportgenie.agents import app as app
from supportgenie.desk import Desk
from supportgenie.guards import without_card
from supportgenie.identity import named_by_environment
from supportgenie.offline import offline
from supportgenie.state import CustomerState
from supportgenie.supervision import Supervised, model_of
from switchroom import RunConfig

MAX_TURNS: Final = 40
"""Model answers in a turn: a refund of what was charged twice goes through five agents and back."""


model: Final = Supervised(offline)
"""Who answers where no language model is named: rules, after what the router is sure of."""


routes: Final = {"refunds": "billing", "payment_investigator": "billing", "router": None, "fallback": None}
"""The departments that agents stand for where their names do not say it, for `switchroom eval`."""


def desk_file() -> Path:
    """Where the desk's records are: `SUPPORTGENIE_DB`, else a file in the user's data folder."""
    if named := os.environ.get("SUPPORTGENIE_DB"):
        return Path(named).expanduser()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "supportgenie" / "desk.db"


def desk_of(conversation: str) -> Desk:
    """The desk that a conversation's tools work on: one for all of them, opened when the first is there."""
    return _opened(desk_file())


def customer(conversation: str) -> CustomerState:
    """Return what is known of a customer at the beginning, where the caller says nothing.

    `SUPPORTGENIE_CUSTOMER` names the account, such as C1001, that is signed in at the command line. Without it nobody is.
    The variable counts anew at each message (`supportgenie.guards`): a conversation that goes on may have another customer.
    """
    named = named_by_environment()
    return CustomerState(customer_id=named, environment_id=named)


@cache
def _opened(file: Path) -> Desk:
    file.parent.mkdir(parents=True, exist_ok=True)
    return Desk.open(file)


config = RunConfig(
    deps=desk_of,
    state=customer,
    state_type=CustomerState,
    # A language model takes over when one is named; the agents, their tools and their instructions stay the same.
    model=Supervised(model_of(named)) if (named := os.environ.get("SWITCHROOM_MODEL", "").strip()) else model,
    redact=without_card(lambda: desk_of("")),
    max_turns=MAX_TURNS,
)
