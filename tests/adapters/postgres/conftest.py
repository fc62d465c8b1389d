"""Databases with the schema applied, and a way to look at them from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from scidex_console.adapters.postgres.database import Database

Sql = psycopg.Connection[dict[str, Any]]


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
