"""The folders of one embedded server, and who may be in them.

    home/            ours, 0700; the server has no passwords, so the folder's mode is the protection
      lock           held while a server is looked for, started, stopped or destroyed
      cluster.json   marks the folder as ours and says where the rest is
    place/           owned by the account that runs the server, 0700
      data/          the cluster
      home         names the home, where the place lies elsewhere
      server.log
      run/           the socket; elsewhere when its path would be too long for the operating system

For an ordinary user the place is the home itself. For root it is a private folder below /var/lib, because
the server's account must be able to walk to its data and root's homes often lie under a closed folder such
as /root. The closed folder stays closed; the home keeps the pointer. Both go together by `destroy`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scidex_console.demo.postgres.account import Account
from scidex_console.demo.postgres.errors import EmbeddedPostgresError
from scidex_console.demo.postgres.file_lock import file_lock

_MARKER = "cluster.json"
_LOCK = "lock"
_OURS_BEFORE_THE_MARKER = {_LOCK, _MARKER, f"{_MARKER}.new"}
_MADE_BY = "scidex-console embedded PostgreSQL"
_HOME = "home"
"""Names, inside a place elsewhere, the home it belongs to."""
_SOCKET = ".s.PGSQL.5432"
_REMOVAL_PATIENCE = 10.0  # seconds
_LONGEST_SOCKET_PATH = 103  # bytes without the closing zero: 107 on Linux, 103 on macOS


class ServerFolders:
    """The folders of the server whose home is `home`; nothing is created before `locked`.

    `place` and `sockets` are known once `claimed` was true or `claim` was called.
    """

    def __init__(self, home: Path, state_root: Path) -> None:
        self.home = home.expanduser().resolve()
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

    @property
    def socket(self) -> Path:
        """The socket clients connect to; it exists while a server listens."""
        return self.sockets / _SOCKET

    def claimed(self) -> bool:
        """Whether the home is marked as ours; reads where the rest is."""
        try:
            marker = json.loads((self.home / _MARKER).read_text(encoding="utf-8"))
            if marker["made_by"] != _MADE_BY:
                raise ValueError(f"made by {marker['made_by']}")
            self.place = Path(marker["place"])
            self.sockets = Path(marker["sockets"])
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EmbeddedPostgresError(
                f"cannot understand {_MARKER}, which marks an embedded server's folder: {error!r}",
                where=str(self.home),
                fix="choose another folder, or remove this one",
            ) from error
        return True

    @contextmanager
    def locked(self, patience: float) -> Iterator[None]:
        """Hold the home's lock, making the home when missing. Waits `patience` seconds for another holder."""
        self._make_home()
        with file_lock(self.home / _LOCK, patience):
            yield

    def claim(self, account: Account | None) -> None:
        """Mark the home, and make whatever folder is missing. Call it with the lock held.

        `account` is who will run the server; None is ourselves.
        """
        try:
            if not self.claimed():
                self.place = self.home if account is None else self._state_root / secrets.token_hex(8)
                self.sockets = self.place / "run"
                self._write_marker()
            if account is not None:
                _make_open(self._state_root)
                _make_private(self.place, account)
                self._name_home()
            if self.sockets.parent != self.place and _is_private(self.sockets, self.place):
                return
            sockets = self._make_sockets(account)
            if sockets != self.sockets:
                self.sockets = sockets
                self._write_marker()
        except OSError as error:
            raise _cannot_make(self.home, error) from error

    def unfinished(self) -> Path:
        """A new name for a cluster that is being made, or being removed."""
        return self.place / f"data.{secrets.token_hex(4)}"

    def sweep(self, *, ignore_errors: bool) -> None:
        """Remove clusters that were not finished, or not finished being removed."""
        for leftover in self.place.glob("data.*"):
            if ignore_errors:
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                _remove_tree(leftover)

    def remove(self) -> None:
        """Remove everything of ours. Call it with the lock held and the server stopped."""
        if self.data.exists():
            # A rename first: a removal that is cut short must not leave half a cluster to be started.
            self.data.rename(self.unfinished())
        self.sweep(ignore_errors=False)
        if self.sockets.parent == self.place or _is_private(self.sockets, self.place):
            shutil.rmtree(self.sockets, ignore_errors=True)
        for log in (self.log, self.log.with_suffix(".old")):
            log.unlink(missing_ok=True)
        if self.place != self.home and self.place.parent == self._state_root and self.place.exists():
            _remove_tree(self.place)
        (self.home / _MARKER).unlink()
        (self.home / _LOCK).unlink()
        with suppress(OSError):  # it holds something of others, or lies where we may not remove it
            self.home.rmdir()

    def _make_home(self) -> None:
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _cannot_make(self.home, error) from error
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

    def _make_sockets(self, account: Account | None) -> Path:
        preferred = self.place / "run"
        if _fits_a_socket(preferred):
            _make_private(preferred, account)
            return preferred
        # Many machines empty the temporary folder at boot; then the next start makes another one.
        for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108
            if _fits_a_socket(parent / "scidex-pg-12345678"):
                folder = Path(tempfile.mkdtemp(prefix="scidex-pg-", dir=parent))
                _make_private(folder, account)
                return folder
        raise EmbeddedPostgresError(
            "no folder has a path short enough for a socket",
            where=str(preferred),
            fix="choose a folder with a shorter path",
        )

    def _name_home(self) -> None:
        """Write in the place whose it is; never through a link that the server's account could have laid."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with suppress(FileExistsError):
            descriptor = os.open(self.place / _HOME, flags, 0o644)
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.fsencode(self.home))

    def _write_marker(self) -> None:
        content = {"made_by": _MADE_BY, "place": str(self.place), "sockets": str(self.sockets)}
        fresh = self.home / f"{_MARKER}.new"
        fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        fresh.replace(self.home / _MARKER)


def orphans(state_root: Path) -> list[tuple[Path, Path]]:
    """Each place below `state_root` whose home is not there, or has another place by now; and that home.

    A home that is not there may be gone, or only out of reach: on a disk that is not mounted.
    """
    try:
        places = sorted(state_root.iterdir())
    except OSError:
        return []
    return [(place, home) for place in places if (home := _lost_home(place)) is not None]


def _lost_home(place: Path) -> Path | None:
    """The home that a place names, where that does not lead back to it; None where it cannot be read."""
    try:
        home = Path(os.fsdecode((place / _HOME).read_bytes()))
    except OSError:
        return None
    try:
        marker = json.loads((home / _MARKER).read_text(encoding="utf-8"))
        return home if marker["place"] != str(place) else None
    except FileNotFoundError:
        return home
    except (OSError, ValueError, KeyError, TypeError):
        return None  # not understood: not ours to remove


def _cannot_make(home: Path, error: OSError) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        f"cannot make the embedded server's folders: {error}",
        where=str(home),
        fix="make room and permission for them, or choose another folder",
    )


def _remove_tree(folder: Path) -> None:
    """Remove a folder in which a program that was cut short may still tidy up for a moment."""
    deadline = time.monotonic() + _REMOVAL_PATIENCE
    while True:
        try:
            shutil.rmtree(folder)
            return
        except OSError:
            if not folder.exists():
                return
            if time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def _make_open(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)


def _make_private(folder: Path, account: Account | None) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        # Never through a link: the server's account could have laid it to be given something of root's.
        if not stat.S_ISDIR(folder.lstat().st_mode):
            raise
    if account is not None:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    folder.chmod(0o700)


def _is_private(folder: Path, place: Path) -> bool:
    """Whether this is a real folder that only the owner of `place` can enter."""
    try:
        info, owner = folder.lstat(), place.stat().st_uid
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(info.st_mode) and info.st_uid == owner and not info.st_mode & 0o77


def _fits_a_socket(folder: Path) -> bool:
    # A comma would separate several hosts for the client library.
    path = os.fsencode(folder / _SOCKET)
    return len(path) <= _LONGEST_SOCKET_PATH and b"," not in path
