"""What is in a file, told by its bytes."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from scidex_console.domain.shapes import LONGEST_DIFF, as_text, shape_of, text_diff


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG", "BMP", "WEBP"])
@pytest.mark.parametrize("lossless", [False, True])
def test_pixels_of_images_are_told_by_their_bytes(kind: str, lossless: bool) -> None:
    out = io.BytesIO()
    Image.new("RGB", (37, 21), "red").save(out, kind, lossless=lossless)
    assert shape_of("anything.dat", out.getvalue()) == "37x21 pixels"


def test_cells_and_rows_are_counted() -> None:
    assert shape_of("a.ipynb", json.dumps({"cells": [{}, {}]}).encode()) == "2 cells"
    assert shape_of("a.csv", b'x,y\n1,"two\nlines"\n3,4\n') == "2 rows below a heading, 2 columns"
    assert shape_of("a.tsv", b"x\ty\tz\n") == "0 rows below a heading, 3 columns"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ipynb", b"{}"),
        ("a.ipynb", b"[" * 100_000),
        ("a.csv", b"\xff\xfe\0"),
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("a.jpg", b"\xff\xd8\xff\xe0"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8X"),
        ("a.txt", b""),
    ],
)
def test_what_is_not_what_its_name_says_has_no_shape(name: str, content: bytes) -> None:
    assert shape_of(name, content) == ""


def test_diff_is_bounded_and_only_of_text() -> None:
    assert as_text(b"a\0b") is None and as_text(b"\xff") is None and as_text(b"x" * (2 << 20)) is None
    old, new = ("\n".join(f"{side}{n}" for n in range(1000)) for side in "ab")
    lines, cut = text_diff(old, new, old_name="old", new_name="new")
    assert cut and len(lines) == LONGEST_DIFF
    lines, cut = text_diff("a\nb", "a\nc", old_name="old", new_name="new")
    assert not cut and list(lines)[-2:] == ["-b", "+c"]
