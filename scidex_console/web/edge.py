"""Around every request: its path decoded once, its answer's headers, one log line, its place in counts."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scidex_console.domain.sanitise import visible
from scidex_console.engine.reading.metering import ReadMeter
from scidex_console.web.addresses import for_routing
from scidex_console.web.metrics import ServiceMetrics
from scidex_console.web.recent import Kept, RecentFiles

Tell = Callable[[Mapping[str, Any]], None]
"""Takes one line of the request log."""
OURS = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""For every page of our own: no script at all, and nothing from elsewhere."""
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
)
_POLICY = b"content-security-policy"
_SHOWN_METHOD = re.compile(r"[A-Z]{1,10}")


class Edge:
    """The outermost layer. What a query or a header says is never logged: it may hold secrets."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        meter: ReadMeter,
        metrics: ServiceMetrics,
        tell: Tell,
        recent: RecentFiles,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._meter = meter
        self._metrics = metrics
        self._tell = tell
        self._recent = recent
        self._clock = clock
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if kept := self.at_once(scope):
            await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
            await send({"type": "http.response.body", "body": kept.body})
            return
        began, number = self._clock(), next(self._numbers)
        scope["path"] = for_routing(scope["raw_path"])
        state: dict[str, Any] = scope.setdefault("state", {})
        state["number"] = number
        status, sent = 0, 0

        async def sending(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = with_ours(message.get("headers", ()))
            else:
                sent += len(message.get("body", b""))
            await send(message)

        self._metrics.begin()
        trouble = ""
        try:
            await self._app(scope, receive, sending)
        except (
            Exception
        ) as error:  # the last one to see it: the client has its answer, the log gets the reason
            trouble = f"{type(error).__name__}: {error}"
            if not status:
                raise
        finally:
            seconds = self._clock() - began
            route = _route(scope)
            self._metrics.end(route, status, seconds, sent)
            self._meter.answered(route, status or 500, seconds=seconds)
            self._tell(_line(scope, number, status, sent, seconds, trouble))

    def at_once(self, scope: Scope) -> Kept | None:
        """The answer to a request for a file that was sent a moment ago, counted and logged; else None."""
        began = self._clock()
        kept = self._recent.answer(scope)
        if kept is None:
            return None
        self._metrics.begin()
        seconds, sent = self._clock() - began, len(kept.body)
        self._metrics.end("file", 200, seconds, sent)
        self._meter.answered("file", 200, seconds=seconds)
        self._tell(_line(scope, next(self._numbers), 200, sent, seconds, ""))
        return kept


def with_ours(headers: Any) -> list[tuple[bytes, bytes]]:
    """Headers with what stands in every answer of ours."""
    given = list(headers)
    if not any(name == _POLICY for name, _ in given):
        given.append((_POLICY, OURS.encode()))
    given.extend(_ALWAYS)
    return given


def _route(scope: Scope) -> str:
    """What kind of address it was, for counting: the name of what answered."""
    name = getattr(scope.get("endpoint"), "__name__", "none")
    return f"api_{name}"[:24] if scope["path"].startswith("/api/") and name != "none" else name[:24]


def _line(scope: Scope, number: int, status: int, sent: int, seconds: float, trouble: str) -> dict[str, Any]:
    client, method = scope.get("client"), scope["method"]
    line: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "request": number,
        "client": client[0] if client else "",
        "method": method if _SHOWN_METHOD.fullmatch(method) else "?",
        "path": _shown(scope["path"]),
        "status": status,
        "bytes": sent,
        "ms": round(seconds * 1000, 2),
    }
    state = scope.get("state", {})
    if writer := state.get("writer"):
        line["token"] = writer
    if why := trouble or state.get("trouble", ""):
        line["why"] = visible(why, 300)
    return line


def _shown(path: str) -> str:
    return path if len(path) <= 300 and path.isascii() and path.isprintable() else visible(path, 300)
