"""Connections: what was sent a moment ago is sent at once; who is slow, or says too much, is let go.

The server behind it waits for ever for the rest of a request line or a header, and for a client to take what
is sent to it; a few hundred such clients would keep everybody else out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from scidex_console.web.edge import Tell
from scidex_console.web.recent import Kept

MOST_HEADER_BYTES = 32 << 10
"""Request line and headers together."""
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


AtOnce = Callable[[Any], Kept | None]
"""The answer to a request, where it is at hand."""


def patient_protocol(patience_s: float, tell: Tell, at_once: AtOnce) -> type[HttpToolsProtocol]:
    """The server's protocol with bounds: `patience_s` for headers, and for taking a piece of an answer.

    What `at_once` gives is sent from here: a task and the messages between server and application would cost
    more than all else about it.
    """

    class Patient(HttpToolsProtocol):
        """One connection."""

        _timer: asyncio.TimerHandle | None = None
        _header_bytes = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """A client has come; it must say what it wants."""
            super().connection_made(transport)
            self._await_headers()

        def connection_lost(self, exc: Exception | None) -> None:
            """It has gone."""
            self._stop()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            """Some of a request."""
            self._header_bytes += len(data)
            super().data_received(data)
            if self._timer is not None and self._header_bytes > MOST_HEADER_BYTES:
                self._end(_TOO_LARGE, 431, "headers too large")

        def on_message_begin(self) -> None:
            """A request begins, maybe the next on this connection."""
            super().on_message_begin()
            if self._timer is None:
                self._header_bytes = 0
                self._await_headers()

        def on_headers_complete(self) -> None:
            """All headers are here."""
            self._stop()
            super().on_headers_complete()

        def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
            """Answer a request, at once where that can be done."""
            plain = app is self.app and cycle.keep_alive and not (self.pipeline or self.flow.write_paused)
            kept = at_once(cycle.scope) if plain else None
            if kept is None:
                super()._start_asgi_task(cycle, app)
                return
            cycle.response_started = cycle.response_complete = True
            ours = b"".join(b"%s: %s\r\n" % header for header in self.server_state.default_headers)
            self.transport.writelines((b"HTTP/1.1 200 OK\r\n" + ours + kept.head, kept.body))
            cycle.on_response()

        def pause_writing(self) -> None:
            """It does not take what it is sent."""
            super().pause_writing()
            self._stop()
            self._timer = self.loop.call_later(
                patience_s, self._abort, "the client takes no more of the answer"
            )

        def resume_writing(self) -> None:
            """It does again."""
            self._stop()
            super().resume_writing()

        def _await_headers(self) -> None:
            self._timer = self.loop.call_later(
                patience_s, self._end, _TOO_SLOW, 408, "headers came too slowly"
            )

        def _stop(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _end(self, answer: bytes, status: int, why: str) -> None:
            self._stop()
            if self.transport.is_closing():
                return
            if self._header_bytes:  # browsers open connections ahead of need, and say nothing on them
                tell(self._line(status, why))
                self.transport.write(answer)
            self.transport.close()

        def _abort(self, why: str) -> None:
            self._stop()
            tell(self._line(0, why))
            self.transport.abort()

        def _line(self, status: int, why: str) -> dict[str, Any]:
            return {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "client": self.client[0] if self.client else "",
                "status": status,
                "why": why,
            }

    return Patient
