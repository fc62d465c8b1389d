"""Builds the demo's repositories on disk, as SciDEX has them.

remotes/scidex.git             bare: what the outer checkout was cloned from and is pushed to
remotes/scidex-artifacts.git   bare: the same for the artifacts
scidex/                        the outer checkout, on branch main
scidex/data/scidex-artifacts/  the artifacts, a submodule, on branch main too
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scidex_console.demo.artifacts.model import SUBMODULE
from scidex_console.demo.artifacts.plan import StorePlan
from scidex_console.demo.git_commands import git, git_input
from scidex_console.demo.history import Digest, write_artifact_history, write_outer_history

BRANCH = "main"
REMOTE = "origin"


@dataclass(frozen=True)
class StorePlaces:
    """Where the repositories of one world are."""

    root: Path

    @property
    def outer(self) -> Path:
        """The outer checkout."""
        return self.root / "scidex"

    @property
    def artifacts(self) -> Path:
        """The artifact checkout, a submodule of the outer one."""
        return self.outer / SUBMODULE

    @property
    def outer_remote(self) -> Path:
        """The bare repository behind the outer checkout."""
        return self.root / "remotes" / "scidex.git"

    @property
    def artifacts_remote(self) -> Path:
        """The bare repository behind the artifacts."""
        return self.root / "remotes" / "scidex-artifacts.git"


@dataclass(frozen=True)
class BuiltStore:
    """Repositories that were just built."""

    places: StorePlaces
    digests: Mapping[str, Digest]
    """Of every file, by its path in the artifact repository."""
    artifact_commits: tuple[str, ...]
    """The artifact repository's commits, oldest first."""
    outer_commit: str


def build_store(root: Path, plan: StorePlan) -> BuiltStore:
    """Build the repositories of a plan below `root`, where none may be yet. Raises RepositoryError."""
    places = StorePlaces(root)
    (root / "remotes").mkdir(parents=True)
    digests, artifact_commits = _artifact_remote(places.artifacts_remote, plan)
    outer_commit = _outer_remote(places.outer_remote, artifact_commits)
    git("clone", "--quiet", "--recurse-submodules", places.outer_remote, places.outer, folder=root)
    # A submodule is cloned with its head detached; SciDEX works on the branch.
    git("checkout", "--quiet", "-B", BRANCH, "--track", f"{REMOTE}/{BRANCH}", folder=places.artifacts)
    return BuiltStore(places, digests, tuple(artifact_commits), outer_commit)


def _artifact_remote(repository: Path, plan: StorePlan) -> tuple[dict[str, Digest], list[str]]:
    git("init", "--quiet", "--bare", repository, folder=repository.parent)
    with _fast_import(repository) as stream:
        digests = write_artifact_history(stream, plan)
    commits = git("rev-list", "--reverse", BRANCH, folder=repository).split()
    return digests, commits


def _outer_remote(repository: Path, artifact_commits: list[str]) -> str:
    git("init", "--quiet", "--bare", repository, folder=repository.parent)
    with _fast_import(repository) as stream:
        write_outer_history(stream, artifact_commits)
    return git("rev-parse", BRANCH, folder=repository)


def _fast_import(repository: Path) -> AbstractContextManager[IO[bytes]]:
    return git_input("fast-import", "--quiet", folder=repository)
