"""What a decision about files that no row claims would do: for previews, and again when it is applied."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scidex_console.domain.batches import Operation, RowChange
from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.folders.entries import EntryRole, FolderEntry, sha256_of
from scidex_console.domain.folders.resolving import steers_git, why_not_recordable
from scidex_console.domain.folders.tree import GITLINK, SYMLINK, TreeEntry, TreeIndex
from scidex_console.domain.jobs import JobName
from scidex_console.domain.orphans import (
    KEPT,
    MANIFEST_SUFFIX,
    Decided,
    NewRow,
    adopted_row,
    artifact_type_of,
    kept_at,
    orphan_manifest,
    path_of,
    subject_of,
)
from scidex_console.domain.row_json import is_storable
from scidex_console.domain.tokens import plan_token
from scidex_console.domain.triage import MOST_IDS, Decision, Replacement, Version
from scidex_console.engine.cleanup.orphans import Found, OrphanFinder
from scidex_console.engine.triage.cases import CaseReader
from scidex_console.engine.triage.planning import DecisionPlan
from scidex_console.engine.triage.views import DecisionItem, DecisionPreview

_KIND = "orphan"
_RENAME = "rename it with `git mv`, and commit"
_NOT_ADOPTED = frozenset({"paper_figure"})
"""Types whose artifacts are more than their file: a paper figure has an address to be asked for."""


@dataclass(frozen=True)
class _Read:
    """A file as it lies in git and in the checkout, or why nothing can be decided about it."""

    path: str
    version: Version | None = None
    content: tuple[str, int] = ("", 0)
    """sha256 and bytes of what a reader sees; of a Git LFS pointer, of what it stands for."""
    refused: str = ""


class OrphanPlanner:
    """Makes plans; changes nothing."""

    def __init__(self, finder: OrphanFinder, reader: CaseReader) -> None:
        self._finder = finder
        self._reader = reader

    async def plan(
        self,
        decision: Decision,
        subjects: Sequence[str],
        params: Mapping[str, Any],
        decided: Decided | None = None,
    ) -> DecisionPlan:
        """What a decision would do to these files. Without `decided`, only a preview: no operations.

        Raises `Refused` for none, or for more than fit one decision.
        """
        paths = sorted({path_of(subject) for subject in subjects})
        if not paths or len(paths) > MOST_IDS:
            raise Refused(f"a decision is about 1 to {MOST_IDS} files", where=f"{len(paths)} files")
        found = await self._finder.look()
        return await asyncio.to_thread(self._planned, decision, paths, params, found, decided)

    def _planned(
        self,
        decision: Decision,
        paths: Sequence[str],
        params: Mapping[str, Any],
        found: Found,
        decided: Decided | None,
    ) -> DecisionPlan:
        converted = self._conversions(paths) if decision is Decision.KEEP else {}
        artifact_type = str(params.get("type") or "")
        items, operations, facts = [], [], []
        for path in paths:
            read = self._read(path, found)
            if not read.refused:
                read = self._allowed(decision, read, found.tree, artifact_type, converted)
            items.append(self._item(decision, read, artifact_type))
            if is_storable(path):  # no decision can be told of the others
                facts.append([path, read.refused, read.version.to_json() if read.version else None])
            if decided is not None and not read.refused:
                operations.append(self._operation(decision, read, artifact_type, decided))
        plan = {"action": "cleanup", "decision": decision, "type": artifact_type, "files": facts}
        preview = DecisionPreview(decision, JobName.FOLDERS, tuple(items), plan_token(plan))
        return DecisionPlan(preview, tuple(operations))

    # --- one file ---------------------------------------------------------------------------------------

    def _read(self, path: str, found: Found) -> _Read:
        entry = found.tree.entries.get(path)
        if entry is None:
            return _Read(path, refused="git has no such file")
        if path not in found.taken:
            return _Read(path, refused="it is no orphan: a row claims it, or it lies in an artifact's folder")
        if entry.mode == GITLINK:
            return _Read(path, refused="it is a repository of its own: take it out by git")
        if steers_git(path):
            return _Read(path, refused="it steers git itself: take it out with `git rm`, and commit")
        if why := why_not_recordable(path):
            return _Read(path, refused=f"{why}: {_RENAME}")
        try:
            return self._read_link(path, entry) if entry.mode == SYMLINK else self._read_file(path, entry)
        except (Refused, UnsafePath) as error:
            return _Read(path, refused=error.what)

    def _read_link(self, path: str, entry: TreeEntry) -> _Read:
        target = self._reader.folders.target(path)
        content = bytearray()
        self._reader.repository.export_blob(entry.blob, content.extend)
        if target is None or target.encode("utf-8", "surrogateescape") != bytes(content):
            return _Read(path, refused="the link in the checkout is not git's: commit or restore it")
        sha256 = hashlib.sha256(content).hexdigest()
        return _Read(path, Version(entry.blob, sha256, len(content), entry.mode), (sha256, len(content)))

    def _read_file(self, path: str, entry: TreeEntry) -> _Read:
        there = self._reader.folders.examine(path)
        if there is None:
            return _Read(path, refused="git has it and the checkout has not: restore it first")
        version = Version(entry.blob, there.sha256, there.size, entry.mode)
        if there.blob == entry.blob:
            pointer = there.pointer
            return _Read(
                path, version, (pointer.sha256, pointer.size) if pointer else (there.sha256, there.size)
            )
        # The checkout may have what a Git LFS pointer stands for.
        hashed = self._reader.hashed(entry.blob)
        if there.sha256 != hashed.sha256:
            return _Read(path, refused="the file differs from git's: commit or restore it")
        return _Read(path, version, (hashed.sha256, hashed.size))

    def _allowed(
        self,
        decision: Decision,
        read: _Read,
        tree: TreeIndex,
        artifact_type: str,
        converted: Mapping[str, str],
    ) -> _Read:
        assert read.version is not None
        if decision is Decision.DELETE:
            return read
        why, path = "", read.path
        if read.version.is_link:
            why = "a symbolic link leads elsewhere from another place: it can only be deleted"
        elif decision is Decision.ADOPT:
            wanted = artifact_type or artifact_type_of(path, self._reader.reader.rules)
            if wanted in _NOT_ADOPTED or not wanted:
                why = (
                    f"no file is adopted as {wanted}"
                    if wanted
                    else "its type cannot be told: name it with --type"
                )
        elif too_long := why_not_recordable(kept_at(path) + MANIFEST_SUFFIX):
            why = f"with its manifest below {KEPT}/, {too_long}: {_RENAME}"
        elif any(place in tree.entries for place in (kept_at(path), kept_at(path) + MANIFEST_SUFFIX)):
            why = f"git has something at {kept_at(path)} already"
        elif converted.get(path, "") != converted.get(kept_at(path), ""):
            why = "git would convert it otherwise below orphans/: see .gitattributes"
        return _Read(path, read.version, read.content, why)

    def _conversions(self, paths: Sequence[str]) -> Mapping[str, str]:
        return self._reader.repository.conversions([*paths, *map(kept_at, paths)])

    def _item(self, decision: Decision, read: _Read, artifact_type: str) -> DecisionItem:
        path, what = read.path, ""
        before = read.version.sha256 if read.version is not None else ""
        if not read.refused:
            kind = artifact_type or artifact_type_of(path, self._reader.reader.rules)
            what = {
                Decision.ADOPT: f"a new {kind}",
                Decision.KEEP: f"to {kept_at(path)}",
                Decision.DELETE: f"gone, {read.version.size if read.version else 0:,} bytes",
            }[decision]
        after = "" if decision is Decision.DELETE else before
        return DecisionItem(subject_of(path), "", _KIND, what, path, before, after, refused=read.refused)

    def _operation(self, decision: Decision, read: _Read, artifact_type: str, decided: Decided) -> Operation:
        assert read.version is not None
        subject, nothing = subject_of(read.path), RowChange((), {}, {})
        if decision is Decision.DELETE:
            return Operation(subject, nothing, replacement=Replacement(read.path, read.version, None))
        if decision is Decision.KEEP:
            return Operation(subject, nothing, entries=_kept(read.path, read.version, decided))
        row = self._row(read, artifact_type)
        change = RowChange(tuple(row.image()), before={}, after=row.image())
        guard = Replacement(read.path, read.version, read.version)
        return Operation(subject, change, replacement=guard, registers=row)

    def _row(self, read: _Read, artifact_type: str) -> NewRow:
        rules = self._reader.reader.rules
        sha256, size = read.content
        return adopted_row(
            read.path,
            artifact_type or artifact_type_of(read.path, rules),
            uuid=str(uuid.uuid4()),
            sha256=sha256,
            size=size,
            recorded=f"{rules.submodule}/{read.path}",
        )


def _kept(path: str, version: Version, decided: Decided) -> tuple[FolderEntry, ...]:
    """The file at its new place, and what says where it came from."""
    place, content = kept_at(path), orphan_manifest(path, version, decided)
    moved = FolderEntry(
        EntryRole.MOVED,
        place,
        version.sha256,
        version.size,
        mode=version.mode,
        blob=version.blob,
        source=path,
        leaves_source=True,
    )
    manifest = FolderEntry(
        EntryRole.MANIFEST, place + MANIFEST_SUFFIX, sha256_of(content), len(content), content=content
    )
    return moved, manifest
