"""The outer repository: the pointer follows, nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.adapters.git import environment
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import LockBusy, RepositoryError, SettingError, Unreachable
from tests.adapters.git.world import World, git, trailers

_PRETEND = "GIT_TEST_ASSUME_DIFFERENT_OWNER"


def add(repository: GitArtifactRepository, world: World, op: str = "batch-1/1") -> str:
    return repository.commit(world.write_many(2), subject="Add", trailers=trailers(op), epoch=1).commit


def bump(repository: GitArtifactRepository, op: str = "batch-1/1") -> str | None:
    return repository.bump_pointer(subject="Move", trailers=trailers(op, CommitKind.POINTER))


def test_pointer_follows_and_nothing_else_in_the_outer_repository_moves(
    world: World, repository: GitArtifactRepository
) -> None:
    (world.outer / "code.py").write_text("edited\n")
    (world.outer / "new.py").write_text("staged\n")
    git(world.outer, "add", "new.py")
    before = git(world.outer, "status", "--porcelain", "--ignore-submodules=all")
    tip = add(repository, world)
    commit = bump(repository)

    assert commit == git(world.outer, "rev-parse", "main")
    assert git(world.outer, "rev-parse", "main:data/artifacts") == tip
    assert git(world.outer, "diff", "--name-only", "main~1", "main") == "data/artifacts"
    assert git(world.outer, "status", "--porcelain") == before
    assert "Scidex-Kind: pointer" in git(world.outer, "log", "-1", "--format=%B")
    assert repository.facts.fsck() == []
    assert git(world.outer, "fsck", "--strict") == ""


def test_pointer_that_is_there_already_needs_no_commit(
    world: World, repository: GitArtifactRepository
) -> None:
    assert bump(repository) is None
    assert world.log(world.outer) == ["Outer so far"]


def test_repeated_for_the_same_operation_it_names_the_commit_that_was_made(
    world: World, repository: GitArtifactRepository
) -> None:
    add(repository, world)
    made = bump(repository)
    git(world.outer, "commit", "-q", "--allow-empty", "-m", "Foreign")
    assert bump(repository) == made
    assert bump(repository, "batch-2/1") is None
    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", "Foreign")
    assert bump(repository) == made
    assert bump(repository, "batch-2/1") not in (None, made)


def test_without_an_outer_repository_there_is_no_pointer(world: World) -> None:
    repository = world.repository(outer=None)
    repository.raise_epoch(1)
    add(repository, world)
    assert bump(repository) is None
    assert repository.facts.pointer() is None


def test_detached_or_merging_outer_repository_is_refused(
    world: World, repository: GitArtifactRepository
) -> None:
    add(repository, world)
    head = world.outer / ".git/MERGE_HEAD"
    head.write_text(git(world.outer, "rev-parse", "HEAD") + "\n")
    with pytest.raises(RepositoryError, match="merge is in progress"):
        bump(repository)
    head.unlink()
    git(world.outer, "checkout", "-q", "--detach")
    with pytest.raises(RepositoryError, match="detached"):
        bump(repository)
    git(world.outer, "checkout", "-q", "main")
    assert bump(repository) is not None


def test_pointer_that_somebody_staged_otherwise_is_left_to_them(
    world: World, repository: GitArtifactRepository
) -> None:
    add(repository, world)
    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", "Foreign")
    git(world.outer, "add", "data/artifacts")
    add(repository, world, "batch-2/1")
    with pytest.raises(RepositoryError, match=r"data/artifacts.*staged another change"):
        bump(repository)


def test_pointer_is_not_moved_past_work_that_the_submodule_lacks(
    world: World, repository: GitArtifactRepository
) -> None:
    """The outer repository records a commit that our branch does not contain: moving would lose it."""
    git(world.artifacts, "checkout", "-q", "-b", "side")
    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", "Elsewhere")
    git(world.outer, "commit", "-qam", "Point elsewhere")
    git(world.artifacts, "checkout", "-q", "main")
    add(repository, world)
    with pytest.raises(RepositoryError, match="no ancestor of its tip"):
        bump(repository)
    pointer = repository.facts.pointer()
    assert pointer is not None and not pointer.is_ancestor


def test_index_lock_of_somebody_in_the_outer_repository_stops_us_and_stays(
    world: World, repository: GitArtifactRepository
) -> None:
    add(repository, world)
    lock = world.outer / ".git/index.lock"
    lock.write_bytes(b"")
    with pytest.raises(LockBusy):
        bump(repository)
    assert lock.exists()
    assert world.log(world.outer) == ["Outer so far"]
    lock.unlink()
    assert bump(repository) is not None


def test_submodule_that_was_moved_back_is_refused(world: World, repository: GitArtifactRepository) -> None:
    """`git submodule update` before the pointer has moved: the old layout, detached."""
    add(repository, world)
    git(world.outer, "submodule", "update", "--force")
    with pytest.raises(RepositoryError, match="detached"):
        repository.check()
    with pytest.raises(RepositoryError, match="detached"):
        repository.repair_index(["figures/fig-0.png"])


def test_folder_that_is_no_submodule_is_refused(world: World) -> None:
    git(world.outer, "rm", "-q", "--cached", "data/artifacts")
    git(world.outer, "commit", "-qm", "No submodule")
    repository = world.repository()
    repository.raise_epoch(1)
    with pytest.raises(RepositoryError, match="does not record data/artifacts"):
        bump(repository)


def test_outer_repository_must_be_around_the_artifacts(world: World, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "stranger")
    with pytest.raises(SettingError, match=r"repository\.outer is .*/stranger, .* not inside it"):
        world.repository(outer=tmp_path / "stranger")
    with pytest.raises(Unreachable, match="no such folder"):
        world.repository(outer=tmp_path / "nowhere")
    with pytest.raises(SettingError, match="not inside it"):
        world.repository(outer=world.artifacts)


def test_submodule_without_a_checkout_is_unreachable(world: World, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(world.remote("outer")), "fresh")
    with pytest.raises(Unreachable, match="submodule update --init"):
        GitArtifactRepository(tmp_path / "fresh/data/artifacts", clock=world.repository()._clock)


def test_folder_inside_the_repository_is_not_its_top(world: World) -> None:
    with pytest.raises((Unreachable, RepositoryError)):
        GitArtifactRepository(world.artifacts / "notebooks", clock=world.repository()._clock)


def test_repository_of_another_user_is_refused_with_what_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git itself offers the pretence, for tests such as this one."""
    monkeypatch.setattr(environment, "_VARIABLES", {**environment._VARIABLES, _PRETEND: "1"})
    with pytest.raises(RepositoryError, match=r"belongs to another user.*safe\.directory"):
        world.repository()
