"""The folders of one embedded server, and who may be in them.

    home/            ours, 0700; the server has no passwords, so the folder's mode is the protection
      lock           held while a server is looked for, started, stopped or destroyed
      cluster.json   marks the folder as ours and says where the rest is
    place/           owned by the account that runs the server, 0700
      data/          the cluster
      server.log
      run/           the socket; elsewhere when its path would be too long for the operating system

For an ordinary user the place is the home itself. For root it is a private folder below /var/lib, because
the server's account must be able to walk to its data and root's homes often lie under a closed folder such
as /root. The closed folder stays closed; the home keeps the pointer. Both go together by `destroy`.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scidex_console.demo.postgres.account import Account
from scidex_console.demo.postgres.errors import EmbeddedPostgresError

_MARKER = "cluster.json"
_LOCK = "lock"
_OURS_BEFORE_THE_MARKER = {_LOCK, _MARKER, f"{_MARKER}.new"}
_MADE_BY = "scidex-console embedded PostgreSQL"
_SOCKET_NAME = "/.s.PGSQL.5432.lock"
_LONGEST_SOCKET_PATH = 103  # bytes without the closing zero: 107 on Linux, 103 on macOS


class ServerFolders:
    """The folders of the server whose home is `home`. Nothing is created before `claim`."""

    def __init__(self, home: Path, account: Account | None, state_root: Path) -> None:
        self.home = home.expanduser().resolve()
        self._account = account
        self._state_root = state_root
        self.place = Path()
        self.sockets = Path()

    @property
    def data(self) -> Path:
        """The cluster's data folder."""
        return self.place / "data"

    @property
    def log(self) -> Path:
        """Everything the server said."""
        return self.place / "server.log"

    def claimed(self) -> bool:
        """Whether the home is marked as ours; reads where the rest is."""
        try:
            marker = json.loads((self.home / _MARKER).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        except (OSError, ValueError) as error:
            raise EmbeddedPostgresError(f"cannot read {_MARKER}: {error}", where=str(self.home)) from error
        if not isinstance(marker, dict) or marker.get("made_by") != _MADE_BY:
            return False
        self.place = Path(marker["place"])
        self.sockets = Path(marker["sockets"])
        return True

    @contextmanager
    def locked(self, patience: float) -> Iterator[None]:
        """Hold the home's lock. Waits `patience` seconds for another holder, then says so."""
        self._make_home()
        deadline = time.monotonic() + patience
        descriptor = self._open_and_lock(deadline)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # also when a forked child still holds a copy
            os.close(descriptor)

    def claim(self) -> None:
        """Mark the home, and make whatever folder is missing. Call it with the lock held."""
        if not self.claimed():
            self.place = self.home if self._account is None else self._state_root / secrets.token_hex(8)
            self.sockets = self._choose_sockets()
            self._write_marker()
        self._make_place()
        if not self._is_private(self.sockets):
            self.sockets = self._choose_sockets()
            self._write_marker()
        if self.sockets.parent == self.place:
            self._make_private(self.sockets)

    def remove(self) -> None:
        """Remove everything of ours. Call it with the lock held and the server stopped."""
        if self.data.exists():
            # A rename first: a removal that is cut short must not leave half a cluster to be started.
            self.data.rename(self.place / f"data.{secrets.token_hex(4)}")
        self.sweep()
        if self._is_private(self.sockets):
            shutil.rmtree(self.sockets, ignore_errors=True)
        self.log.unlink(missing_ok=True)
        self.log.with_suffix(".old").unlink(missing_ok=True)
        if self.place != self.home and self.place.parent == self._state_root:
            shutil.rmtree(self.place, ignore_errors=True)
        (self.home / _MARKER).unlink()
        (self.home / _LOCK).unlink()
        if not any(self.home.iterdir()):
            self.home.rmdir()

    def sweep(self) -> None:
        """Remove clusters that were not finished, or not finished being removed."""
        for leftover in self.place.glob("data.*"):
            shutil.rmtree(leftover, ignore_errors=True)

    def _make_home(self) -> None:
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.home.stat().st_uid != os.geteuid():
            raise EmbeddedPostgresError(
                "the embedded server's folder belongs to another user",
                where=str(self.home),
                fix="run as that user, or choose another folder",
            )
        # The list before the look at the marker: whoever adds more has written the marker first.
        names = {each.name for each in self.home.iterdir()}
        if not names <= _OURS_BEFORE_THE_MARKER and not self.claimed():
            raise EmbeddedPostgresError(
                "the folder is not empty and was not made by the embedded server",
                where=str(self.home),
                fix="choose an empty or a new folder",
            )
        self.home.chmod(0o700)

    def _open_and_lock(self, deadline: float) -> int:
        while True:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.home / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _flock(descriptor, deadline, self.home)
                if _is_same_file(descriptor, self.home / _LOCK):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)  # it was removed by a destroy while we waited: take the new one

    def _make_place(self) -> None:
        if self._account is None or self.place.exists():
            return
        try:
            self._state_root.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._state_root.chmod(0o755)
            self._make_private(self.place)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"cannot make a folder for the account {self._account.name}: {error.strerror}",
                where=str(self._state_root),
                fix="make it writable for root, or run as an ordinary user",
            ) from error

    def _make_private(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._account is not None:
            os.chown(folder, self._account.uid, self._account.gid)
        folder.chmod(0o700)

    def _is_private(self, folder: Path) -> bool:
        """Whether this is a real folder that only the server's account can enter."""
        if folder.parent == self.place:
            return True  # inside a private folder already
        try:
            info = folder.lstat()
        except FileNotFoundError:
            return False
        owner = os.geteuid() if self._account is None else self._account.uid
        return (
            folder.is_dir() and not folder.is_symlink() and info.st_uid == owner and not info.st_mode & 0o77
        )

    def _choose_sockets(self) -> Path:
        preferred = self.place / "run"
        if _fits_a_socket(preferred):
            return preferred
        # The temporary folder is emptied at boot on many machines: then another one is chosen.
        for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108
            if _fits_a_socket(parent / "scidex-pg-12345678"):
                folder = Path(tempfile.mkdtemp(prefix="scidex-pg-", dir=parent))
                self._make_private(folder)
                return folder
        raise EmbeddedPostgresError(
            "no folder with a path short enough for a socket",
            where=str(preferred),
            fix="choose a shorter home",
        )

    def _write_marker(self) -> None:
        content: dict[str, Any] = {
            "made_by": _MADE_BY,
            "place": str(self.place),
            "sockets": str(self.sockets),
        }
        fresh = self.home / f"{_MARKER}.new"
        fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        fresh.replace(self.home / _MARKER)


def _fits_a_socket(folder: Path) -> bool:
    # A comma separates several hosts for the client library.
    path = os.fsencode(folder) + _SOCKET_NAME.encode()
    return len(path) <= _LONGEST_SOCKET_PATH and b"," not in path


def _flock(descriptor: int, deadline: float, home: Path) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    "another process has been starting or stopping the embedded server for too long",
                    where=str(home / _LOCK),
                    fix="wait for it, or end that process",
                ) from None
        time.sleep(0.02)


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
