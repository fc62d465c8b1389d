"""What a terminal without these letters is sent: as many columns, so that all else stays in its place."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len

from scidex_console.console.lettering import column_for_column

SHOWN = "paper…c0019d ▸figures ▁▂▃▄▅▆▇█ ╭─╮ │ ↓ 5 more “x” – · 中文 👍 é"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_column_stays_a_column(encoding: str) -> None:
    out = io.BytesIO()
    stream = io.TextIOWrapper(out, encoding=encoding, errors="backslashreplace")
    with column_for_column(stream):
        stream.write(SHOWN)
        stream.flush()
    sent = out.getvalue().decode(encoding)
    assert cell_len(sent) == cell_len(SHOWN) and sent.startswith("paper")
    assert ("é" in sent) == (encoding != "ascii")
    assert (sent == SHOWN) == (encoding == "utf-8")
    assert stream.errors == "backslashreplace"


def test_what_is_no_stream_of_letters_is_left_alone() -> None:
    with column_for_column(None), column_for_column(io.StringIO()):
        pass
