"""The effects of a person's decision: at one path per artifact, another version of the file, or none.

A version that is put in place of another appears whole, in one step, before git and the row say so: a reader
finds either. A file that leaves goes from the checkout when the row no longer names it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Set
from contextlib import suppress

from scidex_console.domain.batches import Batch, Operation, OperationState, Skip
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.triage import Replacement, Version
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import Committed, PathChange
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.effects import Operations
from scidex_console.engine.two_stores.stores import Stores
from scidex_console.engine.vocabulary import counted

_OTHER = "git has another file at {} than was decided about"


class DecidedFiles:
    """Implements `Effects` for decisions."""

    lasts = True

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._repository = stores.repository
        self._folders = stores.folders

    def paths(self, operations: Operations) -> list[str]:
        """Every path of git that changes."""
        return list(dict.fromkeys(change.path for _, change in _changing(operations)))

    async def verify(self, batch: Batch) -> Mapping[str, Skip]:
        """Every file is the one that was decided about, in git and in the checkout."""
        return await in_thread(self._verify, batch.live())

    async def hindrances(self, operations: Operations) -> Mapping[str, str]:
        """What `verify` finds."""
        return {a: skip.reason for a, skip in (await in_thread(self._verify, operations)).items()}

    def _verify(self, operations: Operations) -> Mapping[str, Skip]:
        decided = [(o, o.replacement) for o in operations if o.replacement is not None]
        known = self._repository.blobs_of(self._repository.head(), [r.path for _, r in decided])
        skips: dict[str, Skip] = {}
        for operation, replacement in decided:
            if reason := self._hindrance(replacement, known):
                skips[operation.artifact_id] = Skip(reason, again=False)
        return skips

    def _hindrance(self, decided: Replacement, known: Mapping[str, str]) -> str:
        if known.get(decided.path) != decided.before.blob:
            return _OTHER.format(decided.path)
        try:
            # The new version may be there already, from before a crash.
            versions = [decided.before, *([decided.after] if decided.after else [])]
            if any(self._folders.holds(decided.path, v.sha256, link=v.is_link) for v in versions):
                return ""
        except (Refused, UnsafePath) as error:
            return str(error)
        return f"the file at {decided.path} is not the one that was decided about"

    def expand(self, operations: Operations) -> Mapping[str, Skip]:
        """New versions appear in place of the old ones."""
        skips: dict[str, Skip] = {}
        for operation, decided in _changing(operations):
            try:
                if decided.after is not None:
                    self._put(decided.path, decided.after, over=decided.before)
            except (Refused, UnsafePath) as error:
                skips[operation.artifact_id] = Skip(str(error), again=False)
            reach("batch: placed a file")
        return skips

    def changes_git(self, operations: Operations) -> bool:
        """Whether there is anything to commit."""
        return bool(_changing(operations))

    def commit(self, batch: Batch, expand: Callable[[], None]) -> Committed:
        """One commit for all files."""
        expand()
        changes, mandate = _changing(batch.live()), self._stores.mandate
        return self._repository.commit(
            [_change(decided.path, decided.before, decided.after) for _, decided in changes],
            subject=f"{batch.job}: {_what(changes)} by decision {batch.decision} (batch {batch.id})",
            trailers=mandate.trailers(batch, batch.op, CommitKind.APPLY),
            epoch=mandate.epoch,
        )

    def owners(self, operations: Operations, path: str) -> list[Operation]:
        """The operations a path belongs to."""
        return [operation for operation, decided in _changing(operations) if decided.path == path]

    def retreat(self, operations: Operations, *, placed: bool) -> None:
        """The old versions are there again, as git has them."""
        known = self._known(operations)
        for _, decided in _changing(operations):
            if decided.after is not None and known.get(decided.path) == decided.before.blob:
                self._put_back(decided, decided.after)

    def inverse(self, operations: Operations) -> list[PathChange]:
        """Every path as it was, where git has it as it was left."""
        known = self._known(operations)
        return [
            _change(decided.path, decided.after, decided.before)
            for _, decided in _changing(operations)
            if known.get(decided.path) == (decided.after.blob if decided.after else None)
        ]

    def vanish(self, operations: Operations) -> None:
        """What git has again is in the checkout again, too."""
        self.retreat(operations, placed=True)

    def restitution(self, batch: Batch, taken: Set[str]) -> list[PathChange]:
        """Nothing: no old path of somebody else's goes."""
        return []

    def contract(self, batch: Batch) -> None:
        """Files that have left git go, where they are still what they were."""
        done = [o for o in batch.operations if o.state in (OperationState.DONE, OperationState.KEPT)]
        known = self._known(done)
        for _, decided in _changing(done):
            if decided.after is None and decided.path not in known:
                before = decided.before
                self._folders.take_away(decided.path, before.sha256, link=before.is_link)
                reach("batch: removed an old path")

    def reappear(self, operations: Operations) -> Mapping[str, str]:
        """Old versions appear in place of the new ones; which operations must stay, and why."""
        known = self._known(operations)
        keep: dict[str, str] = {}
        for operation, decided in _changing(operations):
            try:
                self._reappear(decided, known.get(decided.path))
            except (Refused, UnsafePath) as error:
                keep[operation.artifact_id] = str(error)
            reach("rollback: an old path is there again")
        return keep

    def _reappear(self, decided: Replacement, now: str | None) -> None:
        if now not in (decided.before.blob, decided.after.blob if decided.after else None):
            raise Refused(
                f"git has {'another file' if now else 'no file'} at {decided.path} by now", where=decided.path
            )
        self._put(decided.path, decided.before, over=decided.after)

    def reinstatement(self, operations: Operations, *, besides: Operations) -> list[PathChange]:
        """What was decided holds again of rows that changed under the rollback."""
        known = self._known(operations)
        changes = []
        for _, decided in _changing(operations):
            if known.get(decided.path) == decided.before.blob:
                if decided.after is not None:
                    with suppress(Refused, UnsafePath):
                        self._put(decided.path, decided.after, over=decided.before)
                changes.append(_change(decided.path, decided.before, decided.after))
        return changes

    # --- one file ---------------------------------------------------------------------------------------

    def _put(self, path: str, version: Version, *, over: Version | None) -> None:
        """Let a version be there, in place of another or where nothing is; git has its bytes."""
        content = bytearray()
        self._repository.export_blob(version.blob, content.extend)
        if version.is_link:
            self._folders.lay_link(path, os.fsdecode(bytes(content)))
            return
        is_there = self._folders.examine(path) is not None
        self._folders.lay(
            path,
            bytes(content),
            over=over.sha256 if over is not None and is_there else "",
            executable=version.mode == "100755",
        )

    def _put_back(self, decided: Replacement, placed: Version) -> None:
        """The old version, where the new one still is what was placed."""
        with suppress(Refused, UnsafePath):  # somebody has changed it since: theirs stays
            self._put(decided.path, decided.before, over=placed)

    def _known(self, operations: Operations) -> Mapping[str, str]:
        return self._repository.blobs_of(self._repository.head(), self.paths(operations))


def _changing(operations: Operations) -> list[tuple[Operation, Replacement]]:
    """The operations that change a file, each with how."""
    return [(o, o.replacement) for o in operations if o.replacement is not None and o.replacement.changes]


def _change(path: str, before: Version | None, after: Version | None) -> PathChange:
    if after is None:
        assert before is not None, "a path that is not there does not go"
        return PathChange(path, None, before.blob)
    return PathChange(
        path, after.sha256, after.blob, mode=after.mode, replaces=before.blob if before is not None else ""
    )


def _what(changes: list[tuple[Operation, Replacement]]) -> str:
    restored = sum(decided.after is not None for _, decided in changes)
    removed = len(changes) - restored
    said = [f"restore {counted(restored, 'file')}"] if restored else []
    return " and ".join([*said, *([f"take out {counted(removed, 'file')}"] if removed else [])])
