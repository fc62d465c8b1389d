"""No room for a file in its folder: laying it out halts, and says how many bytes are missing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from scidex_console.adapters.files.folders import CheckoutFolders
from scidex_console.domain.errors import Halt
from tests.adapters.cramped_disk import PAGE, cramped_disk

CONTENT = b"x" * 20 * PAGE


def test_a_copy_without_room_tells_the_size_of_the_file(tmp_path: Path) -> None:
    with cramped_disk(tmp_path / "disk", megabytes=2) as disk:
        drafts = disk.root / "drafts"
        drafts.mkdir()
        (disk.root / "shared.csv").write_bytes(CONTENT)
        folders = CheckoutFolders(disk.root, drafts=drafts)
        sha256 = hashlib.sha256(CONTENT).hexdigest()
        disk.leave(3)
        with pytest.raises(Halt, match=r"no space left|too large") as halted:
            folders.copy("shared.csv", "folder/shared.csv", sha256)
        disk.make_room()
        assert halted.value.bytes_needed == (len(CONTENT) if disk.mounted else None)
        folders.copy("shared.csv", "folder/shared.csv", sha256)
        assert folders.holds("folder/shared.csv", sha256, link=False)


def test_a_manifest_without_room_asks_for_a_page_at_least(tmp_path: Path) -> None:
    with cramped_disk(tmp_path / "disk", megabytes=2) as disk:
        drafts = disk.root / "drafts"
        drafts.mkdir()
        folders = CheckoutFolders(disk.root, drafts=drafts)
        disk.leave(0)
        with pytest.raises(Halt, match=r"no space left|too large") as halted:
            folders.lay("folder/manifest.json", b"{ }")
        disk.make_room()
        assert halted.value.bytes_needed == (PAGE if disk.mounted else None)
        assert list(drafts.iterdir()) == []
