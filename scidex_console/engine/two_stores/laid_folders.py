"""The effects of a folder's operation: files get a place in it, a manifest and links come beside them.

Forwards, the old paths stay until the row leads to the new ones and readers have had time to follow;
backwards, the old paths are there again before the row leads back to them. So a reader never meets a missing
file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import replace

from scidex_console.domain.batches import Batch, Operation, OperationState, Skip
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.folders.entries import EntryRole, FolderEntry, sha256_of
from scidex_console.engine.attributes import kept_otherwise, moved_files
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import CommitDraft, Committed, PathChange
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.effects import Operations
from scidex_console.engine.two_stores.stores import Stores
from scidex_console.engine.vocabulary import counted


class LaidFolders:
    """Implements `Effects` for folders."""

    lasts = True
    doing = "migrate"
    """What a commit does to its artifact, in its subject."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._repository = stores.repository
        self._folders = stores.folders

    def paths(self, operations: Operations) -> list[str]:
        """Every path of git that is concerned: new ones and old ones."""
        both = ((entry.path, entry.source) for _, entry in _entries(operations))
        return list(dict.fromkeys(path for pair in both for path in pair if path))

    async def verify(self, batch: Batch) -> Mapping[str, Skip]:
        """Every file to move is still what was planned with, in the checkout and in git.

        What attributes say was asked when a first pass was planned, a moment ago.
        """
        live = batch.live()
        found = await in_thread(self._verify, live)
        return found if batch.pass_no == 1 else {**await in_thread(self._converted, live), **found}

    def _verify(self, operations: Operations) -> Mapping[str, Skip]:
        known = self._known(operations)
        found = ((o.artifact_id, self._hindrance(entry, known)) for o, entry in _entries(operations))
        skips: dict[str, Skip] = {}
        for artifact_id, skip in found:
            if skip is not None:
                skips.setdefault(artifact_id, skip)
        return skips

    async def hindrances(self, operations: Operations) -> Mapping[str, str]:
        """What `verify` finds, and what lies where something is to appear."""
        found = {**await in_thread(self._converted, operations), **await in_thread(self._verify, operations)}
        reasons = {artifact_id: skip.reason for artifact_id, skip in found.items()}
        return {**await in_thread(self._obstacles, operations), **reasons}

    def _converted(self, operations: Operations) -> dict[str, Skip]:
        """Files that git would keep otherwise in their folders, by attributes that came since."""
        moving = moved_files(operations)
        reasons = kept_otherwise(self._repository, list(moving)) if moving else {}
        return {moving[f]: Skip(reasons[f.new], again=False) for f in moving if f.new in reasons}

    def _obstacles(self, operations: Operations) -> dict[str, str]:
        return {
            operation.artifact_id: f"something else is at {entry.path}"
            for operation, entry in _entries(operations)
            if not self._has_place(entry)
        }

    def _has_place(self, entry: FolderEntry) -> bool:
        if self._folders.holds(entry.path, entry.sha256, link=entry.is_link):
            return True
        if entry.replaced is not None:
            return self._folders.holds(entry.path, sha256_of(entry.replaced), link=False)
        return self._stores.worktree.is_vacant(entry.path)

    def _hindrance(self, entry: FolderEntry, known: Mapping[str, str]) -> Skip | None:
        """Why an entry cannot come about as it was planned."""
        try:
            if entry.role is EntryRole.MOVED:
                return self._hindrance_of_move(entry, known)
            if entry.path not in known or known[entry.path] == entry.blob:
                return None
            if entry.replaced is not None:
                there = self._folders.examine(entry.path)
                if there is not None and there.blob == known[entry.path]:
                    return None  # whether it is the one to replace is seen when it is replaced
            return Skip(f"git already has something at {entry.path}", again=True)
        except (Refused, UnsafePath) as error:
            return Skip(str(error), again=isinstance(error, Refused))

    def _hindrance_of_move(self, entry: FolderEntry, known: Mapping[str, str]) -> Skip | None:
        if known.get(entry.path, entry.blob) != entry.blob:
            return Skip(f"git already has another file at {entry.path}", again=False)
        if known.get(entry.source) != entry.blob:
            return Skip(f"git's file at {entry.source} is not what it was a moment ago", again=True)
        there = self._folders.examine(entry.source)
        if there is None or there.sha256 != entry.sha256:
            return Skip(f"the file at {entry.source} is not what it was a moment ago", again=True)
        return None

    def expand(self, operations: Operations) -> Mapping[str, Skip]:
        """Everything appears in the folder; nothing is replaced but a manifest of ours."""
        skips: dict[str, Skip] = {}
        for operation in operations:
            try:
                for entry in operation.entries:
                    self._lay(entry)
                    reach("batch: placed a file")
            except (Refused, UnsafePath) as error:
                skips[operation.artifact_id] = Skip(
                    str(error), again=False
                )  # what was laid goes in `retreat`
        return skips

    def changes_git(self, operations: Operations) -> bool:
        """Whether there is anything to commit."""
        return bool(operations)

    def commit(self, batch: Batch, expand: Callable[[], None]) -> Committed:
        """One commit per artifact, and one merge commit that joins them to the branch.

        What they consist of is known, so the files appear while git looks through the objects.
        """
        live, mandate = batch.live(), self._stores.mandate
        drafts = [
            CommitDraft(
                changes,
                f"{batch.job}: {self.doing} {operation.artifact_id}",
                mandate.trailers(batch, f"{batch.op}/{operation.id}", CommitKind.MOVE),
            )
            for operation, changes in zip(live, self.coming(live), strict=True)
        ]
        return self._repository.commit_chain(
            drafts,
            subject=f"{batch.job}: {self.doing} {counted(len(live), 'artifact')} (batch {batch.id})",
            trailers=mandate.trailers(batch, batch.op, CommitKind.APPLY),
            epoch=mandate.epoch,
            meanwhile=expand,
        )

    def coming(self, operations: Operations) -> list[list[PathChange]]:
        """What brings each operation into git, by what git has now."""
        known, modes = self._known(operations), self._modes(operations)
        return [
            [change for entry in o.entries for change in _forwards(_as_set(entry, modes), known)]
            for o in operations
        ]

    def owners(self, operations: Operations, path: str) -> list[Operation]:
        """The operations that put something at a path or take it away from there."""
        return [o for o in operations if any(path in (e.path, e.source) for e in o.entries)]

    def retreat(self, operations: Operations, *, placed: bool) -> None:
        """What was laid goes, but for what git has there: that is somebody else's, or of another batch."""
        known = self._known(operations)
        for operation in operations:
            self._withdraw(operation, known)

    def inverse(self, operations: Operations) -> list[PathChange]:
        """New paths go, old ones are there again, as far as git is not so already."""
        known, modes = self._known(operations), self._modes(operations)
        changes: dict[str, PathChange] = {}
        for _, entry in _entries(operations):
            for change in _backwards(_as_set(entry, modes), known):
                changes[change.path] = change
        return list(changes.values())

    def vanish(self, operations: Operations) -> None:
        """What is in the folders goes where it is still what it was, and git has it no more."""
        known = self._known(operations)
        for operation in operations:
            self._withdraw(operation, known)
            reach("rollback: removed a file")
        for _, entry in _entries(operations):
            if entry.path in known and entry.source in known:
                # It was there before the batch, as a file of its own.
                self._folders.part(entry.source, entry.path)

    def restitution(self, batch: Batch, taken: Set[str]) -> list[PathChange]:
        """Old paths that stay though the commit took them; they are in the checkout again, too."""
        done = [o for o in batch.operations if o.state in (OperationState.DONE, OperationState.KEPT)]
        going = {entry.source for _, entry in _entries(done) if entry.leaves_source}
        stay = {e.source: e for _, e in _entries(done) if e.source in taken and e.source not in going}
        known, modes = self._repository.blobs_of(self._repository.head(), list(stay)), self._modes(done)
        changes = []
        for source, entry in stay.items():
            if source not in known:
                with suppress(Refused, UnsafePath):  # another file is there by now: that one stays
                    self._folders.share(entry.path, source)
                    mode = _as_set(entry, modes).mode
                    changes.append(PathChange(source, entry.sha256, entry.blob, mode=mode))
        return changes

    def contract(self, batch: Batch) -> None:
        """Old paths go that nobody claims any more and that git does not have."""
        done = [o for o in batch.operations if o.state in (OperationState.DONE, OperationState.KEPT)]
        known = self._known(done)
        for _, entry in _entries(done):
            if entry.leaves_source and entry.source not in known:
                self._folders.take_away(entry.source, entry.sha256, link=False, twin=entry.path)
                reach("batch: removed an old path")
            elif entry.source in known:
                # It was to go and stays after all: whoever writes to it must not write to ours.
                self._folders.part(entry.source, entry.path)

    def reappear(self, operations: Operations) -> Mapping[str, str]:
        """Old paths appear again beside the new ones."""
        known = self._known(operations)
        keep: dict[str, str] = {}
        for operation, entry in _entries(operations):
            if entry.role is EntryRole.MOVED and operation.artifact_id not in keep:
                try:
                    self._bring_back(entry, known)
                except (Refused, UnsafePath) as error:
                    keep[operation.artifact_id] = str(error)
                reach("rollback: an old path is there again")
        return keep

    def reinstatement(self, operations: Operations, *, besides: Operations) -> list[PathChange]:
        """New paths come again; old ones go again, unless an artifact that was taken back claims them."""
        known, modes = self._known(operations), self._modes(operations)
        claimed = {entry.source for _, entry in _entries(besides)}
        changes: dict[str, PathChange] = {}
        for _, entry in _entries(operations):
            if known.get(entry.path) != entry.blob:
                self._lay_again(entry)
            elif not (entry.leaves_source and known.get(entry.source) == entry.blob):
                continue
            for change in _forwards(_as_set(entry, modes), known):
                if change.sha256 is not None or change.path not in claimed:
                    changes[change.path] = change
        return list(changes.values())

    # --- one entry --------------------------------------------------------------------------------------

    def _lay(self, entry: FolderEntry) -> None:
        match entry.role:
            case EntryRole.MOVED if entry.leaves_source:
                self._folders.share(entry.source, entry.path)
            case EntryRole.MOVED:
                self._folders.copy(entry.source, entry.path, entry.sha256)
            case EntryRole.MANIFEST:
                over = sha256_of(entry.replaced) if entry.replaced is not None else ""
                self._folders.lay(entry.path, _content(entry), over=over)
            case EntryRole.LINK:
                self._folders.lay_link(entry.path, _content(entry).decode())

    def _lay_again(self, entry: FolderEntry) -> None:
        with suppress(Refused):
            self._lay(entry)

    def _withdraw(self, operation: Operation, known: Mapping[str, str]) -> None:
        for entry in reversed(operation.entries):
            if entry.replaced is not None:
                if not entry.blob or known.get(entry.path) != entry.blob:
                    with suppress(Refused):  # somebody has changed it since: theirs stays
                        self._folders.lay(entry.path, entry.replaced, over=entry.sha256)
            elif entry.path not in known and not entry.standing:
                self._folders.take_away(entry.path, entry.sha256, link=entry.is_link, twin=entry.source)

    def _bring_back(self, entry: FolderEntry, known: Mapping[str, str]) -> None:
        at_source = known.get(entry.source)
        is_back = at_source == entry.blob and self._folders.holds(entry.source, entry.sha256, link=False)
        there = self._folders.examine(entry.path)
        if there.sha256 != entry.sha256 if there is not None else not is_back:
            raise Refused("the file in the folder is not what was migrated", where=entry.path)
        if is_back:
            return
        if at_source not in (None, entry.blob):
            raise Refused("another file is at its old place by now", where=entry.source)
        self._folders.share(entry.path, entry.source)

    def _known(self, operations: Operations) -> Mapping[str, str]:
        return self._repository.blobs_of(self._repository.head(), self.paths(operations))

    def _modes(self, operations: Operations) -> Mapping[str, str]:
        return self._repository.modes_of(self._repository.head(), self.paths(operations))


def _as_set(entry: FolderEntry, modes: Mapping[str, str]) -> FolderEntry:
    """A moved file with the mode that it has in git by now: a bit that somebody has set goes along."""
    if entry.role is not EntryRole.MOVED:
        return entry
    return replace(entry, mode=modes.get(entry.path, modes.get(entry.source, entry.mode)))


def _forwards(entry: FolderEntry, known: Mapping[str, str]) -> Iterator[PathChange]:
    """What brings an entry into git, by what git has now."""
    yield PathChange(
        entry.path,
        entry.sha256,
        # What the journal holds itself is made anew: git may have lost it, where history was rewritten.
        entry.blob if entry.content is None else "",
        mode=entry.mode,
        content=entry.content,
        replaces=known.get(entry.path, "") if entry.replaced is not None else "",
    )
    if entry.leaves_source and entry.source in known:
        yield PathChange(entry.source, None, entry.blob)


def _backwards(entry: FolderEntry, known: Mapping[str, str]) -> Iterator[PathChange]:
    if entry.path in known and entry.replaced is not None:
        if known[entry.path] == entry.blob:
            before = sha256_of(entry.replaced)
            yield PathChange(entry.path, before, content=entry.replaced, replaces=entry.blob)
    elif entry.path in known:
        yield PathChange(entry.path, None, entry.blob)
    if entry.source and entry.source not in known:
        yield PathChange(entry.source, entry.sha256, entry.blob, mode=entry.mode)


def _content(entry: FolderEntry) -> bytes:
    assert entry.content is not None, "manifests and links are journalled with their bytes"
    return entry.content


def _entries(operations: Operations) -> list[tuple[Operation, FolderEntry]]:
    return [(operation, entry) for operation in operations for entry in operation.entries]
