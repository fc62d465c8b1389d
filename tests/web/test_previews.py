"""What a page shows of files, among them files that mean no good."""

from __future__ import annotations

import json

import pytest

from scidex_console.web.previews import Markup, Notebook, Table, Text, preview_of

SCRIPT = "<script>alert(1)</script>"


def notebook(*cells: object) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def test_the_head_of_a_table_has_twenty_rows_and_says_that_there_are_more() -> None:
    rows = "".join(f"{n},x\n" for n in range(50))
    found = preview_of("a.csv", "text/csv", f"id,name\n{rows}".encode(), whole=True)
    assert isinstance(found, Table)
    assert found.head.columns == ("id", "name") and len(found.head.rows) == 20 and not found.head.is_whole


def test_a_row_that_was_cut_off_is_not_shown() -> None:
    found = preview_of("a.csv", "text/csv", b"a,b\n1,2\n3", whole=False)
    assert isinstance(found, Table)
    assert found.head.rows == (("1", "2"),) and not found.head.is_whole


def test_markdown_shows_markup_of_its_writer_as_text() -> None:
    text = f"# Title\n\n{SCRIPT} [x](javascript:alert(1)) ![y](http://elsewhere/z.png)\n".encode()
    found = preview_of("a.md", "text/markdown", text, whole=True)
    assert isinstance(found, Markup)
    assert "<h1>Title</h1>" in found.html and "&lt;script&gt;" in found.html
    assert "<script" not in found.html and 'href="javascript' not in found.html and "<img" not in found.html


def test_a_notebook_shows_what_was_saved_and_nothing_that_runs() -> None:
    html = {"output_type": "display_data", "data": {"text/html": SCRIPT, "text/plain": "a frame"}}
    picture = {"output_type": "display_data", "data": {"image/png": "aGVsbG8=\n"}}
    odd = {"output_type": "display_data", "data": {"image/png": 'x"><script>'}}
    code = {
        "cell_type": "code",
        "execution_count": 3,
        "source": ["a = 1\n", "a"],
        "outputs": [html, picture, odd],
    }
    found = preview_of(
        "a.ipynb",
        "application/x-ipynb+json",
        notebook({"cell_type": "markdown", "source": SCRIPT}, code),
        whole=True,
    )
    assert isinstance(found, Notebook)
    words, cell = found.cells
    assert "<script" not in words.html
    assert (cell.cell.source, cell.cell.number, cell.cell.outputs) == ("a = 1\na", 3, ("a frame",))
    assert cell.cell.pictures == ("data:image/png;base64,aGVsbG8=",)


@pytest.mark.parametrize(
    "content",
    [b"", b"no json", b"[]", b"{}", b'{"cells": 3}', b"[" * 100_000, notebook(None, 3)[:-5]],
)
def test_what_is_no_notebook_is_not_shown_as_one(content: bytes) -> None:
    assert preview_of("a.ipynb", "application/x-ipynb+json", content, whole=True) is None


def test_text_that_was_cut_within_a_letter_is_read_to_the_letter_before() -> None:
    found = preview_of("a.txt", "text/plain", "naïve"[:3].encode()[:3], whole=False)
    assert isinstance(found, Text) and found.text == "na"


def test_bytes_that_are_no_text_are_not_shown() -> None:
    assert preview_of("a.txt", "text/plain", b"\0\1\2", whole=True) is None
