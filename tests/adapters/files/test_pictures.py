"""Images as cells: small, bounded, and never the end of anything."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image

from scidex_console.adapters.files import pictures
from scidex_console.adapters.files.pictures import draw


def png(width: int, height: int, colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (width, height), colour).save(out, "PNG")
    return out.getvalue()


def test_image_is_drawn_no_larger_than_asked_for_and_keeps_its_shape() -> None:
    drawn = draw(png(400, 100), 40, 20)
    assert not isinstance(drawn, str)
    assert (len(drawn), len(drawn[0])) == (5, 40)
    assert drawn[0][0] == ((255, 0, 0), (255, 0, 0))


def test_transparent_is_paper() -> None:
    drawn = draw(png(2, 2, "#00000000"), 10, 10)
    assert not isinstance(drawn, str) and drawn[0][0] == ((255, 255, 255), (255, 255, 255))


def test_what_is_no_image_or_broken_is_told() -> None:
    assert draw(b"<html>", 10, 10) == "it is no image that can be drawn"
    assert str(draw(png(200, 200)[:60], 10, 10)).startswith("it ")


def test_image_that_unpacks_to_too_much_is_not_unpacked() -> None:
    header = png(1, 1)[16:33]
    whole = png(1, 1)
    huge = (10_000).to_bytes(4, "big") * 2 + header[8:13]
    crc = zlib.crc32(b"IHDR" + huge).to_bytes(4, "big")
    assert "too many to draw" in str(draw(whole[:16] + huge + crc + whole[33:], 10, 10))


def test_picture_is_drawn_in_another_process_that_may_not_take_for_ever() -> None:
    assert draw(png(4, 4), 10, 10, longest_s=0.001) == "drawing it takes more than 0.001 s"


def test_image_that_is_the_end_of_the_child_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    child = tmp_path / "child.py"
    child.write_text("import os; os.kill(os.getpid(), 9)")
    monkeypatch.setattr(pictures, "_CHILD", child)
    assert draw(png(4, 4), 10, 10) == "drawing it takes more memory or time than a picture may"


def test_who_asks_for_a_picture_loads_no_imaging_library() -> None:
    program = (
        "import sys; from scidex_console.adapters.files.pictures import draw\n"
        "print(draw(sys.stdin.buffer.read(), 4, 4)[0][0], 'PIL' in sys.modules)"
    )
    words = [sys.executable, "-I", "-c", program]
    done = subprocess.run(words, input=png(4, 4), capture_output=True, check=True)
    assert done.stdout.split(b"\n")[0] == b"((255, 0, 0), (255, 0, 0)) False"
