"""The terminal console in a browser: one for each window, on this machine alone, behind a token.

What draws it comes from textual-serve. Its own page loads a font from elsewhere, so ours takes its place. Any
page of any site may send a browser to this machine: without the token that was printed at the start nothing
is shown, and neither another host's name nor another site's socket is taken.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from textual_serve import server
from textual_serve.app_service import AppService

HOST = "127.0.0.1"
_COOKIE = "scidex_console_token"
_GRACE_S = 5.0
_MODE_BYTES = 64
"""More is a part of the screen; what switches the terminal's modes is shorter."""
_MOST = 8
"""Consoles at once: each is a process and has connections of its own."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Window(AppService):
    """One console, told of its size once it draws: any earlier, and Textual would lay out without end."""

    _waiting: tuple[int, int] | None = None
    _drawing = False

    async def start(self, width: int, height: int) -> None:
        """Start it, and watch for what it draws."""
        pass_on = self.remote_write_bytes

        async def write(data: bytes) -> None:
            await pass_on(data)
            if not self._drawing and len(data) > _MODE_BYTES:
                self._drawing = True
                if self._waiting is not None:
                    await self.set_terminal_size(*self._waiting)

        self.remote_write_bytes = write
        await super().start(width, height)

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell it, or remember it."""
        self._waiting = (width, height)
        if self._drawing:
            await super().set_terminal_size(width, height)


server.AppService = _Window  # type: ignore[attr-defined]  # it has no other place to say which


class ConsoleServer(server.Server):
    """Shows what `command` draws in each window that knows the token."""

    def __init__(self, command: str, port: int, *, title: str, say: Callable[[str], None]) -> None:
        """`command` is a line for a shell; `say` tells the operator where to look."""
        super().__init__(command, HOST, port, title, templates_path=Path(__file__).parent / "terminal")
        self._token = secrets.token_urlsafe(32)
        self._say = say
        self._windows: set[asyncio.Task[object] | None] = set()

    @property
    def address(self) -> str:
        """Where a browser is let in."""
        return f"{self.public_url}/?token={self._token}"

    def run(self) -> None:
        """Serve until SIGTERM or Ctrl-C. Raises `OSError` where the port is taken."""
        logging.getLogger("textual-serve").setLevel(logging.CRITICAL)
        web.run_app(
            self._make_app(),
            host=HOST,
            port=self.port,
            print=lambda *_: self._say(self.address),  # it listens now
            access_log=None,
            shutdown_timeout=_GRACE_S,
        )

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Nothing yet: the address is told once it is listened on."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Windows that are open do not keep the server: their consoles end with them."""
        for window in list(self._windows):
            if window is not None:
                window.cancel()

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        host = f"{HOST}:{self.port}"
        if request.headers.get("Host") != host:
            raise web.HTTPForbidden(text="this console is reached by its address alone")
        if self._is_token(request.query.get("token", "")):
            answer: web.StreamResponse = web.HTTPSeeOther("/")
            answer.set_cookie(_COOKIE, self._token, httponly=True, samesite="Strict", path="/")
            answer.headers["Referrer-Policy"] = "no-referrer"
            return answer
        if not self._is_token(request.cookies.get(_COOKIE, "")):
            raise web.HTTPForbidden(text="the address with the token is needed: it was printed at the start")
        answer = await (self._window(request, handler) if request.path == "/ws" else handler(request))
        if not answer.prepared:
            answer.headers["Content-Security-Policy"] = _POLICY.format(host=host)
            answer.headers["X-Content-Type-Options"] = "nosniff"
            answer.headers["Referrer-Policy"] = "no-referrer"
            answer.headers["Cache-Control"] = "no-store"
        return answer

    async def _window(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """One window: a console starts, and ends with it."""
        if request.headers.get("Origin") != self.public_url:
            raise web.HTTPForbidden(text="this socket is for the console's own page")
        if len(self._windows) >= _MOST:
            raise web.HTTPServiceUnavailable(text=f"{_MOST} consoles are open already")
        window = asyncio.current_task()
        self._windows.add(window)
        try:
            return await handler(request)
        finally:
            self._windows.discard(window)

    def _is_token(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self._token.encode())
