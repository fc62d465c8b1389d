"""A disk that fills up under a writer: it is told how much room is missing, and nothing is half-done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scidex_console.artifacts import ArtifactStore
from scidex_console.domain.errors import Halt
from tests.crash.disks import disk, fill
from tests.crash.folder_checks import assert_git_is_clean, assert_verified
from tests.engine.folders.tiny import tiny_lab

__all__ = ["disk"]


def test_writer_on_a_full_disk_is_told_and_asks_again_when_there_is_room(
    tmp_path: Path, disk: Path, applied_database: str
) -> None:
    lab = tiny_lab(disk, applied_database, {"README.md": b"a store"}, [])
    (tmp_path / "large.bin").write_bytes(os.urandom(3 << 20))
    with ArtifactStore.open(lab.settings, name="trial", wait_s=60) as store:
        made = store.register_artifact("dataset")
        # Not even the staged copy; that, and not the object in git; almost all.
        for leave in (1 << 20, 4 << 20, 6 << 20):
            ballast = fill(disk, leave=leave)
            if ballast is None:
                pytest.skip("this user may not mount a disk of its own")
            try:
                store.commit_artifact(artifact_id=made.id, paths=[tmp_path / "large.bin"])
            except Halt as error:
                assert error.bytes_needed and "room" in error.fix
            else:
                assert leave == 6 << 20
            finally:
                ballast.unlink()
        done = store.commit_artifact(artifact_id=made.id, paths=[tmp_path / "large.bin"])
        assert done.primary_filename == "large.bin"
        kinds = [row["kind"] for row in lab.rows("SELECT kind FROM scidex_console.commit_failure")]
        assert set(kinds) == {"Halt"} and len(kinds) >= 2
    assert_git_is_clean(lab)
    assert_verified(lab)
