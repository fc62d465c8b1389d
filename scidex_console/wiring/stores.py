"""The repository, the checkout and the staging folder, from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from scidex_console.adapters.files.folders import CheckoutFolders
from scidex_console.adapters.files.incoming import INCOMING
from scidex_console.adapters.files.staging import StagingFolder
from scidex_console.adapters.files.worktree import CheckoutFiles
from scidex_console.adapters.git.commit_artifact import load_committer
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.engine.ports import Clock
from scidex_console.settings import Settings


@dataclass(frozen=True)
class FileSide:
    """Git and the file system, as one set that belongs together."""

    repository: GitArtifactRepository
    worktree: CheckoutFiles
    staging: StagingFolder
    folders: CheckoutFolders

    @property
    def incoming(self) -> Path:
        """Where writers stage what they bring, each in a folder of its own."""
        return self.repository.staging_dir.parent / INCOMING

    @property
    def shelf(self) -> Path:
        """Where failed commits lie that the database could not be told."""
        return self.repository.staging_dir.parent / "failed-commits.jsonl"


def open_repository(settings: Settings, clock: Clock, *, writer_wait: float = 10.0) -> GitArtifactRepository:
    """The artifact repository named by the configuration. Raises `SettingError`, `Unreachable`.

    `writer_wait` is how many seconds to wait for another writer's flock.
    """
    wanted = settings.repository
    return GitArtifactRepository(
        wanted.need_path(),
        outer=wanted.outer,
        branch=wanted.branch,
        clock=clock,
        committer=load_committer(wanted.commit_artifact) if wanted.commit_artifact else None,
        remote=wanted.remote,
        pushes=wanted.push,
        writer_wait=writer_wait,
    )


def open_files(settings: Settings, clock: Clock, *, writer_wait: float = 10.0) -> FileSide:
    """Repository, checkout and staging folder; makes the staging folder, so only an engine asks for it."""
    repository = open_repository(settings, clock, writer_wait=writer_wait)
    staging = StagingFolder(repository.staging_dir)
    outer = settings.repository.outer
    worktree = CheckoutFiles(repository.checkout.worktree, staging=staging.root, outer=outer)
    folders = CheckoutFolders(
        repository.checkout.worktree, drafts=staging.root, object_format=repository.checkout.object_format
    )
    return FileSide(repository, worktree, staging, folders)
