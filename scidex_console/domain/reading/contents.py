"""The beginning of a dataset as a table, and the cells of a notebook: plain text, not escaped."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from scidex_console.domain.folders.names import kind_of

MOST_ROWS = 50
_MOST_COLUMNS = 100
_LONGEST_CELL = 300
_LONGEST_TEXT = 20_000
_MOST_CELLS = 500
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": "\t"}


@dataclass(frozen=True)
class TableHead:
    """The first rows of a table."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_whole: bool
    """Whether the table has no more rows and columns than these."""


@dataclass(frozen=True)
class NotebookCell:
    """One cell of a notebook."""

    kind: str
    """`code`, `markdown` or `raw`."""
    source: str
    outputs: tuple[str, ...] = ()
    """What it printed, as text."""
    number: int | None = None
    """Of its last run; None where it was not run."""
    pictures: tuple[str, ...] = ()
    """What it drew, each as the address of its data (`data:image/png;base64,…`)."""


def has_head(name: str) -> bool:
    """Whether a file of this name is read as a table."""
    return kind_of(name) in _DELIMITERS


def table_head(name: str, content: bytes, *, is_whole: bool, rows: int = MOST_ROWS) -> TableHead | None:
    """The first rows of a file of separated values; None when it is none, or cannot be read as one.

    `content` is the file's beginning, `is_whole` whether that is all of it; a line that was cut is left out.
    """
    delimiter = _DELIMITERS.get(kind_of(name))
    if delimiter is None or b"\0" in content:
        return None
    text = content.decode("utf-8-sig", errors="replace")
    lines = text.splitlines(keepends=True)
    if not is_whole and lines:
        lines.pop()
    try:
        read = [row for _, row in zip(range(rows + 2), csv.reader(lines, delimiter=delimiter), strict=False)]
    except csv.Error:
        return None
    if not read:
        return None
    wide = any(len(row) > _MOST_COLUMNS for row in read)
    cut = [tuple(_cut(cell, _LONGEST_CELL) for cell in row[:_MOST_COLUMNS]) for row in read]
    return TableHead(cut[0], tuple(cut[1 : rows + 1]), is_whole and len(read) <= rows + 1 and not wide)


def notebook_cells(content: bytes) -> tuple[NotebookCell, ...] | None:
    """The cells of a notebook (nbformat 4, or the first worksheet of 3); None when it cannot be read so."""
    try:
        document = json.loads(content)
        worksheets = document.get("worksheets") or [{}]
        cells = document.get("cells") or worksheets[0].get("cells") or []
        return tuple(_cell(cell) for cell in cells[:_MOST_CELLS])
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError):
        return None


def _cell(cell: dict[str, Any]) -> NotebookCell:
    kind = cell.get("cell_type")
    source = _joined(cell.get("source", cell.get("input", "")))
    told = cell.get("outputs") or ()
    number = cell.get("execution_count")
    return NotebookCell(
        kind if kind in ("code", "markdown", "raw") else "raw",
        source,
        tuple(filter(None, map(_output, told))),
        number if isinstance(number, int) else None,
        tuple(filter(None, map(_picture, told))),
    )


def _picture(output: dict[str, Any]) -> str:
    data = output.get("data") or {}
    for media_type in ("image/png", "image/jpeg"):
        encoded = data.get(media_type)
        encoded = encoded if isinstance(encoded, str) else "".join(_strings(encoded or ()))
        if encoded and _BASE64.fullmatch(encoded):
            return f"data:{media_type};base64,{''.join(encoded.split())}"
    return ""


def _output(output: dict[str, Any]) -> str:
    data = output.get("data") or {}
    lines = output.get("traceback") if output.get("output_type") == "error" else None
    if lines:
        return _ANSI.sub("", "\n".join(map(str, lines)))
    plain = "" if _picture(output) else data.get("text/plain")
    return _ANSI.sub("", _joined(output.get("text") or plain or ""))


def _joined(text: Any) -> str:
    """Notebooks keep a text as one string or as its lines."""
    return _cut(text if isinstance(text, str) else "".join(_strings(text)), _LONGEST_TEXT)


def _strings(texts: Any) -> Iterator[str]:
    return (text for text in texts if isinstance(text, str))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
