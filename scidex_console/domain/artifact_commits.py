"""A commit of files to one artifact's folder, as a writer asks for it and as it is answered.

Spec (folders, phase 1): new artifacts use folders. A writer names the artifact, and brings a primary file,
accessories, or both; everything else (names, manifest, links, the row) follows from the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scidex_console.domain.folders.manifest import FolderFile


@dataclass(frozen=True)
class GivenFile:
    """A file that a writer brings, whole and staged."""

    name: str
    """What it is called; its friendly name is made from this, so it may be anything but empty."""
    staged: str
    """Name of the staged file."""
    sha256: str
    size: int
    """In bytes."""
    lies_at: str = ""
    """Where it lies in the checkout already, relative to it; empty: somewhere else."""


@dataclass(frozen=True)
class CommitRequest:
    """What a writer wants to be in an artifact's folder.

    A file whose bytes the folder has already is not added again. The primary file is settled by the first
    commit that brings one, and never replaced; accessories are added beside what is there.
    """

    artifact: str
    """Its id or its UUID, as `register_artifact` gave them."""
    primary: GivenFile | None = None
    accessories: Sequence[GivenFile] = ()
    friendly_name: str = ""
    """What the primary file is to be called, without its extension; empty: what its own name makes."""
    writer: str = ""
    """In whose name: the audit and the list of batches show it."""
    reason: str = ""
    """Why, for the audit."""


@dataclass(frozen=True)
class CommitResult:
    """What is in the folder now."""

    id: str
    """The legacy id."""
    artifact_id: str
    """The UUID."""
    artifact_dir: str
    """As the row has it: relative to the outer repository."""
    primary_filename: str | None
    accessory_filenames: tuple[str, ...]
    files: tuple[FolderFile, ...]
    """Every file of the folder as its manifest lists it."""
    added: tuple[str, ...]
    """Those that came with this commit, relative to the folder; empty: everything was there already."""
    batch: int | None
    """The batch it was, to be shown or rolled back; None when there was nothing to commit."""
    commit: str
    """Git's commit on the branch; empty when there was nothing to commit."""
