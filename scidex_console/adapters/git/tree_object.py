"""One folder as git stores it, edited in memory: thousands of entries of which a commit changes one or two.

Git would read, sort and compare all of them for each commit. Here it is known what has changed, so that a
folder's next version costs one hash of its bytes, and is told as a difference from an earlier one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

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
    keys: list[bytes]
    ends: list[int]
    """Where each entry ends in its bytes."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.ends[-1] if self.ends else 0


class TreeObject:
    """The entries of one folder, in git's order: as if each folder's name ended in a slash."""

    def __init__(self, content: bytes = b"", *, id_size: int = 20) -> None:
        """`content` is a tree object's bytes; `id_size` are the bytes of an object's id in them.

        Raises `ValueError` where they are none, or out of order: nothing would be found there.
        """
        self._id_size = id_size
        self._keys: list[bytes] = []
        self._entries: list[bytes] = []
        for entry, mode, name in _parsed(content, id_size):
            self._keys.append(_key(mode, name))
            self._entries.append(entry)
        if any(key >= following for key, following in pairwise(self._keys)):
            raise ValueError("its entries are not in order")
        if len({key.removesuffix(b"/") for key in self._keys}) < len(self._keys):
            raise ValueError("it has two entries of one name")
        self._changed: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return b"".join(self._entries)

    def find(self, name: bytes) -> Item | None:
        """What is there under a name, a folder or anything else; None when nothing is."""
        for key in (name, name + b"/"):
            place = self._place(key)
            if place is not None:
                mode, rest = self._entries[place].split(b" ", 1)
                return Item(_understood(mode), rest[-self._id_size :].hex())
        return None

    def change(self, items: Mapping[bytes, Item | None]) -> None:
        """Put these names there, or take them away (None)."""
        for name, item in items.items():
            for key in (name, name + b"/"):
                self._put(key, None)
            if item is not None:
                entry = b"%b %b\0%b" % (item.mode.encode(), name, bytes.fromhex(item.object))
                self._put(_key(item.mode.encode(), name), entry)

    def version(self, name: str) -> Version:
        """The folder as it is now, whose object is called `name`: differences are told from here on."""
        self._changed.clear()
        return Version(name, self._keys.copy(), list(accumulate(map(len, self._entries))))

    def since(self, version: Version) -> Difference:
        """Its bytes as a difference from the version that was taken last."""
        found: Difference = []
        done = 0
        for key in sorted(self._changed):
            at = bisect_left(version.keys, key)
            start = version.ends[at - 1] if at else 0
            if start > done:
                found.append(Copy(done, start))
            place = self._place(key)
            if place is not None:
                found.append(self._entries[place])
            was_there = at < len(version.keys) and version.keys[at] == key
            done = version.ends[at] if was_there else start
        if done < version.size:
            found.append(Copy(done, version.size))
        return found

    def _place(self, key: bytes) -> int | None:
        at = bisect_left(self._keys, key)
        return at if at < len(self._keys) and self._keys[at] == key else None

    def _put(self, key: bytes, entry: bytes | None) -> None:
        at = bisect_left(self._keys, key)
        there = at < len(self._keys) and self._keys[at] == key
        if entry is not None and there:
            self._entries[at] = entry
        elif entry is not None:
            self._keys.insert(at, key)
            self._entries.insert(at, entry)
        elif there:
            del self._keys[at], self._entries[at]
        else:
            return
        self._changed.add(key)


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
