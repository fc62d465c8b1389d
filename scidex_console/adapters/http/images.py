"""What bytes are: the image formats we store, told by the bytes themselves, never by name or header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import puremagic


@dataclass(frozen=True)
class ImageKind:
    """A format we store."""

    name: str
    extension: str
    """Without a dot."""
    media_type: str


PNG: Final = ImageKind("PNG", "png", "image/png")
JPEG: Final = ImageKind("JPEG", "jpg", "image/jpeg")
GIF: Final = ImageKind("GIF", "gif", "image/gif")
WEBP: Final = ImageKind("WebP", "webp", "image/webp")
TIFF: Final = ImageKind("TIFF", "tif", "image/tiff")
BMP: Final = ImageKind("BMP", "bmp", "image/bmp")
AVIF: Final = ImageKind("AVIF", "avif", "image/avif")
SVG: Final = ImageKind("SVG", "svg", "image/svg+xml")

_BY_EXTENSION: Final = {
    ".png": PNG,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".jpe": JPEG,
    ".jfif": JPEG,
    ".gif": GIF,
    ".webp": WEBP,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".bmp": BMP,
    ".dib": BMP,
    ".avif": AVIF,
}
_BMP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_LEAST_BYTES: Final = 26
"""No image of any format is smaller (a GIF of one pixel has 26 bytes at least)."""

_OFFSETS: Final = (0, 4, 8)
"""Where the marks of the formats above stand; matches at the end of the bytes have negative offsets."""
_TIFF_MARKS: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_LEAST_MARK: Final = 4
"""Bytes, zeros aside, a mark must have to be worth telling a person."""

_DOCTYPE: Final = re.compile(r"<!DOCTYPE[^\[>]*(?:\[|>)", re.IGNORECASE)
_SPACE: Final = re.compile(r"\s*")
_SVG_ROOT: Final = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?svg[\s/>]")
TAIL_BYTES: Final = 4096
"""How much of a file's end `is_whole` wants to see."""


def image_kind(head: bytes) -> ImageKind | None:
    """The format of a file that begins with `head` (a few KB at least, or all of it); None for no image."""
    if len(head) >= _LEAST_BYTES and not looks_like_text(head):
        return _binary_kind(head)
    return SVG if is_svg(head) else None


def kind_of_extension(extension: str) -> ImageKind | None:
    """The format that a file name extension (with its dot) promises; None when it promises none we store."""
    lowered = extension.lower()
    return SVG if lowered == ".svg" else _BY_EXTENSION.get(lowered)


def _binary_kind(head: bytes) -> ImageKind | None:
    # Not only the surest match: a few zeros somewhere make an image look like some rare format as well.
    kinds = (_BY_EXTENSION.get(match.extension) for match in _matches(head) if match.offset in _OFFSETS)
    return next((kind for kind in kinds if kind is not None and _plausible(kind, head)), None)


def _plausible(kind: ImageKind, head: bytes) -> bool:
    """A second look at formats whose mark is so short that text can bear it."""
    if kind is BMP:
        return int.from_bytes(head[14:18], "little") in _BMP_HEADERS
    if kind is WEBP:
        return head[8:12] == b"WEBP"  # the container holds sound and films as well
    if kind is AVIF:
        return head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in (b"avif", b"avis"))
    return kind is not TIFF or head.startswith(_TIFF_MARKS)


def _matches(head: bytes) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return puremagic.magic_string(head)
    except (ValueError, puremagic.PureError):
        return []


def looks_like_text(head: bytes) -> bool:
    """Whether the bytes begin as markup does, after byte order mark and white space."""
    return _decoded(head[:256]).lstrip().startswith("<")


def is_svg(head: bytes) -> bool:
    """Whether the first element is `svg`, whatever prolog, comments and document type stand before it."""
    text, at = _decoded(head), 0
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # always matches
        if text.startswith("<?", at):
            end, mark = text.find("?>", at), 2
        elif text.startswith("<!--", at):
            end, mark = text.find("-->", at), 3
        elif doctype := _DOCTYPE.match(text, at):
            subset = text.find("]", doctype.end()) if doctype[0].endswith("[") else doctype.end() - 1
            end, mark = (text.find(">", subset) if subset >= 0 else -1), 1
        else:
            return _SVG_ROOT.match(text, at) is not None
        if end < 0:
            return False
        at = end + mark


def _decoded(head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="replace")
    return head.decode("utf-8-sig", errors="replace")


def describe(head: bytes) -> str:
    """What bytes that are no image seem to be, in a few words; empty when nothing is known."""
    text = _decoded(head[:1024]).lstrip()
    if re.match(r"<!doctype html|<(html|head|body|title|script|div|p)\b", text, re.IGNORECASE):
        return "HTML page"
    if text.startswith("<?xml") or re.match(r"<[A-Za-z!]", text):
        return "HTML page" if re.search(r"<html\b", text, re.IGNORECASE) else "XML document"
    if re.match(r'[\[{]\s*(["\[{\]}\d-]|true|false|null)', text):
        return "JSON document"
    matches = [match for match in _matches(head) if len(match.byte_match.strip(b"\0")) >= _LEAST_MARK]
    if matches:
        return str(matches[0].name or matches[0].extension)
    return "text" if text.isprintable() and text else ""


def is_whole(kind: ImageKind, size: int, head: bytes, tail: bytes) -> bool:
    """Whether the file ends as its format wants; True where the format does not tell.

    `head` is its beginning, `tail` its last `TAIL_BYTES` (or all of it). Something after the end is let pass:
    cameras and publishers append things.
    """
    if kind is PNG:
        return b"IEND\xaeB`\x82" in tail
    if kind is JPEG:
        return b"\xff\xd9" in tail
    if kind is GIF:
        return b"\0;" in tail[-64:]
    if kind is WEBP:
        return size >= int.from_bytes(head[4:8], "little") + 8
    if kind is SVG:
        return b">" in tail and _svg_ends(tail)
    return True


def _svg_ends(tail: bytes) -> bool:
    flat = tail.replace(b"\0", b"")  # UTF-16 by its ASCII half
    return re.search(rb"</(?:[\w.-]+:)?svg\s*>|<(?:[\w.-]+:)?svg[^>]*/>", flat) is not None
