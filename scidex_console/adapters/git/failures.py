"""What git's failures mean, told from its exit status and words (always in English, `LC_ALL=C`)."""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from scidex_console.domain.errors import ConsoleError, Halt, LockBusy, RepositoryError

SMALL_FILE = 4096
"""Bytes to ask for when all that is known is that not even a small file fits."""

_NEARLY_NOTHING = 1 << 20
"""Bytes; a disk with less is full as far as git is concerned, whose temporary files go when it fails."""

_DISK = (
    ("no space left on device", "the disk is full", "make room, then resume"),
    ("disk quota exceeded", "the disk quota is used up", "raise the quota or make room, then resume"),
    ("read-only file system", "the file system is read-only", "mount it writable again, then resume"),
    (
        "file too large",
        "a file grew over the limit on file sizes",
        "raise the limit (ulimit -f), then resume",
    ),
    ("input/output error", "the disk fails", "check the disk before resuming"),
    ("permission denied", "this user may not write the repository", "give it the right, then resume"),
)

_ERRNO_WORDS = {
    errno.ENOSPC: "no space left on device",
    errno.EDQUOT: "disk quota exceeded",
    errno.EROFS: "read-only file system",
    errno.EFBIG: "file too large",
    errno.EIO: "input/output error",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
}
_ROOM = frozenset({"no space left on device", "disk quota exceeded"})

_CORRUPT = re.compile(
    r"is corrupt|corrupt loose object|object file .* is empty|inflate: |unable to unpack|hash mismatch|"
    r"sha1 mismatch|bad object|unable to read tree|unable to read sha1 file|not a valid object|"
    r"could not read object|failed to read object|Could not read [0-9a-f]{7,}|missing (?:blob|tree|commit)|"
    r"packfile .* cannot be accessed|bad packed object|bad tree object|index file corrupt|bad signature|"
    r"index file smaller|garbage at end of loose object|cannot be mapped|unable to map|unknown object type",
    re.IGNORECASE,
)

_LOCKED = re.compile(r"Unable to create '([^']*)': File exists|cannot lock ref|Unable to lock", re.IGNORECASE)
_UNWRITTEN = re.compile(
    r"unable to write|could ?n[o']t write|cannot write|failed to write|write error|out of diskspace|"
    r"unable to (?:create|append to|rename)|could not (?:create|open .* for writing)",
    re.IGNORECASE,
)
_NOISE = re.compile(r"^(?:hint:|warning:|To |Everything up-to-date|\s*$)")
_SECRET = re.compile(r"(\w+://)[^/@\s']+@")
_TELLING = re.compile(r"^(?:fatal:|error:|remote: (?:error|fatal)| ! )")


@contextmanager
def halting(doing: str, *, where: object, bytes_needed: int = SMALL_FILE) -> Iterator[None]:
    """Turn an error of the operating system inside the block into `Halt`."""
    try:
        yield
    except OSError as error:
        sign = _ERRNO_WORDS.get(error.errno or 0, "")
        known = next(((what, fix) for words, what, fix in _DISK if words == sign), None)
        what, fix = known or ((error.strerror or str(error)).lower(), "mend it, then resume")
        room = bytes_needed if sign in _ROOM else None
        raise Halt(f"{what} ({doing})", where=str(where), fix=fix, bytes_needed=room) from error


def _is_full(folder: str) -> bool:
    try:
        room = os.statvfs(folder)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < _NEARLY_NOTHING or (room.f_files > 0 and room.f_favail == 0)


def first_line(stderr: str) -> str:
    """Git's first meaningful line, without credentials that a remote's address may hold."""
    lines = [line.rstrip() for line in stderr.splitlines() if not _NOISE.match(line)]
    rejected = [line for line in lines if line.startswith(" ! ")]
    telling = [line for line in lines if _TELLING.match(line)]
    chosen = next(iter([*rejected, *telling, *lines]), "no reason given")
    return redacted(re.sub(r"^(?:fatal|error): ", "", " ".join(chosen.split())))


def redacted(text: str) -> str:
    """The text without user names and passwords in addresses."""
    return _SECRET.sub(r"\1***@", text)


def translated(args: Sequence[str], status: int, stderr: str, *, where: str) -> ConsoleError:
    """The domain error for a git command that failed."""
    words = "file too large" if status == -signal.SIGXFSZ else stderr.lower()
    for sign, what, fix in _DISK:
        if sign in words:
            room = SMALL_FILE if sign in _ROOM else None
            return Halt(f"{what} (git {args[0]})", where=where, fix=fix, bytes_needed=room)
    if status == -signal.SIGBUS:
        return Halt(f"git {args[0]} could not read its files", where=where, fix="check the disk")
    corrupt = next((line for line in stderr.splitlines() if _CORRUPT.search(line)), None)
    if corrupt is not None:
        return Halt(
            f"the repository is damaged: {first_line(corrupt)}",
            where=where,
            fix="run `git fsck`, restore the object from a clone or a backup, then resume",
        )
    if _LOCKED.search(stderr):
        return LockBusy(first_line(stderr), where=where, fix="another git process is at work; try again")
    if _UNWRITTEN.search(stderr):
        # Git does not always say why it could not write.
        if _is_full(where):
            what, fix = _DISK[0][1:]
            return Halt(f"{what} (git {args[0]})", where=where, fix=fix, bytes_needed=SMALL_FILE)
        return Halt(
            f"git could not write: {first_line(stderr)}",
            where=where,
            fix="check the disk's room and the folder's rights, then resume",
        )
    if status < 0:
        return RepositoryError(f"git {args[0]} was killed by signal {-status}", where=where)
    return RepositoryError(first_line(stderr), where=where)
