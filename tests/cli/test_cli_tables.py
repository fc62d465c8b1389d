"""Tables: aligned by what a terminal shows, and cut only where told."""

from __future__ import annotations

import io
import sys

import pytest

from scidex_console.cli.main import main
from scidex_console.cli.output import Output, table


class Terminal(io.StringIO):
    """A standard output that says it is one."""

    def isatty(self) -> bool:
        return True


def test_numbers_go_to_the_right_and_text_to_the_left() -> None:
    lines = table(("NAME", "N"), [("a", 5), ("longer", 1234), ("", None)])
    assert lines == ["NAME       N", "a          5", "longer  1234", "-          -"]


def test_wide_and_combining_characters_keep_their_columns() -> None:
    lines = table(("NAME", "X"), [("図版", "x"), ("e\u0301te\u0301", "x"), ("abcd", "x")])
    assert lines == ["NAME  X", "図版  x", "e\u0301te\u0301   x", "abcd  x"]


def test_the_elastic_column_gives_way_and_nothing_else() -> None:
    rows = [("figure-1", "a long reason that does not fit", 7)]
    assert table(("ID", "REASON", "N"), rows, elastic="REASON", width=30) == [
        "ID        REASON             N",
        "figure-1  a long reason th…  7",
    ]
    assert table(("ID", "REASON", "N"), rows, elastic="REASON", width=5)[1] == "figure-1  a long …  7"


def test_what_cannot_show_an_ellipsis_gets_full_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    class Latin(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stdout", Latin(raw, encoding="latin-1"))
    with pytest.raises(SystemExit):
        main(["--help"])  # the program's own choice of what stands for letters that are missing
    shown = Output(sys.stdout, io.StringIO(), as_json=False)
    (line,) = shown.table(("REASON", "N"), [("x" * 200, 7)], elastic="REASON")[1:]
    assert line == f"{'x' * 74}...  7"
    shown.show({}, ["\u2026 and more, \u56f3 \xe9"])
    assert raw.getvalue().endswith(b"\n... and more, \\u56f3 \xe9\n")


def test_only_a_terminal_cuts(monkeypatch: object) -> None:
    rows = [("x" * 200,)]
    piped = Output(io.StringIO(), io.StringIO(), as_json=False)
    assert len(piped.table(("REASON",), rows, elastic="REASON")[1]) == 200
    shown = Output(Terminal(), io.StringIO(), as_json=False)
    assert len(shown.table(("REASON",), rows, elastic="REASON")[1]) < 200
