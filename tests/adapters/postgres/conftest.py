"""Databases with the schema applied, and a way to look at them from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.rows import dict_row

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from tests.conftest import Databases

Sql = psycopg.Connection[dict[str, Any]]


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


@pytest.fixture
async def database(applied_database: str) -> AsyncIterator[Database]:
    """An open pool on a database with the schema applied."""
    async with Database(applied_database, name="test", size=3) as opened:
        yield opened


@pytest.fixture
def sql(applied_database: str) -> Iterator[Sql]:
    """A connection of the owner's beside it, to arrange and to look."""
    with psycopg.connect(applied_database, autocommit=True, row_factory=dict_row) as connection:
        yield connection
