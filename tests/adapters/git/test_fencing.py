"""The epoch: a stopped engine that wakes up after a takeover can change nothing."""

from __future__ import annotations

import pytest

from scidex_console.adapters.git import refs
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Fenced, RepositoryError
from tests.adapters.git.world import World, git, trailers


def test_epoch_is_zero_until_raised_and_never_falls(world: World) -> None:
    repository = world.repository()
    assert repository.epoch() == 0
    for epoch in (1, 2, 7):
        repository.raise_epoch(epoch)
        assert repository.epoch() == epoch
    for epoch in (7, 6):
        with pytest.raises(Fenced, match=f"is 7, ours is {epoch}"):
            repository.raise_epoch(epoch)
    assert repository.epoch() == 7
    assert git(world.artifacts, "cat-file", "blob", "refs/scidex-console/epoch") == "7"


def test_of_two_engines_that_raise_the_epoch_at_once_one_wins(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, fast = world.repository(), world.repository()

    def overtaken(place: str) -> None:
        if place == "git.epoch.raising":
            monkeypatch.undo()
            fast.raise_epoch(2)

    monkeypatch.setattr(refs, "reach", overtaken)
    with pytest.raises(Fenced, match="is 2, ours is 2"):
        slow.raise_epoch(2)


def test_commit_of_an_old_epoch_is_fenced_and_changes_nothing(
    world: World, repository: GitArtifactRepository
) -> None:
    before = repository.head()
    world.repository().raise_epoch(2)

    with pytest.raises(Fenced):
        repository.commit(world.write_many(1), subject="Late", trailers=trailers(), epoch=1)
    assert repository.head() == before
    assert not repository.facts.leftovers()


def test_a_reference_that_somebody_deleted_is_told_from_a_takeover(
    world: World, repository: GitArtifactRepository
) -> None:
    git(world.artifacts, "update-ref", "-d", refs.EPOCH)
    with pytest.raises(Fenced) as told:
        repository.commit(world.write_many(1), subject="Late", trailers=trailers(), epoch=1)
    assert "deleted or moved" in told.value.fix and "start the engine again" in told.value.fix
    repository.raise_epoch(2)
    with pytest.raises(Fenced) as told:
        repository.commit(world.write_many(1), subject="Late", trailers=trailers(), epoch=1)
    assert "another engine has taken over" in told.value.fix


def test_takeover_in_the_last_moment_fences_the_commit(
    world: World, repository: GitArtifactRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The epoch moves after it was read and before the transaction: the transaction itself refuses."""
    before = repository.head()

    def take_over(place: str) -> None:
        if place == "git.ref.moving":
            monkeypatch.undo()
            world.repository().raise_epoch(2)

    monkeypatch.setattr(refs, "reach", take_over)
    with pytest.raises(Fenced, match="is 2, ours is 1"):
        repository.commit(world.write_many(1), subject="Late", trailers=trailers(), epoch=1)
    assert repository.head() == before
    assert git(world.artifacts, "status", "--porcelain", "-uno") == ""
    assert not repository.facts.leftovers()


def test_pointer_of_an_old_epoch_is_fenced(world: World, repository: GitArtifactRepository) -> None:
    repository.commit(world.write_many(1), subject="Add", trailers=trailers(), epoch=1)
    world.repository().raise_epoch(2)
    with pytest.raises(Fenced):
        repository.bump_pointer(subject="Move", trailers=trailers(kind=CommitKind.POINTER))
    assert world.log(world.outer) == ["Outer so far"]


def test_epoch_reference_with_something_else_in_it_is_named(
    world: World, repository: GitArtifactRepository
) -> None:
    readme = git(world.artifacts, "rev-parse", "HEAD:README")
    git(world.artifacts, "update-ref", "refs/scidex-console/epoch", readme)
    with pytest.raises(RepositoryError, match=r"refs/scidex-console/epoch.*no number"):
        repository.epoch()
