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
