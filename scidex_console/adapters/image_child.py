"""The child process that decodes images: what a hostile file breaks here, neither engine nor console notices.

A program of its own, run by its path: it imports nothing of this package. Reads a line of JSON from standard
input (`path`, `svg`), answers with one (`ok`, `why`, `unable`, `bomb`, `note`), and ends with its input.

With `draw COLUMNS ROWS` it reads one image from standard input instead, and answers with rows of cells, each
with an upper and a lower colour, or with the reason why there are none.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.parsers import expat

MOST_PIXELS = 120_000_000
_MOST_DRAWN = 40_000_000
"""Pixels of an image that is drawn for a terminal: 160 MB at four bytes each."""
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "AVIF")
"""What we store; no other of the library's decoders gets a file to see."""
_UNKNOWN = (
    "not available",
    "not installed",
    "unsupported",
    "cannot handle",
    "unknown pixel mode",
    "unknown data",
)
"""By these words the library says that it does not know a variant; otherwise the file is at fault."""
_MEMORY = 1536 * 1024 * 1024
_CPU_S = 20


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # pipes are no files: answers still go out


def _limit_time() -> None:
    """So many seconds more of the processor, from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + _CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def decode(path: str) -> dict[str, object]:
    """Decode the first frame of an image, whole."""
    from PIL import Image, UnidentifiedImageError  # only the child loads it

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")  # so the library says why it does not take a file
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=_FORMATS) as image:
                image.load()
            return {"ok": True}
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            return {"ok": False, "bomb": True, "why": str(error)}
        except MemoryError:
            return {"ok": False, "bomb": True, "why": "it takes more memory than a figure may"}
        except UnidentifiedImageError:
            why = "; ".join(str(warning.message) for warning in said)
            return _failed(why) if why else {"ok": False, "unable": True, "why": "no decoder for it"}
        except Exception as error:
            return _failed(f"{type(error).__name__}: {error}")


def _failed(why: str) -> dict[str, object]:
    is_cut = any(words in why for words in ("larger than file", "Truncated File Read", "Corrupt"))
    unable = not is_cut and any(words in why.lower() for words in _UNKNOWN)
    return {"ok": False, "unable": unable, "why": why[:200]}


class _Svg:
    """What an SVG file holds, found while it is parsed; nothing it names is fetched."""

    def __init__(self) -> None:
        self.root = ""
        self.notes: dict[str, None] = {}

    def element(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        local = name.rpartition(":")[2].lower()
        self.root = self.root or local
        if local in ("script", "foreignobject", "iframe") or any(
            key.lower().startswith("on") or value.strip().lower().startswith("javascript:")
            for key, value in attributes.items()
        ):
            self.notes["holds a script or a page"] = None
        for key, value in attributes.items():
            reaches = value.strip().lower().startswith(("http:", "https:", "//", "file:"))
            if reaches and local != "a" and key.rpartition(":")[2] in ("href", "src"):
                self.notes["needs other files"] = None


def check_svg(path: str) -> dict[str, object]:
    """Parse an SVG file as XML; entities that blow up are the parser's own business to refuse."""
    found = _Svg()
    parser = expat.ParserCreate()
    parser.StartElementHandler = found.element
    try:
        with Path(path).open("rb") as file:
            parser.ParseFile(file)
    except expat.ExpatError as error:
        bomb = "amplification" in str(error)
        return {"ok": False, "bomb": bomb, "why": f"it is no XML: {error}" if not bomb else str(error)}
    except MemoryError:
        return {"ok": False, "bomb": True, "why": "it takes more memory than a figure may"}
    if found.root != "svg":
        return {"ok": False, "why": f"its root element is {found.root[:40]!r}"}
    return {"ok": True, "note": " and ".join(found.notes)}


def draw(content: bytes, columns: int, rows: int) -> list[list[tuple[object, object]]] | str:
    """The image in no more cells than this, on white paper."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > _MOST_DRAWN:
                return f"it has {image.width}x{image.height} pixels, too many to draw"
            image.thumbnail((max(1, columns), max(2, 2 * rows)))
            small = image.convert("RGBA")
    except UnidentifiedImageError:
        return "it is no image that can be drawn"
    except Exception as error:
        return f"it cannot be drawn: {type(error).__name__}"
    paper = Image.new("RGBA", small.size, (255, 255, 255, 255))
    paper.alpha_composite(small)
    return _cells(paper.convert("RGB"))


def _cells(image: Any) -> list[list[tuple[object, object]]]:
    width, height = image.size
    pixels = image.load()
    return [
        [(pixels[x, y], pixels[x, min(y + 1, height - 1)]) for x in range(width)] for y in range(0, height, 2)
    ]


def main(words: Sequence[str]) -> None:
    """Draw one image, or answer until the input ends."""
    _limit_memory()
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    Image.WARN_POSSIBLE_FORMATS = True
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    if words[:1] == ["draw"]:
        _limit_time()
        print(json.dumps(draw(sys.stdin.buffer.read(), int(words[1]), int(words[2]))))
        return
    for line in sys.stdin:
        _limit_time()
        asked = json.loads(line)
        print(json.dumps((check_svg if asked["svg"] else decode)(asked["path"])), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
