"""The checkout's files: making one appear, reading one, taking one away. Nothing is ever replaced."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from scidex_console.adapters.files.copying import appear_by_copy
from scidex_console.adapters.files.failures import as_halt, halting
from scidex_console.adapters.files.hashing import Digest, digest_of, leads_to
from scidex_console.adapters.files.walking import flush_folder, open_regular, open_root, parent_of
from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.fetching import StagedFile
from scidex_console.domain.paths import check_relative
from scidex_console.domain.sanitise import visible
from scidex_console.engine.killpoints import reach

_CANNOT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK})
"""Another file system, or one without hard links: the file is copied instead."""


class CheckoutFiles:
    """Files by paths relative to the checkout (`engine.ports.Worktree`), fed from a staging folder."""

    def __init__(self, root: Path, *, staging: Path, outer: Path | None = None) -> None:
        self.root = root
        self.staging = staging
        self.outer = outer
        """Folder that recorded paths are relative to."""

    def place(self, staged: str, path: str, sha256: str) -> None:
        """Make a staged file appear at `path` without replacing anything (link, fsync of the folder).

        Our own link from before a crash is adopted. Raises `UnsafePath` for a symlinked component,
        `Refused` when another file is there or the staged one is not what it should be, `Halt` when the disk
        is full or read-only; the staged file stays.
        """
        check_relative(path)
        if self._adopts(path, sha256, self._inode_of(staged)):
            return
        source = self._open_staged(staged, path, sha256)
        try:
            size = os.fstat(source).st_size
            with (
                halting("a file cannot be placed", where=str(self.root / path), bytes_needed=size),
                parent_of(self.root, path, create=True) as (folder, name),
            ):
                reach("files.place.folder_ready")
                self._appear(source, staged, folder, name, path=path, sha256=sha256)
                reach("files.place.linked")
                flush_folder(folder)
                reach("files.place.flushed")
        finally:
            os.close(source)

    def digest(self, path: str) -> StagedFile | None:
        """sha256 and size of the regular file at `path`, or None.

        What lies behind a symbolic link, and a path we may not use, count as nothing there. Raises `Halt`
        when the file is there and cannot be read.
        """
        found = self._digest(path)
        return StagedFile(name=path, sha256=found.sha256, size=found.size) if found else None

    def exists(self, path: str) -> bool:
        """Whether a regular file is at `path`, seen as `digest` sees it."""
        with halting("a file cannot be looked at", where=str(self.root / path)):
            descriptor = self._open(path)
        if descriptor is None:
            return False
        os.close(descriptor)
        return True

    def is_vacant(self, path: str) -> bool:
        """Whether nothing is at `path`, and a file could appear there without passing a symbolic link."""
        with halting("a file cannot be looked at", where=str(self.root / path)):
            try:
                check_relative(path)
                with parent_of(self.root, path) as (folder, name):
                    return not _anything(folder, name)
            except FileNotFoundError:
                return True
            except UnsafePath:
                return False

    def opens_elsewhere(self, recorded: str) -> bool:
        """Whether a recorded path opens from the outer folder, from this one, or as it stands.

        Links are followed: whoever recorded the path may have meant them. Where we may not look, they may:
        the file counts as there.
        """
        with (
            suppress(ValueError),
            halting("a recorded path cannot be looked at", where=visible(recorded, 200)),
        ):
            bases = (self.outer, self.root)
            return any(_is_file(base / recorded) for base in bases if base is not None)
        return False

    def differs_at(self, place: str, sha256s: Collection[str]) -> bool:
        """Whether a file at an absolute path, or behind links there, is none of these by its sha256.

        Where we may not look, it may be.
        """
        with (
            suppress(ValueError),
            halting("a recorded path cannot be looked at", where=visible(place, 200)),
        ):
            if not _is_file(Path(place)):
                return False
            try:
                with Path(place).open("rb") as file:
                    return digest_of(file.fileno()).sha256 not in sha256s
            except FileNotFoundError:
                return False
            except PermissionError:
                return True
        return False

    def remove(self, path: str, sha256: str) -> bool:
        """Remove the file if its bytes are still the expected ones; True when it is gone afterwards.

        Folders that are empty then go too, but for the topmost one. What lies behind a symbolic link is never
        touched (False). Raises `Halt` when the file system refuses.
        """
        check_relative(path)
        with halting("a file cannot be removed", where=str(self.root / path)):
            try:
                with parent_of(self.root, path) as (folder, name):
                    gone = _remove_if(folder, name, sha256)
            except FileNotFoundError:
                return True
            except UnsafePath:
                return False
            if gone:
                self._prune(path)
        return gone

    def withdraw(self, path: str, sha256: str) -> bool:
        """Take back what was placed and is staged still; True when it is gone.

        A file of somebody else stays, even with the same bytes. On another file system than the staging
        folder only the bytes tell. Raises `Halt` when the file system refuses.
        """
        check_relative(path)
        with halting("a placed file cannot be looked at", where=str(self.root / path)):
            try:
                with parent_of(self.root, path) as (folder, name):
                    there = os.stat(name, dir_fd=folder, follow_symlinks=False)
            except (FileNotFoundError, UnsafePath):
                return False
            if there.st_dev == self.staging.stat().st_dev and not self._stages(there.st_ino):
                return False
        return self.remove(path, sha256)

    def _stages(self, inode: int) -> bool:
        """Whether a file of the staging folder has this inode."""
        with os.scandir(self.staging) as entries:
            return any(entry.inode() == inode for entry in entries)

    def _inode_of(self, staged: str) -> tuple[int, int] | None:
        """Device and inode of a staged file, by which our own link to it is known again."""
        try:
            found = os.lstat(self.staging / staged)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _adopts(self, path: str, sha256: str, ours: tuple[int, int] | None) -> bool:
        """Whether our own file is there already; `Refused` when somebody else's is, whatever its bytes.

        A file of somebody else with the same bytes is not ours to take back later. On another file system
        than the staging folder our files are copies, and only their bytes tell.
        """
        with halting("a file cannot be read", where=str(self.root / path)):
            try:
                with parent_of(self.root, path) as (folder, name):
                    try:
                        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
                    except FileNotFoundError:
                        return False
                    _adopt(folder, name, path, sha256)
                    if ours and there.st_dev == ours[0] and there.st_ino != ours[1]:
                        raise Refused("a file of somebody else is there", where=path, fix="move it away")
                    # A crash may have come between the link and its fsync.
                    flush_folder(folder)
                    return True
            except FileNotFoundError:
                return False

    def _open_staged(self, staged: str, path: str, sha256: str) -> int:
        with halting("a staged file cannot be read", where=str(self.staging / staged)):
            folder = open_root(self.staging)
            try:
                source = open_regular(folder, staged) if "/" not in staged else None
            finally:
                os.close(folder)
            if source is None:
                raise Refused("the staged file is gone", where=staged, fix="it will be fetched again")
            try:
                if digest_of(source).sha256 == sha256:
                    return source
            except BaseException:
                os.close(source)
                raise
        os.close(source)
        raise Refused(f"the staged file for {path} has other bytes than were staged", where=staged)

    def _appear(self, source: int, staged: str, folder: int, name: str, *, path: str, sha256: str) -> None:
        origin = open_root(self.staging)
        try:
            os.link(staged, name, src_dir_fd=origin, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            _adopt(folder, name, path, sha256)
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            try:
                appear_by_copy(source, folder, name)
            except FileExistsError:
                _adopt(folder, name, path, sha256)
        else:
            if not leads_to(folder, name, source):
                raise Refused("the staged file was swapped while it was placed", where=staged)
        finally:
            os.close(origin)

    def _open(self, path: str) -> int | None:
        try:
            check_relative(path)
            with parent_of(self.root, path) as (folder, name):
                return open_regular(folder, name)
        except (FileNotFoundError, UnsafePath):
            return None

    def _digest(self, path: str) -> Digest | None:
        with halting("a file cannot be read", where=str(self.root / path)):
            descriptor = self._open(path)
            if descriptor is None:
                return None
            try:
                return digest_of(descriptor)
            finally:
                os.close(descriptor)

    def _prune(self, path: str) -> None:
        """Remove folders that hold nothing any more, from the deepest up, leaving the topmost."""
        folder = path.rpartition("/")[0]
        while "/" in folder:
            try:
                with parent_of(self.root, folder) as (above, name):
                    os.rmdir(name, dir_fd=above)
                    reach("files.remove.pruned")
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EBUSY):
                    return
                raise as_halt(error, "an empty folder cannot be removed", where=folder) from error
            folder = folder.rpartition("/")[0]


def _adopt(folder: int, name: str, path: str, sha256: str) -> None:
    descriptor = open_regular(folder, name)
    if descriptor is None:
        raise Refused("something that is not a regular file is there", where=path)
    try:
        if digest_of(descriptor).sha256 != sha256:
            raise Refused("another file is there", where=path, fix="move it away, or keep it and skip ours")
    finally:
        os.close(descriptor)


def _remove_if(folder: int, name: str, sha256: str) -> bool:
    descriptor = open_regular(folder, name)
    if descriptor is None:
        return not _anything(folder, name)
    try:
        if digest_of(descriptor).sha256 != sha256:
            return False
        reach("files.remove.checked")
        if not leads_to(folder, name, descriptor):
            return not _anything(folder, name)
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        reach("files.remove.unlinked")
        flush_folder(folder)
        reach("files.remove.flushed")
        return True
    finally:
        os.close(descriptor)


def _anything(folder: int, name: str) -> bool:
    """Whether any thing at all has this name."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_file(path: Path) -> bool:
    """Whether a file is there, or behind a folder that we may not enter. None has a path that is too long."""
    try:
        return path.is_file()
    except PermissionError:
        return True
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise
