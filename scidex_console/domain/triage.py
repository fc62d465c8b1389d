"""Triage: what a person decides about an artifact that waits for a person, and what may be decided of it.

A case is an artifact whose file is not the one its row promises, whose paths are not safe to move by, or
whose figure was answered with something else than an image. Each decision is taken with a reason, recorded,
applied by the engine, and can be undone by another decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scidex_console.domain.folders.hashes import Expected, HashSource

MOST_IDS = 500
"""Artifacts of one decision: all of it is one batch, and one commit."""

DATABASE_ONLY_KEY = "database_only"
"""Metadata key of a row that is treated as of the database alone, whatever paths it still names."""
PROMISE_KEY = "file_sha256"
"""Metadata key under which an accepted file's hash is recorded."""


_SYMLINK = "120000"


class Decision(StrEnum):
    """What can be decided. The words are those of the command line, the console and the audit."""

    RESTORE = "restore"
    """The past version whose hash the row promises comes back."""
    ACCEPT = "accept"
    """The file is right as it is: its hash is recorded in the row."""
    DATABASE_ONLY = "database-only"
    """The artifact gets a folder with its manifest alone; the file its row names is not its own."""
    REDOWNLOAD = "redownload"
    """The figure is asked for again."""
    LEAVE = "leave"
    """Nothing is changed; the note is for whoever looks next."""
    ADOPT = "adopt"
    """A file that no row claims gets a row, and so becomes an artifact's."""
    KEEP = "keep"
    """A file that no row claims goes below `orphans/`, with a manifest."""
    DELETE = "delete"
    """A file that no row claims leaves git, not its history."""
    UNDO = "undo"
    """Takes an earlier decision back."""


DECISIONS = (
    Decision.RESTORE,
    Decision.ACCEPT,
    Decision.DATABASE_ONLY,
    Decision.REDOWNLOAD,
    Decision.LEAVE,
)
"""What can be decided about a case; undoing is about a decision."""

OF_ORPHANS = (Decision.ADOPT, Decision.KEEP, Decision.DELETE)
"""What can be decided about a file that no row claims (`domain/orphans.py`)."""

EXPLAINED: Mapping[Decision, str] = {
    Decision.RESTORE: "brings back the past version whose hash the row promises, by a commit",
    Decision.ACCEPT: "takes the file as it is and records its hash in the row",
    Decision.DATABASE_ONLY: "gives the artifact a folder with its manifest alone; the file stays where it is",
    Decision.REDOWNLOAD: "asks for the figure again; a file with the wrong hash leaves git, not its history",
    Decision.LEAVE: "changes nothing and keeps the reason as a note",
    Decision.ADOPT: "registers a row for each file; the next cycle of folders gives it its folder",
    Decision.KEEP: "moves each file below orphans/, beside a manifest that says where from, when and by whom",
    Decision.DELETE: "takes each file out of git and the checkout; git's history keeps it",
    Decision.UNDO: "takes a decision back, as far as nothing has changed since",
}
"""One line each, for help, dialogs and previews."""


class CaseKind(StrEnum):
    """Why an artifact waits for a person."""

    HASH_MISMATCH = "hash_mismatch"
    QUARANTINED = "quarantined"
    SUSPECT = "suspect"
    REFUSED = "refused"


OF_FOLDERS = frozenset({CaseKind.HASH_MISMATCH, CaseKind.QUARANTINED})
"""Kinds of the folder migration; a quarantined figure is one of the figures' job."""


@dataclass(frozen=True)
class Version:
    """What a path holds: in git, and in the checkout."""

    blob: str
    sha256: str
    size: int
    mode: str

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link; its sha256 is then that of where it leads."""
        return self.mode == _SYMLINK

    def to_json(self) -> dict[str, Any]:
        """As the journal keeps it."""
        return {"blob": self.blob, "sha256": self.sha256, "size": self.size, "mode": self.mode}


@dataclass(frozen=True)
class Replacement:
    """What a decision does to the file at one path: another version, none, or (the same twice) nothing.

    Where nothing is done to it, it is a guard: the decision is applied only while the file is this one.
    """

    path: str
    """Relative to the artifact repository."""
    before: Version
    after: Version | None
    """None: the path leaves git; its history keeps it."""

    @property
    def changes(self) -> bool:
        """Whether git gets a commit of it."""
        return self.before != self.after

    def to_json(self) -> dict[str, Any]:
        """As the journal keeps it."""
        after = self.after.to_json() if self.after else None
        return {"path": self.path, "before": self.before.to_json(), "after": after}

    @staticmethod
    def from_json(said: Mapping[str, Any] | None) -> Replacement | None:
        """What the journal keeps, or nothing."""
        if said is None:
            return None
        after = Version(**said["after"]) if said["after"] else None
        return Replacement(said["path"], Version(**said["before"]), after)


@dataclass(frozen=True)
class CaseFacts:
    """What decides which decisions are open to a case."""

    of_folders: bool
    """Whether the folder migration put it aside; else the figures' job did."""
    artifact_type: str
    expected: Expected | None
    actual_sha256: str
    """Of the content; empty where there is no file to read."""
    why_unread: str = ""
    """Why the file could not be read as git's own, or nothing."""
    matching: bool = False
    """Whether a past version has the promised hash."""
    is_stand_in: bool = False
    """Whether git keeps a Git LFS pointer in the file's place, now or in the version that matches."""
    has_url: bool = False
    """Whether the row has an address to ask."""
    others: Sequence[str] = ()
    """Other artifacts that name the same file."""
    migrated: bool = False


def why_not(decision: Decision, case: CaseFacts, sources: Sequence[HashSource]) -> str:
    """Why a decision is not open to a case, in words for the operator; empty when it is."""
    if case.migrated and case.of_folders:
        return "it has its folder by now: nothing is to be decided any more"
    if decision is Decision.LEAVE:
        return ""
    if decision is Decision.REDOWNLOAD:
        return _no_redownload(case)
    if not case.of_folders:
        return "its file was never there: ask for it again, or leave it with a note"
    if decision is Decision.DATABASE_ONLY:
        return ""
    if case.why_unread or not case.actual_sha256:
        return case.why_unread or "it has no file that could be read"
    return _no_restore(case) if decision is Decision.RESTORE else _no_accept(case, sources)


def _no_redownload(case: CaseFacts) -> str:
    if case.artifact_type != "paper_figure" or not case.has_url:
        return "only a paper figure with an image_url can be asked for again"
    if case.of_folders and case.others:
        return f"its file is also that of {_some(case.others)}"
    if case.of_folders and (case.why_unread or not case.actual_sha256):
        return case.why_unread or "it has no file; the figures' job asks for it by itself"
    return ""


def _no_restore(case: CaseFacts) -> str:
    if case.expected is None:
        return "its row promises no hash, so there is nothing to look for"
    if case.expected.sha256 == case.actual_sha256:
        return "the file is the promised one already; retry it"
    if not case.matching:
        return "no past version in git has the promised hash"
    if case.is_stand_in:
        return "git keeps a Git LFS pointer in its place: bring the file back with git lfs"
    return f"its file is also that of {_some(case.others)}" if case.others else ""


def _no_accept(case: CaseFacts, sources: Sequence[HashSource]) -> str:
    if case.expected is None or case.expected.sha256 == case.actual_sha256:
        return "its hash is not what is wrong with it"
    if HashSource.FILE_SHA256 not in sources:
        return "folders.hash_source leaves metadata.file_sha256 out, where the hash would be recorded"
    places = list(sources)
    if places.index(HashSource.FILE_SHA256) > places.index(case.expected.source):
        return f"folders.hash_source asks {case.expected.source} before metadata.file_sha256"
    return ""


def _some(others: Sequence[str]) -> str:
    shown = ", ".join(others[:3])
    return f"{shown} and {len(others) - 3} more" if len(others) > 3 else shown


def is_database_only(metadata: Mapping[str, Any]) -> bool:
    """Whether a row was decided to be of the database alone."""
    return metadata.get(DATABASE_ONLY_KEY) is True
