"""An HTTP client that finds every host name at the demo's figure hosts, as `connect_to` does."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from scidex_console.demo.hosts.answers import Timing
from scidex_console.demo.hosts.server import FigureHosts

PROMPT = Timing(latency=0.0, hold=1, stall=0.2, slow_body=0.1)
"""Timing for tests: nothing waits longer than it must."""


class _Rerouted(httpx.AsyncHTTPTransport):
    def __init__(self, hosts: FigureHosts) -> None:
        super().__init__(verify=ssl.create_default_context(cafile=hosts.ca_file), trust_env=False)
        self._hosts = hosts

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        port = self._hosts.https_port if request.url.scheme == "https" else self._hosts.http_port
        request.url = request.url.copy_with(host="127.0.0.1", port=port)
        return await super().handle_async_request(request)


@asynccontextmanager
async def client_of(hosts: FigureHosts) -> AsyncIterator[httpx.AsyncClient]:
    """A client that verifies certificates against the hosts' authority and follows no redirect."""
    headers = {"Accept-Encoding": "identity"}
    async with httpx.AsyncClient(transport=_Rerouted(hosts), headers=headers, timeout=10) as client:
        yield client
