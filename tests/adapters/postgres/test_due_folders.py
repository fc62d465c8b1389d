"""The next artifacts of the gap are found without reading all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.rows import dict_row

from scidex_console.adapters.postgres.database import query
from scidex_console.adapters.postgres.schema_runner import SchemaRunner

GAP, LIMIT = 2000, 20


async def test_next_few_are_found_without_reading_the_whole_gap(scidex_database: str) -> None:
    """From the first cycle on: nobody has analysed the table since its new columns came, nor will soon."""
    with psycopg.connect(scidex_database, autocommit=True, row_factory=dict_row) as sql:
        sql.execute(
            "INSERT INTO artifacts (id, artifact_type, title, created_at)"
            f" SELECT 'a' || n, 'claim', 't', now() - n * interval '1 s' FROM generate_series(1, {GAP}) AS n"
        )
        await SchemaRunner(scidex_database).apply()
        sql.execute(
            "INSERT INTO scidex_console.folder (artifact_id, state, due_at) VALUES"
            " ('a1', 'quarantined', NULL), ('a3', 'due', now() + interval '1 h'), ('a4', 'due', now())"
        )
        asked = {"excluding": ["a2", "a5"], "limit": LIMIT}
        found = [row["id"] for row in sql.execute(query("read_due_folders"), asked)]
        assert found == ["a4", *(f"a{n}" for n in range(6, LIMIT + 5))]
        (plan,) = sql.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query("read_due_folders"), asked)
    nodes = _nodes(plan["QUERY PLAN"][0]["Plan"])
    assert sum(node["Actual Rows"] for node in nodes if "Relation Name" in node) < GAP / 10


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)
