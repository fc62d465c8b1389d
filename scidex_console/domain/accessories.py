"""Which files may be added to an artifact: their names, and whether their bytes are what those say."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from scidex_console.domain.folders.names import kind_of

LONGEST_NAME = 150
"""Characters."""


@dataclass(frozen=True)
class Kind:
    """A kind of file that is taken."""

    words: str
    marks: tuple[tuple[int, bytes], ...] = ()
    """Bytes at an offset from the start, any of which must stand there; none: text."""
    begins: tuple[str, ...] = ()
    """Of text: what the first letters that are no blanks may be, in lower case; none: anything."""


_TEXT = Kind("text in UTF-8")
_KINDS = {
    ".png": Kind("a PNG image", ((0, b"\x89PNG\r\n\x1a\n"),)),
    ".jpg": Kind("a JPEG image", ((0, b"\xff\xd8\xff"),)),
    ".gif": Kind("a GIF image", ((0, b"GIF87a"), (0, b"GIF89a"))),
    ".webp": Kind("a WebP image", ((8, b"WEBP"),)),
    ".pdf": Kind("a PDF", ((0, b"%PDF-"),)),
    ".parquet": Kind("a Parquet file", ((0, b"PAR1"),)),
    ".h5": Kind("an HDF5 file", ((0, b"\x89HDF\r\n\x1a\n"),)),
    ".npz": Kind("a NumPy archive", ((0, b"PK\x03\x04"),)),
    ".gz": Kind("a gzip file", ((0, b"\x1f\x8b\x08"),)),
    ".svg": Kind("an SVG image", (), ("<?xml", "<svg", "<!--", "<!doctype svg")),
    ".html": Kind("an HTML page", (), ("<",)),
    ".json": Kind("JSON", (), ("{", "[")),
    ".ipynb": Kind("a notebook", (), ("{",)),
    ".csv": _TEXT,
    ".tsv": _TEXT,
    ".txt": _TEXT,
    ".md": _TEXT,
    ".yaml": _TEXT,
}
_SAME = {".jpeg": ".jpg", ".htm": ".html", ".yml": ".yaml", ".hdf5": ".h5", ".h5ad": ".h5"}
TAKEN = tuple(sorted(_KINDS | _SAME))
_HEAD = 64


def name_problem(filename: str) -> str:
    """Why a file cannot be called so; empty when it can."""
    if not filename or len(filename) > LONGEST_NAME:
        return f"a name has from 1 to {LONGEST_NAME} characters"
    if "/" in filename or "\\" in filename or not filename.isprintable():
        return "a name has no folders and no control characters in it"
    if filename.startswith(".") or filename != filename.strip():
        return "a name begins with no dot, and neither begins nor ends with a blank"
    return ""


def kind_named(filename: str) -> Kind | None:
    """The kind that a name promises; None when nothing of that name is taken."""
    ending = "." + kind_of(filename).rpartition(".")[2]
    return _KINDS.get(_SAME.get(ending, ending))


class Inspection:
    """Looks at the bytes of a file as they come."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._head = b""
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")() if not kind.marks else None
        self._start = ""

    def look(self, chunk: bytes, *, last: bool = False) -> str:
        """Why the file is not of its kind; empty while nothing speaks against it. `last` with the end."""
        wrong = f"its bytes are not those of {self._kind.words}"
        if self._decoder is None:
            if len(self._head) < _HEAD:
                self._head += chunk[: _HEAD - len(self._head)]
            told = len(self._head) == _HEAD or last
            return "" if not told or self._is_marked() else wrong
        try:
            text = self._decoder.decode(chunk, final=last)
        except UnicodeDecodeError:
            return wrong
        if "\0" in text:
            return wrong
        if self._kind.begins and len(self._start) < _HEAD:
            self._start = (self._start + text).lstrip()[:_HEAD]
            told = len(self._start) == _HEAD or last
            if told and not self._start.lower().startswith(self._kind.begins):
                return wrong
        return ""

    def _is_marked(self) -> bool:
        return any(self._head[at:].startswith(mark) for at, mark in self._kind.marks)
