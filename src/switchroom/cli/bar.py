"""A bar on stderr while something takes long; nothing where nobody looks."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator


@contextlib.contextmanager
def bar(what: str) -> Generator[Callable[[float], None]]:
    """A function to be told the share that is done, from 0 to 1.

    Args:
        what: is being done.
    """
    if not sys.stderr.isatty():
        yield _nobody
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0)
        yield lambda share: progress.update(task, completed=share)


def _nobody(share: float) -> None:
    """Nobody looks."""
