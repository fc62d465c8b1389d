"""The database's state in one look, for an operator who asks whether everything is in place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from scidex_console.adapters.postgres.database import Connection, place_of, query, translated
from scidex_console.adapters.postgres.overview import engine_view
from scidex_console.adapters.postgres.runs import run_view
from scidex_console.adapters.postgres.schema_checks import OLDEST_SERVER, check_tables
from scidex_console.adapters.postgres.schema_files import schema_files
from scidex_console.adapters.postgres.schema_status import SchemaStatus, applied_versions, schema_status
from scidex_console.domain.errors import SchemaMismatch
from scidex_console.domain.runs import OPEN
from scidex_console.engine.views import EngineView, RunView

_MADE = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?(TABLE|INDEX|TRIGGER)\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?:scidex_console\.)?(\w+)",
    re.IGNORECASE,
)
_NOT_OURS = frozenset({("table", "artifact_migration_log")})
"""Made by our schema, but in SciDEX's part of the database; `check_tables` looks at it."""


@dataclass(frozen=True)
class DatabaseState:
    """One database, as this session finds it."""

    place: str
    """Where it is, without any password."""
    server_version: str
    is_new_enough: bool
    database: str
    account: str
    """The session's user."""
    deviations: str
    """In what SciDEX's own tables are not as needed; empty when they are."""
    slow_links: tuple[str, ...]
    """Columns of `artifact_links` that an artifact's links are found by, and that no index begins with."""
    links: int
    """How many links there are about, where one of these has no index."""
    schema: SchemaStatus | None
    """None when this account may not look at our tables."""
    missing_objects: tuple[str, ...]
    """Tables, indexes and triggers of applied versions that are gone, invalid or switched off."""
    file_path_field: str
    may_read: bool
    may_ask: bool
    """Whether it may write intents."""
    may_work: bool
    """Whether it has an engine's rights."""
    clock_ahead_s: float
    """Seconds the database's clock is ahead of this host's (negative: behind)."""
    clock_doubt_s: float
    """How wrong that can be, at most: half of the question's way there and back."""
    connections_left: int
    engine: EngineView | None
    open_runs: tuple[RunView, ...]
    """Of the jobs, in the order of their names; none while the schema is not current."""


async def inspect(url: str, *, now: Callable[[], datetime], stalled_after_s: float) -> DatabaseState:
    """Look at everything, change nothing. Raises `Unreachable` and what else keeps one from asking."""
    place = place_of(url)
    with translated(place):
        connection: Connection = await AsyncConnection.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            application_name="scidex-console doctor",
            options="-c statement_timeout=15000 -c timezone=UTC",
            connect_timeout=10,
        )
        async with connection:
            await connection.execute("SET default_transaction_read_only = on")
            return await _inspect(connection, place, now, stalled_after_s)


async def _inspect(
    connection: Connection, place: str, now: Callable[[], datetime], stalled_after_s: float
) -> DatabaseState:
    await connection.execute("SELECT 1")  # so that the next answer's time is the way alone
    asked = now()
    session = await (await connection.execute(query("inspect_session"))).fetchone()
    answered = now()
    assert session is not None
    halfway = asked + (answered - asked) / 2
    status = await _status(connection, may_read=session["may_read"])
    version = connection.info.server_version
    slow = await (await connection.execute(query("list_unindexed_link_columns"))).fetchall()
    return DatabaseState(
        place=place,
        server_version=f"{version // 10000}.{version % 10000}",
        is_new_enough=version >= OLDEST_SERVER,
        database=session["database"],
        account=session["account"],
        deviations=await _deviations(connection, place),
        slow_links=tuple(row["name"] for row in slow),
        links=max((row["links"] for row in slow), default=0),
        schema=status,
        missing_objects=await _missing(connection, status) if status else (),
        file_path_field="file_path" if session["file_path_is_column"] else "metadata.file_path",
        may_read=session["may_read"],
        may_ask=session["may_ask"],
        may_work=session["may_work"],
        clock_ahead_s=(session["now"] - halfway).total_seconds(),
        clock_doubt_s=(answered - asked).total_seconds() / 2,
        connections_left=session["connections_left"],
        engine=await _engine(connection, stalled_after_s) if status and status.current else None,
        open_runs=await _open_runs(connection) if status and status.current else (),
    )


async def _status(connection: Connection, *, may_read: bool) -> SchemaStatus | None:
    found = await (await connection.execute(query("find_console_schema"))).fetchone()
    if found is not None and found["found"] is not None and not may_read:
        return None
    return schema_status(connection, await applied_versions(connection))


async def _deviations(connection: Connection, place: str) -> str:
    try:
        await check_tables(connection, place)
    except SchemaMismatch as error:
        return error.what
    return ""


async def _missing(connection: Connection, status: SchemaStatus) -> tuple[str, ...]:
    applied = {version.version for version in status.applied}
    wanted = {
        (kind.lower(), name.lower())
        for file in schema_files()
        if file.version in applied
        for kind, name in _MADE.findall(file.up)
    }
    rows = await (await connection.execute(query("list_schema_objects"))).fetchall()
    there = {(row["kind"], row["name"]) for row in rows}
    return tuple(f"{kind} {name}" for kind, name in sorted(wanted - there - _NOT_OURS))


async def _engine(connection: Connection, stalled_after_s: float) -> EngineView | None:
    row = await (await connection.execute(query("read_engine_state"))).fetchone()
    return engine_view(row, stalled_after_s) if row else None


async def _open_runs(connection: Connection) -> tuple[RunView, ...]:
    rows = await (await connection.execute(query("list_current_runs"))).fetchall()
    return tuple(run for run in map(run_view, rows) if run.state in OPEN)
