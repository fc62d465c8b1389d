"""Connections within TLS: how little one costs, and how every kind of end is seen."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpcore
import pytest
import trustme

from scidex_console.adapters.http.streams import Network

HOST = "images.example.org"
MOST_OF_ONE = 48 * 1024
"""Bytes that a kept connection may take; asyncio's own TLS takes 256 KiB."""

Serve = Callable[[ssl.SSLSocket], None]


@contextmanager
def server(serve: Serve, *, version: ssl.TLSVersion) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A blocking server in a thread: its port, and a context that trusts it. Its memory is not Python's."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    authority.issue_cert(HOST).configure_cert(context)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with suppress(OSError):
            while True:
                taken, _ = listening.accept()
                serve(context.wrap_socket(taken, server_side=True))

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield listening.getsockname()[1], trust
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


async def connected(
    port: int, trust: ssl.SSLContext, network: Network | None = None
) -> httpcore.AsyncNetworkStream:
    plain = await (network or Network()).connect_tcp("127.0.0.1", port, timeout=10)
    return await plain.start_tls(trust, HOST, timeout=10)


VERSIONS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@VERSIONS
async def test_a_kept_connection_takes_little_memory(version: ssl.TLSVersion) -> None:
    kept: list[ssl.SSLSocket] = []
    network = Network()

    def echo(client: ssl.SSLSocket) -> None:
        client.sendall(client.recv(100))
        kept.append(client)

    async def asked() -> httpcore.AsyncNetworkStream:
        stream = await connected(port, trust, network)
        await stream.write(b"hello", timeout=10)
        assert await stream.read(100, timeout=10) == b"hello"
        return stream

    with server(echo, version=version) as (port, trust):
        streams = [await asked()]  # what the first one loads is not counted
        tracemalloc.start()
        try:
            streams += [await asked() for _ in range(8)]
            taken, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        # Tickets for a later session are no answer: an idle connection has nothing to be read.
        assert not any(stream.get_extra_info("is_readable") for stream in streams)
        for stream in streams:
            await stream.aclose()
    for client in kept:
        client.close()
    assert taken / 8 < MOST_OF_ONE


def farewell(client: ssl.SSLSocket) -> None:
    client.settimeout(10)
    with suppress(OSError):
        client.unwrap()  # which waits for ours
    client.close()


def gone(client: ssl.SSLSocket) -> None:
    client.close()


def reset(client: ssl.SSLSocket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.close()


@VERSIONS
@pytest.mark.parametrize("end", [farewell, gone, reset])
async def test_a_connection_that_the_server_ends_is_closed_though_nobody_reads(
    end: Serve, version: ssl.TLSVersion
) -> None:
    with server(end, version=version) as (port, trust):
        before = descriptors()
        streams = [await connected(port, trust) for _ in range(3)]
        async with asyncio.timeout(30):
            while descriptors() > before:
                await asyncio.sleep(0)
        assert all(stream.get_extra_info("is_readable") for stream in streams)
        if end is not reset:
            assert await streams[0].read(100, timeout=10) == b""


@VERSIONS
async def test_much_comes_whole_and_what_is_no_record_is_an_error(version: ssl.TLSVersion) -> None:
    body = os.urandom(3 << 20)

    def send(client: ssl.SSLSocket) -> None:
        client.sendall(body)
        plain = socket.socket(fileno=client.detach())
        plain.sendall(b"no record at all")
        plain.close()

    with server(send, version=version) as (port, trust):
        stream = await connected(port, trust)
        got = bytearray()
        with pytest.raises(httpcore.ReadError, match="SSL"):
            while True:
                got += await stream.read(1 << 16, timeout=10)
        assert bytes(got) == body
        await stream.aclose()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
