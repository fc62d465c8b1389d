"""Addresses of the service: how an artifact's id stands in a path, and in a header, without changing either.

An id may hold anything, a slash or a line end included. In a path it is one segment, everything but
unreserved characters escaped, so nothing of it can end a header or begin another segment.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from scidex_console.domain.reading.embeds import address as artifact_path
from scidex_console.domain.reading.embeds import file_address

__all__ = [
    "PREFIXED_TYPES",
    "api_path",
    "artifact_path",
    "disposition",
    "file_path",
    "for_routing",
    "from_routing",
    "prefixed_path",
    "segment",
]

PREFIXED_TYPES = ("figure", "notebook", "dataset", "model")
"""Types with an address of their own, which leads to the canonical one (spec, phase 4)."""
_PREFIX_OF = {name: name for name in PREFIXED_TYPES} | {"paper_figure": "figure"}


def segment(text: str) -> str:
    """A text as one segment of a path."""
    return quote(text, safe="", errors="surrogateescape")


def prefixed_path(handle: str, artifact_type: str) -> str | None:
    """Its address by type, which redirects to the canonical one; None for a type that has none."""
    prefix = _PREFIX_OF.get(artifact_type)
    return f"/{prefix}/{segment(handle)}" if prefix else None


def file_path(handle: str, name: str, sha256: str = "") -> str:
    """The address of a file of an artifact; with its hash one whose bytes never change."""
    path = file_address(handle, name)
    return f"{path}?v={sha256}" if sha256 else path


def api_path(handle: str, *more: str) -> str:
    """An address of the programming interface about an artifact."""
    return "/".join(["/api/artifacts", segment(handle), *more])


def for_routing(raw_path: bytes) -> str:
    """The path of a request, decoded but for slashes (and percent signs) within a segment.

    A server decodes before it routes, which would take a slash of an id for the end of the segment.
    """
    kept = raw_path.replace(b"%25", b"%2525").replace(b"%2F", b"%252F").replace(b"%2f", b"%252F")
    return unquote(kept.decode("utf-8", "surrogateescape"), errors="surrogateescape")


def from_routing(parameter: str) -> str:
    """A parameter that was taken from such a path, as it was meant."""
    return parameter.replace("%2F", "/").replace("%25", "%")


def disposition(filename: str, *, attached: bool) -> str:
    """The value of Content-Disposition: a name for old clients, and the true one (RFC 6266)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in filename)
    kind = "attachment" if attached else "inline"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
