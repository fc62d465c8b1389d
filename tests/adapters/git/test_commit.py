"""One commit of ours: what it holds, what it leaves alone, what it refuses."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from scidex_console.adapters.git import building, index
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.commits import AUTHOR_NAME, CommitKind
from scidex_console.domain.errors import LockBusy, Refused, RepositoryError, UnsafePath
from scidex_console.engine.ports import Committed, PathChange
from tests.adapters.git.world import World, git, trailers


def commit(repository: GitArtifactRepository, changes: list[PathChange], op: str = "batch-1/1") -> Committed:
    return repository.commit(changes, subject="Add figures", trailers=trailers(op), epoch=1)


def nothing_changed(world: World, repository: GitArtifactRepository, before: str) -> bool:
    """The branch is where it was, and nothing of ours is left."""
    return git(world.artifacts, "rev-parse", "main") == before and not repository.facts.leftovers()


def test_commit_holds_exactly_the_files_and_leaves_a_clean_checkout(
    world: World, repository: GitArtifactRepository
) -> None:
    before = repository.head()
    done = commit(repository, world.write_many(3))

    assert world.status() == ""
    assert git(world.artifacts, "rev-parse", "main", "main~1").splitlines() == [done.commit, before]
    assert git(world.artifacts, "diff", "--raw", "--no-abbrev", before, done.commit).splitlines() == [
        f":000000 100644 {'0' * 40} {done.blobs[path]} A\t{path}" for path in sorted(done.blobs)
    ]
    assert git(world.artifacts, "show", f"{done.commit}:figures/fig-2.png") == "image 2"
    assert not repository.facts.leftovers()
    assert repository.facts.fsck() == []


def test_commit_names_the_tool_and_its_batch(world: World, repository: GitArtifactRepository) -> None:
    done = commit(repository, world.write_many(1))

    message = git(world.artifacts, "log", "-1", "--format=%an|%cn|%aI|%B", done.commit)
    assert message.splitlines() == [
        f"{AUTHOR_NAME}|{AUTHOR_NAME}|2026-05-19T12:00:00+00:00|Add figures",
        "",
        "Scidex-Op: batch-1/1",
        "Scidex-Batch: batch-1",
        "Scidex-Kind: apply",
        "Scidex-Epoch: 1",
    ]


_ODD = (
    "figures/with space.png",
    'figures/"quoted".png',
    "figures/back\\slash.png",
    "-leading-dash.png",
    "--help",
    ":(glob)*.png",
    "figures/tab\there.png",
    "figures/ünïcode-図.png",
    "figures/*.png",
    "figures/" + "x" * 251 + ".png",
    "trailing space ",
)


def test_odd_names_are_committed_as_they_are(world: World, repository: GitArtifactRepository) -> None:
    done = commit(repository, [world.write(path, path.encode()) for path in _ODD])

    listed = git(world.artifacts, "ls-tree", "-r", "-z", "--name-only", done.commit).split("\0")
    assert set(_ODD) <= set(listed)
    assert git(world.artifacts, "show", f"{done.commit}:{_ODD[1]}") == _ODD[1]
    assert world.status() == ""
    assert repository.find("batch-1/1", CommitKind.APPLY, since="", journal="") == done


def test_names_of_others_that_are_no_text_survive(world: World, repository: GitArtifactRepository) -> None:
    path = os.fsdecode(b"figures/latin-\xe9.png")
    (world.artifacts / "figures").mkdir()
    foreign_commit(world, path)
    commit(repository, world.write_many(1))

    assert world.status() == ""
    assert repository.describe(repository.head()).paths == ("figures/fig-0.png",)
    assert path in repository.facts.tree(repository.head())


def test_paths_that_leave_the_checkout_are_refused(repository: GitArtifactRepository) -> None:
    for path in ("../out.png", "/etc/x", "a/../b", ".git/config", "a//b", "line\nbreak", ""):
        with pytest.raises(UnsafePath):
            commit(repository, [PathChange(path, "0" * 64)])


def test_files_that_would_steer_git_are_refused(world: World, repository: GitArtifactRepository) -> None:
    for path in (".gitattributes", "figures/.GitAttributes", ".gitmodules", ".lfsconfig"):
        with pytest.raises(UnsafePath, match="steer git"):
            commit(repository, [world.write(path, b"*.png filter=evil")])


def test_empty_and_executable_files_are_committed_as_regular_ones(
    world: World, repository: GitArtifactRepository
) -> None:
    changes = [world.write("empty.csv", b""), world.write("run.sh", b"#!/bin/sh\n")]
    (world.artifacts / "run.sh").chmod(0o755)
    done = commit(repository, changes)

    modes = git(world.artifacts, "ls-tree", done.commit, "empty.csv", "run.sh").splitlines()
    assert [line.split()[0] for line in modes] == ["100644", "100644"]


def test_large_file_is_streamed_whole(world: World, repository: GitArtifactRepository) -> None:
    content = os.urandom(3 * (1 << 20) + 17)
    done = commit(repository, [world.write("big.bin", content)])

    got = bytearray()
    repository.export_blob(done.blobs["big.bin"], got.extend)
    assert bytes(got) == content


def test_file_with_other_bytes_is_refused_by_name(world: World, repository: GitArtifactRepository) -> None:
    before = repository.head()
    changes = world.write_many(2)
    (world.artifacts / "figures/fig-1.png").write_bytes(b"changed")

    with pytest.raises(Refused, match=r"figures/fig-1\.png.*other bytes"):
        commit(repository, changes)
    assert nothing_changed(world, repository, before)


@pytest.mark.parametrize("after", [b"other 1", b"longer than before", b""])
def test_file_changed_between_check_and_use_is_refused(
    world: World,
    repository: GitArtifactRepository,
    monkeypatch: pytest.MonkeyPatch,
    after: bytes,
) -> None:
    before = repository.head()
    changes = world.write_many(2)
    changed = world.artifacts / "figures/fig-1.png"
    at(monkeypatch, building, "git.objects.checked", lambda: changed.write_bytes(after))
    with pytest.raises(Refused, match="other bytes"):
        commit(repository, changes)
    assert nothing_changed(world, repository, before)
    assert repository.facts.fsck() == []


def test_missing_file_is_refused(world: World, repository: GitArtifactRepository) -> None:
    before = repository.head()
    with pytest.raises(Refused, match=r"figures/none\.png"):
        commit(repository, [PathChange("figures/none.png", "0" * 64)])
    assert nothing_changed(world, repository, before)


def test_file_behind_a_link_is_refused(
    world: World, repository: GitArtifactRepository, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret").write_bytes(b"secret")
    change = world.write("real/file", b"secret")
    (world.artifacts / "linked").symlink_to(elsewhere)
    (world.artifacts / "leaf").symlink_to(elsewhere / "secret")

    for path in ("linked/secret", "leaf"):
        with pytest.raises(UnsafePath, match="symbolic link"):
            commit(repository, [PathChange(path, change.sha256)])
    with pytest.raises(Refused, match="not a regular file"):
        commit(repository, [PathChange("real", change.sha256)])


def test_file_that_git_already_has_is_adopted(world: World, repository: GitArtifactRepository) -> None:
    first = commit(repository, world.write_many(2))
    second = commit(repository, world.write_many(3), "batch-2/1")

    assert second.blobs.items() >= first.blobs.items()
    assert repository.describe(second.commit).paths == ("figures/fig-2.png",)


def test_another_file_in_git_is_never_replaced(world: World, repository: GitArtifactRepository) -> None:
    before = repository.head()
    with pytest.raises(Refused, match=r"README.*another file"):
        commit(repository, [world.write("README", b"ours")])
    assert nothing_changed(world, repository, before)


@pytest.mark.parametrize("path", ["README/inside.png", "notebooks"])
def test_a_folder_and_a_file_never_take_each_others_place(
    world: World, repository: GitArtifactRepository, path: str
) -> None:
    before = repository.head()
    blob = git(world.artifacts, "rev-parse", "HEAD:README")
    with pytest.raises(Refused):
        commit(repository, [PathChange(path, "0" * 64, blob)])
    assert nothing_changed(world, repository, before)


def test_known_blob_is_reused_without_reading_the_worktree(
    world: World, repository: GitArtifactRepository
) -> None:
    first = commit(repository, world.write_many(2))
    removals = [PathChange(path, None, blob) for path, blob in first.blobs.items()]
    repository.commit(removals, subject="Undo", trailers=trailers(kind=CommitKind.UNDO), epoch=1)
    for path in first.blobs:
        (world.artifacts / path).unlink()
    again = commit(repository, [PathChange(p, "0" * 64, b) for p, b in first.blobs.items()], "batch-1/2")

    assert again.blobs == first.blobs
    assert git(world.artifacts, "diff", "--stat", first.commit, again.commit) == ""


def test_removal_takes_the_path_out_of_git_and_leaves_the_file(
    world: World, repository: GitArtifactRepository
) -> None:
    added = commit(repository, world.write_many(2))
    done = repository.commit(
        [PathChange(path, None) for path in added.blobs],
        subject="Take back",
        trailers=trailers(kind=CommitKind.UNDO),
        epoch=1,
    )

    assert done.blobs == {}
    assert git(world.artifacts, "ls-files", "figures") == ""
    assert (world.artifacts / "figures/fig-0.png").read_bytes() == b"image 0"


def test_removal_of_another_file_than_was_added_is_refused(
    world: World, repository: GitArtifactRepository
) -> None:
    added = commit(repository, world.write_many(1))
    (world.artifacts / "figures/fig-0.png").write_bytes(b"edited by somebody")
    git(world.artifacts, "commit", "-qam", "Edit a figure")

    with pytest.raises(Refused, match="not the one that was added"):
        commit(repository, [PathChange(path, None, blob) for path, blob in added.blobs.items()])


def test_nothing_and_the_same_path_twice_are_refused(world: World, repository: GitArtifactRepository) -> None:
    with pytest.raises(Refused, match="nothing to commit"):
        commit(repository, [])
    with pytest.raises(Refused, match="twice"):
        commit(repository, [world.write("a", b"1"), world.write("a", b"1")])


def test_what_others_have_staged_and_changed_survives(
    world: World, repository: GitArtifactRepository
) -> None:
    (world.artifacts / "staged.txt").write_text("staged\n")
    git(world.artifacts, "add", "staged.txt")
    git(world.artifacts, "rm", "-q", "--cached", "README")
    (world.artifacts / "notebooks/first.ipynb").write_text("edited\n")
    before = set(world.status().splitlines())
    commit(repository, world.write_many(2))

    assert set(world.status().splitlines()) == before
    assert git(world.artifacts, "diff", "--cached", "--name-only").splitlines() == ["README", "staged.txt"]


def test_what_others_have_staged_at_our_path_is_not_lost(
    world: World, repository: GitArtifactRepository
) -> None:
    before = repository.head()
    world.write("figures/fig-0.png", b"theirs")
    git(world.artifacts, "add", "figures/fig-0.png")

    with pytest.raises(Refused, match="staged another change"):
        commit(repository, world.write_many(1))
    assert nothing_changed(world, repository, before)
    assert git(world.artifacts, "show", ":figures/fig-0.png") == "theirs"


def _once_the_index_is_drafted(monkeypatch: pytest.MonkeyPatch, stage: Callable[[], None]) -> None:
    def reached(place: str) -> None:
        if place == "git.index.refreshed":
            monkeypatch.setattr(index, "reach", lambda _: None)
            stage()

    monkeypatch.setattr(index, "reach", reached)


def test_what_others_stage_before_the_index_is_locked_survives(
    world: World, repository: GitArtifactRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    (world.artifacts / "staged.txt").write_text("staged\n")
    _once_the_index_is_drafted(monkeypatch, lambda: git(world.artifacts, "add", "staged.txt"))
    commit(repository, world.write_many(2))

    assert world.status().splitlines() == ["A  staged.txt"]
    assert not list((world.git_dir / "scidex-console").glob("index-*"))


def test_what_others_stage_at_our_path_before_the_index_is_locked_is_not_lost(
    world: World, repository: GitArtifactRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = repository.head()

    def stage() -> None:
        world.write("figures/fig-0.png", b"theirs")
        git(world.artifacts, "add", "figures/fig-0.png")

    _once_the_index_is_drafted(monkeypatch, stage)
    with pytest.raises(Refused, match="staged another change"):
        commit(repository, world.write_many(1))
    assert nothing_changed(world, repository, before)
    assert git(world.artifacts, "show", ":figures/fig-0.png") == "theirs"


def test_same_file_staged_by_somebody_is_committed(world: World, repository: GitArtifactRepository) -> None:
    changes = world.write_many(1)
    git(world.artifacts, "add", "figures/fig-0.png")
    commit(repository, changes)
    assert world.status() == ""


def test_index_lock_of_somebody_else_stops_us_and_stays(
    world: World, repository: GitArtifactRepository
) -> None:
    before = repository.head()
    lock = world.git_dir / "index.lock"
    for content in (b"", b"DIRC another git's new index"):
        lock.write_bytes(content)
        with pytest.raises(LockBusy, match="held by another git process"):
            commit(repository, world.write_many(1))
        with pytest.raises(LockBusy):
            repository.repair_index(["figures/fig-0.png"])
        assert lock.read_bytes() == content
        assert nothing_changed(world, repository, before)

    lock.unlink()
    commit(repository, world.write_many(1))
    assert world.status() == ""


def test_own_index_lock_left_by_a_crash_is_cleared(world: World, repository: GitArtifactRepository) -> None:
    lock = world.git_dir / "index.lock"
    lock.write_bytes(b"scidex-console index lock\n1@gone apply batch-0/1\n")
    commit(repository, world.write_many(1))
    assert world.status() == ""
    assert not lock.exists()


def foreign_commit(world: World, name: str) -> None:
    """Another writer's commit through git itself."""
    (world.artifacts / name).write_bytes(os.fsencode(name))
    git(world.artifacts, "add", name)
    git(world.artifacts, "commit", "-qm", f"Foreign {name}", "--", name)


def at(monkeypatch: pytest.MonkeyPatch, module: object, place: str, action: Callable[[], object]) -> None:
    """Do something when one of our commits reaches a place."""

    def reach(name: str) -> None:
        if name == place:
            action()

    monkeypatch.setattr(module, "reach", reach)


def test_commit_is_built_anew_when_the_branch_moves_meanwhile(
    world: World, repository: GitArtifactRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(["one.txt", "two.txt"])

    def once() -> None:
        name = next(names, None)
        if name:
            foreign_commit(world, name)

    at(monkeypatch, building, "git.objects.built", once)
    commit(repository, world.write_many(2))

    assert world.log() == ["Add figures", "Foreign two.txt", "Foreign one.txt", "Artifacts so far"]
    assert world.status() == ""
    assert not repository.facts.leftovers()


def test_branch_that_moves_under_the_lock_is_noticed(
    world: World, repository: GitArtifactRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody moves the reference alone, which needs no index lock."""
    tree = git(world.artifacts, "rev-parse", "HEAD^{tree}")
    foreign = git(world.artifacts, "commit-tree", "-p", "HEAD", "-m", "Foreign", tree)

    def move_once() -> None:
        if "Foreign" not in world.log():
            git(world.artifacts, "update-ref", "refs/heads/main", foreign)

    at(monkeypatch, index, "git.index.refreshed", move_once)
    commit(repository, world.write_many(1))
    assert world.log() == ["Add figures", "Foreign", "Artifacts so far"]
    assert world.status() == ""


def test_branch_that_never_rests_is_busy(
    world: World, repository: GitArtifactRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody moves the reference alone again and again, which needs no index lock."""
    tree = git(world.artifacts, "rev-parse", "HEAD^{tree}")

    def move() -> None:
        foreign = git(world.artifacts, "commit-tree", "-p", "HEAD", "-m", "Foreign", tree)
        git(world.artifacts, "update-ref", "refs/heads/main", foreign)

    at(monkeypatch, building, "git.objects.built", move)
    with pytest.raises(LockBusy, match="keep arriving"):
        commit(repository, world.write_many(1))
    assert "Add figures" not in world.log()
    assert not repository.facts.leftovers()


def test_whoever_commits_without_rest_has_to_wait_in_the_end(
    world: World, repository: GitArtifactRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def again() -> None:
        try:
            foreign_commit(world, f"f{len(world.log())}.txt")
        except AssertionError as error:
            refused.append(str(error))

    at(monkeypatch, building, "git.objects.built", again)
    commit(repository, world.write_many(2))
    assert world.log()[0] == "Add figures" and len(world.log()) == 4
    assert ["index.lock" in words for words in refused] == [True]
    git(world.artifacts, "add", "f3.txt")
    git(world.artifacts, "commit", "-qm", "Foreign, later")
    assert world.status() == ""
    assert not repository.facts.leftovers()


def test_detached_head_is_refused_with_what_to_do(world: World, repository: GitArtifactRepository) -> None:
    git(world.artifacts, "checkout", "-q", "--detach")
    for refused in (repository.check, repository.head, lambda: commit(repository, world.write_many(1))):
        with pytest.raises(RepositoryError, match=r"detached.*git checkout main"):
            refused()


def test_other_branch_is_refused(world: World, repository: GitArtifactRepository) -> None:
    git(world.artifacts, "checkout", "-q", "-b", "feature")
    with pytest.raises(RepositoryError, match="on branch feature, not on main"):
        commit(repository, world.write_many(1))


def test_without_a_configured_branch_the_checked_out_one_is_used(world: World) -> None:
    git(world.artifacts, "checkout", "-q", "-b", "feature")
    repository = world.repository(branch=None)
    repository.raise_epoch(1)
    done = commit(repository, world.write_many(1))
    assert git(world.artifacts, "rev-parse", "feature") == done.commit


def test_merge_in_progress_is_refused_and_left_alone(world: World, repository: GitArtifactRepository) -> None:
    git(world.artifacts, "checkout", "-q", "-b", "side", "HEAD")
    foreign_commit(world, "side.txt")
    git(world.artifacts, "checkout", "-q", "main")
    foreign_commit(world, "main.txt")
    git(world.artifacts, "merge", "-q", "--no-commit", "side")
    before = world.status()

    with pytest.raises(RepositoryError, match="merge is in progress"):
        commit(repository, [PathChange("README", None)])
    with pytest.raises(RepositoryError, match="merge is in progress"):
        repository.repair_index(["README"])
    assert world.status() == before
    assert (world.git_dir / "MERGE_HEAD").exists()


def test_empty_repository_is_refused(world: World, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "empty")
    empty = GitArtifactRepository(tmp_path / "empty", clock=world.repository()._clock)
    with pytest.raises(RepositoryError, match="no commit yet"):
        empty.check()


def test_commit_in_a_linked_worktree_goes_to_its_own_branch_and_index(world: World, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(world.artifacts, "worktree", "add", "-q", "-b", "work", str(linked))
    repository = GitArtifactRepository(linked, branch="work", clock=world.repository()._clock)
    repository.raise_epoch(1)
    file = linked / "a.png"
    file.write_bytes(b"image 0")
    done = commit(repository, [PathChange("a.png", world.write("a.png", b"image 0").sha256)])
    (world.artifacts / "a.png").unlink()

    assert git(linked, "status", "--porcelain") == ""
    assert git(linked, "rev-parse", "work") == done.commit
    assert world.status() == ""
    assert repository.checkout.own_dir == world.git_dir / "scidex-console"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("core.splitIndex", "true"),
        ("index.version", "4"),
        ("core.untrackedCache", "true"),
        ("feature.manyFiles", "true"),
    ],
)
def test_every_form_of_index_is_patched(
    world: World, repository: GitArtifactRepository, setting: str, value: str
) -> None:
    git(world.artifacts, "config", setting, value)
    git(world.artifacts, "update-index", "--split-index" if "split" in setting else "--index-version=4")
    (world.artifacts / "staged.txt").write_text("staged\n")
    git(world.artifacts, "add", "staged.txt")
    commit(repository, world.write_many(3))

    assert world.status() == "A  staged.txt"
    git(world.artifacts, "commit", "-qm", "Theirs")
    assert world.status() == ""
    assert sorted(repository.facts.index()) == sorted(git(world.artifacts, "ls-files").splitlines())


def test_commit_in_a_sparse_checkout_keeps_it_sparse(world: World, repository: GitArtifactRepository) -> None:
    git(world.artifacts, "sparse-checkout", "set", "--cone", "--sparse-index", "figures")
    assert not (world.artifacts / "notebooks").exists()
    commit(repository, world.write_many(2))

    assert world.status() == ""
    assert git(world.artifacts, "ls-tree", "-r", "--name-only", "HEAD").splitlines() == [
        "README",
        "figures/fig-0.png",
        "figures/fig-1.png",
        "notebooks/first.ipynb",
    ]


def test_repository_with_sha256_names_works_too(world: World, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "long")
    git(tmp_path / "long", "commit", "-q", "--allow-empty", "-m", "First")
    repository = GitArtifactRepository(tmp_path / "long", clock=world.repository()._clock)
    repository.raise_epoch(1)
    change = world.write("a.png", b"image")
    (tmp_path / "long/a.png").write_bytes(b"image")
    done = commit(repository, [change])
    undone = repository.commit(
        [PathChange("a.png", None, done.blobs["a.png"])],
        subject="Undo",
        trailers=trailers(kind=CommitKind.UNDO),
        epoch=1,
    )
    assert len(undone.commit) == 64
    assert git(tmp_path / "long", "status", "--porcelain") == "?? a.png"


def test_hundred_files_become_one_pack_and_one_commit(
    world: World, repository: GitArtifactRepository
) -> None:
    done = commit(repository, world.write_many(100))
    assert len(done.blobs) == 100
    assert world.log() == ["Add figures", "Artifacts so far"]
    assert world.status() == ""
    assert len(repository.facts.index()) == 102


def test_nothing_stays_open_after_the_work(world: World, repository: GitArtifactRepository) -> None:
    """An engine runs for weeks."""
    descriptors = Path("/dev/fd")
    counts = []
    for number in range(3):
        done = commit(repository, [world.write(f"f{number}.png", b"%d" % number)], f"b/{number}")
        repository.export_blob(done.blobs[f"f{number}.png"], lambda chunk: None)
        with pytest.raises(Refused):
            commit(repository, [PathChange("none", "0" * 64)])
        repository.ours()
        repository.inspect()
        counts.append(len(list(descriptors.iterdir())))
    assert counts[0] == counts[1] == counts[2]


def test_two_writers_at_once_lose_nothing(world: World, repository: GitArtifactRepository) -> None:
    """Somebody commits through git itself while we commit; both try again when the other is in the way."""
    rounds = range(6)

    def somebody() -> None:
        for number in rounds:
            name = f"theirs-{number}.txt"
            (world.artifacts / name).write_text(f"{number}")
            while name not in git(world.artifacts, "ls-files"):
                git(world.artifacts, "add", "--", name, check=False)
            while name not in git(world.artifacts, "ls-tree", "--name-only", "HEAD"):
                git(world.artifacts, "commit", "-qm", f"Theirs {number}", "--", name, check=False)

    other = threading.Thread(target=somebody)
    other.start()
    changes = {number: world.write(f"ours-{number}.png", b"%d" % number) for number in rounds}
    waiting = list(rounds)
    while waiting:
        with suppress(LockBusy):
            commit(repository, [changes[waiting[0]]], f"b/{waiting[0]}")
            waiting.pop(0)
    other.join()

    expected = {f"theirs-{n}.txt" for n in rounds} | {f"ours-{n}.png" for n in rounds}
    assert expected <= set(repository.facts.tree(repository.head()))
    assert world.status() == ""
    assert sorted(world.log()) == sorted(
        [f"Theirs {n}" for n in rounds] + ["Add figures"] * len(rounds) + ["Artifacts so far"]
    )
