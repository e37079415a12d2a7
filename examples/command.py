"""What every example takes from the command line: what it is asked, and a real model in place of the offline one."""

from __future__ import annotations

import textwrap
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable
from typing import NamedTuple

from switchroom import Model
from switchroom.model import ModelRequest
from switchroom.testing import FunctionModel, Reply


class Asked(NamedTuple):
    """What was asked, and who answers."""

    text: str
    model: Model | str


def command(about: str | None, usual: str) -> ArgumentParser:
    """A parser of the command line; for an example that takes more than the usual.

    Args:
        about: the docstring of the example.
        usual: what is asked when nothing is said.
    """
    parser = ArgumentParser(description=about, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("text", nargs="*", default=[usual], help=f"what is asked; by default: {usual}")
    parser.add_argument("--model", metavar="NAME", help='a real model, such as "openai:gpt-5.4-mini"; by default none is asked')
    return parser


def asked(parser: ArgumentParser, offline: Callable[[ModelRequest], Reply]) -> Asked:
    """What the command line says.

    Args:
        parser: made by `command`.
        offline: answers the agents' questions where no model is named: by rules, and really.
    """
    given = parser.parse_args()
    return Asked(" ".join(given.text), given.model or FunctionModel(offline))


def say(said: object) -> None:
    """Print what was said, its lines wrapped."""
    for line in str(said).splitlines():
        print(textwrap.fill(line, 100))
