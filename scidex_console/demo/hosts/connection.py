"""One client connection: HTTP/1.1 by h11 over an asyncio transport, with the means to misbehave."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final
from urllib.parse import urlsplit

import h11

from scidex_console.demo.hosts.request_log import clock

IDLE_S: Final = 75.0
"""A kept-alive connection nobody uses is closed after this."""
LONGEST_EXCHANGE_S: Final = 120.0
"""No exchange, however slow, lasts longer."""
_LARGEST_BODY: Final = 1 << 20
_LARGEST_BACKLOG: Final = 1 << 18


class ClientGone(Exception):
    """The client closed the connection before its answer was complete."""


@dataclass
class Exchange:
    """One request and what became of it."""

    connection: Connection = field(repr=False)
    method: str
    scheme: str
    host: str
    target: str
    arrived: float
    arrived_ns: int
    body: bytes = b""
    status: int | None = None
    ending: str = "complete"
    bytes_sent: int = 0

    async def send_whole(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send a complete answer and wait until it has left."""
        self.bytes_sent += len(body)
        events: list[h11.Event] = [self._head(status, headers), h11.EndOfMessage()]
        if body:
            events.insert(1, h11.Data(data=body))
        await self.connection.send(*events)

    async def send_head(self, status: int, headers: list[tuple[str, str]]) -> None:
        """Send status line and headers; Server and Date are added."""
        await self.connection.send(self._head(status, headers))

    async def send_body(self, data: bytes) -> None:
        """Send a piece of the body, and wait until it has left."""
        self.bytes_sent += len(data)
        await self.connection.send(h11.Data(data=data))

    async def finish(self) -> None:
        """End the answer properly."""
        await self.connection.send(h11.EndOfMessage())

    async def pause(self, seconds: float) -> None:
        """Do nothing for a while; ClientGone ends the wait."""
        await self.connection.pause(seconds)

    def _head(self, status: int, headers: list[tuple[str, str]]) -> h11.Response:
        self.status = status
        common = [("Server", "figure-hosts"), ("Date", formatdate(usegmt=True))]
        return h11.Response(status_code=status, headers=[*common, *headers])

    def reset(self, ending: str = "reset") -> None:
        """Kill the connection: the client sees a TCP reset."""
        self.ending = ending
        self.connection.reset()

    def hang_up(self, ending: str) -> None:
        """Close the connection although the answer is not complete."""
        self.ending = ending
        self.connection.close()


Serve = Callable[[Exchange], Awaitable[None]]


class Connection(asyncio.Protocol):
    """Reads requests, hands each to `serve`, and keeps the connection alive in between."""

    def __init__(
        self, number: int, scheme: str, serve: Serve, register: set[Connection], *, turn_away: bool = False
    ) -> None:
        self.number = number
        self._turn_away = turn_away
        self._scheme = scheme
        self._serve = serve
        self._register = register
        self._http = h11.Connection(h11.SERVER)
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._paused = False
        self._backlog = 0
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._stamp = (0.0, 0)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._turn_away:
            transport.abort()
            return
        # One byte is the lowest mark that works for TLS too: `send` returns when everything has left.
        transport.set_write_buffer_limits(high=1, low=0)
        self._register.add(self)
        self._expect_a_request()

    def data_received(self, data: bytes) -> None:
        self._stamp = clock()
        if self._transport is None or self._transport.is_closing():
            return
        self._http.receive_data(data)
        if self._task is None:
            self._read()
            return
        self._backlog += len(data)
        if self._backlog > _LARGEST_BACKLOG:
            self.reset()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._cancel_idle()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ClientGone())
        if self._task is None:
            self._register.discard(self)

    # What an exchange calls.

    async def send(self, *events: h11.Event) -> None:
        """Send events and wait until their bytes have left. Raises ClientGone."""
        data = b"".join(self._http.send(event) or b"" for event in events)
        if self._transport is None or self._transport.is_closing():
            raise ClientGone
        if data:
            self._transport.write(data)
        if self._paused:
            await self._wait()

    async def pause(self, seconds: float) -> None:
        """Wait; raises ClientGone as soon as the connection is lost."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(seconds, self._wake)
        try:
            await self._wait()
        finally:
            timer.cancel()

    def close(self) -> None:
        """Close in order: what was written still arrives."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Close with a TCP reset."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None and sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def shut(self) -> None:
        """The server stops: end whatever is under way here."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        if self._transport is not None:
            self._transport.abort()

    # Reading requests.

    def _read(self) -> None:
        try:
            while self._task is None and self._take(self._http.next_event()):
                pass
        except h11.RemoteProtocolError:
            self._refuse()

    def _take(self, event: object) -> bool:
        """Take one event; True when there may be more to read."""
        match event:
            case h11.Request():
                self._cancel_idle()
                self._request, self._body = event, bytearray()
            case h11.Data():
                self._body += event.data
                if len(self._body) > _LARGEST_BODY:
                    self._refuse()
            case h11.EndOfMessage():
                self._start()
            case h11.ConnectionClosed():
                self.close()
                return False
            case _:
                return False
        return self._transport is not None and not self._transport.is_closing()

    def _start(self) -> None:
        assert self._request is not None
        exchange = self._exchange(self._request)
        if exchange is None:
            self._refuse()
            return
        self._backlog = 0
        self._task = asyncio.get_running_loop().create_task(self._run(exchange))

    def _exchange(self, request: h11.Request) -> Exchange | None:
        named = next((value for name, value in request.headers if name == b"host"), b"").decode("latin-1")
        target = request.target.decode("latin-1")
        try:
            host = urlsplit(f"//{named}").hostname
        except ValueError:
            return None
        if not host or not target.startswith("/"):
            return None
        method = request.method.decode("ascii")
        return Exchange(self, method, self._scheme, host, target, *self._stamp, bytes(self._body))

    async def _run(self, exchange: Exchange) -> None:
        try:
            await self._serve(exchange)
        except Exception:
            # A fault of ours: the client must not wait for ever, and the event loop reports it.
            self.reset()
            raise
        finally:
            self._task = None
            if self._transport is None:
                self._register.discard(self)
        self._go_on()

    def _go_on(self) -> None:
        """After an answer: the next request of this connection, or its end."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            self.close()
            return
        self._http.start_next_cycle()
        self._expect_a_request()
        self._read()

    def _refuse(self) -> None:
        """Answer what is no request with 400, and close."""
        if self._transport is None:
            return
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            head = h11.Response(status_code=400, headers=[("Connection", "close"), ("Content-Length", "0")])
            self._transport.write(self._http.send(head) or b"")
        self.close()

    # Waiting.

    async def _wait(self) -> None:
        if self._transport is None:
            raise ClientGone
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _expect_a_request(self) -> None:
        self._cancel_idle()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self.close)

    def _cancel_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
