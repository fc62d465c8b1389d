"""What is in a file, in a few words: pixels of an image, cells of a notebook, rows of a table. Pure."""

from __future__ import annotations

import csv
import io
import json
import struct
from collections.abc import Sequence
from difflib import unified_diff

LONGEST_DIFF = 400
"""Lines."""
LARGEST_TEXT = 1 << 20
"""Bytes of a text that is compared or counted."""


def shape_of(name: str, content: bytes) -> str:
    """The size of what is in a file; empty when it is none of these, or not what its name says."""
    extension = name.rpartition(".")[2].lower()
    try:
        if extension == "ipynb":
            cells = len(json.loads(content)["cells"])
            return f"{cells} cell{'' if cells == 1 else 's'}"
        if extension in ("csv", "tsv"):
            return _rows(content.decode("utf-8-sig"), "\t" if extension == "tsv" else ",")
        pixels = _pixels(content)
    except (ValueError, KeyError, TypeError, csv.Error, RecursionError, struct.error):
        return ""
    return f"{pixels[0]}x{pixels[1]} pixels" if pixels else ""


def _rows(text: str, delimiter: str) -> str:
    lengths = [len(row) for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    columns = lengths[0] if lengths else 0
    return f"{max(0, len(lengths) - 1)} rows below a heading, {columns} columns"


def _pixels(content: bytes) -> tuple[int, int] | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return struct.unpack(">II", content[16:24])
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return struct.unpack("<HH", content[6:10])
    if content.startswith(b"BM"):
        width, height = struct.unpack("<ii", content[18:26])
        return width, abs(height)
    if content.startswith(b"\xff\xd8"):
        return _jpeg(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) >= 30:
        return _webp(content)
    return None


def _jpeg(content: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 < len(content):
        if content[place] != 0xFF:
            return None
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        else:
            place += 2 + struct.unpack(">H", content[place + 2 : place + 4])[0]
    return None


def _webp(content: bytes) -> tuple[int, int] | None:
    match content[12:16]:
        case b"VP8X":
            width, height = (int.from_bytes(content[i : i + 3], "little") + 1 for i in (24, 27))
            return width, height
        case b"VP8 ":
            width, height = struct.unpack("<HH", content[26:30])
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = struct.unpack("<I", content[21:25])[0]
            return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    return None


def as_text(content: bytes) -> str | None:
    """The content as text; None when it is none, or too large to be compared."""
    if len(content) > LARGEST_TEXT or b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def text_diff(old: str, new: str, *, old_name: str, new_name: str) -> tuple[Sequence[str], bool]:
    """A unified diff of at most `LONGEST_DIFF` lines, and whether it was cut."""
    lines: list[str] = []
    for line in unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm=""):
        if len(lines) == LONGEST_DIFF:
            return lines, True
        lines.append(line[:2000])
    return lines, False
