"""Artifacts' folders in the checkout: files get a second name in them, manifests and links are laid beside.

Nothing that is there is replaced but a manifest of ours that is known by its hash. Nothing is flushed here;
see `engine.ports.folders`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scidex_console.adapters.files.copying import appear_by_copy
from scidex_console.adapters.files.failures import as_halt, halting
from scidex_console.adapters.files.hashing import digest_of, leads_to
from scidex_console.adapters.files.walking import open_regular, parent_of
from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.lfs import POINTER_LIMIT, read_pointer
from scidex_console.domain.paths import check_relative
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports.folders import ExaminedFile

_CHUNK = 1 << 20
_CANNOT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK})
_PAGE = 4096
"""Bytes that the smallest file takes, or the entry of a folder."""
_MAKE_WAY = "move it away, or keep it and skip ours"


class CheckoutFolders:
    """Folders of the checkout at `root` (`engine.ports.folders.FolderFiles`).

    `drafts` is a folder on the same file system for files that are not whole yet. `object_format` is the
    repository's, `sha1` or `sha256`.
    """

    def __init__(self, root: Path, *, drafts: Path, object_format: str = "sha1") -> None:
        self.root = root
        self.drafts = drafts
        self.object_format = object_format

    def examine(self, path: str) -> ExaminedFile | None:
        """Read a regular file from end to end; None when there is none."""
        with self._opened(path) as descriptor:
            if descriptor is None:
                return None
            size = os.fstat(descriptor).st_size
            content, name = hashlib.sha256(), self._object_name(size)
            head, offset = b"", 0
            while chunk := os.pread(descriptor, _CHUNK, offset):
                content.update(chunk)
                name.update(chunk)
                head = head or chunk[:POINTER_LIMIT]
                offset += len(chunk)
            if offset != size:
                raise Refused("the file changed while it was read", where=path, fix="it is tried again")
            pointer = read_pointer(head) if size < POINTER_LIMIT else None
            return ExaminedFile(content.hexdigest(), name.hexdigest(), size, pointer)

    def differs_in_line_ends(self, path: str, blob: str) -> bool:
        """Whether a file is git's object but for the carriage returns before its line feeds."""
        with self._opened(path) as descriptor:
            if descriptor is None:
                return False
            name = self._object_name(sum(map(len, _with_line_feeds(descriptor))))
            for part in _with_line_feeds(descriptor):
                name.update(part)
            return name.hexdigest() == blob

    def target(self, path: str) -> str | None:
        """What the symbolic link at a path holds; None when there is none."""
        check_relative(path)
        with halting("a link cannot be read", where=path):
            try:
                with parent_of(self.root, path) as (folder, name):
                    return _read_link(folder, name)
            except (FileNotFoundError, UnsafePath):
                return None

    def share(self, source: str, path: str) -> None:
        """Let `path` be another name of the very file at `source` (copied where links are not possible)."""
        with self._opened(source) as descriptor, self._place(path) as (folder, name):
            if descriptor is None:
                raise Refused("the file to move is gone", where=source)
            if _is(folder, name, descriptor):
                return
            try:
                self._link(source, descriptor, folder, name)
            except FileExistsError as error:
                self._require_same(folder, name, path, digest_of(descriptor).sha256, error)
            except OSError as error:
                if error.errno not in _CANNOT_LINK:
                    raise
                self._copy(descriptor, folder, name, path)
            reach("folders.shared")

    def copy(self, source: str, path: str, sha256: str) -> None:
        """Let `path` hold the bytes of `source` in a file of its own."""
        with (
            self._opened(source) as descriptor,
            self._place(path, bytes_needed=_size(descriptor)) as (folder, name),
        ):
            if descriptor is None:
                raise Refused("the file to copy is gone", where=source)
            self._copy(descriptor, folder, name, path)
            reach("folders.copied")
        if not self.holds(path, sha256, link=False):
            raise Refused("the file to copy has changed", where=source)

    def part(self, source: str, path: str) -> None:
        """Where `path` is another name of the file at `source`, let it become a file of its own."""
        if not self._share_a_file(source, path):
            return
        with (
            self._opened(path) as descriptor,
            self._place(path, bytes_needed=_size(descriptor)) as (folder, name),
        ):
            if descriptor is None or not _is(folder, name, descriptor):
                return
            draft = f"copy-{secrets.token_hex(8)}.part"
            drafts = os.open(self.drafts, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                appear_by_copy(descriptor, drafts, draft, mode=_mode(descriptor))
                reach("folders.parted")
                os.replace(draft, name, src_dir_fd=drafts, dst_dir_fd=folder)
            finally:
                os.close(drafts)
                (self.drafts / draft).unlink(missing_ok=True)

    def lay(self, path: str, content: bytes, *, over: str = "", executable: bool = False) -> None:
        """Let a small file of these bytes appear, whole; in place of one with the sha256 `over`, if given."""
        sha256 = hashlib.sha256(content).hexdigest()
        with self._place(path, bytes_needed=len(content)) as (folder, name):
            if self._adopted(folder, name, path, sha256, over):
                return
            draft = self.drafts / f"manifest-{secrets.token_hex(8)}.part"
            try:
                draft.write_bytes(content)
                if executable:
                    draft.chmod(draft.stat().st_mode | 0o111)
                reach("folders.drafted")
                if over:
                    os.replace(draft, name, dst_dir_fd=folder)
                else:
                    os.link(draft, name, dst_dir_fd=folder, follow_symlinks=False)
            except FileExistsError as error:
                self._require_same(folder, name, path, sha256, error)
            finally:
                draft.unlink(missing_ok=True)
            reach("folders.laid")

    def lay_link(self, path: str, target: str) -> None:
        """Let a symbolic link appear; the same link is adopted."""
        with self._place(path) as (folder, name):
            try:
                os.symlink(target, name, dir_fd=folder)
            except FileExistsError as error:
                if _read_link(folder, name) != target:
                    raise Refused("something else is there", where=path, fix="move it away") from error
            reach("folders.linked")

    def holds(self, path: str, sha256: str, *, link: bool) -> bool:
        """Whether the path is a regular file (or a link) of this content."""
        check_relative(path)
        with halting("a file cannot be read", where=path):
            try:
                with parent_of(self.root, path) as (folder, name):
                    return _holds(folder, name, sha256, link=link)
            except (FileNotFoundError, UnsafePath):
                return False

    def take_away(self, path: str, sha256: str, *, link: bool, twin: str = "") -> bool:
        """Remove a file or link if it is still what it was; True when it is gone afterwards."""
        with halting("a file cannot be removed", where=path):
            try:
                check_relative(path)
                with parent_of(self.root, path) as (folder, name):
                    gone = self._take(folder, name, sha256, link=link, twin=twin)
            except FileNotFoundError:
                return True
            except UnsafePath:
                return False
        if gone:
            self._prune(path)
        return gone

    # --- inside a folder --------------------------------------------------------------------------------

    def _take(self, folder: int, name: str, sha256: str, *, link: bool, twin: str) -> bool:
        if not _anything(folder, name):
            return True
        if not (self._is_twin(folder, name, twin) or _holds(folder, name, sha256, link=link)):
            return False
        reach("folders.take_away.checked")
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        reach("folders.taken_away")
        return True

    def _is_twin(self, folder: int, name: str, twin: str) -> bool:
        """Whether the file has a second name at `twin`, so that nothing is lost with the first."""
        if not twin or (descriptor := open_regular(folder, name)) is None:
            return False
        try:
            with parent_of(self.root, twin) as (other, second):
                return _is(other, second, descriptor)
        except (FileNotFoundError, UnsafePath):
            return False
        finally:
            os.close(descriptor)

    def _share_a_file(self, source: str, path: str) -> bool:
        with self._opened(path) as descriptor, suppress(FileNotFoundError, UnsafePath):
            if descriptor is not None:
                with parent_of(self.root, source) as (folder, name):
                    return _is(folder, name, descriptor)
        return False

    def _link(self, source: str, descriptor: int, folder: int, name: str) -> None:
        """A second name for the file that is open, whatever its first name leads to by now."""
        with parent_of(self.root, source) as (above, old):
            os.link(old, name, src_dir_fd=above, dst_dir_fd=folder, follow_symlinks=False)
            if not _is(folder, name, descriptor):
                os.unlink(name, dir_fd=folder)
                raise Refused("the file was exchanged while it was moved", where=source)

    def _copy(self, descriptor: int, folder: int, name: str, path: str) -> None:
        try:
            appear_by_copy(descriptor, folder, name, mode=_mode(descriptor))
        except FileExistsError as error:
            self._require_same(folder, name, path, digest_of(descriptor).sha256, error)

    def _adopted(self, folder: int, name: str, path: str, sha256: str, over: str) -> bool:
        descriptor = open_regular(folder, name)
        if descriptor is None:
            if _anything(folder, name):
                raise Refused("something that is not a regular file is there", where=path)
            if over:
                raise Refused("the file to replace is gone", where=path)
            return False
        try:
            found = digest_of(descriptor).sha256
        finally:
            os.close(descriptor)
        if found == sha256:
            return True
        if found != over:
            raise Refused("another file is there", where=path, fix=_MAKE_WAY)
        return False

    def _require_same(self, folder: int, name: str, path: str, sha256: str, cause: FileExistsError) -> None:
        if not _holds(folder, name, sha256, link=False):
            raise Refused("another file is there", where=path, fix=_MAKE_WAY) from cause

    def _prune(self, path: str) -> None:
        """Remove folders that hold nothing any more, from the deepest up."""
        folder = path.rpartition("/")[0]
        while folder:
            try:
                with parent_of(self.root, folder) as (above, name):
                    os.rmdir(name, dir_fd=above)
            except UnsafePath:
                return
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EBUSY):
                    return
                raise as_halt(error, "an empty folder cannot be removed", where=folder) from error
            folder = folder.rpartition("/")[0]

    # --- opening ----------------------------------------------------------------------------------------

    @contextmanager
    def _opened(self, path: str) -> Iterator[int | None]:
        """The regular file at a path, open for reading; None when there is none."""
        check_relative(path)
        descriptor = None
        with halting("a file cannot be read", where=path):
            try:
                with parent_of(self.root, path) as (folder, name):
                    descriptor = open_regular(folder, name)
            except FileNotFoundError:
                descriptor = None
            try:
                yield descriptor
            finally:
                if descriptor is not None:
                    os.close(descriptor)

    @contextmanager
    def _place(self, path: str, *, bytes_needed: int = 0) -> Iterator[tuple[int, str]]:
        """The folder a path is to appear in, made if it is missing."""
        check_relative(path)
        with (
            halting("a folder cannot be laid out", where=path, bytes_needed=max(bytes_needed, _PAGE)),
            parent_of(self.root, path, create=True, flush=False) as place,
        ):
            yield place

    def _object_name(self, size: int) -> hashlib._Hash:
        return hashlib.new(self.object_format, f"blob {size}\0".encode(), usedforsecurity=False)


def _with_line_feeds(descriptor: int) -> Iterator[bytes]:
    """What an open file holds, with LF for each CR LF."""
    offset, held = 0, b""
    while chunk := os.pread(descriptor, _CHUNK, offset):
        offset += len(chunk)
        text = held + chunk
        held = b"\r" if text.endswith(b"\r") else b""
        yield text.removesuffix(held).replace(b"\r\n", b"\n")
    yield held


def _size(descriptor: int | None) -> int:
    return os.fstat(descriptor).st_size if descriptor is not None else 0


def _is(folder: int, name: str, descriptor: int) -> bool:
    """Whether a name stands for the very file that is open."""
    try:
        named = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    opened = os.fstat(descriptor)
    return (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)


def _mode(descriptor: int) -> int:
    return stat.S_IMODE(os.fstat(descriptor).st_mode)


def _anything(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _holds(folder: int, name: str, sha256: str, *, link: bool) -> bool:
    if link:
        target = _read_link(folder, name)
        return target is not None and hashlib.sha256(os.fsencode(target)).hexdigest() == sha256
    descriptor = open_regular(folder, name)
    if descriptor is None:
        return False
    try:
        return digest_of(descriptor).sha256 == sha256 and leads_to(folder, name, descriptor)
    finally:
        os.close(descriptor)


def _read_link(folder: int, name: str) -> str | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):
            return None
        raise
