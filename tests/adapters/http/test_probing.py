"""Asking a real server on loopback: redirects are not followed, bodies are bounded, a dead one is told."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from scidex_console.adapters.http.probing import HttpServiceProbe
from scidex_console.domain.errors import SettingError, Unreachable


class Handler(BaseHTTPRequestHandler):
    """One page, one redirect, one that never ends."""

    def do_GET(self) -> None:
        if self.path == "/figure/1":
            self.send_response(301)
            self.send_header("Location", "/artifact/1")
            self.end_headers()
            return
        body = b"x" * (3 << 20) if self.path == "/long" else "<p>größer".encode()
        self.send_response(200)
        self.send_header("Link", '</artifact/1>; rel="canonical"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_answers_come_as_they_are_and_redirects_are_not_followed(address: str) -> None:
    probe = HttpServiceProbe(f"{address}/", version="1")
    moved, page, long = [await probe.ask(path) for path in ("/figure/1", "/artifact/1", "/long")]
    await probe.close()
    assert (moved.status, moved.location) == (301, "/artifact/1")
    assert (page.link, page.body, page.is_cut) == ('</artifact/1>; rel="canonical"', "<p>größer", False)
    assert (len(long.body), long.is_cut) == (1 << 20, True)


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    probe = HttpServiceProbe("http://127.0.0.1:1", version="1")
    with pytest.raises(Unreachable):
        await probe.ask("/")
    await probe.close()
    broken = HttpServiceProbe("http://[::1", version="1")
    with pytest.raises(SettingError):
        await broken.ask("/")
    await broken.close()
