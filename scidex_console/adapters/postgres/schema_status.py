"""Which versions of the schema a database has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.adapters.postgres.schema_files import latest_version, schema_files


@dataclass(frozen=True)
class SchemaVersion:
    """One version of the schema, and whether this database has it."""

    version: int
    name: str
    applied_at: datetime | None
    """None while it is pending."""
    applied_by: str
    changed: bool
    """It was applied from a file with another text than the one this program has."""


@dataclass(frozen=True)
class SchemaStatus:
    """What this database has and what it lacks."""

    server_version: str
    versions: tuple[SchemaVersion, ...]
    """In order; versions that only a newer program knows stand at the end."""
    needed: int
    """The version this program works with."""

    @property
    def applied(self) -> tuple[SchemaVersion, ...]:
        return tuple(version for version in self.versions if version.applied_at)

    @property
    def pending(self) -> tuple[SchemaVersion, ...]:
        return tuple(version for version in self.versions if not version.applied_at)

    @property
    def changed(self) -> tuple[SchemaVersion, ...]:
        return tuple(version for version in self.versions if version.changed)

    @property
    def current(self) -> bool:
        """Whether the database is exactly as this program needs it."""
        return not self.pending and not self.changed and self.versions[-1].version == self.needed


async def applied_versions(connection: Connection) -> dict[int, dict[str, Any]]:
    """The record of what was applied, by version; empty before the first time."""
    row = await (await connection.execute(query("find_schema_version"))).fetchone()
    if row is None or row["found"] is None:
        return {}
    rows = await (await connection.execute(query("list_schema_versions"))).fetchall()
    return {row["version"]: row for row in rows}


def schema_status(connection: Connection, applied: Mapping[int, dict[str, Any]]) -> SchemaStatus:
    """The status that follows from what was applied."""
    number = connection.info.server_version
    return SchemaStatus(f"{number // 10000}.{number % 10000}", versions_of(applied), latest_version())


def versions_of(applied: Mapping[int, dict[str, Any]]) -> tuple[SchemaVersion, ...]:
    """Every version this program knows or the database has, in order, from the rows of `schema_version`."""
    versions = []
    known = {file.version: file for file in schema_files()}
    for number in sorted(known.keys() | applied.keys()):
        row, file = applied.get(number), known.get(number)
        name = file.name if file else str(row and row["name"])
        changed = bool(row and file and row["checksum"] != file.checksum)
        at, by = (row["applied_at"], row["applied_by"]) if row else (None, "")
        versions.append(SchemaVersion(number, name, at, by, changed))
    return tuple(versions)
