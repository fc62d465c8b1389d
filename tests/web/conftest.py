"""The real service on a real socket, over a real database and repository; half of its artifacts moved."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from scidex_console.domain.jobs import JobName
from scidex_console.settings import Settings, load_settings
from scidex_console.wiring.serving import listening, server_of, service, url_of
from tests.conftest import Databases
from tests.labs import Lab, engine_at_work, make_lab

ARTIFACTS = 60
_FOLDERS = 'every = "0s"\ngrace = "0s"\nrepack_at_end = false\ncycle = 10\n'


@dataclass(frozen=True)
class Serving:
    """A service that listens."""

    url: str
    lab: Lab
    log: list[Mapping[str, Any]] = field(default_factory=list)

    def client(self, **more: Any) -> httpx.Client:
        """A client that follows nothing by itself."""
        return httpx.Client(base_url=self.url, timeout=20, trust_env=False, **more)

    def rows(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        """Ask the database."""
        return self.lab.rows(statement, *params)

    def one(self, condition: str, *params: Any) -> dict[str, Any]:
        """An artifact that is so."""
        return self.rows(f"SELECT * FROM artifacts WHERE {condition} ORDER BY id LIMIT 1", *params)[0]


@contextmanager
def served(lab: Lab, settings: Settings | None = None) -> Iterator[Serving]:
    """Serve a laboratory for the length of a `with`, from another thread."""
    started: Future[tuple[asyncio.AbstractEventLoop, Any]] = Future()
    log: list[Mapping[str, Any]] = []
    chosen = settings or lab.settings

    async def serve() -> None:
        async with service(chosen, url, log.append) as app:
            server = server_of(app, chosen, log.append)
            server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
            started.set_result((asyncio.get_running_loop(), server))
            await server.serve(sockets=[sockets])

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            if not started.done():
                started.set_exception(error)
            raise

    with listening("127.0.0.1", 0) as sockets:
        url = url_of(sockets)
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        _, server = started.result(30)
        try:
            yield Serving(url, lab, log)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def migrate(lab: Lab, cycles: int) -> None:
    """Give as many artifacts their folders as that many cycles do."""

    async def work() -> None:
        async with engine_at_work(lab.settings, frozenset({JobName.FOLDERS})) as engine:
            await engine.ask("step", JobName.FOLDERS, count=cycles, cycle=True)

    asyncio.run(work())


@pytest.fixture(scope="session")
def web_database(_databases: Databases, _scidex_template: str) -> Iterator[str]:
    with _databases(_scidex_template) as url:
        yield url


@pytest.fixture(scope="session")
def web_lab(web_database: str, tmp_path_factory: pytest.TempPathFactory, _originals: None) -> Lab:
    """A store of every type of artifact, half of them with folders; readers go by folders first."""
    folder = tmp_path_factory.mktemp("web")
    extra = f'[folders]\n{_FOLDERS}[readers]\nenabled = true\n[serve]\npatience = "2s"\n'
    lab = make_lab(folder, web_database, figures=12, artifacts=ARTIFACTS, extra=extra)
    with psycopg.connect(web_database, autocommit=True, row_factory=dict_row) as connection:
        connection.execute("UPDATE scidex_console.reader_share SET percent = 100")
    migrate(lab, 3)
    return lab


@pytest.fixture(scope="session")
def serving(web_lab: Lab) -> Iterator[Serving]:
    with served(web_lab) as running:
        yield running


@pytest.fixture(scope="session")
def client(serving: Serving) -> Iterator[httpx.Client]:
    with serving.client() as connected:
        yield connected


def settings_with(lab: Lab, folder: Path, changes: str) -> Settings:
    """The settings of a laboratory with others added."""
    file = folder / "other.toml"
    file.write_text(lab.config.read_text() + changes)
    return load_settings(file, environ={})
