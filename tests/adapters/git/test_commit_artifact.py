"""A commit function that is not ours: what it is given, and how what it did is looked at."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scidex_console.adapters.git.commit_artifact import load_committer
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.commits import CommitKind, Trailers, message
from scidex_console.domain.errors import Fenced, Halt, Refused, RepositoryError, SettingError
from scidex_console.engine.ports import Committed, PathChange
from tests.adapters.git.world import World, git, trailers

UNDO = trailers(kind=CommitKind.UNDO)


def top_of(paths: list[Path]) -> Path:
    return next(folder for folder in paths[0].parents if (folder / ".git").exists())


def add_and_commit(*, paths: list[Path], message: str) -> str:
    """What such a function may look like."""
    top = top_of(paths)
    names = [str(path.relative_to(top)) for path in paths]
    git(top, "add", "--all", "--", *names)
    git(top, "commit", "-q", "-m", message, "--", *names)
    return git(top, "rev-parse", "HEAD")


def opened(world: World, committer: Callable[..., object]) -> GitArtifactRepository:
    repository = world.repository(committer=committer)
    repository.raise_epoch(1)
    return repository


def commit(
    repository: GitArtifactRepository, changes: list[PathChange], about: Trailers | None = None
) -> Committed:
    return repository.commit(changes, subject="Add figures", trailers=about or trailers(), epoch=1)


def removals(done: Committed) -> list[PathChange]:
    return [PathChange(path, None, blob) for path, blob in done.blobs.items()]


def test_it_commits_what_it_is_given(world: World) -> None:
    repository = opened(world, add_and_commit)
    (world.artifacts / "staged.txt").write_text("theirs\n")
    git(world.artifacts, "add", "staged.txt")
    done = commit(repository, world.write_many(3))

    assert git(world.artifacts, "log", "-1", "--format=%an") == "Operator"
    assert repository.find("batch-1/1", CommitKind.APPLY, since="", journal="") == done
    assert sorted(done.blobs) == ["figures/fig-0.png", "figures/fig-1.png", "figures/fig-2.png"]
    assert world.status() == "A  staged.txt"


def test_files_to_remove_are_gone_when_it_is_called(world: World) -> None:
    repository = opened(world, add_and_commit)
    done = commit(repository, world.write_many(2))
    undone = commit(repository, removals(done), UNDO)

    assert undone.blobs == {}
    assert world.status() == ""
    assert not (world.artifacts / "figures/fig-0.png").exists()
    assert git(world.artifacts, "ls-files", "figures") == ""
    assert not repository.facts.leftovers()


def test_files_come_back_when_it_fails_to_remove_them(world: World) -> None:
    repository = opened(world, add_and_commit)
    done = commit(repository, world.write_many(2))

    def fail(**given: object) -> None:
        raise ValueError("the registry is closed")

    with pytest.raises(RepositoryError, match="ValueError: the registry is closed"):
        commit(opened_again(world, fail), removals(done), UNDO)
    assert world.status() == ""
    assert (world.artifacts / "figures/fig-1.png").read_bytes() == b"image 1"
    assert not repository.facts.leftovers()


def opened_again(world: World, committer: Callable[..., object]) -> GitArtifactRepository:
    return world.repository(committer=committer)


def test_edited_file_is_not_removed(world: World) -> None:
    repository = opened(world, add_and_commit)
    done = commit(repository, world.write_many(1))
    (world.artifacts / "figures/fig-0.png").write_bytes(b"edited")
    with pytest.raises(Refused, match="other bytes"):
        commit(repository, removals(done), UNDO)
    assert (world.artifacts / "figures/fig-0.png").read_bytes() == b"edited"


def test_function_that_commits_nothing_is_told(world: World) -> None:
    repository = opened(world, lambda paths, message: None)
    with pytest.raises(RepositoryError, match="no commit with our trailers"):
        commit(repository, world.write_many(1))


def test_function_that_drops_the_trailers_is_told(world: World) -> None:
    repository = opened(world, lambda paths, message: add_and_commit(paths=paths, message="Artifacts"))
    with pytest.raises(RepositoryError, match="no commit with our trailers"):
        commit(repository, world.write_many(1))


def test_function_that_fails_after_its_commit_has_committed(world: World) -> None:
    def late(*, paths: list[Path], message: str) -> None:
        add_and_commit(paths=paths, message=message)
        raise ConnectionError("the notice could not be sent")

    repository = opened(world, late)
    done = commit(repository, world.write_many(1))
    assert git(world.artifacts, "rev-parse", "main") == done.commit


def test_function_that_commits_other_paths_too_halts(world: World) -> None:
    def greedy(*, paths: list[Path], message: str) -> None:
        top = top_of(paths)
        git(top, "add", "--all")
        git(top, "commit", "-q", "-m", message)

    repository = opened(world, greedy)
    (world.artifacts / "notes.txt").write_text("somebody's\n")
    with pytest.raises(Halt, match=r"changed notes\.txt in another way"):
        commit(repository, world.write_many(1))


def test_function_that_commits_other_bytes_halts(world: World) -> None:
    def stamping(*, paths: list[Path], message: str) -> None:
        paths[0].write_bytes(b"stamped")
        add_and_commit(paths=paths, message=message)

    with pytest.raises(Halt, match=r"changed figures/fig-0\.png in another way"):
        commit(opened(world, stamping), world.write_many(1))


def test_pointer_to_the_same_bytes_counts_as_the_file(world: World) -> None:
    changes = world.write_many(1)

    def large_file_storage(*, paths: list[Path], message: str) -> None:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{changes[0].sha256}\nsize 7\n"
        blob = git(top_of(paths), "hash-object", "-w", "--stdin", stdin=pointer.encode())
        git(top_of(paths), "update-index", "--add", "--cacheinfo", f"100644,{blob},figures/fig-0.png")
        git(top_of(paths), "commit", "-q", "-m", message)

    repository = opened(world, large_file_storage)
    done = commit(repository, changes)
    assert done.blobs["figures/fig-0.png"] == git(world.artifacts, "rev-parse", "HEAD:figures/fig-0.png")


def test_old_epoch_never_calls_it(world: World) -> None:
    called: list[object] = []
    repository = opened(world, lambda **given: called.append(given))
    world.repository().raise_epoch(2)
    with pytest.raises(Fenced):
        commit(repository, world.write_many(1))
    assert called == []


def test_it_is_called_with_absolute_paths_and_the_whole_message(world: World) -> None:
    calls: list[tuple[list[Path], str]] = []

    def recording(*, paths: list[Path], message: str) -> None:
        calls.append((paths, message))
        add_and_commit(paths=paths, message=message)

    commit(opened(world, recording), world.write_many(1))
    assert calls == [([world.artifacts / "figures/fig-0.png"], message("Add figures", trailers()))]


def test_function_is_loaded_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "someones_committing.py").write_text(
        "def commit_artifact(*, paths, message): ...\nVALUE = 1\n"
    )
    (tmp_path / "someones_broken.py").write_text("import nowhere_to_be_found\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert callable(load_committer("someones_committing:commit_artifact"))
    for name, why in {
        "someones_committing": "names no function",
        "someones_committing:other": "has no function other",
        "someones_committing:VALUE": "has no function VALUE",
        "nowhere.at.all:commit": "nowhere.at.all cannot be imported",
        "someones_broken:commit": "someones_broken cannot be imported.*nowhere_to_be_found",
    }.items():
        with pytest.raises(SettingError, match=why) as refused:
            load_committer(name)
        assert refused.value.where == "repository.commit_artifact"


def test_importing_the_seam_imports_no_git_library() -> None:
    """GitPython looks for git when it is imported; that must not happen before git is needed."""
    code = "import sys, scidex_console.adapters.git.repository; sys.exit('git' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
