"""What must hold before the schema is applied, and what would be lost by taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from scidex_console.adapters.postgres.database import Connection, query
from scidex_console.domain.errors import Refused, SchemaMismatch

OLDEST_SERVER = 140000
"""PostgreSQL 14, in the form of `server_version_num`."""

_TEXT = ("text", "character varying")
_TIME = ("timestamp with time zone", "timestamp without time zone")

_NEEDED: dict[str, dict[str, tuple[str, ...]]] = {
    "artifacts": {
        "id": _TEXT,
        "artifact_type": _TEXT,
        "title": _TEXT,
        "metadata": ("jsonb",),
        "created_at": _TIME,
        "updated_at": _TIME,
    },
    "artifact_links": {"source_artifact_id": _TEXT, "target_artifact_id": _TEXT, "link_type": _TEXT},
}
"""Columns of SciDEX's own tables that are read or written, with the types they may have."""

_ADDED: dict[str, dict[str, tuple[str, ...]]] = {
    "artifacts": {
        "file_path": _TEXT,
        "artifact_id": ("uuid",),
        "artifact_dir": ("text",),
        "primary_filename": ("text",),
        "accessory_filenames": ("text[]",),
        "folder_layout_version": ("integer",),
        "migrated_to_folder_at": ("timestamp with time zone",),
    },
    "artifact_migration_log": {
        "id": ("bigint", "integer"),
        "artifact_id": ("text",),
        "status": ("text",),
        "files_moved": ("jsonb",),
        "errors": ("jsonb",),
        "took_ms": ("integer",),
        "created_at": ("timestamp with time zone",),
    },
}
"""Columns that may be there already; where they are, they must be what the folder migration's plan says."""


async def check_server(connection: Connection, place: str) -> None:
    """Raise `SchemaMismatch` for a server that is too old."""
    version = connection.info.server_version
    if version < OLDEST_SERVER:
        what = f"PostgreSQL {version // 10000} is too old"
        raise SchemaMismatch(what, where=place, fix="version 14 or newer is needed")


async def check_tables(connection: Connection, place: str) -> None:
    """Raise `SchemaMismatch`, naming every deviation, unless SciDEX's tables are as we read them."""
    tables = list({*_NEEDED, *_ADDED})
    rows = await (await connection.execute(query("list_columns"), {"tables": tables})).fetchall()
    found = {(row["table_name"], row["column_name"]): row["type_name"] for row in rows}
    present = {table for table, _ in found}
    problems = [f"table {table} is missing" for table in sorted(_NEEDED) if table not in present]
    for table in present & set(_NEEDED):
        problems += _deviations(table, _NEEDED[table], found, required=True)
    for table in present & set(_ADDED):
        problems += _deviations(table, _ADDED[table], found, required=table not in _NEEDED)
    if problems:
        fix = "point [database] url at SciDEX's database (its search_path must find these tables)"
        raise SchemaMismatch("; ".join(sorted(problems)), where=place, fix=fix)


def _deviations(
    table: str,
    columns: Mapping[str, tuple[str, ...]],
    found: Mapping[tuple[str, str], str],
    *,
    required: bool,
) -> list[str]:
    problems = []
    for column, types in columns.items():
        present = found.get((table, column))
        if present is None and required:
            problems.append(f"column {table}.{column} is missing")
        elif present is not None and present not in types:
            problems.append(f"column {table}.{column} is {present}, not {' or '.join(types)}")
    return problems


_LOST = ("count_migrated_state", "count_migration_log", "count_journalled_state", "count_soak_state")


async def check_nothing_is_lost(connection: Connection, place: str, *, lose_migrated_state: bool) -> None:
    """Raise `Refused`, with counts, when taking the schema back would lose what cannot be made again.

    An engine that lives is refused in any case: it may stand between the two commit points of a batch.
    """
    engine = await _only(connection, "read_live_engine")
    if engine.get("holder"):
        what = f"the engine {engine['holder']} is running"
        raise Refused(what, where=place, fix="stop the engine first")
    if lose_migrated_state:
        return
    lost: list[str] = []
    for statement in _LOST:
        facts = await _only(connection, statement)
        lost += [f"{count} {what}" for what, count in facts.items() if count]
    if lost:
        what = f"taking the schema back would lose {', '.join(lost)}"
        raise Refused(what, where=place, fix="add --lose-migrated-state to do it all the same")


async def _only(connection: Connection, statement: str) -> dict[str, Any]:
    """The one row of a statement; nothing when its table or column does not exist (any more)."""
    try:
        row = await (await connection.execute(query(statement))).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName):
        return {}
    return dict(row) if row else {}
