"""A forked process is a process: its own files, folder, environment, arguments, modules, signals and end."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests import forked


def test_it_reads_writes_and_ends_as_a_started_one():
    program = "import sys; print(sys.stdin.read().upper()); print('talk', file=sys.stderr); sys.exit(3)"
    ended = forked.run("-c", program, input="said")
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "SAID\n", "talk\n")


def test_it_has_its_own_folder_environment_and_arguments(tmp_path: Path):
    (tmp_path / "beside.py").write_text("WORD = 'beside'")
    (tmp_path / "program.py").write_text(
        "import beside, os, sys; print(beside.WORD, os.getcwd(), sys.argv[1:], os.environ.get('OURS'), os.environ.get('HOME'))"
    )
    ended = forked.run("program.py", "a", "b", cwd=tmp_path, env={"OURS": "1"})
    assert ended.stdout == f"beside {tmp_path} ['a', 'b'] 1 None\n"


def test_what_one_does_to_its_modules_no_other_sees():
    assert forked.run("-c", "import switchroom; switchroom.left = 1; print('left')").stdout == "left\n"
    assert forked.run("-c", "import switchroom; print(hasattr(switchroom, 'left'))").stdout == "False\n"


def test_an_exception_ends_it_with_a_traceback_and_code_1():
    ended = forked.run("-c", "raise ValueError('no')")
    assert ended.returncode == 1
    assert ended.stderr.endswith("ValueError: no\n")


def test_a_warning_is_an_error_where_that_is_said_and_nowhere_else():
    program = "import warnings; warnings.warn('old'); print('went on')"
    assert forked.run("-W", "error", "-c", program).stdout == ""
    assert forked.run("-c", program).stdout == "went on\n"


def test_what_is_left_open_is_complained_of_in_development_mode():
    ended = forked.run("-X", "dev", "-c", "file = open('/dev/null')")
    assert "ResourceWarning" in ended.stderr


def test_it_is_killed_as_any_process_and_so_is_one_that_takes_too_long():
    assert forked.run("-c", f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})").returncode == -signal.SIGKILL
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run("-c", "import time; time.sleep(60)", timeout=0.1)


def test_processes_run_side_by_side_and_are_spoken_with():
    program = "import os, sys; print(os.getpid(), flush=True); print(sys.stdin.readline().strip(), 'heard')"
    running = [forked.Talking("-c", program) for _ in range(3)]
    assert [int(one.hear()) for one in running] == [one.process.pid for one in running]
    for number, one in enumerate(running):
        one.say(f"number {number}")
    assert [one.end() for one in reversed(running)] == [f"number {number} heard\n" for number in (2, 1, 0)]
    assert os.getpid() not in {one.process.pid for one in running}
