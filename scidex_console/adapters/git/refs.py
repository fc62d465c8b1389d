"""References: the branch, the epoch that fences engines, and the temporary ones of a commit being built."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import lru_cache

from scidex_console.adapters.git.checkout import OURS, Checkout
from scidex_console.domain.errors import Fenced, LockBusy, RepositoryError
from scidex_console.engine.killpoints import reach

EPOCH = f"refs/{OURS}/epoch"
TEMPORARY = f"refs/{OURS}/building/"


def temporary_name() -> str:
    """A name for a temporary reference; it never repeats."""
    return f"{TEMPORARY}{secrets.token_hex(8)}"


def temporaries(checkout: Checkout) -> dict[str, str]:
    """Temporary references that exist, with what they hold."""
    output = checkout.commands.run("for-each-ref", "--format=%(refname) %(objectname)", TEMPORARY)
    return dict(line.split(" ") for line in output.text().splitlines() if line)


def drop(checkout: Checkout, names: Sequence[str]) -> None:
    """Delete references of ours; missing ones are fine."""
    if names:
        lines = "".join(f"delete {name}\0\0" for name in names)
        checkout.commands.run("update-ref", "-z", "--stdin", stdin=lines.encode())


def read_epoch(checkout: Checkout) -> int:
    """The epoch the repository is fenced with; 0 when it never was."""
    found = checkout.resolve(EPOCH)
    return 0 if found is None else _number(checkout, found)


def raise_epoch(checkout: Checkout, epoch: int) -> None:
    """Move the epoch up. Raises `Fenced` when it is already there or higher, `LockBusy` when contended."""
    held = checkout.resolve(EPOCH)
    if held is not None and (found := _number(checkout, held)) >= epoch:
        raise _fenced(found, epoch)
    number = checkout.commands.run("hash-object", "-w", "--stdin", stdin=f"{epoch}\n".encode()).text()
    line = f"update {EPOCH}\0{number}\0{held or checkout.no_object}\0"
    reach("git.epoch.raising")
    try:
        checkout.commands.run("update-ref", "-z", "--stdin", stdin=line.encode())
    except (RepositoryError, LockBusy):
        now = read_epoch(checkout)
        if now >= epoch:
            raise _fenced(now, epoch) from None
        raise
    reach("git.epoch.raised")


def epoch_object(checkout: Checkout, epoch: int) -> str:
    """What the epoch reference holds, once it is known to be this epoch. Raises `Fenced` when it is not."""
    held = checkout.resolve(EPOCH)
    found = 0 if held is None else _number(checkout, held)
    if found != epoch:
        raise _fenced(found, epoch)
    return held or checkout.no_object


def move(checkout: Checkout, branch: str, *, new: str, old: str, temporary: str, epoch: int | None) -> bool:
    """Move the branch, in one transaction with the proof that the epoch is still ours.

    False when the branch is not at `old` any more. Raises `Fenced`, `LockBusy`, `Halt`; nothing has changed
    then. Without an epoch (the outer repository has none) only the branch is checked.
    """
    lines = ["start\0"]
    if epoch is not None:
        lines.append(f"verify {EPOCH}\0{epoch_object(checkout, epoch)}\0")
    lines += [f"update {branch}\0{new}\0{old}\0", f"delete {temporary}\0{new}\0", "prepare\0", "commit\0"]
    reach("git.ref.moving")
    try:
        checkout.commands.run(
            "update-ref", "-m", OURS, "-z", "--stdin", stdin="".join(lines).encode("utf-8", "surrogateescape")
        )
    except (RepositoryError, LockBusy):
        # What the references hold now says more than git's words.
        tip = checkout.resolve(branch)
        if tip == new:
            return True
        if epoch is not None:
            epoch_object(checkout, epoch)
        if tip != old:
            return False
        raise
    reach("git.ref.moved")
    return True


@lru_cache(maxsize=64)  # what an object holds never changes
def _number(checkout: Checkout, blob: str) -> int:
    text = checkout.commands.run("cat-file", "blob", blob).text()
    try:
        return int(text)
    except ValueError as error:
        raise RepositoryError(
            "holds no number", where=f"{checkout.worktree}: {EPOCH}", fix="delete the reference after a look"
        ) from error


def _fenced(found: int, epoch: int) -> Fenced:
    return Fenced(
        f"the repository's epoch is {found}, ours is {epoch}",
        where=EPOCH,
        fix="another engine has taken over; this one must stop"
        if found >= epoch
        else "somebody has deleted or moved the reference, as a clone anew does; start the engine again",
    )
