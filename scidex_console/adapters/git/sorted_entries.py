"""A folder's entries in order, kept in blocks: a change costs one block, however large the folder is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

_BLOCK = 256
"""Entries of a block; one that has twice as many is cut in two."""


@dataclass(frozen=True, slots=True)
class _Block:
    """Neighbouring entries. A block never changes, so that snapshots share it."""

    keys: list[bytes]
    entries: list[bytes]
    content: bytes
    """All its entries' bytes."""

    def place(self, key: bytes) -> tuple[int, bool]:
        """Where a key's entry is or would be, and whether it is there."""
        at = bisect_left(self.keys, key)
        return at, at < len(self.keys) and self.keys[at] == key


class Snapshot:
    """The entries as they were at one moment."""

    def __init__(self, blocks: Sequence[_Block], firsts: Sequence[bytes]) -> None:
        self._blocks = list(blocks)
        self._firsts = list(firsts)
        *self._starts, self.size = accumulate((len(block.content) for block in blocks), initial=0)

    def span(self, key: bytes) -> tuple[int, int]:
        """Where a key's entry begins and ends in the folder's bytes; where it would, if it is not there."""
        at = bisect_right(self._firsts, key) - 1
        place, there = self._blocks[at].place(key)
        start = self._starts[at] + sum(map(len, self._blocks[at].entries[:place]))
        return start, start + (len(self._blocks[at].entries[place]) if there else 0)


class SortedEntries:
    """Entries by their keys, in the order of these."""

    def __init__(self, keys: Sequence[bytes], entries: Sequence[bytes]) -> None:
        """Both in order, which is for the caller to see to."""
        self._blocks = list(_in_blocks(keys, entries)) or [_Block([], [], b"")]
        self._firsts = [b"", *(block.keys[0] for block in self._blocks[1:])]
        """What separates each block from the one before it: nothing sorts before the first."""
        self._count = len(keys)
        self.size = sum(map(len, entries))
        """Bytes of all entries."""

    def __len__(self) -> int:
        return self._count

    @property
    def chunks(self) -> Iterator[bytes]:
        """All entries' bytes, some at a time."""
        return (block.content for block in self._blocks)

    def get(self, key: bytes) -> bytes | None:
        """The entry of a key, if there is one."""
        block = self._blocks[self._block_of(key)]
        place, there = block.place(key)
        return block.entries[place] if there else None

    def put(self, key: bytes, entry: bytes | None) -> bool:
        """Let this be the key's entry, or let it have none; whether that has changed anything."""
        at = self._block_of(key)
        block = self._blocks[at]
        place, there = block.place(key)
        before = block.entries[place] if there else None
        if entry == before:
            return False
        keys, entries = block.keys.copy(), block.entries.copy()
        stop = place + there
        keys[place:stop] = [key] if entry is not None else []
        entries[place:stop] = [entry] if entry is not None else []
        self._exchange(at, keys, entries)
        self._count += (entry is not None) - there
        self.size += len(entry or b"") - len(before or b"")
        return True

    def snapshot(self) -> Snapshot:
        """The entries as they are now."""
        return Snapshot(self._blocks, self._firsts)

    def _block_of(self, key: bytes) -> int:
        return bisect_right(self._firsts, key) - 1

    def _exchange(self, at: int, keys: list[bytes], entries: list[bytes]) -> None:
        if len(keys) < 2 * _BLOCK and (keys or len(self._blocks) == 1):
            self._blocks[at] = _Block(keys, entries, b"".join(entries))
            return
        new = list(_in_blocks(keys, entries))  # two, or none
        self._blocks[at : at + 1] = new
        self._firsts[at : at + 1] = [block.keys[0] for block in new]
        self._firsts[0] = b""


def _in_blocks(keys: Sequence[bytes], entries: Sequence[bytes]) -> Iterator[_Block]:
    for start in range(0, len(keys), _BLOCK):
        some = list(entries[start : start + _BLOCK])
        yield _Block(list(keys[start : start + _BLOCK]), some, b"".join(some))
