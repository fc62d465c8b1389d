"""Small disks that a test can fill up, for the laboratory and for its database."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg import sql

_DISK_BYTES = 24 << 20


def _may_mount(folder: Path) -> bool:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(folder)], capture_output=True
    )
    return done.returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk for the laboratory, where this user may mount one; otherwise a folder."""
    folder = tmp_path / "lab"
    mounted = _may_mount(folder)
    try:
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, *, leave: int) -> Path | None:
    """Use up the disk's room but for so many bytes; None when it is no disk of our own.

    Who works on it may take some of the room meanwhile: then it is full with less.
    """
    if not os.path.ismount(disk):
        return None
    ballast = disk / "ballast"
    room = os.statvfs(disk)
    with ballast.open("wb", buffering=0) as file:
        try:
            file.write(bytes(max(0, room.f_bavail * room.f_frsize - leave)))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return ballast


@pytest.fixture
def database_disk(scidex_database: str, database_server: str) -> Iterator[Path]:
    """A small disk on which the test's database lives, where this user may mount one; otherwise a folder.

    Not below pytest's own folders, which the server's account may not enter.
    """
    name = sql.Identifier(scidex_database.rpartition("/")[2].partition("?")[0])
    with (
        TemporaryDirectory(prefix="scidex-test-") as made,
        psycopg.connect(database_server, autocommit=True) as administration,
    ):
        disk = Path(made)
        disk.chmod(0o755)
        space = sql.Identifier(disk.name)
        row = administration.execute("SHOW data_directory").fetchone()
        assert row is not None
        mounted = Path(row[0]).is_dir() and _may_mount(disk)
        try:
            if mounted:
                folder, server = disk / "space", Path(row[0]).stat()
                folder.mkdir()
                os.chown(folder, server.st_uid, server.st_gid)
                place = sql.Literal(str(folder))
                administration.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(space, place))
                administration.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE {}").format(name, space))
            yield disk
        finally:
            if mounted:
                (disk / "ballast").unlink(missing_ok=True)
                administration.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE pg_default").format(name))
                administration.execute(sql.SQL("DROP TABLESPACE {}").format(space))
                subprocess.run(["umount", "-l", str(disk)], check=True)
