"""One file as an answer: whole, in part, or not at all; a stranger's page or drawing never as one of ours."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from scidex_console.web import conditions
from scidex_console.web.addresses import disposition
from scidex_console.web.content import Opened
from scidex_console.web.problems import Problem

_PIECE = 256 << 10
"""Bytes read and sent at once."""
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"
UNTRUSTED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; "
    "frame-ancestors 'self'; base-uri 'none'; form-action 'none'; sandbox"
)
"""For every file of an artifact: no script runs in it, nothing is loaded by it, and it has no origin."""
_SHOWN = frozenset(
    {
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "image/svg+xml",
        "text/html", "text/plain", "text/markdown", "text/csv", "text/tab-separated-values",
        "application/json", "application/x-ipynb+json",
    }
)  # fmt: skip
"""Types that a browser may show; everything else is sent as an attachment."""


@dataclass(frozen=True)
class Manner:
    """How a file is to be sent."""

    media_type: str
    filename: str
    download: bool = False
    """As an attachment, whatever it is."""
    pinned: str = ""
    """The hash that the address names: with these bytes the answer stays true for ever."""


class FileAnswer(Response):
    """Sends an open file, and closes it. Knows conditional and range requests; raises `Problem`."""

    def __init__(self, opened: Opened, manner: Manner, request: Request) -> None:
        self.opened, self.background = opened, None
        try:
            self._decide(manner, request)
        except BaseException:
            opened.close()
            raise

    def _decide(self, manner: Manner, request: Request) -> None:
        opened, asked = self.opened, request.headers
        answer = conditions.decide(
            conditions.Asked(
                ", ".join(asked.getlist("if-match")),
                ", ".join(asked.getlist("if-none-match")),
                asked.get("if-modified-since", ""),
                asked.get("if-unmodified-since", ""),
                asked.get("if-range", ""),
                ", ".join(asked.getlist("range")) if request.method == "GET" else "",
            ),
            etag=opened.etag,
            modified=opened.modified,
            size=opened.size,
        )
        headers = {
            "ETag": opened.etag,
            "Last-Modified": conditions.http_date(opened.modified),
            "Cache-Control": FOREVER if manner.pinned and manner.pinned == opened.sha256 else ASK_AGAIN,
            "Accept-Ranges": "bytes",
            # With 304 as well: a browser takes over what that says for the bytes that it has.
            "Content-Security-Policy": UNTRUSTED,
        }
        self.status_code, self.first, self.length = 200, 0, opened.size
        match answer:
            case conditions.Failed():
                raise Problem("precondition-failed", f"its tag is {opened.etag} now")
            case conditions.Unsatisfiable():
                size = {"Content-Range": f"bytes */{opened.size}"}
                raise Problem("range-not-satisfiable", f"it has {opened.size} bytes", size)
            case conditions.Unchanged():
                self.status_code, self.length = 304, 0
            case conditions.Part(first, last):
                self.status_code, self.first, self.length = 206, first, last - first + 1
                headers["Content-Range"] = f"bytes {first}-{last}/{opened.size}"
        if self.status_code != 304:
            attached = manner.download or manner.media_type not in _SHOWN
            headers["Content-Type"] = _with_charset(manner.media_type)
            headers["Content-Disposition"] = disposition(manner.filename, attached=attached)
            headers["Content-Length"] = str(self.length)
        self.raw_headers = [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            offset, left = self.first, self.length if scope["method"] != "HEAD" else 0
            if left <= _PIECE:
                body = await self.opened.bytes(offset, left)
                await send(start)
                await send({"type": "http.response.body", "body": body})
                return
            await send(start)
            while left > 0:
                piece = await self.opened.bytes(offset, min(left, _PIECE))
                if not piece:
                    raise OSError("the file was cut short while it was sent")
                offset, left = offset + len(piece), left - len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
        finally:
            self.opened.close()


def _with_charset(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
