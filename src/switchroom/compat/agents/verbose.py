"""Logging for people who watch a program."""

from __future__ import annotations

import logging
import sys
from typing import Any


def enable_verbose_stdout_logging() -> None:
    """Write to stdout what Switchroom logs, all of it."""
    log = logging.getLogger("switchroom")
    log.setLevel(logging.DEBUG)
    if not any(isinstance(handler, _Stdout) for handler in log.handlers):
        log.addHandler(_Stdout(sys.stdout))


class _Stdout(logging.StreamHandler[Any]):
    """The handler that is added once."""
