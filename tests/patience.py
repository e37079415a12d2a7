"""How long tests wait for a process, a thread or a server, so that a machine that is slow and busy passes them as well.

A limit only ends a test that hangs. No test passes because of a limit, so that one length serves all of them: far more than an
ordinary machine needs. What has to be quick is compared with something that is as slow on the same machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable

HANGS_S = 240.0
"""Seconds after which something that was to happen counts as hung."""


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds.

    Args:
        is_so: the condition, asked again and again.
        what: said of a wait in vain, such as "the process ends".

    Raises:
        AssertionError: it does not come to hold.
    """
    end = time.monotonic() + HANGS_S
    while not is_so():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.01)
