"""Python processes without the time to start: each is forked from a clean one that has imported everything.

`run` and `start` take the interpreter's arguments, as `subprocess` does after `sys.executable`: options ("-X dev", "-W error"),
then "-m module", "-c code" or a file. A process has its own memory, files, folder and environment, is killed as any other, and
ends as any other. Only its imports are shared, and so is what the interpreter reads from the environment when it starts: where
that matters (a locale, how heavy an import is), start a real process.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.patience import HANGS_S

ROOT = Path(__file__).parents[1]
IMPORTED = (
    "switchroom.cli.commands",
    "switchroom.cli.chat",
    "switchroom.cli.check",
    "switchroom.cli.demo",
    "switchroom.cli.doctor",
    "switchroom.cli.graph",
    "switchroom.journals",
    "switchroom.models",
    "switchroom.routing",
    "switchroom.testing",
    "numpy",
)
WIDTH = 12
"""Bytes of a number that is told: a process's, and how it ended."""


class Forked:
    """A forked process, as `subprocess.Popen` would have it.

    Attributes:
        pid: its number.
        returncode: its exit code, once that is known; negative for a signal.
    """

    def __init__(self, pid: int, ended: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = ended

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; give its exit code, negative for a signal.

        Raises:
            TimeoutExpired: it has not ended by then.
        """
        if self.returncode is None:
            self._ended.settimeout(timeout)
            try:
                told = self._ended.recv(WIDTH, socket.MSG_WAITALL)
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(f"forked process {self.pid}", timeout or 0) from error
            self._ended.close()
            self.returncode = os.waitstatus_to_exitcode(int(told))
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless its end is known."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)


class Server:
    """The near end of a clean process."""

    def __init__(self, options: Sequence[str]) -> None:
        self._near, far = socket.socketpair()
        command = [sys.executable, *options, "-m", "tests.forked", str(far.fileno())]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("SWITCHROOM_", "OPENAI_"))},
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "OPENBLAS_NUM_THREADS": "1",  # a process with threads should not be forked
        }
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, pass_fds=[far.fileno()])
        far.close()
        self._lock = threading.Lock()

    def start(self, order: dict[str, Any], files: Sequence[int]) -> Forked:
        """Have a process forked."""
        body = json.dumps(order).encode()
        near, far = socket.socketpair()
        with near, far, self._lock:
            socket.send_fds(self._near, [len(body).to_bytes(4)], [far.fileno(), *files])
            self._near.sendall(body)
            far.close()
            pid = int(near.recv(WIDTH, socket.MSG_WAITALL))
            return Forked(pid, near.dup())

    def close(self) -> None:
        """End it."""
        self._near.close()
        self._process.wait()


_servers: dict[tuple[int, tuple[str, ...]], Server] = {}


def start(
    *arguments: str,
    files: tuple[int, int, int],
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    session: bool = False,
) -> Forked:
    """Start a process.

    Args:
        arguments: the interpreter's.
        files: what it reads, where it writes, and where it writes what is no output.
        cwd: its folder; by default this one's.
        env: its environment; by default this one's.
        session: it leads a session of its own; what it reads is that session's terminal, if it is one.
    """
    options, warned, program = _split(arguments)
    key = (os.getpid(), options)
    if key not in _servers:
        server = _servers[key] = Server(options)
        atexit.register(server.close)
    place = {"cwd": str(Path(cwd or "").absolute()), "env": dict(os.environ if env is None else env)}
    return _servers[key].start({"program": program, "warned": warned, "session": session, **place}, files)


def run(
    *arguments: str,
    input: str | bytes = b"",
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = HANGS_S,
) -> subprocess.CompletedProcess[str]:
    """Run a process to its end; give its exit code and what it wrote.

    Raises:
        TimeoutExpired: it did not end by then, and was killed.
    """
    said = input.encode() if isinstance(input, str) else input
    assert len(said) < 4096, "what is read has to fit into a pipe"
    reading, writing = os.pipe()
    os.write(writing, said)
    os.close(writing)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = start(*arguments, files=(reading, out.fileno(), err.fileno()), cwd=cwd, env=env)
        os.close(reading)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read().decode(), err.read().decode())


class Talking:
    """A process that is spoken with, a line at a time.

    Args:
        arguments: the interpreter's.

    Attributes:
        process: it.
    """

    def __init__(self, *arguments: str) -> None:
        theirs, self._saying = os.pipe()
        self._hearing, writing = os.pipe()
        self.process = start(*arguments, files=(theirs, writing, writing))
        os.close(theirs)
        os.close(writing)
        self._heard = os.fdopen(self._hearing)

    def say(self, line: str) -> None:
        """Write a line to it."""
        os.write(self._saying, f"{line}\n".encode())

    def hear(self) -> str:
        """Read the next line that it writes."""
        return self._heard.readline().removesuffix("\n")

    def end(self) -> str:
        """Say no more, and wait until it has ended; give all that it still writes."""
        os.close(self._saying)
        with self._heard:
            rest = self._heard.read()
        self.process.wait(HANGS_S)
        return rest


def _split(arguments: Sequence[str]) -> tuple[tuple[str, ...], list[str], list[str]]:
    """The interpreter's options, what becomes of warnings, and the program with its own arguments."""
    options: list[str] = []
    warned: list[str] = []
    rest = list(arguments)
    while rest[0] in ("-W", "-X"):
        kind, value, *rest = rest
        if kind == "-W":
            warned.append(value)
        else:
            options += [kind, value]
    return tuple(options), warned, rest


# the far end ----------------------------------------------------------------------------------------------------------


def serve(orders: socket.socket) -> list[str]:
    """Fork for each order, and tell how each process ended; in a forked process, give its program."""
    reading, waking = socket.socketpair()
    for end in (reading, waking):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, _wake)
    signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
    running: dict[int, socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        selector.register(reading, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is reading:
                    with contextlib.suppress(BlockingIOError):
                        reading.recv(4096)
                    _tell_the_ended(running)
                    continue
                head, files, _, _ = socket.recv_fds(orders, 4, 4)
                if not head:
                    os._exit(0)
                order = json.loads(orders.recv(int.from_bytes(head), socket.MSG_WAITALL))
                child = os.fork()
                if child == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for end in (orders, reading, waking, *running.values()):
                        end.close()
                    selector.close()
                    return _become(order, files)
                ended = running[child] = socket.socket(fileno=files[0])
                ended.sendall(f"{child:{WIDTH}}".encode())
                for file in files[1:]:
                    os.close(file)


def _wake(number: int, frame: object) -> None:
    """Heed that a process has ended; what wakes is the file that the interpreter writes to."""


def _tell_the_ended(running: dict[int, socket.socket]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with running.pop(pid) as ended, contextlib.suppress(BrokenPipeError):
            ended.sendall(f"{status:{WIDTH}}".encode())


def _become(order: dict[str, Any], files: Sequence[int]) -> list[str]:
    """Take a process's files, folder and environment; give its program."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where all this runs in the background, deaf to Ctrl-C
    told, *own = files
    os.close(told)
    if order["session"]:
        os.setsid()
        if os.isatty(own[0]):  # so that Ctrl-C typed there reaches the process, as a person's does
            fcntl.ioctl(own[0], termios.TIOCSCTTY, 0)
    for place, file in enumerate(own):
        os.dup2(file, place)
    for file in own:
        os.close(file)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    for action in order["warned"]:
        warnings.simplefilter(action)
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    sys.stdin = sys.__stdin__ = os.fdopen(0, encoding=encoding, closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", encoding=encoding, closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, encoding, "backslashreplace", closefd=False)
    return order["program"]


def perform(program: list[str]) -> None:
    """Do what the interpreter does with these arguments."""
    kind, *rest = program
    source = os.environ.get("PYTHONPATH", "")
    sys.path[:] = [*filter(None, source.split(os.pathsep)), *(path for path in sys.path if path not in ("", str(ROOT)))]
    match kind:
        case "-m":
            sys.path.insert(0, os.getcwd())
            sys.argv = ["", *rest[1:]]
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        case "-c":
            sys.path.insert(0, "")
            sys.argv = ["-c", *rest[1:]]
            exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
        case _:
            sys.path.insert(0, os.path.dirname(os.path.abspath(kind)))
            sys.argv = program
            runpy.run_path(kind, run_name="__main__")


def main() -> None:
    """Import everything, serve, and be what is forked."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for module in IMPORTED:
            importlib.import_module(module)
    sys.dont_write_bytecode = True  # of the programs of tests, which may change within a second
    gc.collect()
    gc.freeze()  # what is collected in a forked process is its own
    program = serve(socket.socket(fileno=int(sys.argv[1])))
    perform(program)


if __name__ == "__main__":
    main()
