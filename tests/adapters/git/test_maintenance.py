"""Repacking makes the repository small and loses nothing, also beside somebody who writes."""

from __future__ import annotations

import random
import threading

from scidex_console.domain.commits import CommitKind
from tests.adapters.git.world import World, git, trailers


def test_repository_is_one_pack_and_whole(world: World) -> None:
    repository = world.repository()
    repository.raise_epoch(1)
    words = random.Random(1).randbytes(20_000)
    for number in range(8):
        change = world.write(f"figures/{number}.bin", words + b"%d" % number)
        repository.commit([change], subject="more", trailers=trailers(f"b/{number}"), epoch=1)
    loose = git(world.artifacts, "hash-object", "-w", "--stdin", stdin=b"about to be committed")
    done = repository.repack()
    assert 0 < done.after < done.before / 3
    assert len(list((world.git_dir / "objects/pack").glob("*.pack"))) == 1
    git(world.artifacts, "fsck", "--strict")
    assert git(world.artifacts, "cat-file", "blob", loose) == "about to be committed", (
        "kept, though unreachable"
    )
    assert repository.find("b/3", CommitKind.APPLY, since="", journal="") is not None


def test_others_write_while_it_is_repacked(world: World) -> None:
    repository = world.repository()
    repository.raise_epoch(1)
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            number += 1
            change = world.write(f"figures/{number}.txt", b"%d" % number)
            repository.commit([change], subject="more", trailers=trailers(f"b/{number}"), epoch=1)
        counted.append(number)

    counted: list[int] = []
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            world.repository().repack()
    finally:
        done.set()
        writer.join()
    assert len(list((world.artifacts / "figures").iterdir())) == counted[0]
    assert len(world.log()) == counted[0] + 1
    git(world.artifacts, "fsck", "--strict")


def test_folders_are_stored_as_differences_also_after_somebodys_gc(world: World) -> None:
    """What git keeps whole every fifty commits is what a migration grows a store by."""
    names = [f"{number:036}" for number in range(500)]
    stream = [
        f"commit refs/heads/main\nmark :{at + 1}\ncommitter A <a@example.org> {1_700_000_000 + at} +0000\n"
        f"data 1\nx\n{'' if at else 'from refs/heads/main^0' + chr(10)}"
        + "".join(f"M 100644 inline {name}\ndata {len(name)}\n{name[::-1]}\n" for name in added)
        for at, added in enumerate([names, *([f"{at:036}-new"] for at in range(300))])
    ]
    git(world.artifacts, "fast-import", "--quiet", "--force", stdin="".join(stream).encode())
    git(world.artifacts, "reset", "-q", "--hard")
    git(world.artifacts, "gc", "-q")
    (world.git_dir / "objects/info/commit-graph").unlink(missing_ok=True)
    before, objects = whole_trees(world), git(world.artifacts, "rev-list", "--objects", "--all")
    done = world.repository().repack()
    assert len(whole_trees(world)) <= 3 < len(before)
    assert done.after < done.before
    assert git(world.artifacts, "rev-list", "--objects", "--all") == objects
    assert {path.suffix for path in (world.git_dir / "objects/pack").iterdir()} == {".pack", ".idx"}
    assert world.repository().facts.fsck() == []
    again = world.repository().repack()
    assert abs(again.after - again.before) < 1000, "there is nothing left to gain"


def whole_trees(world: World) -> list[str]:
    """Large folders that are not stored as differences."""
    told = git(
        world.artifacts,
        "cat-file",
        "--batch-all-objects",
        "--batch-check=%(objecttype) %(objectsize) %(deltabase)",
    )
    lines = [line.split() for line in told.splitlines()]
    return [
        base for kind, size, base in lines if kind == "tree" and int(size) > 16384 and not base.strip("0")
    ]
