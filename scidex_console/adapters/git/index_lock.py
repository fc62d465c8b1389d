"""Git's own index lock, taken the way git takes it, and never taken from anybody.

The lock file appears together with a mark that says it is ours (it is linked into place, not created empty
and then written), so that a lock left by a killed process of ours can be told from one of a stranger.
"""

from __future__ import annotations

import errno
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scidex_console.adapters.git.checkout import OURS, Checkout
from scidex_console.adapters.git.failures import halting
from scidex_console.domain.errors import Halt, LockBusy
from scidex_console.engine.killpoints import reach

_MARK = f"{OURS} index lock\n".encode()


def lock_path(checkout: Checkout) -> Path:
    """Where git keeps the lock of this checkout's index."""
    return checkout.git_dir / "index.lock"


@contextmanager
def index_lock(checkout: Checkout, purpose: str) -> Iterator[None]:
    """Hold the index lock for the block. Raises `LockBusy` when somebody has it, `Halt` on a bad disk.

    Call it with the writer lock held: then a lock that bears our mark belongs to a dead process, and goes.
    """
    path = lock_path(checkout)
    clear_own(checkout)
    with halting("locking the index", where=path):
        taken = _appear(checkout, path, purpose)
    if not taken:
        raise LockBusy(
            "index.lock is held by another git process",
            where=str(path),
            fix="wait for it to end; if no git process runs any more, remove the file by hand",
        )
    try:
        reach("git.index.locked")
        yield
    finally:
        path.unlink(missing_ok=True)
        reach("git.index.unlocked")


def clear_own(checkout: Checkout) -> bool:
    """Remove a lock that bears our mark; whether there was one. Anybody else's stays."""
    path = lock_path(checkout)
    if not is_ours(path):
        return False
    path.unlink(missing_ok=True)
    return True


def is_ours(path: Path) -> bool:
    """Whether a lock file bears our mark."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.EACCES):
            return False
        raise Halt(f"the index lock cannot be read: {error.strerror}", where=str(path)) from error
    try:
        return os.read(descriptor, len(_MARK)) == _MARK
    finally:
        os.close(descriptor)


def _appear(checkout: Checkout, path: Path, purpose: str) -> bool:
    """Let the lock appear with its mark in it; False when there is one already."""
    folder = checkout.git_dir / OURS
    folder.mkdir(exist_ok=True)
    draft = folder / f"lock-{secrets.token_hex(8)}"
    try:
        draft.write_bytes(_MARK + f"{os.getpid()}@{socket.gethostname()} {purpose}\n".encode())
        reach("git.index.lock_drafted")
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
    return True
