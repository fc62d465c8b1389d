"""One worked store per session, and a copy of it per test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import Databases, _with_database
from tests.engine.verification.foldered_store import build_foldered_store
from tests.engine.verification.worked_store import WorkedStore, build_worked_store, copied, settings_of
from tests.worlds import SmallStore


@pytest.fixture(scope="session")
def worked_original(
    _databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SmallStore, str]]:
    """The store every test's copy is made from, and the name of its database."""
    with _databases("template0") as url:
        store = build_worked_store(tmp_path_factory.mktemp("worked"), url)
        yield store, urlsplit(url).path.removeprefix("/")


@pytest.fixture
def worked_files(
    worked_original: tuple[SmallStore, str], database_server: str, tmp_path: Path
) -> WorkedStore:
    """The same, with files of its own and a database that is only read."""
    original, database = worked_original
    return replace(
        copied(original, tmp_path, _with_database(database_server, database)), shares_database=True
    )


@pytest.fixture
def worked_rows(worked_original: tuple[SmallStore, str], _databases: Databases) -> Iterator[WorkedStore]:
    """The same, with rows of its own and files that are only read."""
    original, database = worked_original
    with _databases(database) as url:
        lost = tuple(sorted(original.lost))
        yield WorkedStore(settings_of(url, original.outer), url, original.outer, original.artifacts, lost)


@pytest.fixture
def worked(
    worked_original: tuple[SmallStore, str], _databases: Databases, tmp_path: Path
) -> Iterator[WorkedStore]:
    """A store with three batches, one of them rolled back, on which no engine is at work."""
    original, database = worked_original
    with _databases(database) as url:
        yield copied(original, tmp_path, url)


@pytest.fixture(scope="session")
def foldered_original(
    _databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SmallStore, str]]:
    """The migrated store every test's copy is made from, and the name of its database."""
    with _databases("template0") as url:
        store = build_foldered_store(tmp_path_factory.mktemp("foldered"), url)
        yield store, urlsplit(url).path.removeprefix("/")


@pytest.fixture
def foldered_files(
    foldered_original: tuple[SmallStore, str], database_server: str, tmp_path: Path
) -> WorkedStore:
    """A store whose artifacts have folders, with a database that is only read."""
    original, database = foldered_original
    return replace(
        copied(original, tmp_path, _with_database(database_server, database)), shares_database=True
    )


@pytest.fixture
def foldered_rows(foldered_original: tuple[SmallStore, str], _databases: Databases) -> Iterator[WorkedStore]:
    """The same, with rows of its own and files that are only read."""
    original, database = foldered_original
    with _databases(database) as url:
        lost = tuple(sorted(original.lost))
        yield WorkedStore(settings_of(url, original.outer), url, original.outer, original.artifacts, lost)


@pytest.fixture
def foldered(
    foldered_original: tuple[SmallStore, str], _databases: Databases, tmp_path: Path
) -> Iterator[WorkedStore]:
    """The same, all its own."""
    original, database = foldered_original
    with _databases(database) as url:
        yield copied(original, tmp_path, url)
