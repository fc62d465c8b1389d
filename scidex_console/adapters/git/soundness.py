"""Whether every object is sound and everything is connected: what `git fsck --strict` proves, in pieces.

`git fsck` does one thing after the other on one processor, and reads every object twice. The same proof in
pieces that run side by side:

- *connected*: `git fsck --connectivity-only` follows every reference, reflog and index entry, and whatever
  nothing reaches; it checks commit graph and pack index as well. It believes what a tree says of its entries;
- *kinds*: whatever some tree or tag calls a file is a blob;
- *packs*: `git index-pack --verify --fsck-objects` reads each pack: its checksum, its index, each object's
  name and format;
- *loose*: `git fsck --no-full` reads the objects that are in no pack.

A piece only ever says "sound" or "doubtful". In doubt nothing is concluded: `git fsck --strict` itself then
looks at the whole, and what it says counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.commands import Commands, Output

WORTH = 16 << 20
"""Bytes of packs from which on pieces are quicker than the whole."""
_ROUNDS = 5
"""How often packs that came meanwhile are looked at, before one `git fsck` has the last word."""
_DANGLING = re.compile(r"^dangling (blob|tree|commit|tag) ([0-9a-f]+)$")
_FAN_OUT = re.compile(r"^[0-9a-f]{2}$")
_LOOSE = re.compile(r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")
_NO_PACK_INDEXES = (("core.commitGraph", "false"), ("core.multiPackIndex", "false"))


@dataclass(frozen=True)
class Told:
    """What somebody else has read of history already."""

    commits: frozenset[str]
    """Commits whose differences from their first parents are known, of the first ones everything."""
    files: frozenset[str]
    """Every object that these differences call a file."""


class Soundness:
    """Looks for doubts about one repository's objects."""

    def __init__(
        self,
        checkout: Checkout,
        *,
        excused: Callable[[str], bool] = lambda line: False,
        told: Callable[[], Told | None] = lambda: None,
        processors: int | None = None,
        worth: int = WORTH,
    ) -> None:
        """`excused` says which of `git fsck`'s lines are no finding; `told`, what need not be read again."""
        self._checkout = checkout
        self._objects = checkout.common_dir / "objects"
        self._excused = excused
        self._told = told
        self._processors = processors or len(os.sched_getaffinity(0))
        self._worth = worth
        self._nowhere = Commands(checkout.worktree, variables={"GIT_DIR": os.devnull})
        self._packs_stand_alone = True

    def is_proven(self) -> bool:
        """Whether every piece says "sound". False proves nothing: ask `git fsck --strict`."""
        if self._is_unusual() or _size(self._packs()) < self._worth:
            return False
        with ThreadPoolExecutor(self._processors, thread_name_prefix="soundness") as threads:
            try:
                return self._is_sound(threads)
            finally:
                threads.shutdown(wait=True, cancel_futures=True)

    def _is_sound(self, threads: ThreadPoolExecutor) -> bool:
        # Objects wander from loose files into packs and from pack to pack: this order misses none of them.
        if not self._loose_is_sound():
            return False
        packs = self._packs()
        left: list[str] = []
        connected = threads.submit(self._is_connected, left)
        pieces = [connected, *self._begin(threads, packs)]
        # Last, for by then somebody may have told something.
        pieces.append(threads.submit(lambda: connected.result() and self._kinds_are_true(left)))
        if not _all_say_yes(pieces):
            return False
        for _ in range(_ROUNDS):
            more = self._packs() - packs
            if not more:
                return True
            if not _all_say_yes(self._begin(threads, more)):
                return False
            packs |= more
        return False

    def _begin(self, threads: ThreadPoolExecutor, packs: Collection[Path]) -> list[Future[bool]]:
        """The largest first; one that outweighs the others takes every processor."""
        sizes = {pack: _size([pack]) for pack in packs}
        fair = sum(sizes.values()) / self._processors
        return [
            threads.submit(self._pack_is_sound, pack, self._processors if sizes[pack] > fair else 1)
            for pack in sorted(packs, key=lambda pack: -sizes[pack])
        ]

    def _is_unusual(self) -> bool:
        """Objects that lie elsewhere, or that somebody has promised: not for pieces."""
        return (self._objects / "info/alternates").exists() or any(self._objects.glob("pack/*.promisor"))

    def _packs(self) -> set[Path]:
        """Packs as git sees them: those with an index."""
        indexes = self._objects.glob("pack/*.idx")
        return {pack for index in indexes if (pack := index.with_suffix(".pack")).exists()}

    def _is_connected(self, left: list[str]) -> bool:
        """Puts the ends of what nothing reaches into `left`."""
        command = ("fsck", "--connectivity-only", "--strict", "--no-progress")
        output = self._checkout.commands.run(*command, accept=range(256))
        excused = False
        for line in _said(output):
            if found := _DANGLING.match(line):
                if found[1] != "blob":
                    left.append(found[2])
            elif self._excused(line):
                excused = True
            else:
                return False
        return output.status == 0 or excused

    def _kinds_are_true(self, left: Collection[str]) -> bool:
        """Whether every object that is called a file is one.

        What a commit that was told of calls a file, its first parent did already, or its difference does.
        """
        told = self._told()
        if told is None:
            claimed = self._claims(["--all", "--reflog", "--indexed-objects"], left)
        else:
            commits = self._listed(["rev-list", "--all", "--reflog", "--stdin"], left)
            if commits is None:
                return False
            others = [name for name in commits if name not in told.commits]
            claimed = self._claims(["--no-walk=unsorted", "--all", "--indexed-objects"], [*others, *left])
        if claimed is None:
            return False
        files = {*claimed, *(told.files if told is not None else ())}
        kinds = self._listed(["cat-file", "--batch-check=%(objecttype)", "--buffer"], files)
        return kinds is not None and set(kinds) <= {"blob"}

    def _claims(self, selection: Sequence[str], names: Collection[str]) -> list[str] | None:
        """What is called a file there."""
        kind = ("--objects", "--no-object-names", "--filter=object:type=blob", "--filter-provided-objects")
        return self._listed(["rev-list", *kind, "--missing=allow-any", *selection, "--stdin"], names)

    def _listed(self, command: Sequence[str], names: Collection[str]) -> list[str] | None:
        """Lines that a command gives for these names; None when it stumbles."""
        stdin = "".join(f"{name}\n" for name in names).encode()
        output = self._checkout.commands.run(*command, stdin=stdin, accept=range(256))
        return output.text().splitlines() if output.status == 0 and not output.stderr else None

    def _pack_is_sound(self, pack: Path, threads: int) -> bool:
        """By itself; or, when what it says of `.gitattributes` or `.gitmodules` is elsewhere, beside that."""
        if self._packs_stand_alone and self._verifies(self._nowhere, pack, threads):
            return True
        if not self._verifies(self._checkout.commands, pack, threads):
            return False
        # The others will be like it. Beside the rest each object is read twice, to compare it with itself.
        self._packs_stand_alone = False
        return True

    def _verifies(self, commands: Commands, pack: Path, threads: int) -> bool:
        output = commands.run(
            "index-pack",
            "--verify",
            "--fsck-objects",
            f"--object-format={self._checkout.object_format}",
            f"--threads={threads}",
            str(pack),
            accept=range(-64, 256),
        )
        return output.status == 0 and not _said(output)

    def _loose_is_sound(self) -> bool:
        files = [
            f"{folder.name}{file.name}"
            for folder in self._objects.iterdir()
            if _FAN_OUT.match(folder.name)
            for file in folder.iterdir()
            if not file.name.startswith("tmp_obj_")
        ]
        if not files:
            return True
        start = next((name for name in files if _LOOSE.match(name)), None)
        if start is None:
            return False
        # It wants to be told what to start from, and then follows nothing else.
        command = ("fsck", "--strict", "--no-full", "--no-reflogs", "--no-dangling", "--no-progress", start)
        output = self._checkout.commands.run(*command, settings=_NO_PACK_INDEXES, accept=range(256))
        return output.status == 0 and not _said(output)


def _said(output: Output) -> list[str]:
    lines = [*output.text().splitlines(), *output.stderr.splitlines()]
    return [line for line in lines if line and not line.startswith("notice:")]


def _all_say_yes(pieces: Iterable[Future[bool]]) -> bool:
    return all(piece.result() for piece in as_completed(pieces))


def _size(packs: Iterable[Path]) -> int:
    total = 0
    for pack in packs:
        with suppress(FileNotFoundError):
            total += pack.stat().st_size
    return total
