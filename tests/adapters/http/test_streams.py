"""One connection: what arrives is kept in bounds, limits of time are kept, errors are the library's."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpcore
import pytest

from scidex_console.adapters.http.streams import Network

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def connected(serve: Serve) -> AsyncIterator[httpcore.AsyncNetworkStream]:
    """A connection to a server that does this."""
    handled: list[asyncio.Task[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        handled.append(task)
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    stream = await Network().connect_tcp("127.0.0.1", server.sockets[0].getsockname()[1], timeout=10)
    try:
        yield stream
    finally:
        await stream.aclose()
        server.close()
        for task in handled:
            task.cancel()
        await asyncio.gather(*handled, return_exceptions=True)
        await server.wait_closed()


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def test_a_server_that_sends_without_end_is_held_back_by_who_does_not_read() -> None:
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < 64 << 20:
            writer.write(bytes(1 << 16))
            sent += 1 << 16
            await writer.drain()

    async with connected(flood) as stream:
        before = -1
        while sent != before:  # until nothing moves any more
            before = sent
            await asyncio.sleep(0.1)
        assert 0 < sent < 32 << 20
        taken = 0
        while taken < 48 << 20:
            taken += len(await stream.read(1 << 16, timeout=10))
    assert sent >= taken


async def test_bytes_that_came_before_a_reset_are_read_before_the_error() -> None:
    reset = asyncio.Event()

    async def send_and_reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"half an answ")
        await reset.wait()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    async with connected(send_and_reset) as stream:
        assert await stream.read(4, timeout=10) == b"half"
        reset.set()
        assert await stream.read(100, timeout=10) == b" an answ"
        with pytest.raises(httpcore.ReadError, match="reset"):
            await stream.read(100, timeout=10)
        assert stream.get_extra_info("is_readable")


async def test_the_end_is_no_bytes() -> None:
    async def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")

    async with connected(leave) as stream:
        assert await stream.read(100, timeout=10) == b"bye"
        assert await stream.read(100, timeout=10) == b""


async def test_silence_and_a_server_that_takes_nothing_are_timeouts() -> None:
    async with connected(silent) as stream:
        assert not stream.get_extra_info("is_readable")
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(100, timeout=0.01)
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(bytes(64 << 20), timeout=0.1)


async def test_a_server_that_does_not_speak_tls_is_no_connection() -> None:
    async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with connected(page) as stream:
        with pytest.raises(httpcore.ConnectError):
            await stream.start_tls(ssl.create_default_context(), "example.org", timeout=10)
    async with connected(silent) as stream:
        with pytest.raises(httpcore.ConnectTimeout):
            await stream.start_tls(ssl.create_default_context(), "example.org", timeout=0.05)


async def test_nobody_listening_is_no_connection() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(httpcore.ConnectError):
            await Network().connect_tcp("127.0.0.1", taken.getsockname()[1], timeout=10)
