"""Applies the schema's versions and takes them back: repeatable, and impatient with other people's locks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row

from scidex_console.adapters.postgres.database import Connection, place_of, query, translated
from scidex_console.adapters.postgres.schema_checks import (
    check_nothing_is_lost,
    check_server,
    check_tables,
)
from scidex_console.adapters.postgres.schema_files import (
    SchemaFile,
    latest_version,
    new_index,
    schema_files,
    stands_outside_transactions,
    statements,
)
from scidex_console.adapters.postgres.schema_status import (
    SchemaStatus,
    SchemaVersion,
    applied_versions,
    schema_status,
    versions_of,
)
from scidex_console.domain.errors import ConsoleError, LockBusy, SchemaMismatch


class SchemaRunner:
    """Brings a database to this program's schema, or back to what SciDEX had.

    Each version is one transaction which waits `lock_timeout_s` for a lock and is tried `tries` times;
    indexes on SciDEX's tables are made concurrently, so that nobody waits for them.
    """

    def __init__(
        self,
        url: str,
        *,
        lock_timeout_s: float = 3.0,
        concurrent_lock_timeout_s: float = 60.0,
        tries: int = 5,
        pause_s: float = 1.0,
    ) -> None:
        self._url = url
        self._place = place_of(url)
        self._lock_timeout_s = lock_timeout_s
        self._concurrent_lock_timeout_s = concurrent_lock_timeout_s
        self._tries = tries
        self._pause_s = pause_s

    async def status(self) -> SchemaStatus:
        """What is applied and what is pending; changes nothing and needs no more than a viewer's rights."""
        async with self._connected() as connection:
            applied = await applied_versions(connection)
            return schema_status(connection, applied)

    async def apply(self) -> tuple[SchemaVersion, ...]:
        """Apply what is pending; the versions applied now.

        Raises `SchemaMismatch` when the server or SciDEX's tables are not as needed, or the database is newer
        than this program; `LockBusy` when a table stayed locked, or another runner is at work.
        """
        async with self._connected() as connection:
            await check_server(connection, self._place)
            await check_tables(connection, self._place)
            async with self._alone(connection):
                await self._prepare(connection)
                before = await applied_versions(connection)
                self._refuse_newer(before)
                new = [file for file in schema_files() if file.version not in before]
                for file in new:
                    await self._run(connection, file.up, _recorded("insert_schema_version", file), file.name)
                versions = versions_of(await applied_versions(connection))
        added = {file.version for file in new}
        return tuple(version for version in versions if version.version in added)

    async def revert(self, *, lose_migrated_state: bool = False) -> tuple[SchemaVersion, ...]:
        """Take everything back, newest first; the versions taken back.

        Raises `Refused` while an engine runs, and, unless `lose_migrated_state`, while migrated artifacts,
        journalled batches, logged attempts or open runs would be lost. The roles stay: they belong to the
        whole cluster.
        """
        async with self._connected() as connection, self._alone(connection):
            before = await applied_versions(connection)
            self._refuse_newer(before)
            await check_nothing_is_lost(connection, self._place, lose_migrated_state=lose_migrated_state)
            done = tuple(version for version in reversed(versions_of(before)) if version.applied_at)
            files = {file.version: file for file in schema_files()}
            for version in done:
                file = files[version.version]
                await self._run(connection, file.down, _recorded("delete_schema_version", file), file.name)
            await connection.execute("DROP TABLE IF EXISTS scidex_console.schema_version")
            await connection.execute("DROP SCHEMA IF EXISTS scidex_console")
        return done

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        try:
            with translated(self._place):
                connection: Connection = await AsyncConnection.connect(
                    self._url,
                    autocommit=True,
                    row_factory=dict_row,
                    application_name="scidex-console schema",
                    options="-c statement_timeout=0 -c timezone=UTC",
                    connect_timeout=10,
                )
                async with connection:
                    yield connection
        except psycopg.Error as error:
            raise ConsoleError(str(error).strip().splitlines()[0], where=self._place) from error

    @asynccontextmanager
    async def _alone(self, connection: Connection) -> AsyncIterator[None]:
        # Asked for again and again rather than waited for: a session that waits holds a snapshot, and the
        # other runner's concurrent index would wait for that snapshot.
        for attempt in range(self._tries):
            if attempt:
                await asyncio.sleep(self._pause_s)
            row = await (await connection.execute(query("try_schema_lock"))).fetchone()
            if row and row["locked"]:
                yield
                return
        raise LockBusy(
            "the schema is being changed by somebody else", where=self._place, fix="try again later"
        )

    async def _prepare(self, connection: Connection) -> None:
        row = await (await connection.execute(query("find_console_schema"))).fetchone()
        if row is None or row["found"] is None:
            await connection.execute("CREATE SCHEMA scidex_console")
        await connection.execute(query("create_schema_version"))

    def _refuse_newer(self, applied: Mapping[int, dict[str, Any]]) -> None:
        newest = max(applied, default=0)
        if newest > latest_version():
            what = f"the schema is at version {newest}, which only a newer program knows"
            raise SchemaMismatch(
                what, where=self._place, fix=f"this one knows versions to {latest_version()}"
            )

    async def _run(self, connection: Connection, text: LiteralString, record: _Record, name: str) -> None:
        where = f"{self._place}, schema file {name}"
        if stands_outside_transactions(text):
            for statement in statements(text):
                await self._patiently(partial(self._outside, connection, statement), where)
            await record(connection)
        else:
            await self._patiently(partial(self._inside, connection, text, record), where)

    async def _inside(self, connection: Connection, text: LiteralString, record: _Record) -> None:
        async with connection.transaction():
            await _set_lock_timeout(connection, self._lock_timeout_s, local=True)
            await connection.execute(text)
            await record(connection)

    async def _outside(self, connection: Connection, statement: LiteralString) -> None:
        # Waiting for other transactions to end holds nobody up here, so this may take its time.
        await _set_lock_timeout(connection, self._concurrent_lock_timeout_s, local=False)
        index = new_index(statement)
        if index is not None:
            row = await (await connection.execute(query("read_index_validity"), {"name": index})).fetchone()
            if row is not None and not row["valid"]:
                drop = sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(index))
                await connection.execute(drop)
        await connection.execute(statement)

    async def _patiently(self, work: Callable[[], Awaitable[None]], where: str) -> None:
        for attempt in range(self._tries):
            if attempt:
                await asyncio.sleep(self._pause_s)
            try:
                return await work()
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
                continue
            except psycopg.errors.UniqueViolation as error:
                raise SchemaMismatch(str(error).strip().replace("\n", " "), where=where) from error
        what = f"a table stayed locked through {self._tries} tries"
        raise LockBusy(what, where=where, fix="end the long transaction, or try again later")


_Record = Callable[[Connection], Awaitable[object]]


def _recorded(statement: str, file: SchemaFile) -> _Record:
    params = {"version": file.version, "name": file.name, "checksum": file.checksum}
    return lambda connection: connection.execute(query(statement), params)


async def _set_lock_timeout(connection: Connection, seconds: float, *, local: bool) -> None:
    await connection.execute("SELECT set_config('lock_timeout', %s, %s)", [f"{int(seconds * 1000)}ms", local])
