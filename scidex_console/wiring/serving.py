"""The read service over connected readers, listening."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import Any

import uvicorn
import uvloop

from scidex_console.adapters.postgres.catalogue import PostgresCatalogue
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.identity import read_identity
from scidex_console.adapters.postgres.tokens import PostgresTokenBook
from scidex_console.adapters.system.process import keep_what_is_loaded
from scidex_console.domain.errors import Refused
from scidex_console.settings import Settings
from scidex_console.web.edge import Edge, Tell
from scidex_console.web.options import ServiceOptions
from scidex_console.web.patience import patient_protocol
from scidex_console.web.service import Parts, make_app
from scidex_console.web.writing import Commits
from scidex_console.wiring.artifact_reading import reader_parts

ROLE = "scidex_reader"
"""What the service reads as, whatever its login may do besides: it may look, and add to counts."""
_CONNECTIONS = 8
_FUSE_S = 1.5
"""How long a request waits for a database that cannot be connected to, before it is told to come again."""
_WAIT_S = 60.0
"""How long an accessory waits for its turn behind other writers."""
_GRACE_S = 10
"""Seconds that requests under way have to end once the service is told to leave."""
_BACKLOG = 512
_KEEP_ALIVE_S = 15
_MOST_AT_ONCE = 1000


def run_service(settings: Settings, host: str | None, port: int | None) -> int:
    """Serve until SIGTERM or Ctrl-C, then let what is under way end; the exit code.

    Raises `Refused` where the address cannot be listened on.
    """
    serve = settings.serve
    logging.captureWarnings(True)
    logging.getLogger().addHandler(LogLines(logging.WARNING))
    with (
        listening(host or serve.host, serve.port if port is None else port) as sockets,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(settings, sockets))
    return 0


async def _serve(settings: Settings, sockets: socket.socket) -> None:
    url = url_of(sockets)
    tell = _tell if settings.serve.log_requests else _keep_silent
    async with service(settings, url, tell) as app:
        keep_what_is_loaded()
        _tell({"at": _now(), "serving": url})
        await server_of(app, settings, tell).serve(sockets=[sockets])


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0: any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listens = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Refused(
            f"the address cannot be listened on: {error.strerror or error}",
            where=f"{host}:{port}",
            fix="choose another one with --host and --port",
        ) from error
    # Connections inherit it. Without it, an answer's end waits 40 ms for a client's delayed acknowledgement.
    listens.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listens


def url_of(sockets: socket.socket) -> str:
    """Where it is reached from this machine."""
    host, port = sockets.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Leaving(uvicorn.Server):
    """Ends on a signal, and lets its process end by itself.

    As it comes, it would raise the signal anew once it has served: the last counts would not be folded, and
    what was staged would stay.
    """

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let what is under way end; a second Ctrl-C does not wait for it."""
        del frame
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def server_of(app: Edge, settings: Settings, tell: Tell) -> uvicorn.Server:
    """The server of an application."""
    config = uvicorn.Config(
        app,
        http=patient_protocol(settings.serve.patience.total_seconds(), tell, app.at_once),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
        limit_concurrency=_MOST_AT_ONCE,
    )
    return Leaving(config)


@asynccontextmanager
async def service(settings: Settings, listening_url: str, tell: Tell) -> AsyncIterator[Edge]:
    """The application, connected. Raises `Unreachable`, `SettingError`, `SchemaMismatch`."""
    serve = settings.serve
    url = serve.database_url.get_secret_value() or settings.database.need_url()
    timeout_s = settings.database.console_timeout.total_seconds()
    reading = Database(
        url,
        name="scidex-console serve",
        statement_timeout_s=timeout_s,
        role=ROLE,
        size=_CONNECTIONS,
        fuse_s=_FUSE_S,
    )
    listing = Database(
        url,
        name="scidex-console serve lists",
        statement_timeout_s=timeout_s,
        role=ROLE,
        read_only=True,
        size=_CONNECTIONS,
        fuse_s=_FUSE_S,
    )
    async with reading, listing, AsyncExitStack() as stack:
        found = reader_parts(settings, reading, name="service")
        await read_identity(listing)  # the schema is one that is known
        parts = Parts(
            resolver=found.resolver,
            rows=found.rows,
            files=found.files,
            viewers=found.viewers,
            catalogue=PostgresCatalogue(listing),
            meter=found.meter,
            tokens=PostgresTokenBook(listing),
            commits=await _commits(settings, stack),
            options=_options(settings, listening_url),
            tell=tell,
        )
        async with found.keeper.kept():
            yield make_app(parts)


async def _commits(settings: Settings, stack: AsyncExitStack) -> Commits | None:
    if not settings.serve.accept_accessories:
        return None
    # Git and the rights to write are brought along by a service that takes files, and by no other.
    from scidex_console.wiring.artifacts import artifact_commits

    return await stack.enter_async_context(artifact_commits(settings, name="service", wait_s=_WAIT_S))


def _options(settings: Settings, listening_url: str) -> ServiceOptions:
    serve = settings.serve
    return ServiceOptions(
        public_url=serve.public_url or listening_url,
        submodule=settings.repository.submodule,
        accessory_bytes=serve.accessory_bytes,
        writes_per_minute=serve.writes_per_minute,
        patience_s=serve.patience.total_seconds(),
        reuse_s=serve.reuse.total_seconds(),
        environment=settings.environment.name,
    )


class LogLines(logging.Handler):
    """What is said beside requests, tracebacks too, as lines of the same log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        line = {
            "at": _now(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "said": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = "".join(traceback.format_exception(*record.exc_info))
        _tell(line)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _tell(line: Mapping[str, Any]) -> None:
    sys.stderr.write(json.dumps(line, ensure_ascii=True) + "\n")


def _keep_silent(line: Mapping[str, Any]) -> None:
    del line
