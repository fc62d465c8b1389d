"""Taking a body: its first bytes show what it is; an image goes to staging as it comes, the rest goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from scidex_console.adapters.http.images import TAIL_BYTES, ImageKind, image_kind
from scidex_console.domain.fetching import StagedFile
from scidex_console.engine.ports import StagedWriter, Staging

_FIRST_LOOK = 4096
"""Bytes after which the format is looked for; again whenever they have doubled."""


class TooLarge(Exception):
    """A body beyond the cap; the message says how large."""


@dataclass
class Body:
    """A body that was read to its end, or as far as anybody needs it."""

    size: int = 0
    """Bytes read."""
    head: bytes = b""
    """Its beginning."""
    tail: bytes = b""
    """Its end, for an image."""
    kind: ImageKind | None = None
    writer: StagedWriter | None = None
    """Holds the image; whoever has the body must finish or abandon it."""

    def abandon(self) -> None:
        """Remove what was staged, if anything."""
        if self.writer is not None:
            self.writer.abandon()
            self.writer = None


@dataclass(frozen=True)
class BodyReader:
    """Reads bodies into the staging folder. Memory stays within `drain_bytes` and a chunk."""

    staging: Staging
    max_bytes: int
    drain_bytes: int

    async def take_image(self, chunks: AsyncIterator[bytes], artifact_id: str, declared: str) -> Body:
        """Stage a body that is an image; of anything else read at most `drain_bytes`.

        `declared` is the Content-Length, or empty.

        Raises `TooLarge`, whatever `chunks` raises, and `Halt` from the staging folder; nothing stays staged
        then.
        """
        if declared.isascii() and declared.isdigit() and int(declared) > self.max_bytes:
            raise TooLarge(f"{declared} bytes")
        body = Body()
        try:
            await self._read(chunks, artifact_id, body)
        except BaseException:
            body.abandon()
            raise
        return body

    async def finish(self, body: Body) -> StagedFile:
        """Give the staged image its final name. Raises `Halt`.

        Cancelled meanwhile, it waits for the disk all the same and removes the file: nobody will know it.
        """
        assert body.writer is not None
        writer, body.writer = body.writer, None
        finishing = asyncio.ensure_future(writer.finish())
        try:
            return await asyncio.shield(finishing)
        except asyncio.CancelledError:
            self.staging.discard([(await finishing).name])
            raise

    async def drain(self, chunks: AsyncIterator[bytes]) -> bytes:
        """Read at most about `drain_bytes` of a body nobody wants, so that its connection can be kept."""
        seen = bytearray()
        async for chunk in chunks:
            seen += chunk
            if len(seen) >= self.drain_bytes:
                break
        return bytes(seen)

    async def _read(self, chunks: AsyncIterator[bytes], artifact_id: str, body: Body) -> None:
        head = bytearray()
        next_look = _FIRST_LOOK
        async for chunk in chunks:
            body.size += len(chunk)
            if body.size > self.max_bytes:
                raise TooLarge(f"more than {self.max_bytes} bytes")
            if body.writer is not None:
                self._write(body, chunk)
                continue
            head += chunk
            if len(head) >= next_look:
                self._look(body, bytes(head), artifact_id)
                next_look = 2 * len(head)
            if body.writer is None and len(head) >= self.drain_bytes:
                break
        if body.writer is None:
            self._look(body, bytes(head), artifact_id)

    def _look(self, body: Body, head: bytes, artifact_id: str) -> None:
        body.head = head
        body.kind = image_kind(head)
        if body.kind is not None:
            body.writer = self.staging.create(artifact_id)
            self._write(body, head)

    def _write(self, body: Body, chunk: bytes) -> None:
        assert body.writer is not None
        body.writer.write(chunk)
        body.tail = (body.tail + chunk)[-TAIL_BYTES:]
