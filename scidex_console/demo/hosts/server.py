"""The figure hosts as one loopback server: plain HTTP on one port, HTTPS on another."""

from __future__ import annotations

import asyncio
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from scidex_console.demo.hosts.answers import Answers, Timing
from scidex_console.demo.hosts.certificates import Certificates
from scidex_console.demo.hosts.connection import Connection, Exchange
from scidex_console.demo.hosts.control import CONTROL_HOST, control
from scidex_console.demo.hosts.replies import every_host
from scidex_console.demo.hosts.request_log import RequestLog
from scidex_console.demo.hosts.scenarios import Scenario, scenario_for

LOOPBACK: Final = "127.0.0.1"
_FLUSH_EVERY_S: Final = 0.2
_MOST_CONNECTIONS: Final = 2000
_HANDSHAKE_S: Final = 10.0


@dataclass(frozen=True)
class Ports:
    """Where to listen; 0 lets the system choose."""

    http: int = 0
    https: int = 0


class FigureHosts:
    """All figure hosts of one world, as an asynchronous context manager.

    `folder` receives the authority's certificate (ca.pem) and the request log (requests.jsonl).
    """

    def __init__(
        self, folder: Path, *, seed: int = 0, timing: Timing | None = None, ports: Ports | None = None
    ) -> None:
        self.folder = folder
        self.seed = seed
        self._timing = timing or Timing()
        self._ports = ports or Ports()
        self._servers: list[asyncio.Server] = []
        self._connections: set[Connection] = set()
        self._connections_made = 0
        self._flusher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._certificates = Certificates(self.folder)
        self.log = RequestLog(self.folder / "requests.jsonl")
        self._answers = Answers(self.seed, self._timing, self.log)
        self.script = self._answers.script
        try:
            await self.listen()
        except BaseException:
            await self.stop_listening()
            self.log.close()
            raise
        self._flusher = asyncio.get_running_loop().create_task(self._keep_flushing())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop_listening()
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.wait({self._flusher})
        self.log.close()

    @property
    def ca_file(self) -> Path:
        """The certificate to trust, in PEM."""
        return self._certificates.ca_file

    @property
    def http_port(self) -> int:
        """Port of plain HTTP on 127.0.0.1."""
        return self._ports.http

    @property
    def https_port(self) -> int:
        """Port of HTTPS on 127.0.0.1."""
        return self._ports.https

    def scenario(self, url: str) -> Scenario:
        """What `url` is answered: as scripted, else as the seed says."""
        return self.script.for_url(url) or scenario_for(url, self.seed)

    def forget(self) -> None:
        """Start every address afresh: no attempts made, no holds. Script and log stay."""
        self._answers.memory.forget()

    def held(self, host: str) -> bool:
        """Whether `host` turns everybody away at the moment, because of a 429."""
        return self._answers.memory.held_until(host, time.monotonic_ns()) is not None

    @property
    def busy(self) -> int:
        """Requests under way at all hosts."""
        return self._answers.memory.under_way

    async def listen(self) -> None:
        """Open both ports; after `stop_listening` the same ones again. Raises OSError when one is taken."""
        loop = asyncio.get_running_loop()
        plain = await loop.create_server(lambda: self._connection("http"), LOOPBACK, self._ports.http)
        self._servers.append(plain)
        secure = await loop.create_server(
            lambda: self._connection("https"),
            LOOPBACK,
            self._ports.https,
            ssl=self._certificates.fallback,
            ssl_handshake_timeout=_HANDSHAKE_S,
            ssl_shutdown_timeout=1.0,
        )
        self._servers.append(secure)
        self._ports = Ports(_port_of(plain), _port_of(secure))

    async def stop_listening(self) -> None:
        """Every host is down: connections under way are cut, new ones refused."""
        for server in self._servers:
            server.close()
        await asyncio.gather(*(connection.shut() for connection in list(self._connections)))
        for server in self._servers:
            await server.wait_closed()
        self._servers.clear()
        for _ in range(50):
            if not self._connections:
                break
            await asyncio.sleep(0.01)

    def describe(self) -> dict[str, object]:
        """What another process must know to use these hosts."""
        return {
            "pid": os.getpid(),
            "address": LOOPBACK,
            "http_port": self.http_port,
            "https_port": self.https_port,
            "ca_file": str(self.ca_file),
            "log": str(self.log.path),
            "control_host": CONTROL_HOST,
            "seed": self.seed,
            "hosts": list(every_host()),
        }

    def write_description(self) -> Path:
        """Write `describe` to hosts.json in the folder, so that it is there whole or not at all."""
        target = self.folder / "hosts.json"
        draft = target.with_suffix(".json.new")
        draft.write_text(json.dumps(self.describe(), indent=1) + "\n", encoding="utf-8")
        draft.replace(target)
        return target

    def _connection(self, scheme: str) -> Connection:
        self._connections_made += 1
        full = len(self._connections) >= _MOST_CONNECTIONS
        return Connection(self._connections_made, scheme, self._serve, self._connections, turn_away=full)

    async def _serve(self, exchange: Exchange) -> None:
        if exchange.host == CONTROL_HOST:
            await control(exchange, self._answers)
        else:
            await self._answers.serve(exchange)

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_EVERY_S)
            self.log.flush()


def _port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port
