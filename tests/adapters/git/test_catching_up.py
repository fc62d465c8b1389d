"""What others have pushed is taken over only forward, and only into a clean checkout."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.adapters.git.world import World, git


@pytest.fixture
def elsewhere(world: World, tmp_path: Path) -> Path:
    """Another clone, which pushes to the same remote."""
    git(tmp_path, "clone", "-q", str(world.remote("artifacts")), "elsewhere")
    return tmp_path / "elsewhere"


def push(elsewhere: Path, name: str, content: str) -> str:
    (elsewhere / name).write_text(content)
    git(elsewhere, "add", name)
    git(elsewhere, "commit", "-qm", f"Change {name}")
    git(elsewhere, "push", "-q", "origin", "main")
    return git(elsewhere, "rev-parse", "HEAD")


def test_branch_moves_along_with_the_remote(world: World, elsewhere: Path) -> None:
    theirs = push(elsewhere, "new.csv", "1,2\n")
    assert world.repository().catch_up() == ""
    assert git(world.artifacts, "rev-parse", "HEAD") == theirs
    assert git(world.artifacts, "symbolic-ref", "HEAD") == "refs/heads/main", "not detached"
    assert (world.artifacts / "new.csv").read_text() == "1,2\n" and world.status() == ""
    assert world.repository().catch_up() == "", "nothing more to do"


def test_what_is_ahead_of_the_remote_stays(world: World) -> None:
    (world.artifacts / "mine.csv").write_text("1\n")
    git(world.artifacts, "add", "mine.csv")
    git(world.artifacts, "commit", "-qm", "Mine")
    mine = git(world.artifacts, "rev-parse", "HEAD")
    assert world.repository().catch_up() == ""
    assert git(world.artifacts, "rev-parse", "HEAD") == mine


def test_branches_that_have_parted_are_left_to_a_person(world: World, elsewhere: Path) -> None:
    (world.artifacts / "mine.csv").write_text("1\n")
    git(world.artifacts, "add", "mine.csv")
    git(world.artifacts, "commit", "-qm", "Mine")
    mine = git(world.artifacts, "rev-parse", "HEAD")
    push(elsewhere, "new.csv", "1,2\n")
    assert "parted" in world.repository().catch_up()
    assert git(world.artifacts, "rev-parse", "HEAD") == mine


@pytest.mark.parametrize("staged", [False, True])
def test_changes_in_the_checkout_are_not_run_over(world: World, elsewhere: Path, staged: bool) -> None:
    before = git(world.artifacts, "rev-parse", "HEAD")
    push(elsewhere, "README", "theirs\n")
    (world.artifacts / "README").write_text("mine\n")
    if staged:
        git(world.artifacts, "add", "README")
    assert "changes of its own" in world.repository().catch_up()
    assert (world.artifacts / "README").read_text() == "mine\n"
    assert git(world.artifacts, "rev-parse", "HEAD") == before


def test_a_file_in_the_way_is_not_run_over(world: World, elsewhere: Path) -> None:
    push(elsewhere, "new.csv", "theirs\n")
    (world.artifacts / "new.csv").write_text("mine\n")
    assert "cannot be taken over" in world.repository().catch_up()
    assert (world.artifacts / "new.csv").read_text() == "mine\n"


def test_a_remote_that_is_gone_is_told(world: World) -> None:
    shutil.rmtree(world.remote("artifacts"))
    assert "cannot be asked" in world.repository().catch_up()
    assert world.repository(remote=None).catch_up() == ""


def test_no_content_filter_runs(world: World, elsewhere: Path, tmp_path: Path) -> None:
    (world.git_dir / "info").mkdir(exist_ok=True)
    (world.git_dir / "info/attributes").write_text("*.csv filter=planted\n")
    for way in ("clean", "smudge"):
        git(world.artifacts, "config", f"filter.planted.{way}", f"touch {tmp_path}/ran; cat")
    (world.artifacts / "README").touch()
    push(elsewhere, "new.csv", "1,2\n")
    assert world.repository().catch_up() == ""
    assert (world.artifacts / "new.csv").read_text() == "1,2\n"
    assert not (tmp_path / "ran").exists()


def test_a_writer_and_a_remote_that_has_nothing_new_do_not_wait_for_each_other(world: World) -> None:
    repository = world.repository()
    with repository.writer_lock("a batch"):
        assert repository.catch_up() == ""


def test_the_branch_stands_still_while_this_process_writes(world: World, elsewhere: Path) -> None:
    before = git(world.artifacts, "rev-parse", "HEAD")
    theirs = push(elsewhere, "new.csv", "1,2\n")
    repository = world.repository()
    with repository.writer_lock("a batch"):
        assert "being written" in repository.catch_up()
        assert git(world.artifacts, "rev-parse", "HEAD") == before
    assert repository.catch_up() == ""
    assert git(world.artifacts, "rev-parse", "HEAD") == theirs


def test_what_others_push_is_taken_over_where_nothing_is_pushed(world: World, elsewhere: Path) -> None:
    theirs = push(elsewhere, "new.csv", "1,2\n")
    repository = world.repository(pushes=False)
    assert repository.catch_up() == ""
    assert git(world.artifacts, "rev-parse", "HEAD") == theirs
    (world.artifacts / "mine.csv").write_text("1\n")
    git(world.artifacts, "add", "mine.csv")
    git(world.artifacts, "commit", "-qm", "Mine")
    assert repository.push() == "" and git(world.remote("artifacts"), "rev-parse", "main") == theirs
