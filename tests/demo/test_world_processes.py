"""Processes are recognised by more than their number, and nothing else is ever signalled."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from scidex_console.demo.processes import ProcessRecord, start_of
from scidex_console.domain.errors import Unreachable

_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_running_process_is_known_by_its_record(sleeper: subprocess.Popen[bytes]) -> None:
    record = ProcessRecord.of("sleeper", sleeper.pid)
    assert record.is_running()
    assert ProcessRecord.from_json(record.as_json()) == record


def test_a_process_that_ended_counts_as_gone_even_before_it_is_collected(
    sleeper: subprocess.Popen[bytes],
) -> None:
    record = ProcessRecord.of("sleeper", sleeper.pid)
    assert record.end(patience_s=60)
    assert sleeper.returncode is None
    assert not record.is_running()
    assert start_of(sleeper.pid) == ""


def test_a_reused_pid_is_never_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    earlier = replace(ProcessRecord.of("earlier", sleeper.pid), started="some other time")
    assert earlier.end(patience_s=0)
    assert sleeper.poll() is None


def test_a_process_that_ignores_being_asked_is_made_to_end() -> None:
    with subprocess.Popen([sys.executable, "-c", _STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert ProcessRecord.of("stubborn", process.pid).end(patience_s=0.1)
        assert process.wait() == -9


def test_no_record_is_made_of_a_process_that_is_gone(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    with pytest.raises(Unreachable, match=rf"the engine \(process {sleeper.pid}\) has ended"):
        ProcessRecord.of("engine", sleeper.pid)


def test_two_processes_of_one_moment_are_told_apart_from_this_one() -> None:
    assert start_of(os.getpid()) != start_of(1) != ""
