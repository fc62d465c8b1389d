"""What a terminal is sent in the place of letters that its encoding does not have, column for column."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from rich.cells import cell_len

_NAME = "scidex-console.columns"
_INSTEAD = dict(zip("…–·•▸»→←↑↓⇄“”░▀╭╮╰╯│─▁▂▃▄▅▆▇█", '~-.*>>><^v="".#++++|-_.,-=+*#', strict=True))


def _instead(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    return "".join(_INSTEAD.get(letter, "?" * cell_len(letter)) for letter in missing), error.end


codecs.register_error(_NAME, _instead)


@contextmanager
def column_for_column(stream: TextIO | None) -> Iterator[None]:
    """While this lasts, what the stream's encoding does not have keeps its width there."""
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    before = stream.errors or "strict"
    stream.reconfigure(errors=_NAME)
    try:
        yield
    finally:
        with suppress(OSError):  # what it still holds is for a terminal that is gone
            stream.reconfigure(errors=before)
