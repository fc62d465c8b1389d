"""What bytes are."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from scidex_console.adapters.http.images import (
    AVIF,
    BMP,
    GIF,
    JPEG,
    PNG,
    SVG,
    TAIL_BYTES,
    TIFF,
    WEBP,
    ImageKind,
    describe,
    image_kind,
    is_whole,
)

FORMATS = [
    ("PNG", PNG),
    ("JPEG", JPEG),
    ("GIF", GIF),
    ("WEBP", WEBP),
    ("TIFF", TIFF),
    ("BMP", BMP),
    ("AVIF", AVIF),
]
SVG_BODY = '<svg xmlns="http://www.w3.org/2000/svg" width="9"><rect/></svg>'


def picture(name: str, size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    """An image with some noise, so that it does not compress to nothing."""
    image = Image.effect_noise(size, 60).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("name", "kind"), FORMATS)
def test_image_is_known_by_its_bytes_and_whole_only_to_its_end(name: str, kind: ImageKind) -> None:
    data = picture(name)
    assert image_kind(data) is kind
    assert image_kind(data[:100]) is kind
    assert is_whole(kind, len(data), data[:4096], data[-TAIL_BYTES:])


@pytest.mark.parametrize(("name", "kind"), [pair for pair in FORMATS if pair[1] not in (TIFF, BMP, AVIF)])
@pytest.mark.parametrize("part", [0.3, 0.7, 0.95])
def test_an_image_that_breaks_off_is_not_whole(name: str, kind: ImageKind, part: float) -> None:
    data = picture(name, (200, 150))
    data = data[: int(len(data) * part)]
    assert not is_whole(kind, len(data), data[:4096], data[-TAIL_BYTES:])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("JPEG", {"progressive": True}),
        ("JPEG", {"exif": Image.Exif()}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("PNG", {"optimize": True}),
        ("WEBP", {"lossless": True}),
        ("GIF", {"save_all": True, "append_images": [Image.new("RGB", (40, 30))]}),
    ],
)
def test_variants_of_a_format_are_known(name: str, options: dict[str, Any]) -> None:
    data = picture(name, **options)
    assert image_kind(data) is dict(FORMATS)[name]
    assert is_whole(dict(FORMATS)[name], len(data), data[:4096], data[-TAIL_BYTES:])


def test_big_endian_tiff_and_bytes_after_the_end_are_fine() -> None:
    assert image_kind(b"MM\x00*" + bytes(60)) is TIFF
    data = picture("JPEG") + b"\0" * 500 + b"appended by a publisher"
    assert is_whole(JPEG, len(data), data[:4096], data[-TAIL_BYTES:])


@pytest.mark.parametrize(
    "data",
    [
        SVG_BODY.encode(),
        b"\xef\xbb\xbf" + SVG_BODY.encode(),
        SVG_BODY.encode("utf-16"),
        b"\n  " + SVG_BODY.encode(),
        b"<?xml version='1.0' encoding='UTF-8' standalone='no'?>\n" + SVG_BODY.encode(),
        b"<?xml version='1.0'?><!-- Generator: <svg> maker -->" + SVG_BODY.encode(),
        b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'>"
        + SVG_BODY.encode(),
        b"<?xml version='1.0'?><!DOCTYPE svg [ <!ENTITY ns 'http://www.w3.org/2000/svg'> ]>"
        + SVG_BODY.encode(),
        b"<?xml version='1.0'?><?xml-stylesheet href='a.css'?>" + SVG_BODY.encode(),
        b"<svg:svg xmlns:svg='http://www.w3.org/2000/svg'></svg:svg>",
        b"<!-- " + b"x" * 20_000 + b" -->" + SVG_BODY.encode(),
    ],
)
def test_svg_is_known_by_its_root_whatever_stands_before(data: bytes) -> None:
    assert image_kind(data) is SVG
    assert is_whole(SVG, len(data), data[:4096], data[-TAIL_BYTES:])
    if b"</svg" in data:
        assert not is_whole(SVG, len(data), data[:4096], data[: data.rindex(b"</svg")][-TAIL_BYTES:])


@pytest.mark.parametrize(
    "start", [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"GIF89a", b"II*\0"]
)
@pytest.mark.parametrize("filling", [b"\0", b"\xff", b" ", b"\x7fELF%PDF-1.4PK\x03\x04"])
def test_what_follows_the_mark_does_not_mislead(start: bytes, filling: bytes) -> None:
    kind = image_kind(start + filling * 9000)
    assert kind is not None and kind is image_kind(start + filling * 30)
    assert kind in (PNG, JPEG, GIF, TIFF)


NO_IMAGES = [
    (b"", ""),
    (b"<!DOCTYPE html><html><body><svg></svg></body></html>", "HTML page"),
    (b"\n\n<HTML><HEAD>", "HTML page"),
    (b"<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0//EN'><html>", "HTML page"),
    (b"<?xml version='1.0'?><error><code>404</code></error>", "XML document"),
    (b"<svgx/>", "XML document"),
    (b"<!-- unfinished", "XML document"),
    (b"<?xml unfinished", "XML document"),
    (b"<!DOCTYPE svg [ unfinished", "XML document"),
    (b'{"error": "not found"}', "JSON document"),
    (b"[]", "JSON document"),
    (b"Not found", "text"),
    (b"BM is how this sentence begins, and it is text", "text"),
    (b"I Introduce the figure in this text, which is none", "text"),
    (b"GIF89a", ""),
    (b"\x89PNG\r\n\x1a\n", ""),
    (b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>", "Portable Document Format"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10", "PostScript"),
    (b"PK\x03\x04" + bytes(60), ""),
    (b"\x1f\x8b\x08\x00" + bytes(60), ""),
    (bytes(5000), ""),
]


@pytest.mark.parametrize(("data", "kind"), NO_IMAGES)
def test_what_is_no_image_is_called_what_it_is(data: bytes, kind: str) -> None:
    assert image_kind(data) is None
    assert kind in describe(data)


@pytest.mark.parametrize("name", ["JPEG2000", "ICO", "PDF"])
def test_formats_no_page_can_show_are_not_stored(name: str) -> None:
    assert image_kind(picture(name)) is None


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"<svg", b"<!DOCTYPE", b"RIFF", b"BM", b"\xff\xd8\xff", b"\xff\xfe<"]),
)
def test_no_bytes_whatever_raise(data: bytes, start: bytes) -> None:
    data = start + data
    kind = image_kind(data)
    describe(data)
    if kind is not None:
        is_whole(kind, len(data), data, data)
