"""Values that PostgreSQL takes and Python does not know: none keeps a row, or its page, from being read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.odd_values import EARLIEST, LATEST
from scidex_console.adapters.postgres.reading import PostgresReadableRows
from scidex_console.domain.folders.manifest import manifest_bytes
from scidex_console.engine.ports.reading import Search
from tests.adapters.postgres.conftest import Sql

DEEP = "[" * 1500 + "]" * 1500


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("infinity", LATEST),
        ("30000-01-01", LATEST),
        ("-infinity", EARLIEST),
        ("4000-01-01 BC", EARLIEST),
        ("2025-05-01 12:00+02", datetime(2025, 5, 1, 10, tzinfo=UTC)),
    ],
)
async def test_a_time_beyond_the_calendar_is_the_last_or_first_one_there_is(
    database: Database, sql: Sql, written: str, read: datetime
) -> None:
    sql.execute("INSERT INTO artifacts (id, artifact_type, created_at) VALUES ('a', 'x', %s)", [written])
    found = await PostgresReadableRows(database).find("a")
    assert found is not None and found.created_at == read
    manifest_bytes(found, [])


@pytest.mark.parametrize(
    "metadata",
    [
        f'{{"n": {"9" * 5000}}}',
        f'{{"deep": {DEEP}, "figure_path": "figures/1.png"}}',
        DEEP,
    ],
)
@pytest.mark.parametrize("column", ["metadata", "provenance_chain"])
async def test_json_that_cannot_be_read_hides_no_other_row_and_gets_no_manifest(
    database: Database, sql: Sql, column: str, metadata: str
) -> None:
    statement = f"INSERT INTO artifacts (id, artifact_type, {column}) VALUES ('a', 'x', %s)"
    sql.execute(statement.encode(), [metadata])
    sql.execute("INSERT INTO artifacts (id, artifact_type, metadata) VALUES ('b', 'x', '{\"k\": [1]}')")
    found, other = await PostgresReadableRows(database).search(Search("", limit=10), 10)
    assert (found.id, other.id, other.metadata) == ("a", "b", {"k": [1]})
    with pytest.raises(ValueError, match="cannot be mirrored in a manifest"):
        manifest_bytes(found, [])


@pytest.mark.parametrize("metadata", ["null", "[1]", '"text"', "5", "true"])
async def test_metadata_that_is_no_object_is_read_and_gets_no_manifest(
    database: Database, sql: Sql, metadata: str
) -> None:
    sql.execute("INSERT INTO artifacts (id, artifact_type, metadata) VALUES ('a', 'x', %s)", [metadata])
    found = await PostgresReadableRows(database).find("a")
    assert found is not None
    with pytest.raises(ValueError, match="metadata that is no object"):
        manifest_bytes(found, [])


async def test_a_row_without_metadata_gets_a_manifest(database: Database, sql: Sql) -> None:
    sql.execute("INSERT INTO artifacts (id, artifact_type, metadata) VALUES ('a', 'x', NULL)")
    found = await PostgresReadableRows(database).find("a")
    assert found is not None and found.metadata == {}
    manifest_bytes(found, [])


async def test_brackets_within_texts_and_wide_lists_are_read_as_they_are(
    database: Database, sql: Sql
) -> None:
    written = {"text": '[{"\\' * 500, "wide": [[1]] * 500}
    sql.execute(
        "INSERT INTO artifacts (id, artifact_type, metadata) VALUES ('a', 'x', %s)", [json.dumps(written)]
    )
    found = await PostgresReadableRows(database).find("a")
    assert found is not None and found.metadata == written


async def test_a_list_of_names_with_holes_in_it_is_read_without_them(database: Database, sql: Sql) -> None:
    sql.execute(
        "INSERT INTO artifacts (id, accessory_filenames) VALUES ('a', ARRAY['x.csv', NULL, '', 'y.csv'])"
    )
    found = await PostgresReadableRows(database).find("a")
    assert found is not None and found.accessories == ("x.csv", "y.csv")


@pytest.mark.parametrize(
    "number",
    ["0.33333333333333333333", f"0.{'0' * 399}1", "9007199254740993.0", f"{'9' * 400}.5", "-0.1", "1e-7"],
)
async def test_a_number_comes_back_digit_by_digit_in_a_manifest_and_in_a_row(
    database: Database, sql: Sql, number: str
) -> None:
    sql.execute(
        "INSERT INTO artifacts (id, artifact_type, metadata) VALUES ('a', 'x', %s)", [f'{{"n": [{number}]}}']
    )
    found = await PostgresReadableRows(database).find("a")
    assert found is not None and found.metadata == {"n": [float(number)]}
    mirrored = json.loads(manifest_bytes(found, []), parse_float=Decimal)["metadata"]["n"]
    assert mirrored == [Decimal(number)]
    async with database.session() as connection:
        same = await connection.execute(
            "SELECT metadata = %s AS same FROM artifacts", [Jsonb(dict(found.metadata))]
        )
        assert await same.fetchone() == {"same": True}
