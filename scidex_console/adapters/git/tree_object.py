"""One folder as git stores it, edited in memory: thousands of entries of which a commit changes one or two.

Git would read, sort and compare all of them for each commit. Here it is known what has changed, so that a
folder's next version costs one hash of its bytes, and is told as a difference from an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from scidex_console.adapters.git.sorted_entries import Snapshot, SortedEntries

FOLDER = "40000"
"""Mode of a folder, as it stands in a tree object."""
_KINDS = {0o100000: "100644", 0o120000: "120000", 0o040000: FOLDER}
"""Modes by the kind of file that they tell of."""
_KIND, _EXECUTABLE = 0o170000, 0o100


@dataclass(frozen=True)
class Item:
    """What a folder says of one name."""

    mode: str
    """As git understands it: older programs have written others for the same, such as 100664 or 040000."""
    object: str


@dataclass(frozen=True)
class Copy:
    """A stretch of an earlier version's bytes."""

    start: int
    stop: int


Difference = list[Copy | bytes]
"""A version's bytes: stretches of another version's, and new ones between them."""


@dataclass(frozen=True)
class Version:
    """A version of a folder, against which later ones are told."""

    object: str
    entries: Snapshot

    @property
    def size(self) -> int:
        """Bytes."""
        return self.entries.size


class TreeObject:
    """The entries of one folder, in git's order: as if each folder's name ended in a slash."""

    def __init__(self, content: bytes = b"", *, id_size: int = 20) -> None:
        """`content` is a tree object's bytes; `id_size` are the bytes of an object's id in them.

        Raises `ValueError` where they are none, or out of order: nothing would be found there.
        """
        self._id_size = id_size
        keys: list[bytes] = []
        entries: list[bytes] = []
        for entry, mode, name in _parsed(content, id_size):
            keys.append(_key(mode, name))
            entries.append(entry)
        if any(key >= following for key, following in pairwise(keys)):
            raise ValueError("its entries are not in order")
        if len({key.removesuffix(b"/") for key in keys}) < len(keys):
            raise ValueError("it has two entries of one name")
        self._entries = SortedEntries(keys, entries)
        self._changed: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes."""
        return self._entries.size

    @property
    def chunks(self) -> Iterator[bytes]:
        """Its bytes, some at a time."""
        return self._entries.chunks

    def find(self, name: bytes) -> Item | None:
        """What is there under a name, a folder or anything else; None when nothing is."""
        for key in (name, name + b"/"):
            entry = self._entries.get(key)
            if entry is not None:
                mode, rest = entry.split(b" ", 1)
                return Item(_understood(mode), rest[-self._id_size :].hex())
        return None

    def change(self, items: Mapping[bytes, Item | None]) -> None:
        """Put these names there, or take them away (None)."""
        for name, item in items.items():
            wanted: dict[bytes, bytes | None] = {name: None, name + b"/": None}
            if item is not None:
                mode = item.mode.encode()
                wanted[_key(mode, name)] = b"%b %b\0%b" % (mode, name, bytes.fromhex(item.object))
            self._changed.update(key for key, entry in wanted.items() if self._entries.put(key, entry))

    def version(self, name: str) -> Version:
        """The folder as it is now, whose object is called `name`: differences are told from here on."""
        self._changed.clear()
        return Version(name, self._entries.snapshot())

    def since(self, version: Version) -> Difference:
        """Its bytes as a difference from the version that was taken last."""
        found: Difference = []
        done = 0
        for key in sorted(self._changed):
            start, stop = version.entries.span(key)
            if start > done:
                found.append(Copy(done, start))
            entry = self._entries.get(key)
            if entry is not None:
                found.append(entry)
            done = stop
        if done < version.size:
            found.append(Copy(done, version.size))
        return found


def _parsed(content: bytes, id_size: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Each entry's bytes, mode and name."""
    start = 0
    while start < len(content):
        space = content.index(b" ", start)
        zero = content.index(b"\0", space)
        stop = zero + 1 + id_size
        if stop > len(content):
            raise ValueError("its last entry is cut short")
        yield content[start:stop], content[start:space], content[space + 1 : zero]
        start = stop


def _key(mode: bytes, name: bytes) -> bytes:
    return name + b"/" if _understood(mode) == FOLDER else name


@lru_cache(maxsize=64)
def _understood(mode: bytes) -> str:
    """The mode that git takes this one for."""
    bits = int(mode, 8)
    known = _KINDS.get(bits & _KIND, "160000")
    return "100755" if known == "100644" and bits & _EXECUTABLE else known
