"""A way that takes time: connections are passed on with every byte late, and set up as slowly as over such a
way.

    python delaying.py SECONDS LISTEN:TO ...      (ports on loopback)

Each direction is delayed alike and keeps its order. Opening costs what the handshake of TCP would: the first
bytes of a client come after three ways instead of one, since here the connection stands at once.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections import deque

LOOPBACK = "127.0.0.1"
_MOST_ON_THE_WAY = 4 << 20


class End(asyncio.Protocol):
    """One end of a connection; what it receives leaves at the other end, late."""

    def __init__(self, delay: float, *, opening: float = 0.0) -> None:
        self.other: End | None = None
        self.transport: asyncio.Transport | None = None
        self._delay = delay
        self._not_before = opening
        self._on_the_way: deque[bytes | None] = deque()
        self._bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._not_before += asyncio.get_running_loop().time()

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        self._send_later(data)
        if self._bytes > _MOST_ON_THE_WAY and self.transport is not None:
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if isinstance(exc, ConnectionResetError):
            asyncio.get_running_loop().call_later(self._delay, self._reset_other)
        else:
            self._send_later(None)

    def _send_later(self, data: bytes | None) -> None:
        loop = asyncio.get_running_loop()
        self._on_the_way.append(data)
        self._not_before = max(self._not_before, loop.time() + self._delay)
        loop.call_at(self._not_before, self._arrive)

    def _arrive(self) -> None:
        data = self._on_the_way.popleft()
        target = self.other.transport if self.other is not None else None
        if data is None:
            if target is not None:
                target.close()
            return
        self._bytes -= len(data)
        if target is not None and not target.is_closing():
            target.write(data)
        if self._bytes <= _MOST_ON_THE_WAY // 2 and self.transport is not None:
            self.transport.resume_reading()

    def _reset_other(self) -> None:
        target = self.other.transport if self.other is not None else None
        if target is None:
            return
        sock = target.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        target.abort()


class Entrance(End):
    """The client's end: connects to the server as soon as the client has connected."""

    def __init__(self, delay: float, port: int) -> None:
        super().__init__(delay, opening=3 * delay)
        self._port = port
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            _, end = await asyncio.get_running_loop().create_connection(
                lambda: End(self._delay), LOOPBACK, self._port
            )
        except OSError:
            if self.transport is not None:
                self.transport.abort()
            return
        self.other, end.other = end, self
        if self.transport is not None:
            self.transport.resume_reading()
        elif end.transport is not None:
            end.transport.close()


async def main() -> None:
    """Pass connections on until ended."""
    delay = float(sys.argv[1])
    loop = asyncio.get_running_loop()
    for pair in sys.argv[2:]:
        here, there = (int(part) for part in pair.split(":"))
        await loop.create_server(lambda there=there: Entrance(delay, there), LOOPBACK, here, backlog=2000)
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
