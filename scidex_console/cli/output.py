"""What commands print: one JSON document, or lines and aligned tables. Nothing untrusted passes unescaped."""

from __future__ import annotations

import codecs
import dataclasses
import json
import shutil
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from scidex_console.cli.arguments import PROGRAM
from scidex_console.cli.program import Program
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.sanitise import visible

_LONGEST_LINE = 4000
NOTHING = "-"
LETTERS_MISSING = "scidex-console.lines"
"""How a stream writes letters that its encoding does not have (`errors`)."""
_ELLIPSIS, _FULL_STOPS = "…", "..."


def _instead(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    if error.object[error.start] == _ELLIPSIS:
        return _FULL_STOPS, error.start + 1
    return codecs.backslashreplace_errors(
        UnicodeEncodeError(error.encoding, error.object, error.start, error.start + 1, error.reason)
    )


codecs.register_error(LETTERS_MISSING, _instead)


class Output:
    """Standard output for results, standard error for messages."""

    def __init__(self, out: TextIO, err: TextIO, *, as_json: bool) -> None:
        self._out = out
        self._err = err
        self.as_json = as_json
        self.program = Program()
        """What command lines in messages begin with."""

    def show(self, document: Mapping[str, Any], lines: Iterable[str]) -> None:
        """Print a result: the document under `--json`, else the lines (made only when they are printed)."""
        if self.as_json:
            self._out.write(to_json(document) + "\n")
        else:
            for line in lines:
                self._out.write(visible(line.rstrip(), _LONGEST_LINE) + "\n")
        self._out.flush()

    def show_each(self, documents: Iterable[object]) -> None:
        """Print results as JSON lines: one document a line."""
        for document in documents:
            self._out.write(json.dumps(plain(document), ensure_ascii=True) + "\n")
        self._out.flush()

    def note(self, text: str) -> None:
        """Tell the person at the terminal something that is not the result."""
        self._err.write(visible(self.program.told(text), _LONGEST_LINE) + "\n")
        self._err.flush()

    def ring(self) -> None:
        """Ring the terminal's bell, where messages go to one."""
        if self._err.isatty():
            self._err.write("\a")
            self._err.flush()

    def error(self, error: ConsoleError, **context: Any) -> None:
        """One line on standard error and, under `--json`, a document too, with `context` beside it."""
        self.note(f"{PROGRAM}: {error}")
        if self.as_json:
            fix = self.program.told(error.fix)
            words = {"what": error.what, "where": error.where, "fix": fix, "exit_code": error.exit_code}
            self.show({"error": words, **context}, ())

    def table(
        self, heads: Sequence[str], rows: Sequence[Sequence[object]], *, elastic: str = ""
    ) -> list[str]:
        """The lines of a table; on a terminal the column `elastic` gives way until the lines fit."""
        width = shutil.get_terminal_size((80, 24)).columns if self._out.isatty() else None
        return table(heads, rows, elastic=elastic, width=width, cut=self._cut)

    @property
    def _cut(self) -> str:
        """What a cut cell ends in, so that it keeps its width."""
        try:
            _ELLIPSIS.encode(self._out.encoding or "utf-8")
        except UnicodeEncodeError:
            return _FULL_STOPS
        return _ELLIPSIS


def to_json(document: Mapping[str, Any]) -> str:
    """A document as JSON, indented, in ASCII: times in ISO 8601 with zone, durations in seconds."""
    return json.dumps(plain(document), indent=2, ensure_ascii=True)


def plain(value: Any) -> Any:
    """A value made of what JSON knows: views become objects with the names of their fields."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value) if isinstance(value, Path | date) else value


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def moment(at: datetime | None) -> str:
    """A time for a person, in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else NOTHING


def table(
    heads: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    elastic: str = "",
    width: int | None = None,
    cut: str = _ELLIPSIS,
) -> list[str]:
    """Aligned lines: numbers to the right, text to the left, two spaces between columns."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max([_width(head), *(_width(row[i]) for row in cells)]) for i, head in enumerate(heads)]
    total = sum(widths) + 2 * (len(heads) - 1)
    if width is not None and elastic and total > width:
        column = list(heads).index(elastic)
        widths[column] = max(8, widths[column] - (total - width))
    right = [
        bool(rows) and all(isinstance(row[i], int | float | None) for row in rows) for i in range(len(heads))
    ]
    return [_line(line, widths, right, cut) for line in [list(heads), *cells]]


def _cell(value: object) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, Enum):
        return visible(str(value.value))
    if isinstance(value, float):
        return f"{value:g}"
    return visible(moment(value) if isinstance(value, datetime) else str(value))


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool], cut: str) -> str:
    shown = []
    for text, width, to_right in zip(cells, widths, right, strict=True):
        fitted = _crop(text, width, cut)
        padding = " " * (width - _width(fitted))
        shown.append(padding + fitted if to_right else fitted + padding)
    return "  ".join(shown).rstrip()


def _width(text: str) -> int:
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) == "Me":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _crop(text: str, width: int, cut: str) -> str:
    if _width(text) <= width:
        return text
    kept = ""
    for char in text:
        if _width(kept) + _columns(char) > width - len(cut):
            break
        kept += char
    return kept + cut
