"""A damaged repository stops writing, with git's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.errors import Halt
from tests.adapters.git.world import World, git, trailers


@pytest.fixture
def loose(world: World) -> World:
    """All objects as single files, so that one can be spoilt."""
    packs = world.git_dir / "objects/pack"
    for pack in list(packs.glob("*.pack")):
        moved = world.root / pack.name
        pack.rename(moved)
        for rest in packs.glob(f"{pack.stem}.*"):
            rest.unlink()
        git(world.artifacts, "unpack-objects", "-q", stdin=moved.read_bytes())
    return world


def spoil(world: World, name: str, content: bytes) -> Path:
    """Overwrite the object that a revision names."""
    oid = git(world.artifacts, "rev-parse", name)
    path = world.git_dir / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["HEAD:notebooks", "HEAD^{tree}"])
@pytest.mark.parametrize("content", [b"", b"garbage garbage garbage"])
def test_damaged_folder_halts_before_anything_is_written(loose: World, name: str, content: bytes) -> None:
    repository = loose.repository()
    spoil(loose, name, content)
    with pytest.raises(Halt, match=r"damaged|corrupt"):
        repository.check()


def test_missing_folder_halts(loose: World) -> None:
    repository = loose.repository()
    spoil(loose, "HEAD:notebooks", b"x").unlink()
    with pytest.raises(Halt, match="damaged"):
        repository.check()


def test_damaged_tip_halts(loose: World) -> None:
    repository = loose.repository()
    spoil(loose, "HEAD", b"")
    with pytest.raises(Halt, match="damaged"):
        repository.check()


def test_commit_onto_a_damaged_tree_halts_and_leaves_the_branch(loose: World) -> None:
    repository = loose.repository()
    repository.raise_epoch(1)
    before = repository.head()
    changes = [loose.write("notebooks/new.png", b"new")]
    spoil(loose, "HEAD:notebooks", b"")
    with pytest.raises(Halt, match="damaged"):
        repository.commit(changes, subject="Add", trailers=trailers(), epoch=1)
    assert git(loose.artifacts, "rev-parse", "main") == before
    assert not repository.facts.leftovers()


def test_damaged_blob_is_reported_by_fsck_and_by_reading_it(loose: World) -> None:
    repository = loose.repository()
    assert repository.facts.fsck() == []
    blob = git(loose.artifacts, "rev-parse", "HEAD:README")
    spoil(loose, "HEAD:README", b"garbage")
    assert any(blob in line for line in repository.facts.fsck())
    with pytest.raises(Halt, match="damaged"):
        repository.export_blob(blob, lambda chunk: None)


def test_damaged_index_halts_and_stays(world: World, repository: GitArtifactRepository) -> None:
    before = repository.head()
    index = world.git_dir / "index"
    index.write_bytes(index.read_bytes()[:40])
    with pytest.raises(Halt, match="damaged"):
        repository.commit(world.write_many(1), subject="Add", trailers=trailers(), epoch=1)
    assert index.stat().st_size == 40
    assert git(world.artifacts, "rev-parse", "main") == before
    assert not repository.facts.leftovers()
