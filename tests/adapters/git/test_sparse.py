"""A sparse checkout lacks what readers look for: nothing is written to it, and no file of it goes by us."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.domain.errors import RepositoryError
from tests.adapters.git.world import World, git


@pytest.fixture
def sparse(world: World) -> World:
    """The checkout keeps the top folder alone, though a file lies elsewhere that git has since."""
    git(world.artifacts, "sparse-checkout", "set", "--cone")
    place = world.artifacts / "folder/a.png"
    place.parent.mkdir()
    place.write_bytes(b"a")
    git(world.artifacts, "add", "--sparse", "folder/a.png")
    git(world.artifacts, "commit", "-qm", "Outside of its patterns")
    git(world.artifacts, "push", "-q", "origin", "main")
    return world


def test_what_others_push_takes_no_file_away(sparse: World, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(sparse.remote("artifacts")), "elsewhere")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "new.csv").write_text("1,2\n")
    git(elsewhere, "add", "new.csv")
    git(elsewhere, "commit", "-qm", "New")
    git(elsewhere, "push", "-q", "origin", "main")
    assert sparse.repository().catch_up() == ""
    assert (sparse.artifacts / "new.csv").exists()
    assert (sparse.artifacts / "folder/a.png").read_bytes() == b"a"


def test_nothing_is_written_until_it_is_whole(sparse: World) -> None:
    assert sparse.repository().inspect().artifacts.sparse
    with pytest.raises(RepositoryError, match="is a sparse checkout"):
        sparse.repository().check()
    git(sparse.artifacts, "sparse-checkout", "disable")
    sparse.repository().check()
    assert not sparse.repository().inspect().artifacts.sparse
