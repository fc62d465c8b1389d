"""Finding our commits again by what they say about themselves."""

from __future__ import annotations

import pytest

from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.commits import CommitKind, message
from scidex_console.domain.errors import Halt, RepositoryError
from scidex_console.engine.ports import PathChange
from tests.adapters.git.world import World, git, trailers


def test_a_commit_is_found_by_its_own_journal_only(world: World, repository: GitArtifactRepository) -> None:
    base = repository.head()
    about = trailers("b/1", journal="one")
    named = repository.commit(world.write_many(1), subject="Add", trailers=about, epoch=1)
    other = [world.write("figures/other.png", b"other")]
    unnamed = repository.commit(other, subject="Add", trailers=trailers("c/1"), epoch=1)
    assert repository.find("b/1", CommitKind.APPLY, since=base, journal="one") == named
    assert repository.find("b/1", CommitKind.APPLY, since=base, journal="two") is None
    assert repository.find("c/1", CommitKind.APPLY, since=base, journal="two") == unnamed


def test_commit_is_found_by_operation_and_kind_between_base_and_tip(
    world: World, repository: GitArtifactRepository
) -> None:
    base = repository.head()
    first = repository.commit(world.write_many(2), subject="Add", trailers=trailers("b/1"), epoch=1)
    undo = repository.commit(
        [PathChange("figures/fig-0.png", None)],
        subject="Undo",
        trailers=trailers("b/1", CommitKind.UNDO),
        epoch=1,
    )

    assert repository.find("b/1", CommitKind.APPLY, since=base, journal="") == first
    assert repository.find("b/1", CommitKind.APPLY, since="", journal="") == first
    assert repository.find("b/1", CommitKind.UNDO, since=base, journal="") == undo
    assert repository.find("b/1", CommitKind.APPLY, since=first.commit, journal="") is None
    assert repository.find("b/2", CommitKind.APPLY, since=base, journal="") is None
    assert repository.find("b/1", CommitKind.COMPENSATE, since=base, journal="") is None


def test_base_that_no_longer_exists_means_all_of_history(
    world: World, repository: GitArtifactRepository
) -> None:
    first = repository.commit(world.write_many(1), subject="Add", trailers=trailers("b/1"), epoch=1)
    assert repository.find("b/1", CommitKind.APPLY, since="1" * 40, journal="") == first


@pytest.mark.parametrize("since", ["--all", "main", "HEAD~1", "abc"])
def test_only_whole_object_ids_reach_the_command_line(repository: GitArtifactRepository, since: str) -> None:
    with pytest.raises(RepositoryError, match="not a git object id"):
        repository.find("b/1", CommitKind.APPLY, since=since, journal="")
    with pytest.raises(RepositoryError):
        repository.describe(since)


def test_of_a_commit_and_its_cherry_pick_the_first_counts(
    world: World, repository: GitArtifactRepository
) -> None:
    first = repository.commit(world.write_many(1), subject="Add", trailers=trailers("b/1"), epoch=1)
    git(world.artifacts, "revert", "--no-edit", "HEAD")
    git(world.artifacts, "cherry-pick", first.commit)
    assert repository.find("b/1", CommitKind.APPLY, since="", journal="") == first


def test_mention_of_a_trailer_in_prose_is_not_one(world: World, repository: GitArtifactRepository) -> None:
    prose = message("Quote", trailers("b/1")) + "\nThat is how ours look.\n"
    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", prose)
    assert repository.find("b/1", CommitKind.APPLY, since="", journal="") is None
    assert repository.ours() == []


def test_own_commits_are_listed_newest_first_with_their_paths(
    world: World, repository: GitArtifactRepository
) -> None:
    added = repository.commit(world.write_many(2), subject="Add", trailers=trailers("b/1"), epoch=1)
    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", "Foreign")
    other = repository.commit(
        [world.write("data/ä b.csv", b"1,2\n")], subject="More", trailers=trailers("b/2"), epoch=1
    )

    found = [(info.id, info.subject, info.trailers, info.paths) for info in repository.ours()]
    assert found == [
        (other.commit, "More", trailers("b/2"), ("data/ä b.csv",)),
        (added.commit, "Add", trailers("b/1"), ("figures/fig-0.png", "figures/fig-1.png")),
    ]
    assert repository.describe(added.commit) == repository.ours()[1]


def test_first_commit_of_a_repository_is_described_by_all_it_has(
    world: World, repository: GitArtifactRepository
) -> None:
    described = repository.describe(repository.head())
    assert described.paths == ("README", "notebooks/first.ipynb")
    assert described.trailers is None


def test_merge_is_described_against_its_first_parent(world: World, repository: GitArtifactRepository) -> None:
    git(world.artifacts, "checkout", "-q", "-b", "side")
    repository = world.repository(branch="side")
    repository.commit(world.write_many(1), subject="Side", trailers=trailers("b/1"), epoch=1)
    git(world.artifacts, "checkout", "-q", "main")
    git(world.artifacts, "merge", "-q", "--no-ff", "-m", message("Cycle", trailers("b/2")), "side")

    found = world.repository().ours()
    assert [(info.subject, info.paths) for info in found] == [
        ("Cycle", ("figures/fig-0.png",)),
        ("Side", ("figures/fig-0.png",)),
    ]


def test_blobs_are_found_by_path_and_come_out_as_they_are(
    world: World, repository: GitArtifactRepository
) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12\n"
    done = repository.commit(
        [world.write("crlf.txt", b"a\r\nb\r\n"), world.write("pointer.bin", pointer)],
        subject="Add",
        trailers=trailers(),
        epoch=1,
    )
    wanted = ["crlf.txt", "pointer.bin", "figures", "none", "README/x"]
    assert repository.blobs_of(done.commit, wanted) == done.blobs
    for path, content in (("crlf.txt", b"a\r\nb\r\n"), ("pointer.bin", pointer)):
        got = bytearray()
        repository.export_blob(done.blobs[path], got.extend)
        assert bytes(got) == content


def test_blob_that_does_not_exist_halts(repository: GitArtifactRepository) -> None:
    with pytest.raises((Halt, RepositoryError)):
        repository.export_blob("1" * 40, lambda chunk: None)


def test_failure_of_whoever_takes_the_bytes_is_passed_on(repository: GitArtifactRepository) -> None:
    def refuse(chunk: bytes) -> None:
        raise Halt("no room")

    blob = repository.blobs_of(repository.head(), ["README"])["README"]
    with pytest.raises(Halt, match="no room"):
        repository.export_blob(blob, refuse)


def test_replaced_objects_are_not_believed(world: World, repository: GitArtifactRepository) -> None:
    """`git replace` could show us another file than the one that is stored."""
    readme = git(world.artifacts, "rev-parse", "HEAD:README")
    (world.root / "fake").write_text("fake\n")
    fake = git(world.artifacts, "hash-object", "-w", str(world.root / "fake"))
    git(world.artifacts, "replace", readme, fake)
    got = bytearray()
    repository.export_blob(readme, got.extend)
    assert bytes(got) == b"artifacts\n"
