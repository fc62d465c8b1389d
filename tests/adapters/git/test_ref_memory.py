"""References are remembered only while nothing can have moved them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scidex_console.adapters.git import ref_memory
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.repository import GitArtifactRepository
from tests.adapters.git.world import World, git, trailers


@pytest.fixture(autouse=True)
def all_is_long_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked a moment ago is remembered, so that no test needs to wait for it."""
    monkeypatch.setattr(ref_memory, "_is_settled", lambda changed, now: True)


def as_link(world: World) -> None:
    head = world.git_dir / "HEAD"
    head.unlink()
    head.symlink_to("refs/heads/main")


def without_space(world: World) -> None:
    (world.git_dir / "HEAD").write_text("ref:refs/heads/main\n")


def with_tab(world: World) -> None:
    (world.git_dir / "HEAD").write_text("ref:\trefs/heads/main\n")


def over_another_branch(world: World) -> None:
    git(world.artifacts, "branch", "real")
    git(world.artifacts, "symbolic-ref", "refs/heads/main", "refs/heads/real")


def packed(world: World) -> None:
    git(world.artifacts, "pack-refs", "--all")


def packed_elsewhere(world: World) -> None:
    packed(world)
    refs = world.git_dir / "packed-refs"
    refs.rename(world.root / "packed-refs")
    refs.symlink_to(world.root / "packed-refs")


@pytest.mark.parametrize(
    "write_head", [as_link, without_space, with_tab, over_another_branch, packed, packed_elsewhere]
)
def test_a_moved_branch_is_noticed_however_head_leads_to_it(
    world: World, write_head: Callable[[World], None]
) -> None:
    write_head(world)
    repository = world.repository(outer=None, branch=None)
    repository.raise_epoch(1)
    repository.head()
    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", "theirs")
    assert repository.head() == git(world.artifacts, "rev-parse", "HEAD")
    packed(world)
    assert repository.head() == git(world.artifacts, "rev-parse", "HEAD")
    changes = [world.write("figures/ours.png", b"ours")]
    made = repository.commit(changes, subject="ours", trailers=trailers(), epoch=1)
    assert repository.head() == made.commit == git(world.artifacts, "rev-parse", "HEAD")


def test_another_branch_is_noticed(world: World, repository: GitArtifactRepository) -> None:
    checkout = Checkout.find(world.artifacts)
    assert checkout.branch() == "refs/heads/main"
    git(world.artifacts, "checkout", "-q", "-b", "other")
    assert checkout.branch() == "refs/heads/other"
    git(world.artifacts, "checkout", "-q", "--detach")
    assert checkout.branch() is None


@pytest.mark.parametrize(
    ("changed_ns", "age_ns", "settled"),
    [
        (5_000_000_001, 40_000_000, False),
        (5_000_000_001, 60_000_000, True),
        (5_000_000_000, 900_000_000, False),  # whole seconds: it may have changed in all of that second
        (5_000_000_000, 1_100_000_000, True),
    ],
)
def test_a_file_is_settled_when_its_next_time_is_another(
    monkeypatch: pytest.MonkeyPatch, changed_ns: int, age_ns: int, settled: bool
) -> None:
    monkeypatch.undo()
    assert ref_memory._is_settled(changed_ns, changed_ns + age_ns) is settled
