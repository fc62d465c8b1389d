"""Commits built in a repository of their own, and what git makes of them."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from scidex_console.adapters.git.building import Built, build
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.drafts import Edit, Series
from scidex_console.adapters.git.folder_memory import FolderMemory

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def new_checkout(folder: Path, object_format: str) -> Checkout:
    """A repository with an empty commit."""
    run("init", "-q", "-b", "main", f"--object-format={object_format}", str(folder), folder=folder.parent)
    run(
        "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x", folder=folder
    )
    return Checkout.find(folder)


def run(*arguments: str, folder: Path) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def edit(path: str, content: bytes | None, mode: str = "100644") -> Edit:
    if content is None:
        return Edit(path, removal=True)
    return Edit(path, mode=mode, sha256="not asked for", content=content, replaces="")


def made(checkout: Checkout, parent: str, series: Series, memory: FolderMemory | None = None) -> Built:
    name = f"refs/scidex-console/building/{len(run('for-each-ref', folder=checkout.worktree).split())}"
    try:
        return build(checkout, parent=parent, reference=name, series=series, when=WHEN, memory=memory)
    finally:
        run("update-ref", "-d", name, folder=checkout.worktree)


def files(checkout: Checkout, commit: str) -> dict[str, str]:
    told = run("-c", "core.quotePath=false", "ls-tree", "-r", "-z", commit, folder=checkout.worktree)
    lines = (line.partition("\t") for line in told.split("\0") if line)
    return {path: f"{about.split()[0]} {about.split()[2]}" for about, _, path in lines}


def assert_sound(checkout: Checkout, *commits: str) -> None:
    for number, commit in enumerate(commits):
        run("update-ref", f"refs/tested/{number}", commit, folder=checkout.worktree)
    assert run("fsck", "--strict", "--no-dangling", folder=checkout.worktree) == ""
