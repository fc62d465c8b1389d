"""Pushing: submodule first, never by force, and git's own words when it fails."""

from __future__ import annotations

import pytest

from scidex_console.adapters.git.failures import first_line, redacted
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import RepositoryError
from tests.adapters.git.world import World, git, trailers


def batch(world: World, repository: GitArtifactRepository) -> None:
    repository.commit(world.write_many(2), subject="Add", trailers=trailers(), epoch=1)
    repository.bump_pointer(subject="Move", trailers=trailers(kind=CommitKind.POINTER))


def remote_log(world: World, name: str) -> list[str]:
    return world.log(world.remote(name))


def test_both_repositories_are_pushed(world: World, repository: GitArtifactRepository) -> None:
    batch(world, repository)
    assert repository.push() == "pushed"
    assert remote_log(world, "artifacts") == ["Add", "Artifacts so far"]
    assert remote_log(world, "outer") == ["Move", "Outer so far"]
    assert git(world.remote("artifacts"), "for-each-ref", "--format=%(refname)") == "refs/heads/main"
    assert repository.push() == "pushed"


def test_without_a_remote_nothing_is_pushed(world: World) -> None:
    repository = world.repository(remote=None)
    repository.raise_epoch(1)
    batch(world, repository)
    assert repository.push() == ""
    assert world.repository(remote="upstream").push() == ""
    assert remote_log(world, "artifacts") == ["Artifacts so far"]


def test_remote_that_is_ahead_is_not_overwritten(world: World, repository: GitArtifactRepository) -> None:
    other = world.root / "other"
    git(world.root, "clone", "-q", str(world.remote("artifacts")), "other")
    git(other, "commit", "-q", "--allow-empty", "-m", "Theirs")
    git(other, "push", "-q", "origin", "main")
    batch(world, repository)

    with pytest.raises(RepositoryError, match=r"push to origin failed.*\[rejected\] \(fetch first\)"):
        repository.push()
    assert remote_log(world, "artifacts") == ["Theirs", "Artifacts so far"]
    # The outer repository is not pushed either: it would point at a commit nobody has.
    assert remote_log(world, "outer") == ["Outer so far"]


def test_outer_repository_is_never_pushed_before_what_it_points_at(
    world: World, repository: GitArtifactRepository
) -> None:
    batch(world, repository)
    git(world.artifacts, "remote", "rename", "origin", "elsewhere")
    with pytest.raises(RepositoryError, match="no remote origin, but the outer repository has one"):
        repository.push()
    assert remote_log(world, "outer") == ["Outer so far"]


def test_refusal_by_the_remote_is_told_in_its_words(world: World, repository: GitArtifactRepository) -> None:
    hook = world.remote("artifacts") / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'quota exceeded for this project' >&2\nexit 1\n")
    hook.chmod(0o755)
    batch(world, repository)
    with pytest.raises(RepositoryError, match="pre-receive hook declined"):
        repository.push()


def test_remote_that_is_gone_is_told(world: World, repository: GitArtifactRepository) -> None:
    world.remote("artifacts").rename(world.root / "moved.git")
    batch(world, repository)
    with pytest.raises(RepositoryError, match="does not appear to be a git repository"):
        repository.push()
    (world.root / "moved.git").rename(world.remote("artifacts"))
    assert repository.push() == "pushed"


def test_mirror_setting_of_the_remote_deletes_nothing_there(
    world: World, repository: GitArtifactRepository
) -> None:
    git(world.remote("artifacts"), "branch", "kept", "main")
    git(world.artifacts, "config", "remote.origin.mirror", "true")
    git(world.artifacts, "tag", "-a", "-m", "tag", "v1")
    git(world.artifacts, "config", "push.followTags", "true")
    batch(world, repository)
    with pytest.raises(RepositoryError, match="mirror"):
        repository.push()
    git(world.artifacts, "config", "--unset", "remote.origin.mirror")
    repository.push()
    assert git(world.remote("artifacts"), "for-each-ref", "--format=%(refname:short)").splitlines() == [
        "kept",
        "main",
    ]


def test_credentials_in_addresses_are_never_told() -> None:
    line = "fatal: unable to access 'https://user:secret@host.example/a.git/': Could not resolve host"
    assert "secret" not in first_line(line) and "user" not in first_line(line)
    assert redacted("ssh://git@host/a") == "ssh://***@host/a"
    assert first_line("warning: x\nhint: y\nerror: failed to push\n ! [rejected] main -> main") == (
        "! [rejected] main -> main"
    )
    assert first_line("") == "no reason given"
