"""A file system that can be filled up: a small tmpfs where we may mount one, else a limit on file sizes.

Both make writes fail for real. The limit (RLIMIT_FSIZE) knows no free space, so there `leave` stops every
write, however small.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = 4096


class CrampedDisk:
    """A folder whose disk is full when told so."""

    mounted = False

    def __init__(self, root: Path) -> None:
        self.root = root
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def leave(self, pages: int) -> None:
        """Leave so many pages of 4 KiB free."""
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, self._limits[1]))

    def make_room(self) -> None:
        """End the shortage."""
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)


class SmallTmpfs(CrampedDisk):
    """A tmpfs of some megabytes."""

    mounted = True

    def leave(self, pages: int) -> None:
        self.make_room()
        filler = self.root / "filler"
        room = os.statvfs(self.root)
        with filler.open("wb") as out, contextlib.suppress(OSError):
            os.posix_fallocate(out.fileno(), 0, (room.f_bavail - pages) * PAGE)

    def make_room(self) -> None:
        (self.root / "filler").unlink(missing_ok=True)

    def use_up_inodes(self) -> None:
        """Leave room for bytes, none for another file."""
        with contextlib.suppress(OSError):
            for number in range(os.statvfs(self.root).f_ffree + 1):
                (self.root / f"inode-{number}").touch()

    def free_inodes(self) -> None:
        for path in self.root.glob("inode-*"):
            path.unlink()

    def read_only(self, yes: bool) -> None:
        """Remount."""
        subprocess.run(
            ["mount", "-o", f"remount,{'ro' if yes else 'rw'}", str(self.root)],
            check=True,
            capture_output=True,
        )


@contextmanager
def cramped_disk(folder: Path, *, megabytes: int = 16) -> Iterator[CrampedDisk]:
    """A cramped disk at `folder`."""
    folder.mkdir()
    options = f"size={megabytes}m,nr_inodes=2000"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        disk = CrampedDisk(folder)
        try:
            yield disk
        finally:
            disk.make_room()
        return
    try:
        yield SmallTmpfs(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
