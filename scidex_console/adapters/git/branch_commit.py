"""Commits onto the checked-out branch, one or a joined chain, in the order that leaves nothing half-done.

1. Build objects and commits on a temporary reference; while git looks through the objects, patch a private
copy of the index. 2. Take the index lock. 3. Where the index has changed since, copy it anew. 4. Move the
branch: git's commit point. 5. Publish the copy, give the lock back.

When the branch has moved by 4, all is done anew; after a few times in vain under the lock from the beginning,
so that others' commits wait for ours.

Killed before 4, nothing happened but a temporary reference; killed after it, the commit is there and
`repair` brings the index after it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from scidex_console.adapters.git import refs
from scidex_console.adapters.git.building import build, nothing
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.drafts import Edit, Series, size_of
from scidex_console.adapters.git.folder_memory import FolderMemory
from scidex_console.adapters.git.index import IndexDraft, publish
from scidex_console.adapters.git.index_lock import index_lock
from scidex_console.adapters.git.trees import Change, Entry
from scidex_console.domain.errors import Halt, LockBusy, Refused
from scidex_console.engine.killpoints import reach

_FREELY = 2
"""How often a commit is built while others may commit as well."""
_TRIES = 4
"""How often it is built at all: under the lock, too, others may move the branch by its reference alone."""


@dataclass(frozen=True)
class Request:
    """Commits that are wanted."""

    series: Series
    when: datetime
    purpose: str
    """What the index lock says about itself."""
    branch: str | None
    """Branch the checkout must be on; None: whichever it is on."""
    epoch: int | None
    """Epoch the repository must hold; None: it is not fenced."""
    refresh: bool = True
    """Whether the index is to know the new files' times at once."""
    meanwhile: Callable[[], None] = nothing
    """What to do while git looks through the objects; may be called again when the branch moves under it."""


@dataclass(frozen=True)
class Made:
    """Commits that were made."""

    commit: str
    """The last one, which the branch is at."""
    objects: dict[str, str]
    """Object at each path that was not removed."""
    parent: str
    """Where the branch was before."""
    changes: Mapping[str, Change]
    """What they changed together."""
    chain: tuple[str, ...]
    """The commits, oldest first, without the one that joins them."""


def commit(checkout: Checkout, request: Request, memory: FolderMemory | None = None) -> Made:
    """Make the commits, on whatever the branch's tip is by then; `memory` spares reading folders again.

    Raises `LockBusy`, `Refused`, `UnsafePath`, `Fenced`, `Halt`, `RepositoryError`; nothing has changed then,
    except where a `Halt` says that the index could not follow.
    """
    for number in range(_TRIES):
        try:
            if number < _FREELY:
                made = _attempt(checkout, request, memory, index_lock(checkout, request.purpose))
            else:
                with index_lock(checkout, request.purpose):
                    made = _attempt(checkout, request, memory, nullcontext())
        except Halt as halt:
            if halt.bytes_needed is not None:
                # Whatever small file did not fit: the whole commit is what must.
                halt.bytes_needed += sum(size_of(checkout, edit) for edit in request.series.edits)
            raise
        if made is not None:
            checkout.lineage.grew(made.parent, made.commit)
            return made
    raise LockBusy(
        "other commits keep arriving on the branch", where=str(checkout.worktree), fix="try again later"
    )


def _attempt(
    checkout: Checkout, request: Request, memory: FolderMemory | None, lock: AbstractContextManager[None]
) -> Made | None:
    """Build on the branch's tip and switch under the lock; None when the branch has moved by then."""
    branch, tip = checkout.writable_tip(request.branch)
    if request.epoch is not None:
        refs.epoch_object(checkout, request.epoch)
    temporary = refs.temporary_name()
    made = None
    reach("git.commit.begun")
    try:
        with IndexDraft(checkout, with_times=request.refresh) as draft:
            made = _commit_with(checkout, request, branch, tip, temporary, draft, memory, lock)
    finally:
        if made is None:  # else it went as the branch moved. Unreachable objects are left to `git gc`.
            refs.drop(checkout, [name for name in refs.temporaries(checkout) if name == temporary])
    reach("git.commit.made")
    return made


def _commit_with(
    checkout: Checkout,
    request: Request,
    branch: str,
    tip: str,
    temporary: str,
    draft: IndexDraft,
    memory: FolderMemory | None,
    lock: AbstractContextManager[None],
) -> Made | None:
    def meanwhile(objects: Mapping[str, str]) -> None:
        request.meanwhile()
        draft.make(_wanted(request, objects))

    built = build(
        checkout,
        parent=tip,
        reference=temporary,
        series=request.series,
        when=request.when,
        memory=memory,
        meanwhile=meanwhile,
    )
    _confirm(built.changes, request.series.edits)
    with lock:
        # Under the lock nobody can switch branches or begin a merge.
        if checkout.writable_branch(request.branch) != branch:
            return None
        made = Made(built.commit, built.objects, tip, built.changes, built.chain)
        return made if _switch(checkout, request, branch, temporary, made, draft) else None


def _switch(
    checkout: Checkout, request: Request, branch: str, temporary: str, made: Made, draft: IndexDraft
) -> bool:
    """Index and branch together; False when the branch has moved meanwhile."""
    wanted = _wanted(request, made.objects)
    private = draft.fit(wanted)
    _spare_staged(draft.staged, made.changes, wanted)
    if not refs.move(
        checkout, branch, new=made.commit, old=made.parent, temporary=temporary, epoch=request.epoch
    ):
        return False
    publish(checkout, private)
    return True


def _wanted(request: Request, objects: Mapping[str, str]) -> dict[str, Entry | None]:
    """What the index is to have at each path."""
    return {
        edit.path: None if edit.removal else Entry(edit.mode, objects[edit.path])
        for edit in request.series.edits
    }


def _confirm(changes: Mapping[str, Change], edits: Sequence[Edit]) -> None:
    """The commits replace nothing they may not."""
    by_path = {edit.path: edit for edit in edits}
    for path, change in changes.items():
        edit = by_path[path]
        if change.before is None or edit.replaces in ("", change.before.object):
            continue
        if not edit.removal:
            raise Refused("git has another file at this path", where=path, fix="keep it, and skip ours")
        if edit.object and change.before.object != edit.object:
            raise Refused("the file to remove is not the one that was added", where=path)


def _spare_staged(
    staged: Mapping[str, tuple[Entry, ...]], changes: Mapping[str, Change], wanted: Mapping[str, Entry | None]
) -> None:
    """What somebody else has staged at a path of ours must not be lost."""
    for path, entry in wanted.items():
        before = changes[path].before if path in changes else entry
        if staged.get(path, ()) not in [(each,) if each else () for each in (before, entry)]:
            raise Refused(
                "somebody has staged another change of this path", where=path, fix="commit or unstage it"
            )
