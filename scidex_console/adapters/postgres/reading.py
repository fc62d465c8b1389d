"""What readers of artifacts ask of the database, and the one thing they may write: their counts."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.attempts import contains
from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.postgres.folders import artifact_row
from scidex_console.adapters.postgres.snapshot import ask_once, fetch
from scidex_console.domain.errors import LockBusy
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.handles import LONGEST_KEY
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.row_json import is_storable
from scidex_console.engine.ports.reading import (
    Neighbour,
    Neighbours,
    ReadCount,
    ReaderProcess,
    RequestCount,
    Search,
)

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LINKS_WITHIN_MS = 500
_MOST_COUNTS = 2000
"""Counts that one call of the function takes."""


def uuid_of(key: str) -> str | None:
    """A key as a UUID, when it is written as one."""
    return key.lower() if _UUID.fullmatch(key) else None


class PostgresReadableRows:
    """Implements the engine's `ReadableRows`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: str) -> ArtifactRow | None:
        """The row of a legacy id or of a UUID."""
        if not _is_key(key):
            return None
        params = {"key": key, "uuid": uuid_of(key)}
        async with self._database.session() as connection:
            row = await (await connection.execute(query("find_artifact"), params)).fetchone()
        return artifact_row(row) if row else None

    async def find_all(self, keys: Sequence[str]) -> Mapping[str, ArtifactRow]:
        """Rows by the keys they were asked for with."""
        asked = list(dict.fromkeys(key for key in keys if _is_key(key)))
        params = {"keys": asked, "uuids": [uuid_of(key) for key in asked]}
        rows = await fetch(self._database, "find_artifacts", params)
        return {row["key"]: artifact_row(row) for row in rows}

    async def neighbours(self, artifact_id: str, upstream: Sequence[str], limit: int) -> Neighbours:
        """Ends of an artifact's links, read for a while only: the table is not ours and may lack indexes."""
        params = {"artifact_id": artifact_id, "types": list(upstream), "limit": limit}
        try:
            found = await ask_once(self._database, {"list_neighbours": params}, within_ms=_LINKS_WITHIN_MS)
        except LockBusy:
            return Neighbours(unread=f"the links were not read within {_LINKS_WITHIN_MS} ms")
        return Neighbours(tuple(Neighbour(**row) for row in found["list_neighbours"]))

    async def search(self, search: Search, limit: int) -> Sequence[ArtifactRow]:
        """Rows in the order of their ids."""
        params = {
            "pattern": contains(search.text),
            "artifact_type": search.artifact_type,
            "has_folder": search.has_folder,
            "after": search.after,
            "limit": limit,
        }
        return [artifact_row(row) for row in await fetch(self._database, "search_artifacts", params)]


class PostgresShares:
    """Implements the engine's `ShareSource`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def shares(self) -> Mapping[ReaderKind, float]:
        """Percent for each reader that the database names; what this program does not know is left out."""
        found: dict[ReaderKind, float] = {}
        for row in await fetch(self._database, "list_reader_shares"):
            with suppress(ValueError):
                found[ReaderKind(row["reader"])] = row["percent"]
        return found


class PostgresReadLog:
    """Implements the engine's `ReadLog` by the functions that the role `scidex_reader` may call."""

    def __init__(self, database: Database, *, version: str) -> None:
        self._database = database
        self._version = version
        self._session = uuid.uuid4()

    async def add(
        self, process: ReaderProcess, reads: Sequence[ReadCount], requests: Sequence[RequestCount]
    ) -> None:
        """Add all of them in one transaction; the process's own row is there with or without counts."""
        of_it = {
            "session": self._session,
            "name": process.name,
            "flag": process.enabled,
            "legacy": process.legacy,
            "version": self._version,
        }
        read = [[r.reader, r.source, r.fell_back, r.up_to_us, r.n] for r in reads]
        answered = [[r.route, r.status, r.up_to_us, r.n] for r in requests]
        async with self._database.transaction() as connection:
            for start in range(0, max(len(read), len(answered), 1), _MOST_COUNTS):
                part = slice(start, start + _MOST_COUNTS)
                params = {**of_it, "reads": Jsonb(read[part]), "requests": Jsonb(answered[part])}
                await connection.execute(query("count_reads"), params)

    async def leave(self) -> None:
        """Take the process's row away."""
        async with self._database.session() as connection:
            await connection.execute(query("end_reading"), {"session": self._session})


def _is_key(key: str) -> bool:
    """Whether a text can be a key at all: the database would refuse the others."""
    return 0 < len(key) <= LONGEST_KEY and is_storable(key)
