"""A real artifact store in miniature: bare remotes, an outer repository, the artifact repository in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.commits import CommitKind, Trailers
from scidex_console.engine.ports import PathChange

NOW = datetime(2026, 5, 19, 12, 0, tzinfo=UTC)


class FixedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("git work does not sleep by the clock")


def git(folder: Path, *args: str, stdin: bytes = b"", check: bool = True) -> str:
    """The operator's own git, in an environment that holds nothing of the machine's."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Operator",
        "GIT_AUTHOR_EMAIL": "operator@example.org",
        "GIT_COMMITTER_NAME": "Operator",
        "GIT_COMMITTER_EMAIL": "operator@example.org",
        "GIT_AUTHOR_DATE": "2026-05-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2026-05-01T00:00:00Z",
    }
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", "-c", "core.quotePath=false", *args],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        check=False,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"git {args}: {done.stderr.decode()}")
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


@dataclass(frozen=True)
class World:
    """The store's folders."""

    root: Path

    @property
    def outer(self) -> Path:
        return self.root / "outer"

    @property
    def artifacts(self) -> Path:
        return self.outer / "data/artifacts"

    @property
    def git_dir(self) -> Path:
        return self.outer / ".git/modules/data/artifacts"

    def remote(self, name: str) -> Path:
        return self.root / f"{name}.git"

    def repository(self, **options: object) -> GitArtifactRepository:
        """Our room's view, with the outer repository unless `outer=None` is given."""
        chosen = {"outer": self.outer, "branch": "main", "clock": FixedClock(), "writer_wait": 0.2, **options}
        return GitArtifactRepository(self.artifacts, **chosen)  # type: ignore[arg-type]

    def write(self, path: str, content: bytes) -> PathChange:
        """Put a file into the worktree; the change that commits it."""
        file = self.artifacts / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        return PathChange(path, hashlib.sha256(content).hexdigest())

    def write_many(self, count: int) -> list[PathChange]:
        """Some small figures."""
        return [self.write(f"figures/fig-{number}.png", b"image %d" % number) for number in range(count)]

    def status(self) -> str:
        """`git status` of the artifact repository; empty when nothing differs."""
        return git(self.artifacts, "status", "--porcelain", "--untracked-files=all")

    def log(self, folder: Path | None = None) -> list[str]:
        """Subjects, newest first."""
        return git(folder or self.artifacts, "log", "--format=%s").splitlines()


def trailers(
    op: str = "batch-1/1", kind: CommitKind = CommitKind.APPLY, epoch: int = 1, journal: str = ""
) -> Trailers:
    """Trailers of a commit of batch `batch-1`."""
    return Trailers(op=op, batch=op.partition("/")[0], kind=kind, epoch=epoch, journal=journal)


def build(root: Path) -> World:
    """Make the store from nothing."""
    world = World(root)
    root.mkdir(parents=True, exist_ok=True)
    for name in ("artifacts", "outer"):
        git(root, "init", "-q", "--bare", "--template=", "-b", "main", f"{name}.git")
    seed = root / "seed"
    git(root, "init", "-q", "--template=", "-b", "main", "seed")
    (seed / "notebooks").mkdir()
    (seed / "notebooks/first.ipynb").write_text("{}\n")
    (seed / "README").write_text("artifacts\n")
    git(seed, "add", ".")
    git(seed, "commit", "-qm", "Artifacts so far")
    git(seed, "push", "-q", str(world.remote("artifacts")), "main")
    shutil.rmtree(seed)
    git(root, "init", "-q", "--template=", "-b", "main", "outer")
    git(world.outer, "remote", "add", "origin", str(world.remote("outer")))
    git(world.outer, "submodule", "--quiet", "add", str(world.remote("artifacts")), "data/artifacts")
    (world.outer / "code.py").write_text("pass\n")
    git(world.outer, "add", ".")
    git(world.outer, "commit", "-qm", "Outer so far")
    git(world.outer, "push", "-q", "origin", "main")
    shutil.rmtree(world.git_dir / "hooks", ignore_errors=True)
    return world


def copy(template: World, root: Path) -> World:
    """The same store elsewhere, remotes and all."""
    shutil.copytree(template.root, root, symlinks=True)
    world = World(root)
    for config in (world.outer / ".git/config", world.git_dir / "config"):
        config.write_text(config.read_text().replace(str(template.root), str(root)))
    # A copied file has new times; git would otherwise read everything again.
    for folder in (world.artifacts, world.outer):
        git(folder, "update-index", "-q", "--refresh")
    return world
