"""What several tests of this room look at together: one world and one engine for a module."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from tests import warm
from tests.labs import Lab


@contextmanager
def engine_of(lab: Lab) -> Iterator[int]:
    """An engine process over a laboratory, and its pid; killed at the end, as it may be at any time."""
    engine = warm.Popen(
        [*warm.PROGRAM, "--config", str(lab.config), "engine"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield engine.pid
    finally:
        os.killpg(engine.pid, signal.SIGKILL)
        engine.wait()


@contextmanager
def operators(database_url: str, *names: str) -> Iterator[dict[str, str]]:
    """Logins of the role `scidex_operator`, and the address by which each sees the database."""
    parts, password = urlsplit(database_url), secrets.token_hex(8)
    place = parts.netloc.rpartition("@")[2]
    logins = {name: f"{name}_{secrets.token_hex(3)}" for name in names}
    with psycopg.connect(database_url, autocommit=True) as connection:
        for login in logins.values():
            role = sql.Identifier(login)
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password))
            )
            connection.execute(sql.SQL("GRANT scidex_operator TO {}").format(role))
        try:
            yield {
                name: urlunsplit(parts._replace(netloc=f"{login}:{password}@{place}"))
                for name, login in logins.items()
            }
        finally:
            for login in logins.values():
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login)))


@pytest.fixture(scope="module")
def module_database(
    _databases: Callable[[str], AbstractContextManager[str]], _scidex_template: str
) -> Iterator[str]:
    """URL of a database with SciDEX's own two tables for the tests of a module; dropped after the last."""
    with _databases(_scidex_template) as url:
        yield url


@pytest.fixture(scope="module")
def module_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the tests of a module share."""
    return tmp_path_factory.mktemp("module")
