"""The head of a table and the cells of a notebook, whatever the file holds."""

from __future__ import annotations

import json

import pytest

from scidex_console.domain.reading.contents import NotebookCell, TableHead, notebook_cells, table_head
from scidex_console.domain.reading.shown import rendered_page, shown_image
from tests.domain.reading.finds import found


def test_a_small_table_is_whole() -> None:
    head = table_head("d.csv", b'gene,n\n"APP, long",3\n', is_whole=True)
    assert head == TableHead(("gene", "n"), (("APP, long", "3"),), is_whole=True)
    tabs = table_head("d.tsv", b"\xef\xbb\xbfa\tb\n", is_whole=True)
    assert tabs is not None and tabs.columns == ("a", "b")


def test_of_a_long_table_the_first_whole_rows_are_read() -> None:
    content = b"n\n" + b"".join(b"%d\n" % number for number in range(1000))
    head = table_head("d.csv", content[:300], is_whole=False, rows=5)
    assert head == TableHead(("n",), tuple((str(number),) for number in range(5)), is_whole=False)
    cut = table_head("d.csv", b"a,b\n1,2\n3,", is_whole=False)
    assert cut is not None and cut.rows == (("1", "2"),)


@pytest.mark.parametrize("content", [b"", b"\0\1", b"x" * 200_000])
def test_what_is_no_table_has_no_head(content: bytes) -> None:
    assert table_head("d.csv", content, is_whole=True) is None
    assert table_head("d.parquet", b"a,b\n", is_whole=True) is None


def test_the_cells_of_a_notebook_of_either_format() -> None:
    code = {
        "cell_type": "code",
        "execution_count": 3,
        "source": ["x = 1\n", "x"],
        "outputs": [
            {"output_type": "execute_result", "data": {"text/plain": ["1"], "text/html": "<b>1</b>"}},
            {"output_type": "stream", "text": "printed\n"},
            {"output_type": "error", "traceback": ["line 1", "line 2"]},
            {"output_type": "display_data", "data": {"image/png": "AAAA"}},
        ],
    }
    cells = (
        NotebookCell("markdown", "# T"),
        NotebookCell(
            "code",
            "x = 1\nx",
            ("1", "printed\n", "line 1\nline 2"),
            3,
            ("data:image/png;base64,AAAA",),
        ),
    )
    new = {"nbformat": 4, "cells": [{"cell_type": "markdown", "source": "# T"}, code]}
    assert notebook_cells(json.dumps(new).encode()) == cells
    old = {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "y", "outputs": []}]}]}
    assert notebook_cells(json.dumps(old).encode()) == (NotebookCell("code", "y"),)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"cells": 3}', b'{"cells": [3]}', b"\xff", b"[" * 100_000])
def test_a_broken_notebook_has_no_cells(content: bytes) -> None:
    assert notebook_cells(content) is None


def test_the_rendered_page_is_the_one_of_the_notebooks_name() -> None:
    page = rendered_page(found("fit.ipynb", "other.html", "fit.html", artifact_type="notebook"))
    assert page is not None and page.name == "fit.html"
    assert rendered_page(found("fit.ipynb", artifact_type="notebook")) is None


def test_a_figure_that_browsers_do_not_draw_is_shown_by_its_preview() -> None:
    for names, shown in (
        (("f.png", "preview.png"), "f.png"),
        (("f.tiff", "panel.png", "preview.png"), "preview.png"),
    ):
        image = shown_image(found(*names))
        assert image is not None and image.name == shown
    assert shown_image(found("f.pdf")) is None
