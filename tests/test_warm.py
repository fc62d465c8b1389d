"""A program started warm has all that it would have had from the interpreter."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import warm

_TELL = """
import json, os, sys
told = {"argv": sys.argv, "folder": os.getcwd(), "environment": dict(os.environ), "input": sys.stdin.read()}
told |= {"parent": os.getppid(), "leads": [os.getpid() == number for number in (os.getsid(0), os.getpgid(0))]}
told["open"] = [number for number in range(3, 64) if os.path.exists(f"/proc/self/fd/{number}/.")]
print(json.dumps(told | {"module": __name__}))
print("and more", file=sys.stderr)
sys.exit(EXIT)
"""


@pytest.mark.parametrize("new_session", [False, True])
@pytest.mark.parametrize("ending", ["3", "None", "'a word'", "1 / 0"])
def test_all_is_as_the_interpreter_would_have_it(tmp_path: Path, ending: str, new_session: bool) -> None:
    words = [sys.executable, "-c", _TELL.replace("EXIT", ending), "--a", "ä word"]
    options: dict[str, Any] = {
        "cwd": tmp_path,
        "env": {"PATH": os.defpath, "LANG": "C.UTF-8", "X": "ü", "PYTHONPATH": os.pathsep.join(sys.path)},
        "start_new_session": new_session,
        "input": "said\n",
        "capture_output": True,
        "text": True,
    }
    by_interpreter = subprocess.run(words, check=False, **options)
    by_fork = warm.run(words, check=False, **options)
    assert (by_fork.returncode, by_fork.stdout) == (by_interpreter.returncode, by_interpreter.stdout)
    assert by_fork.stderr.splitlines()[0] == "and more"
    assert by_fork.stderr.splitlines()[-1] == by_interpreter.stderr.splitlines()[-1]


def test_it_is_a_child_of_ours_that_a_signal_ends() -> None:
    waits = "import time; print(flush=True); time.sleep(600)"
    with warm.Popen([sys.executable, "-c", waits], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL


def test_an_interrupt_and_a_terminal_reach_it() -> None:
    ours, theirs = pty.openpty()
    waits = "import sys, time; print(*(s.isatty() for s in (sys.stdin, sys.stdout))); time.sleep(600)"
    process = warm.Popen(
        [sys.executable, "-c", waits],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=warm.own_terminal,
    )
    os.close(theirs)
    try:
        assert os.read(ours, 100) == b"True True\r\n"
        os.write(ours, b"\x03")
        assert process.wait(60) == -signal.SIGINT
    finally:
        process.kill()
        process.wait()
        os.close(ours)
