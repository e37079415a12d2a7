"""`python -m tests.servers --port 0 --script NAME`: the server as a process, which prints its URL and runs until it is told."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

from tests.servers.http import serving
from tests.servers.scripts import SCRIPTS


async def main() -> None:
    """Serve until SIGTERM or SIGINT comes, or stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 is a free one")
    parser.add_argument("--script", choices=SCRIPTS, default="fifty", help="what is answered")
    parser.add_argument("--while-stdin", action="store_true", help="serve until stdin, a pipe, is closed at its other end")
    wanted = parser.parse_args()
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    if wanted.while_stdin:
        stdin = sys.stdin.fileno()
        loop.add_reader(stdin, lambda: os.read(stdin, 4096) or over.set())
    async with serving(SCRIPTS[wanted.script], port=wanted.port) as server:
        print(server.url, flush=True)
        await over.wait()


if __name__ == "__main__":
    asyncio.run(main())
