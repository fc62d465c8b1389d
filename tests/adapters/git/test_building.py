"""Commits built in memory, against what git itself makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scidex_console.adapters.git import building, pack_stream
from scidex_console.adapters.git.building import build
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.drafts import Draft, Edit, Series
from scidex_console.adapters.git.folder_memory import FolderMemory
from scidex_console.domain.errors import Halt, Refused, RepositoryError
from tests.adapters.git.built import WHEN, assert_sound, edit, files, made, new_checkout, run

NAMES = st.sampled_from(["a", "a.b", "a0", "a-", "b", "B", "ä", "with space", "zz", "z" * 90])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)


@pytest.fixture(params=["sha1", pytest.param("sha256", marks=pytest.mark.sweep)], scope="module")
def checkout(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return new_checkout(tmp_path_factory.mktemp("built") / "store", request.param)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    steps=st.lists(
        st.dictionaries(PATHS, st.none() | st.binary(max_size=200), min_size=1, max_size=6),
        min_size=1,
        max_size=5,
    )
)
def test_any_edits_leave_the_files_they_tell_of(
    checkout: Checkout, steps: list[dict[str, bytes | None]]
) -> None:
    tip, memory = run("rev-parse", "HEAD", folder=checkout.worktree), FolderMemory()
    expected: dict[str, bytes] = {}
    for step in steps:
        before = files(checkout, tip)
        try:
            built = made(checkout, tip, Series([Draft([edit(p, c) for p, c in step.items()], "m\n")]), memory)
        except Refused:
            assert has_conflict(expected, step)
            continue
        expected |= {path: content for path, content in step.items() if content is not None}
        expected = {path: content for path, content in expected.items() if step.get(path, b"") is not None}
        after = files(checkout, built.commit)
        assert set(after) == set(expected)
        told = built.changes
        assert set(told) == {path for path in before | after if before.get(path) != after.get(path)}
        assert {path: f"{c.after.mode} {c.after.object}" for path, c in told.items() if c.after} == {
            path: after[path] for path in told if path in after
        }
        tip = built.commit
    assert_sound(checkout, tip)


def has_conflict(there: dict[str, bytes], step: dict[str, bytes | None]) -> bool:
    """Whether some path is a folder of another, before or in the step."""
    paths = sorted({*there, *step})
    return any(other.startswith(f"{path}/") for path in paths for other in paths)


def many(count: int, salt: str = "") -> dict[str, bytes]:
    return {f"figures/figure-{salt}{n:04}.png": f"{salt}{n}".encode() for n in range(count)}


def test_a_long_series_in_a_large_folder_is_what_git_makes_of_it(checkout: Checkout) -> None:
    root = run("rev-parse", "HEAD", folder=checkout.worktree)
    start = made(checkout, root, Series([Draft([edit(p, c) for p, c in many(300).items()], "many\n")]))
    memory = FolderMemory()
    tip, drafts = start.commit, []
    for number, path in enumerate(many(120)):
        moved = Edit(f"{number:04}-folder/figure.png", object=start.objects[path], sha256="x")
        drafts.append(
            Draft([moved, edit(path, None), edit(f"{number:04}-folder/m", path.encode())], f"{number}\n")
        )
    for some in (drafts[:60], drafts[60:]):
        tip = made(checkout, tip, Series(some, merge="join them\n"), memory).commit
    assert_sound(checkout, tip)
    assert len(files(checkout, tip)) == 300 + 120
    joined = run("rev-list", "--reverse", f"{tip}^2", f"^{tip}^1", folder=checkout.worktree).split()
    assert len(joined) == 60
    for commit in (joined[0], joined[37], joined[-1]):
        changed = run("diff-tree", "-r", "--no-commit-id", "--name-status", commit, folder=checkout.worktree)
        assert sorted(line.split("\t")[0] for line in changed.splitlines()) == ["A", "A", "D"]
    assert run("diff", "--stat", f"{tip}^2", tip, folder=checkout.worktree) == ""


def test_what_is_remembered_of_another_commit_is_not_believed(checkout: Checkout) -> None:
    root, memory = run("rev-parse", "HEAD", folder=checkout.worktree), FolderMemory()
    first = made(checkout, root, Series([Draft([edit(p, c) for p, c in many(40).items()], "m\n")]), memory)
    theirs = made(checkout, first.commit, Series([Draft([edit("figures/theirs.png", b"t")], "m\n")]))
    ours = made(checkout, theirs.commit, Series([Draft([edit("figures/ours.png", b"o")], "m\n")]), memory)
    assert set(files(checkout, ours.commit)) == {*many(40), "figures/theirs.png", "figures/ours.png"}
    again = made(checkout, first.commit, Series([Draft([edit("figures/again.png", b"a")], "m\n")]), memory)
    assert set(files(checkout, again.commit)) == {*many(40), "figures/again.png"}
    assert_sound(checkout, ours.commit, again.commit)


def test_the_same_commits_can_be_made_again(checkout: Checkout) -> None:
    root = run("rev-parse", "HEAD", folder=checkout.worktree)
    series = Series([Draft([edit(p, c) for p, c in many(150, "again-").items()], "m\n")])
    first = made(checkout, root, series)
    assert made(checkout, root, series).commit == first.commit
    assert not list(checkout.pack_dir.glob("*.keep"))
    assert_sound(checkout, first.commit)


def test_an_object_stored_otherwise_than_it_was_named_is_noticed(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = run("rev-parse", "HEAD", folder=checkout.worktree)
    start = made(checkout, root, Series([Draft([edit(p, c) for p, c in many(60).items()], "many\n")]))
    monkeypatch.setattr(pack_stream, "_LONGEST_NEW", 3)
    monkeypatch.setattr(pack_stream, "_copy", lambda start, size: bytes([0x80 | 0x10, 1]))
    with pytest.raises(RepositoryError):
        made(checkout, start.commit, Series([Draft([edit(f"figures/{n}", b"m")], "m\n") for n in range(2)]))


def test_a_folder_that_becomes_what_it_was_is_stored_once(checkout: Checkout) -> None:
    root = run("rev-parse", "HEAD", folder=checkout.worktree)
    there = Series([Draft([edit(p, c) for p, c in many(60).items()], "many\n")])
    start = made(checkout, root, there).commit
    steps = [("figures/a", b"a"), ("figures/b", b"b"), ("figures/a", None), ("figures/b", None)]
    drafts = [Draft([edit(path, content)], f"{n}\n") for n, (path, content) in enumerate(steps)]
    tip = made(checkout, start, Series([*drafts, *drafts])).commit
    assert files(checkout, tip) == files(checkout, start)
    assert_sound(checkout, tip)


def test_a_pack_with_a_folder_that_is_not_the_named_one_is_refused(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = run("rev-parse", "HEAD", folder=checkout.worktree)
    content = b"no commit has this folder"
    meant = building._whole
    monkeypatch.setattr(
        building, "_whole", lambda kind, data: meant(kind, content if kind == "tree" else data)
    )
    with pytest.raises(RepositoryError, match="git did not store"):
        made(checkout, root, Series([Draft([edit("other/file", b"m")], "m\n")]))


def test_objects_that_nothing_holds_any_more_survive_a_repack_before_they_are_held_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = new_checkout(tmp_path / "store", "sha1")  # others' loose objects would lose what they refer to
    root = run("rev-parse", "HEAD", folder=checkout.worktree)
    series = Series([Draft([edit("again/file", b"once more")], "m\n")])
    first = build(checkout, parent=root, reference="refs/tested/first", series=series, when=WHEN)
    run("repack", "-adq", folder=checkout.worktree)  # while it is held; then the branch moves, and it is not
    run("update-ref", "-d", "refs/tested/first", folder=checkout.worktree)

    def repacked(place: str) -> None:
        if place == "git.objects.fed":
            run("repack", "-adq", folder=checkout.worktree)

    monkeypatch.setattr(building, "reach", repacked)
    assert made(checkout, root, series).commit == first.commit
    assert_sound(checkout, first.commit)
    assert not list(checkout.pack_dir.glob("*.keep"))


def test_a_mark_that_outlived_a_crash_goes_and_that_of_others_stays(checkout: Checkout) -> None:
    root = run("rev-parse", "HEAD", folder=checkout.worktree)
    ours, theirs = checkout.pack_dir / "pack-1.keep", checkout.pack_dir / "pack-2.keep"
    ours.write_text("scidex-console\n")
    theirs.write_text("theirs\n")
    made(checkout, root, Series([Draft([edit("marked/file", b"m")], "m\n")]))
    assert not ours.exists()
    theirs.unlink()


def test_a_file_that_git_has_lost_is_not_committed_once_more(tmp_path: Path) -> None:
    checkout = new_checkout(tmp_path / "store", "sha1")
    root = run("rev-parse", "HEAD", folder=checkout.worktree)
    lost = Edit("lost/file", object="1" * len(root), sha256="x")
    with pytest.raises(Halt, match="missing blob 11111"):
        made(checkout, root, Series([Draft([lost], "m\n")]))
    assert_sound(checkout, root)
