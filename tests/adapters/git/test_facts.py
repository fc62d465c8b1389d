"""Facts for `verify` and `doctor`, compared with what git itself says."""

from __future__ import annotations

import pytest

from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.adapters.git.trees import Entry
from scidex_console.domain.commits import CommitKind
from scidex_console.engine.ports import PathChange
from tests.adapters.git.world import World, git, trailers


def test_tree_and_index_list_every_file(world: World, repository: GitArtifactRepository) -> None:
    repository.commit(world.write_many(3), subject="Add", trailers=trailers(), epoch=1)
    listed = git(world.artifacts, "ls-files", "-s").splitlines()
    expected = {line.split("\t")[1]: Entry(*line.split()[:2]) for line in listed}
    assert repository.facts.tree(repository.head()) == expected
    assert repository.facts.index() == expected
    assert len(expected) == 5


def test_path_in_conflict_is_in_no_index(world: World, repository: GitArtifactRepository) -> None:
    blob = git(world.artifacts, "rev-parse", "HEAD:README")
    lines = "".join(f"100644 {blob} {stage}\tREADME\n" for stage in (1, 2, 3))
    git(world.artifacts, "update-index", "--index-info", stdin=f"0 {'0' * 40}\tREADME\n{lines}".encode())
    assert sorted(repository.facts.index()) == ["notebooks/first.ipynb"]


def test_blobs_of_the_past_stay_reachable(world: World, repository: GitArtifactRepository) -> None:
    before = repository.facts.reachable_blobs(repository.head())
    done = repository.commit(world.write_many(2), subject="Add", trailers=trailers(), epoch=1)
    repository.commit(
        [PathChange(path, None) for path in done.blobs],
        subject="Undo",
        trailers=trailers(kind=CommitKind.UNDO),
        epoch=1,
    )
    after = repository.facts.reachable_blobs(repository.head())
    assert after == before | set(done.blobs.values())


def test_changed_paths_are_those_git_status_lists(world: World, repository: GitArtifactRepository) -> None:
    assert repository.facts.changed() == []
    (world.artifacts / "README").write_text("edited\n")
    (world.artifacts / "new name.txt").write_text("new\n")
    assert repository.facts.changed() == ["README", "new name.txt"]
    assert repository.inspect().changed_paths == 2


def test_pointer_is_tip_ancestor_or_neither(world: World, repository: GitArtifactRepository) -> None:
    pointer = repository.facts.pointer()
    assert pointer is not None and pointer.is_tip and pointer.is_ancestor
    repository.commit(world.write_many(1), subject="Add", trailers=trailers(), epoch=1)
    pointer = repository.facts.pointer()
    assert pointer is not None and not pointer.is_tip and pointer.is_ancestor
    git(world.outer, "update-index", "--cacheinfo", f"160000,{'1' * 40},data/artifacts")
    git(world.outer, "commit", "-qm", "Point nowhere")
    pointer = repository.facts.pointer()
    assert pointer is not None and not pointer.is_tip and not pointer.is_ancestor


def test_ancestry_of_an_unknown_commit_is_no(repository: GitArtifactRepository) -> None:
    head = repository.head()
    assert repository.facts.is_ancestor(head, head)
    assert not repository.facts.is_ancestor("1" * 40, head)


def test_paths_under_a_content_filter_are_named(world: World, repository: GitArtifactRepository) -> None:
    git(world.artifacts, "config", "filter.lfs.clean", "git-lfs clean -- %f")
    (world.artifacts / ".gitattributes").write_text("*.png filter=lfs\n*.txt -filter\n")
    assert repository.facts.filtered(["a.png", "b/c d.png", "a.txt", "a.csv"]) == {
        "a.png": "lfs",
        "b/c d.png": "lfs",
    }
    assert repository.inspect().artifacts.filters == ("lfs",)


def test_inspection_shows_a_healthy_store(world: World, repository: GitArtifactRepository) -> None:
    state = repository.inspect()
    assert state.git_is_new_enough
    assert state.artifacts.branch == "main"
    assert state.artifacts.tip == repository.head()
    assert state.artifacts.git_dir == world.git_dir
    assert state.artifacts.has_remote
    assert state.artifacts.index_lock == ""
    assert state.outer is not None and state.outer.branch == "main"
    assert state.submodule_path == "data/artifacts"
    assert state.pointer is not None and state.pointer.is_tip
    assert (state.epoch, state.changed_paths) == (1, 0)
    assert (state.engine_holder, state.writer_holder) == (None, None)
    assert state.staging_on_same_file_system
    assert repository.staging_dir == world.git_dir / "scidex-console/staging"


@pytest.mark.parametrize(("content", "whose"), [(b"", "foreign"), (b"scidex-console index lock\nx", "ours")])
def test_inspection_shows_what_is_in_the_way(
    world: World, repository: GitArtifactRepository, content: bytes, whose: str
) -> None:
    git(world.artifacts, "checkout", "-q", "--detach")
    (world.git_dir / "index.lock").write_bytes(content)
    (world.git_dir / "CHERRY_PICK_HEAD").write_text(repository.facts.pointer().commit + "\n")  # type: ignore
    state = repository.inspect().artifacts
    assert state.branch is None
    assert state.under_way == "a cherry-pick"
    assert state.index_lock == whose
    assert (world.git_dir / "index.lock").read_bytes() == content
