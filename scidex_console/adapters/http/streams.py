"""Bytes to and from one connection, on asyncio's own transports: the library's network backend, made light.

With the library's own backend most of a request's time went into scopes and checkpoints. Errors are the
library's.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterable, Iterator
from typing import Any, Final

import httpcore

from scidex_console.adapters.http.tls import Layer

_MOST_UNREAD: Final = 256 * 1024
"""Bytes that may wait to be read before the server is kept from sending more."""
_AT_ONCE: Final = 64 * 1024
"""Bytes that are taken from the system at once."""


class Incoming(asyncio.BufferedProtocol):
    """What has arrived and was not read yet, and how the connection ended.

    Bytes come in `room`, which all connections share: each has taken what is in it before the next one is
    asked. A piece of memory for every arrival, as large as anything that might come, would riddle the heap.
    """

    def __init__(self, room: bytearray) -> None:
        self._room = room
        self.ended = False
        self.error: Exception | None = None
        self._unread = bytearray()
        self._transport: asyncio.Transport | None = None
        self._layer: Layer | None = None
        self._held_back = False
        self._may_write = True
        self._waiter: asyncio.Future[None] | None = None

    # --- called by the transport ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> bytearray:
        """Where bytes go that come."""
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes have come."""
        with memoryview(self._room)[:nbytes] as arrived:
            self._take_in(arrived)

    def _take_in(self, arrived: bytes | memoryview) -> None:
        if self._layer is None:
            self._unread += arrived
        else:
            self._open(arrived)
        if len(self._unread) > _MOST_UNREAD and self._transport is not None:
            self._held_back = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The server will send no more."""
        self.ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self.ended, self.error = True, exc or self.error
        self._transport = None
        self._wake()

    def pause_writing(self) -> None:
        """The server does not take what was written before."""
        self._may_write = False

    def resume_writing(self) -> None:
        """It does again."""
        self._may_write = True
        self._wake()

    # --- called by the stream ---------------------------------------------------------------------------

    def secure(self, layer: Layer) -> None:
        """From now on, and in what was not read yet, the bytes are those within TLS."""
        self._layer = layer
        self._take_in(self.take(len(self._unread)))

    def _open(self, arrived: bytes | memoryview) -> None:
        assert self._layer is not None
        try:
            self.ended |= self._layer.open(arrived, self._unread)
            if (reply := self._layer.to_send()) and self._transport is not None:
                self._transport.write(reply)
        except ssl.SSLError as error:
            self.ended, self.error = True, error
        if self.ended and self._transport is not None:
            self._transport.close()

    @property
    def readable(self) -> bool:
        """Whether a read would return at once."""
        return self.ended or bool(self._unread)

    def take(self, most: int) -> bytes:
        """What may be read now, at most so many bytes."""
        data = bytes(self._unread[:most])
        del self._unread[:most]
        if self._held_back and len(self._unread) <= _MOST_UNREAD // 2 and self._transport is not None:
            self._held_back = False
            self._transport.resume_reading()
        return data

    async def news(self) -> None:
        """Wait until something has come, ended, or may be written."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def written(self) -> None:
        """Wait until the server takes more. Raises `ConnectionError` when it will not."""
        while not self._may_write and not self.ended:
            await self.news()
        if self._transport is None:
            raise self.error or ConnectionResetError("the connection was closed")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Stream(httpcore.AsyncNetworkStream):
    """One connection as the library sees it."""

    def __init__(self, transport: asyncio.Transport, incoming: Incoming, layer: Layer | None = None) -> None:
        self._transport = transport
        self._incoming = incoming
        self._layer = layer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """The next bytes, or none at the end. Raises `ReadTimeout`, `ReadError`."""
        incoming = self._incoming
        with _as(httpcore.ReadTimeout, httpcore.ReadError):
            if not incoming.readable:
                async with asyncio.timeout(timeout):
                    while not incoming.readable:
                        await incoming.news()
            data = incoming.take(max_bytes)
            if not data and incoming.error is not None:
                raise incoming.error
            return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Hand bytes to the system. Raises `WriteTimeout`, `WriteError`."""
        if not buffer:
            return
        with _as(httpcore.WriteTimeout, httpcore.WriteError):
            self._transport.write(self._layer.sealed(buffer) if self._layer else buffer)
            async with asyncio.timeout(timeout):
                await self._incoming.written()

    async def aclose(self) -> None:
        """End the connection; what is on its way is not waited for."""
        self._transport.abort()
        await asyncio.sleep(0)  # in which the transport lets its socket go

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """The same connection within TLS. Raises `ConnectTimeout`, `ConnectError`; it is closed then."""
        layer = Layer(ssl_context, server_hostname)
        try:
            with _as(httpcore.ConnectTimeout, httpcore.ConnectError):
                async with asyncio.timeout(timeout):
                    await self._shake_hands(layer)
        except BaseException:
            await self.aclose()
            raise
        self._incoming.secure(layer)
        return Stream(self._transport, self._incoming, layer)

    async def _shake_hands(self, layer: Layer) -> None:
        incoming, arrived = self._incoming, b""
        while True:
            try:
                if layer.shake_hands(arrived):
                    return
            finally:  # the server is told of what is wrong with it, too
                self._transport.write(layer.to_send())
            while not incoming.readable:
                await incoming.news()
            arrived = incoming.take(_MOST_UNREAD)
            if not arrived:
                raise incoming.error or ConnectionResetError("the connection was closed")

    def get_extra_info(self, info: str) -> Any:
        """What the library asks of a connection."""
        if info == "is_readable":
            return self._incoming.readable
        if info == "ssl_object":
            return self._layer.tls if self._layer else None
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._transport.get_extra_info(names.get(info, info))


class Network(httpcore.AsyncNetworkBackend):
    """Opens TCP connections, all of one event loop."""

    def __init__(self) -> None:
        self._room = bytearray(_AT_ONCE)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect. Raises `ConnectTimeout`, `ConnectError`."""
        local = (local_address, 0) if local_address else None
        with _as(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                transport, incoming = await asyncio.get_running_loop().create_connection(
                    lambda: Incoming(self._room), host, port, local_addr=local
                )
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return Stream(transport, incoming)

    async def sleep(self, seconds: float) -> None:
        """Wait, for the pool's own use."""
        await asyncio.sleep(seconds)


@contextlib.contextmanager
def _as(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Errors of the system as the library's."""
    try:
        yield
    except TimeoutError as error:
        # The system's own ETIMEDOUT is a broken connection; only our limits come without a number.
        raise (late if error.errno is None else broken)(str(error)) from error
    except OSError as error:
        raise broken(str(error)) from error
