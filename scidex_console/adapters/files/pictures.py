"""An image as a few coloured cells, for a terminal. The imaging library is loaded when one is asked for."""

from __future__ import annotations

import io
import warnings

_MOST_PIXELS = 40_000_000
"""More are not unpacked: 160 MB at four bytes each."""

Colour = tuple[int, int, int]


def draw(content: bytes, columns: int, rows: int) -> list[list[tuple[Colour, Colour]]] | str:
    """Rows of cells, each with an upper and a lower colour; else why there are none."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        return "the imaging library is not installed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a suspicious size, which is looked at below
        try:
            with Image.open(io.BytesIO(content)) as image:
                if image.width * image.height > _MOST_PIXELS:
                    return f"it has {image.width}x{image.height} pixels, too many to draw"
                image.thumbnail((max(1, columns), max(2, 2 * rows)))
                small = image.convert("RGBA")
        except UnidentifiedImageError:
            return "it is no image that can be drawn"
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            return f"it cannot be drawn: {type(error).__name__}"
    paper = Image.new("RGBA", small.size, (255, 255, 255, 255))
    paper.alpha_composite(small)
    return _cells(paper.convert("RGB"))


def _cells(image: object) -> list[list[tuple[Colour, Colour]]]:
    width, height = image.size  # type: ignore[attr-defined]
    pixels = image.load()  # type: ignore[attr-defined]
    return [
        [(pixels[x, y], pixels[x, min(y + 1, height - 1)]) for x in range(width)] for y in range(0, height, 2)
    ]
