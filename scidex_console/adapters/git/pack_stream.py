"""The format in which git takes many objects at once: a pack, whole or told as differences.

Format: `git help gitformat-pack`. Whatever is written here, git computes every object's name anew when it
takes the pack in (`building.py`); so a mistake here is refused there, and stores nothing.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol

from scidex_console.adapters.git.tree_object import Copy, Difference

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_KINDS = {"commit": 1, "tree": 2, "blob": 3}
_DIFFERENCE = 7
"""A difference from an object that is called by its name."""
_LONGEST_COPY = 0x10000
"""Bytes in one instruction, which every reader of packs understands."""
_LONGEST_NEW = 127


class Sink(Protocol):
    """Where the bytes go."""

    def write(self, data: bytes, /) -> object:
        """Take these bytes."""
        ...


class PackStream:
    """Writes one pack of a known number of objects."""

    def __init__(self, out: Sink, count: int, *, object_format: str) -> None:
        self._out = out
        self._sum = hashlib.new(object_format, usedforsecurity=False)
        self._write(b"PACK" + (2).to_bytes(4, "big") + count.to_bytes(4, "big"))

    def whole(self, kind: str, size: int, chunks: Iterable[bytes]) -> None:
        """An object by all its bytes, of which there are `size`."""
        self._write(_head(_KINDS[kind], size))
        # Names of objects and most of a folder's are random: looking long for repetitions finds none.
        self._compressed(chunks, level=1 if kind == "tree" else zlib.Z_DEFAULT_COMPRESSION)

    def difference(self, base: str, base_size: int, size: int, difference: Difference) -> None:
        """An object of `size` bytes by what differs from the object `base`, which has `base_size`."""
        told = b"".join([_number(base_size), _number(size), *_instructions(difference)])
        self._write(_head(_DIFFERENCE, len(told)) + bytes.fromhex(base))
        self._compressed([told])

    def end(self) -> None:
        """All objects are written."""
        self._out.write(self._sum.digest())

    def _compressed(self, chunks: Iterable[bytes], *, level: int = zlib.Z_DEFAULT_COMPRESSION) -> None:
        packing = zlib.compressobj(level)
        for chunk in chunks:
            self._write(packing.compress(chunk))
        self._write(packing.flush())

    def _write(self, data: bytes) -> None:
        self._sum.update(data)
        self._out.write(data)


def object_name(object_format: str, kind: str, size: int, content: bytes = b"") -> Hash:
    """The hash that names an object of `size` bytes, fed with what is known of it."""
    return hashlib.new(object_format, f"{kind} {size}\0".encode() + content, usedforsecurity=False)


def _head(kind: int, size: int) -> bytes:
    """Kind and size: four bits of the size, then seven at a time, the lowest first."""
    first, size = (kind << 4) | (size & 15), size >> 4
    return bytes([first | 0x80]) + _number(size) if size else bytes([first])


def _number(value: int) -> bytes:
    """Seven bits at a time, the lowest first."""
    found = bytearray()
    while value > 127:
        found.append((value & 127) | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _instructions(difference: Difference) -> Iterator[bytes]:
    for part in difference:
        if isinstance(part, Copy):
            for start in range(part.start, part.stop, _LONGEST_COPY):
                yield _copy(start, min(part.stop - start, _LONGEST_COPY))
        else:
            for start in range(0, len(part), _LONGEST_NEW):
                some = part[start : start + _LONGEST_NEW]
                yield bytes([len(some)]) + some


def _copy(start: int, size: int) -> bytes:
    """Where from and how much, without the bytes that are zero; the longest size is told as none."""
    flags, found = 0x80, bytearray()
    told = 0 if size == _LONGEST_COPY else size
    numbers = start.to_bytes(4, "little") + told.to_bytes(3, "little")
    for bit, byte in enumerate(numbers):
        if byte:
            flags |= 1 << bit
            found.append(byte)
    return bytes([flags]) + bytes(found)
