"""Where tests run, and the databases they run against: one real server per session, one database per test."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import quote, urlsplit

import certifi
import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql

from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from tests.originals import ORIGINALS

# The same examples each time, however slow the machine is. For others: `--hypothesis-profile default`.
settings.register_profile(
    "suite",
    derandomize=True,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")

_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30  # bytes; a run of all the tests needs less than half of it
_TEMPORARY = "PYTEST_DEBUG_TEMPROOT"


def _in_memory() -> bool:
    """Whether there is a disk in memory, with room, on which programs may run as on any other."""
    try:
        disk = os.statvfs(_MEMORY)
    except OSError:
        return False
    roomy = disk.f_bavail * disk.f_frsize >= _ROOM
    return roomy and not disk.f_flag & os.ST_NOEXEC and os.access(_MEMORY, os.W_OK | os.X_OK)


def pytest_configure() -> None:
    """Stores and databases of tests lie in memory where they can: no test is about the disk's speed.

    Whoever runs the tests may have told git things: those are taken away here, once, which the program else
    does for every command, by a process more. And an interrupt interrupts, however this run was started.
    """
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    if _TEMPORARY not in os.environ and _in_memory():
        os.environ[_TEMPORARY] = str(_MEMORY)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As in a script's background job. Programs that tests start would inherit it, and not be interrupted.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What may take longest begins first, so that no worker is left alone with it at the end."""

    def limit(item: pytest.Item) -> float:
        mark = item.get_closest_marker("timeout")
        return float(mark.args[0]) if mark is not None and mark.args else 0.0

    items.sort(key=limit, reverse=True)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end, so the collector need not walk through it again and again."""
    gc.collect()
    gc.freeze()


# The server lives and dies with this process, which ends when its input is closed: by the fixture, or by
# the operating system when the test run itself is killed.
_KEEPER = """
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from scidex_console.demo.postgres_server import EmbeddedPostgres

with TemporaryDirectory(prefix="scidex-test-", dir=sys.argv[1]) as folder:
    server = EmbeddedPostgres(Path(folder) / "home", durable=False, state_root=Path(folder))
    try:
        print(server.start(), flush=True)
        sys.stdin.read()
    finally:
        server.destroy()
"""


def _with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{quote(name, safe='')}{query}"


@pytest.fixture(scope="session", autouse=True)
def _originals(tmp_path_factory: pytest.TempPathFactory) -> None:
    ORIGINALS.folder = tmp_path_factory.mktemp("originals")


@pytest.fixture(scope="session", autouse=True)
def _one_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test asks the world; to read all its roots, for each client anew, takes as long as many a test."""
    end = "-----END CERTIFICATE-----\n"
    first = tmp_path_factory.mktemp("roots") / "one.pem"
    first.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certifi, "where", lambda: str(first))
        yield


@pytest.fixture(scope="session")
def database_server() -> Iterator[str]:
    """URL of the PostgreSQL server of this session: $SCIDEX_TEST_DATABASE_URL, or an embedded one."""
    given = os.environ.get("SCIDEX_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with subprocess.Popen(
        [sys.executable, "-c", _KEEPER, os.environ.get(_TEMPORARY, gettempdir())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        start_new_session=True,
    ) as keeper:
        assert keeper.stdin is not None and keeper.stdout is not None
        url = keeper.stdout.readline().strip()
        assert url, "the embedded PostgreSQL did not start; its error is above"
        yield url
        keeper.stdin.close()


@pytest.fixture(scope="session")
def _administration(database_server: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(database_server, autocommit=True) as connection:
        yield connection


Databases = Callable[[str], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def _databases(database_server: str, _administration: psycopg.Connection[tuple[Any, ...]]) -> Databases:
    """Make a database like a template for the length of a `with`; its URL."""
    # Copying the files takes half the processor time of copying their pages through the log.
    copying = sql.SQL("STRATEGY file_copy" if _administration.info.server_version >= 15_00_00 else "")

    @contextmanager
    def database_like(template: str) -> Iterator[str]:
        name = f"scidex_test_{secrets.token_hex(6)}"
        _administration.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} {}").format(
                sql.Identifier(name), sql.Identifier(template), copying
            )
        )
        try:
            yield _with_database(database_server, name)
        finally:
            _administration.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    return database_like


@pytest.fixture(scope="session")
def _scidex_template(_databases: Databases) -> Iterator[str]:
    with _databases("template0") as url:
        with psycopg.connect(url) as connection:
            connection.execute(files("scidex_console.demo").joinpath("scidex_tables.sql").read_bytes())
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture
def database_url(_databases: Databases) -> Iterator[str]:
    """URL of a fresh, empty database, dropped after the test whoever is still connected."""
    with _databases("template0") as url:
        yield url


@pytest.fixture
def scidex_database(_databases: Databases, _scidex_template: str) -> Iterator[str]:
    """URL of a fresh database with SciDEX's own two tables, empty; dropped after the test."""
    with _databases(_scidex_template) as url:
        yield url


@pytest.fixture(scope="session")
def _applied_template(_databases: Databases, _scidex_template: str) -> Iterator[str]:
    with _databases(_scidex_template) as url:
        asyncio.run(SchemaRunner(url).apply())
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture
def applied_database(_databases: Databases, _applied_template: str) -> Iterator[str]:
    """URL of a fresh database with SciDEX's tables, empty, and the schema applied."""
    with _databases(_applied_template) as url:
        yield url
