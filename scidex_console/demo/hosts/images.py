"""Figures for the demo world: real images, drawn from nothing but a key.

The same key and format give the same bytes (with the same Pillow), different keys different ones. Each looks
like a small chart beside a micrograph and weighs a few KB up to some 60 KB.
"""

from __future__ import annotations

import hashlib
import random
from enum import StrEnum
from io import BytesIO
from typing import Any, Final
from urllib.parse import unquote

from PIL import Image, ImageDraw


class ImageFormat(StrEnum):
    """The formats figures come in; the value is the usual file name extension."""

    JPEG = "jpg"
    PNG = "png"
    GIF = "gif"
    SVG = "svg"
    WEBP = "webp"
    TIFF = "tif"

    @property
    def media_type(self) -> str:
        """The registered media type."""
        return _MEDIA_TYPES[self]


_MEDIA_TYPES: Final = {
    ImageFormat.JPEG: "image/jpeg",
    ImageFormat.PNG: "image/png",
    ImageFormat.GIF: "image/gif",
    ImageFormat.SVG: "image/svg+xml",
    ImageFormat.WEBP: "image/webp",
    ImageFormat.TIFF: "image/tiff",
}
_ENDINGS: Final = {
    **{f".{kind.value}": kind for kind in ImageFormat},
    ".jpeg": ImageFormat.JPEG,
    ".tiff": ImageFormat.TIFF,
    "png_i": ImageFormat.PNG,
    "png_l": ImageFormat.PNG,
    "png_m": ImageFormat.PNG,
    "png_s": ImageFormat.PNG,
    "=png": ImageFormat.PNG,
    "=tif": ImageFormat.TIFF,
}
_NAMELESS: Final = (ImageFormat.JPEG,) * 6 + (ImageFormat.PNG,) * 2 + (ImageFormat.GIF, ImageFormat.TIFF)
"""What addresses without an ending serve."""

_SAVE_OPTIONS: Final[dict[ImageFormat, dict[str, Any]]] = {
    ImageFormat.JPEG: {"format": "JPEG", "quality": 82},
    ImageFormat.PNG: {"format": "PNG", "compress_level": 4},
    ImageFormat.GIF: {"format": "GIF"},
    ImageFormat.WEBP: {"format": "WEBP", "quality": 80, "method": 0},
    ImageFormat.TIFF: {"format": "TIFF", "compression": "tiff_lzw"},
}
_INK: Final = ((31, 73, 125), (192, 80, 77), (79, 129, 61), (128, 100, 162), (75, 172, 198))


def format_for(address: str) -> ImageFormat:
    """The format an address serves: by its ending, else by its hash."""
    lowered = unquote(address).lower()
    path = lowered.partition("?")[0]
    for text in (path, lowered):
        for ending, kind in _ENDINGS.items():
            if text.endswith(ending):
                return kind
    return _NAMELESS[hashlib.sha256(lowered.encode(errors="surrogatepass")).digest()[0] % len(_NAMELESS)]


def make_image(key: str, image_format: ImageFormat) -> bytes:
    """The whole file of the figure named `key`, in the format asked for."""
    rng = random.Random(f"figure:{key}")
    if image_format is ImageFormat.SVG:
        return _chart_as_svg(rng)
    picture = _chart(rng)
    if image_format in (ImageFormat.GIF, ImageFormat.PNG):
        picture = picture.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = BytesIO()
    picture.save(out, **_SAVE_OPTIONS[image_format])
    return out.getvalue()


def _chart(rng: random.Random) -> Image.Image:
    width, height = rng.randrange(360, 620, 4), rng.randrange(240, 400, 4)
    picture = Image.new("RGB", (width, height), "white")
    picture.paste(_micrograph(rng, (width // 3, height - 40)), (width - width // 3 - 10, 20))
    pen = ImageDraw.Draw(picture)
    left, right, floor = 30, width - width // 3 - 30, height - 30
    pen.line([(left, 20), (left, floor), (right, floor)], fill="black", width=2)
    steps = rng.randrange(8, 24)
    for ink in rng.sample(_INK, rng.randrange(2, len(_INK))):
        line = [
            (left + (right - left) * step // steps, rng.randrange(25, floor)) for step in range(steps + 1)
        ]
        pen.line(line, fill=ink, width=rng.choice((1, 2, 3)))
        for x, y in line:
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), outline=ink, width=2)
    return picture


def _micrograph(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    """Grain and blots: what makes a figure weigh something."""
    cells = (size[0] // 3, size[1] // 3)
    grain = Image.frombytes("L", cells, rng.randbytes(cells[0] * cells[1])).point(
        lambda level: 60 + level // 4
    )
    pen = ImageDraw.Draw(grain)
    for _ in range(rng.randrange(6, 20)):
        x, y, radius = rng.randrange(cells[0]), rng.randrange(cells[1]), rng.randrange(2, 7)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=rng.randrange(150, 255))
    return grain.resize(size, Image.Resampling.NEAREST).convert("RGB")


def _chart_as_svg(rng: random.Random) -> bytes:
    width, height = rng.randrange(360, 620), rng.randrange(240, 400)
    marks = [
        f'<circle cx="{rng.uniform(30, width - 10):.1f}" cy="{rng.uniform(10, height - 30):.1f}" '
        f'r="{rng.uniform(1, 5):.1f}" fill="rgb{rng.choice(_INK)}" fill-opacity="0.7"/>'
        for _ in range(rng.randrange(60, 400))
    ]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">',
        f'<path d="M30 10V{height - 30}H{width - 10}" fill="none" stroke="black" stroke-width="2"/>',
        *marks,
        "</svg>",
    ]
    return "\n".join(lines).encode() + b"\n"
