"""A cycle's history: one commit per artifact on a side chain, one merge commit on the branch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256 as _sha256

import pytest

from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Refused, RepositoryError
from scidex_console.engine.ports import CommitDraft, PathChange
from tests.adapters.git.world import World, git, trailers


def sha256(content: bytes) -> str:
    return _sha256(content).hexdigest()


def _draft(world: World, number: int, old: str) -> CommitDraft:
    """One artifact: its file moves into its folder, beside a manifest and a link."""
    folder = f"0000000{number}-0000-4000-8000-000000000000"
    new = f"{folder}/{old.rpartition('/')[2]}"
    entry = world.repository().tree()[old]
    place = world.artifacts / new
    place.parent.mkdir()
    os.link(world.artifacts / old, place)
    manifest = b'{"n": %d}' % number
    (place.parent / "manifest.json").write_bytes(manifest)
    (place.parent / "inputs").mkdir()
    link = b"../../elsewhere"
    os.symlink(link, os.fsencode(place.parent / "inputs/elsewhere"))
    return CommitDraft(
        (
            PathChange(new, sha256(place.read_bytes()), entry.blob, mode=entry.mode),
            PathChange(f"{folder}/manifest.json", sha256(manifest), content=manifest),
            PathChange(f"{folder}/inputs/elsewhere", sha256(link), mode="120000", content=link),
            PathChange(old, None, entry.blob),
        ),
        f"move {number}",
        trailers(f"batch/1/{number}"),
    )  # fmt: skip


@pytest.fixture
def drafts(world: World) -> Sequence[CommitDraft]:
    """Three artifacts' moves, with everything but the commits in place."""
    world.repository().raise_epoch(1)
    names = ["figures/plain.png", 'figures/with blank "and" ünicode.png', "datasets/run.sh"]
    for number, name in enumerate(names):
        path = world.artifacts / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"bytes %d" % number)
        if name.endswith(".sh"):
            path.chmod(0o755)
    git(world.artifacts, "add", "-A")
    git(world.artifacts, "commit", "-q", "-m", "figures")
    return [_draft(world, number, name) for number, name in enumerate(names)]


def _chain(world: World, drafts: Sequence[CommitDraft]) -> tuple[str, tuple[str, ...]]:
    made = world.repository().commit_chain(drafts, subject="cycle", trailers=trailers("batch/1"), epoch=1)
    return made.commit, made.parts


def test_each_artifact_is_one_commit_and_the_branch_shows_one(
    world: World, drafts: Sequence[CommitDraft]
) -> None:
    before = git(world.artifacts, "rev-parse", "HEAD")
    merge, parts = _chain(world, drafts)
    assert git(world.artifacts, "rev-parse", "HEAD", "HEAD^1") == f"{merge}\n{before}"
    assert git(world.artifacts, "log", "--first-parent", "--format=%s", f"{before}..") == "cycle"
    subjects = git(world.artifacts, "log", "--format=%s", "--reverse", "--topo-order", f"{before}..")
    assert subjects.splitlines() == ["move 0", "move 1", "move 2", "cycle"]
    assert git(world.artifacts, "rev-parse", f"{merge}^{{tree}}") == git(
        world.artifacts, "rev-parse", f"{parts[-1]}^{{tree}}"
    )
    assert len(parts) == len(drafts)
    for part, draft in zip(parts, drafts, strict=True):
        touched = git(
            world.artifacts, "-c", "core.quotePath=false", "diff-tree", "-r", "-z", "--name-only", part
        )
        assert set(touched.split("\0")[1:-1]) == {change.path for change in draft.changes}


def test_the_moved_file_keeps_its_object_mode_and_past(world: World, drafts: Sequence[CommitDraft]) -> None:
    old = world.repository().tree()
    _chain(world, drafts)
    new = world.repository().tree()
    for draft in drafts:
        moved, manifest, link, gone = draft.changes
        assert new[moved.path] == old[gone.path]
        assert gone.path not in new
        assert new[link.path].mode == "120000"
        assert git(world.artifacts, "cat-file", "blob", new[manifest.path].blob).encode() == manifest.content
        past = git(world.artifacts, "log", "--follow", "--format=%s", "--", moved.path)
        assert past.splitlines()[-1] == "figures"
    git(world.artifacts, "fsck", "--strict")


def test_checkout_index_and_branch_agree_once_the_old_files_are_gone(
    world: World, drafts: Sequence[CommitDraft]
) -> None:
    _chain(world, drafts)
    for draft in drafts:
        (world.artifacts / draft.changes[3].path).unlink()
    world.repository().refresh_index()
    assert git(world.artifacts, "status", "--porcelain") == ""
    assert git(world.artifacts, "diff-files", "--raw") == ""  # the times are known: nothing had to be read


def test_the_chain_is_found_again_by_its_trailer(world: World, drafts: Sequence[CommitDraft]) -> None:
    base = git(world.artifacts, "rev-parse", "HEAD")
    merge, parts = _chain(world, drafts)
    found = world.repository().find("batch/1", CommitKind.APPLY, since=base, journal="")
    assert found is not None
    assert (found.commit, found.parts) == (merge, parts)
    assert set(found.blobs) == {c.path for d in drafts for c in d.changes if c.sha256 is not None}


def test_nothing_happens_when_one_file_to_move_is_not_what_it_was(
    world: World, drafts: Sequence[CommitDraft]
) -> None:
    before = git(world.artifacts, "rev-parse", "HEAD")
    moved, *rest = drafts[0].changes
    gone = PathChange(rest[-1].path, None, world.repository().tree()["README"].blob)
    wrong = CommitDraft((moved, *rest[:-1], gone), "wrong", drafts[0].trailers)
    with pytest.raises(Refused) as caught:
        _chain(world, [wrong, *drafts[1:]])
    assert caught.value.where == gone.path
    assert git(world.artifacts, "rev-parse", "HEAD") == before


def test_what_is_to_be_done_meanwhile_is_done_before_the_branch_moves(
    world: World, drafts: Sequence[CommitDraft]
) -> None:
    before, seen = git(world.artifacts, "rev-parse", "HEAD"), []
    world.repository().commit_chain(
        drafts,
        subject="cycle",
        trailers=trailers("batch/1"),
        epoch=1,
        meanwhile=lambda: seen.append(git(world.artifacts, "rev-parse", "HEAD")),
    )
    assert seen == [before] != [git(world.artifacts, "rev-parse", "HEAD")]


def test_nothing_is_committed_when_what_is_done_meanwhile_fails(
    world: World, drafts: Sequence[CommitDraft]
) -> None:
    before = git(world.artifacts, "for-each-ref")

    def fail() -> None:
        raise Refused("something is in the way", where="figures")

    with pytest.raises(Refused, match="in the way"):
        world.repository().commit_chain(
            drafts, subject="cycle", trailers=trailers("batch/1"), epoch=1, meanwhile=fail
        )
    assert git(world.artifacts, "for-each-ref") == before
    assert not list((world.artifacts / ".git").rglob("objects/pack/*.keep"))
    _chain(world, drafts)


def test_what_became_of_paths_is_known_from_commit_to_commit(
    world: World, drafts: Sequence[CommitDraft]
) -> None:
    repository = world.repository()
    first, old = repository.head(), repository.tree()
    repository.commit_chain(drafts, subject="cycle", trailers=trailers("batch/1"), epoch=1)
    (world.artifacts / "theirs").write_text("x")
    git(world.artifacts, "add", "theirs")
    git(world.artifacts, "commit", "-q", "-m", "theirs")
    new = repository.tree()
    changes = repository.tree_changes(first, repository.head())
    assert changes == {path: new.get(path) for path in old | new if old.get(path) != new.get(path)}
    assert repository.tree_changes(repository.head(), repository.head()) == {}
    assert repository.tree_changes("0" * 40, repository.head()) is None


def test_a_manifest_is_replaced_only_where_it_is_the_one_expected(
    world: World, drafts: Sequence[CommitDraft]
) -> None:
    _chain(world, drafts)
    manifest = drafts[0].changes[1]
    had = world.repository().tree()[manifest.path].blob
    newer = b'{"n": "newer"}'
    for known, fits in ((world.repository().tree()["README"].blob, False), (had, True)):
        change = PathChange(manifest.path, sha256(newer), content=newer, replaces=known)
        draft = CommitDraft((change,), "again", trailers("batch/2/0"))
        if fits:
            made = world.repository().commit_chain(
                [draft], subject="c", trailers=trailers("batch/2"), epoch=1
            )
            assert made.blobs[manifest.path] != had
        else:
            with pytest.raises(Refused):
                world.repository().commit_chain([draft], subject="c", trailers=trailers("batch/2"), epoch=1)


def test_a_function_that_commits_in_our_stead_cannot_make_chains(
    world: World, drafts: Sequence[CommitDraft]
) -> None:
    repository = world.repository(committer=lambda **_: None)
    with pytest.raises(RepositoryError, match="chain"):
        repository.commit_chain(drafts, subject="cycle", trailers=trailers("batch/1"), epoch=1)
