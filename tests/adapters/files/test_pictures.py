"""Images as cells: small, bounded, and never the end of anything."""

from __future__ import annotations

import io
import zlib

from PIL import Image

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
