"""Files that may be added, and files that only say so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.accessories import TAKEN, Inspection, kind_named, name_problem

GOOD = {
    "a.png": b"\x89PNG\r\n\x1a\n123",
    "a.jpeg": b"\xff\xd8\xff\xe0",
    "a.webp": b"RIFF\0\0\0\0WEBPVP8 ",
    "a.pdf": b"%PDF-1.7",
    "a.svg": b"\xef\xbb\xbf \n<?xml version='1.0'?><svg/>",
    "a.HTML": b"<!DOCTYPE html><html></html>",
    "a.schema.json": b' {"a": 1}',
    "a.csv": "käse;1\n".encode(),
    "a.md": b"",
}


def verdict(name: str, content: bytes, step: int) -> str:
    kind = kind_named(name)
    assert kind is not None
    looking = Inspection(kind)
    for start in range(0, len(content), step):
        if why := looking.look(content[start : start + step]):
            return why
    return looking.look(b"", last=True)


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_file_that_is_what_it_says_is_taken_however_it_comes(name: str, step: int) -> None:
    assert verdict(name, GOOD[name], step) == ""


@given(st.sampled_from(TAKEN), st.binary(max_size=200), st.integers(1, 50))
def test_how_a_file_comes_makes_no_difference(ending: str, content: bytes, step: int) -> None:
    assert verdict(f"a{ending}", content, step) == verdict(f"a{ending}", content, 1000)


def test_what_is_of_no_known_kind_is_not_taken() -> None:
    assert kind_named("a.exe") is None and kind_named("noending") is None and kind_named("a.png.sh") is None


@pytest.mark.parametrize(
    "name", ["", "a/b.png", "..", ".git", "a\\b", "a\nb", "x" * 151, " a.png", "a\u202eb.png"]
)
def test_a_name_that_could_lead_elsewhere_is_none(name: str) -> None:
    assert name_problem(name)
