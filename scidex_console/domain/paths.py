"""Where an artifact's files belong: the one resolver, and the rules a path must keep.

Paths are relative to the artifact repository, with forward slashes; `recorded` gives the form the
database keeps, which is relative to the outer repository.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from scidex_console.domain.errors import UnsafePath

_SAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MAX_STEM = 120
"""Longest file stem in characters, well under the 255 bytes a file system allows."""


@dataclass(frozen=True)
class ArtifactPaths:
    """Resolver of canonical paths. `submodule` and `figures` come from the configuration, never from code."""

    submodule: str
    """Place of the artifact repository inside the outer one, such as `data/scidex-artifacts`."""
    figures: str
    """Folder of figures inside the artifact repository."""

    def figure(self, artifact_id: str, extension: str) -> str:
        """Canonical path of a paper figure inside the artifact repository.

        The name is the artifact's id; an id that is not a safe file name is made one and told apart from
        its neighbours by a hash, so two ids never share a path, even on a file system without case.
        """
        stem = _SAFE.sub("_", artifact_id).strip("._-")
        if stem != artifact_id or len(stem) > _MAX_STEM or stem != stem.lower():
            digest = hashlib.sha256(artifact_id.encode()).hexdigest()[:10]
            stem = f"{stem[: _MAX_STEM - 11] or 'figure'}-{digest}"
        return check_relative(f"{self.figures}/{stem}.{extension}")

    def recorded(self, path: str) -> str:
        """The form the database keeps: relative to the outer repository."""
        return f"{self.submodule}/{check_relative(path)}"

    def inside(self, recorded: str) -> str | None:
        """The path inside the artifact repository of a recorded path; None when it lies elsewhere."""
        prefix = self.submodule.rstrip("/") + "/"
        if not recorded.startswith(prefix):
            return None
        try:
            return check_relative(recorded[len(prefix) :])
        except UnsafePath:
            return None


def check_relative(path: str) -> str:
    """Return the path when it is one we may write; raise `UnsafePath` with the reason otherwise.

    Its `where` is the path as it is, by which a batch tells whose it was.
    """
    parts = path.split("/")
    if not path or path.startswith("/") or "\0" in path or "\n" in path:
        raise UnsafePath("a path must be relative, on one line and not empty", where=path)
    if any(part in ("..", ".", "") for part in parts):
        raise UnsafePath("a path must not leave its folder", where=path)
    if any(part.lower().rstrip(". ") in (".git", "git~1") for part in parts):
        raise UnsafePath("a path must not enter a git directory", where=path)
    try:
        longest = max(len(part.encode()) for part in parts)
    except UnicodeEncodeError as error:
        raise UnsafePath("a path must be valid Unicode", where=path) from error
    if longest > 255:
        raise UnsafePath("a file name is longer than 255 bytes", where=path)
    return path


def is_safe(path: str) -> bool:
    """Whether a path is one we may write."""
    try:
        check_relative(path)
    except UnsafePath:
        return False
    return True
