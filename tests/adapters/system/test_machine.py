"""The machine as it is."""

from __future__ import annotations

import os
import socket
from datetime import UTC
from pathlib import Path

import pytest

from scidex_console.adapters.system import disk
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.adapters.system.process import holder
from scidex_console.domain.errors import Unreachable


async def test_clock_tells_utc_and_a_time_that_only_grows() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    before = clock.monotonic()
    await clock.sleep(-1)
    await clock.sleep(0.001)
    assert clock.monotonic() > before


def test_room_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    found = disk.space(tmp_path / "not/yet")
    assert 0 < found.free_bytes <= found.total_bytes
    assert not found.read_only
    assert disk.same_file_system(tmp_path, tmp_path / "not/yet")
    assert not disk.same_file_system(tmp_path, Path("/proc"))


def test_unlimited_inodes_are_told_from_none_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = os.statvfs(tmp_path)
    fields = list(real)
    fields[5] = 0  # f_files: this file system counts none
    monkeypatch.setattr(os, "statvfs", lambda path: os.statvfs_result(fields))
    assert disk.space(tmp_path).free_files is None


def test_file_system_that_does_not_answer_is_unreachable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def gone(path: object) -> None:
        raise OSError(107, "Transport endpoint is not connected")

    monkeypatch.setattr(os, "statvfs", gone)
    with pytest.raises(Unreachable, match="not connected"):
        disk.space(tmp_path)


def test_holder_names_process_and_host() -> None:
    assert holder() == f"{os.getpid()}@{socket.gethostname()}"
