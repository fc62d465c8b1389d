"""A loopback server that says whatever a test wants, byte for byte, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Talk = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""Given a request head, writes what it likes; closing the writer ends the connection."""


@dataclass
class RawServer:
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    """Request heads, in order of arrival."""
    names: list[str | None] = field(default_factory=list)
    """Server names (SNI) of the handshakes."""
    connections: int = 0

    @property
    def request_lines(self) -> list[str]:
        return [head.split(b"\r\n")[0].decode("latin-1") for head in self.heads]


@asynccontextmanager
async def raw_server(
    talk: Talk | bytes, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[RawServer]:
    """Serve every connection by `talk`, or answer every request alike (HEAD without the body)."""
    server = RawServer()
    open_tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_tasks.add(task)
        server.connections += 1
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                server.heads.append(head)
                if isinstance(talk, bytes):
                    writer.write(
                        talk.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if head.startswith(b"HEAD") else talk
                    )
                else:
                    await talk(head, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            open_tasks.discard(task)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()

    listening = await asyncio.start_server(serve, host, 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in list(open_tasks):
            task.cancel()
        if open_tasks:
            await asyncio.wait(open_tasks)
        await listening.wait_closed()


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A whole answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
