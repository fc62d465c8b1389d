"""The demo store's past: its files as a chain of commits, written as a `git fast-import` stream.

Authors, dates and contents follow from the plan alone, so the same plan gives the same commit ids.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO

from scidex_console.demo.artifacts.contents import lfs_object_of, make_content
from scidex_console.demo.artifacts.model import SUBMODULE, ContentKind, StoredFile
from scidex_console.demo.artifacts.plan import FIRST_DAY, LAST_DAY, StorePlan

_FILES_PER_COMMIT = 200
_FEWEST_COMMITS, _MOST_COMMITS = 24, 40
_AUTHORS = ("Atlas <atlas@scidex.invalid>", "Forge <forge@scidex.invalid>", "Agora <agora@scidex.invalid>")
_README = b"# SciDEX\n\nThe artifacts lie in the submodule `data/scidex-artifacts`.\n"


@dataclass(frozen=True)
class Digest:
    """What rows may say of one file's bytes."""

    sha256: str
    size: int
    lfs_object: str = ""
    """sha256 of the object the file points to, when it is a Git LFS pointer."""
    first_sha256: str = ""
    """sha256 of what the file held before it was rewritten."""


@dataclass
class _Commit:
    when: datetime
    added: list[StoredFile] = field(default_factory=list)
    moved: list[StoredFile] = field(default_factory=list)
    rewritten: list[StoredFile] = field(default_factory=list)

    def subject(self) -> str:
        parts = (
            f"add {len(self.added)} files" if self.added else "",
            f"move {len(self.moved)}" if self.moved else "",
            f"rewrite {len(self.rewritten)}" if self.rewritten else "",
        )
        return "[Atlas] Artifacts: " + ", ".join(part for part in parts if part)


def write_artifact_history(stream: IO[bytes], plan: StorePlan) -> dict[str, Digest]:
    """Write the artifact repository's history; the digests of its files by path. Commit n has the mark n."""
    digests: dict[str, Digest] = {}
    stream.write(b"feature done\n")
    for mark, commit in enumerate(_commits(plan), start=1):
        _write_head(stream, mark, commit.when, commit.subject())
        for file in commit.added:
            content = make_content(file, plan.seed, first_version=True)
            digests[file.path] = _digest(file, content)
            _write_file(stream, file, file.earlier_path or file.path, content)
        for file in commit.moved:
            stream.write(b"R %s %s\n" % (_quoted(file.earlier_path), _quoted(file.path)))
        for file in commit.rewritten:
            content = make_content(file, plan.seed)
            before = digests[file.path].sha256
            digests[file.path] = Digest(
                hashlib.sha256(content).hexdigest(), len(content), first_sha256=before
            )
            _write_file(stream, file, file.path, content)
    stream.write(b"done\n")
    return digests


def write_outer_history(stream: IO[bytes], artifact_commits: list[str]) -> None:
    """Write the outer repository's history: the submodule, moved on with some of its commits."""
    # A relative address: it means the folder beside the outer repository's own remote, wherever that is.
    modules = (
        f'[submodule "{SUBMODULE}"]\n\tpath = {SUBMODULE}\n\turl = ../scidex-artifacts.git\n\tbranch = main\n'
    )
    stream.write(b"feature done\n")
    _write_head(stream, 1, FIRST_DAY, "Lay out the repository")
    _write_bytes(stream, "100644", "README.md", _README)
    _write_bytes(stream, "100644", ".gitmodules", modules.encode())
    stride = max(1, len(artifact_commits) // 6)
    pointers = [*artifact_commits[:-1:stride], artifact_commits[-1]]
    for number, commit in enumerate(pointers):
        if number:
            when = LAST_DAY - timedelta(days=5 * (len(pointers) - number))
            _write_head(stream, number + 1, when, "Move the artifacts' submodule on")
        stream.write(b"M 160000 %s %s\n" % (commit.encode(), _quoted(SUBMODULE)))
    stream.write(b"done\n")


def _commits(plan: StorePlan) -> list[_Commit]:
    arrivals = sorted(plan.files().values(), key=lambda arrival: (arrival[1], arrival[0].path))
    count = min(_MOST_COMMITS, max(_FEWEST_COMMITS, len(arrivals) // _FILES_PER_COMMIT))
    size = -(-len(arrivals) // count)
    chunks = [arrivals[start : start + size] for start in range(0, len(arrivals), size)]
    commits = [_Commit(chunk[-1][1], [file for file, _ in chunk]) for chunk in chunks]
    commits.append(_Commit(LAST_DAY))
    rng = random.Random(f"history:{plan.seed}")
    for number, commit in enumerate(commits[:-1]):
        for file in commit.added:
            # Always in a later commit, so that the file has a past to be followed into.
            if file.earlier_path:
                commits[rng.randrange(number + 1, len(commits))].moved.append(file)
            elif file.rewritten:
                commits[rng.randrange(number + 1, len(commits))].rewritten.append(file)
    if not commits[-1].moved and not commits[-1].rewritten:
        commits.pop()
    return commits


def _digest(file: StoredFile, content: bytes) -> Digest:
    lfs_object = lfs_object_of(content) if file.kind is ContentKind.LFS_POINTER else ""
    return Digest(hashlib.sha256(content).hexdigest(), len(content), lfs_object)


def _write_head(stream: IO[bytes], mark: int, when: datetime, subject: str) -> None:
    author = f"{_AUTHORS[mark % len(_AUTHORS)]} {int(when.timestamp())} +0000"
    message = f"{subject}\n".encode()
    head = f"commit refs/heads/main\nmark :{mark}\nauthor {author}\ncommitter {author}\ndata {len(message)}\n"
    stream.write(head.encode() + message)


def _write_file(stream: IO[bytes], file: StoredFile, path: str, content: bytes) -> None:
    _write_bytes(stream, "100755" if file.executable else "100644", path, content)


def _write_bytes(stream: IO[bytes], mode: str, path: str, content: bytes) -> None:
    stream.write(b"M %s inline %s\ndata %d\n" % (mode.encode(), _quoted(path), len(content)))
    stream.write(content)
    stream.write(b"\n")


def _quoted(path: str) -> bytes:
    """A path as fast-import reads it back unchanged, whatever is in it."""
    text = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return b'"' + text.encode() + b'"'
