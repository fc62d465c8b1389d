"""A database of any size for the console to show, and an engine that seems to work."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

import psycopg

from scidex_console.adapters.postgres.schema_runner import SchemaRunner

_GROUPS = 24
_FILL = (
    """
    INSERT INTO artifacts (id, artifact_type, title, metadata, created_at)
    SELECT 'artifact-' || n, CASE WHEN n %% 3 = 0 THEN 'paper_figure' ELSE 'analysis' END, 'Figure ' || n,
        jsonb_build_object('image_url', 'https://h' || n %% {groups} || '.example/' || n || '.png'),
        now() - make_interval(secs => n)
    FROM generate_series(1, {artifacts}) AS n
    """,
    """
    INSERT INTO scidex_console.figure (artifact_id, url, host_group, state, due_at)
    SELECT 'artifact-' || n, 'https://h' || n %% {groups} || '.example/' || n || '.png', 'h' || n %% {groups},
        s.state, CASE s.state WHEN 'due' THEN now() - interval '1 minute' END
    FROM generate_series(3, {artifacts}, 3) AS n,
        LATERAL (
            SELECT (ARRAY['due', 'stored', 'dead', 'transient', 'blocked'])[1 + (n / 3) %% 5] AS state
        ) AS s
    """,
    """
    INSERT INTO scidex_console.fetch_attempt (artifact_id, title, url, host, host_group, outcome, status,
        reason, requests, started_at, took_ms, epoch)
    SELECT 'artifact-' || n, 'Figure ' || n, 'https://h' || n %% {groups} || '.example/' || n || '.png',
        'h' || n %% {groups} || '.example', 'h' || n %% {groups}, o.outcome, o.status,
        o.outcome || ' after HEAD', 2, now() - make_interval(secs => ({attempts} - n)), 200 + n %% 700, 1
    FROM generate_series(1, {attempts}) AS n,
        LATERAL (SELECT (ARRAY['stored', 'dead', 'transient', 'blocked'])[1 + n %% 4] AS outcome,
                        (ARRAY[200, 404, 503, 403])[1 + n %% 4] AS status) AS o
    """,
    """
    INSERT INTO scidex_console.host_state (host_group, rate, in_flight_limit)
    SELECT 'h' || n, 2, 4 FROM generate_series(0, {groups} - 1) AS n
    """,
    """
    INSERT INTO artifact_migration_log (artifact_id, status, errors, took_ms)
    SELECT 'artifact-' || n, CASE WHEN n %% 50 = 0 THEN 'hash_mismatch' ELSE 'success' END,
        '{{"reason": "r"}}', 9
    FROM generate_series(1, {artifacts} / 10) AS n
    """,
    """
    INSERT INTO scidex_console.run (job, state, operator, origin, started_at)
    VALUES ('figures', 'running', 'anna', 'local', now() - interval '1 hour')
    """,
    """
    INSERT INTO scidex_console.audit (operator, origin, version, action, job, before, after, outcome)
    SELECT 'anna', 'ssh 10.0.0.5', '0.1.0', 'intent:pause', 'figures', '{{"state": "running"}}',
        '{{"params": {{}}, "result": {{"state": "paused"}}}}', 'done: paused'
    FROM generate_series(1, {attempts} / 100 + 1)
    """,
    """
    INSERT INTO scidex_console.batch (uid, job, state, epoch, base_commit, commit_id, push_state, settled_at)
    SELECT gen_random_uuid(), 'figures', CASE WHEN n %% 100 = 0 THEN 'rolled_back' ELSE 'cleaned' END, 1, 'b',
        'c', 'none', now()
    FROM generate_series(1, {artifacts} / 300 + 1) AS n
    """,
    """
    INSERT INTO scidex_console.operation (batch_id, artifact_id, state, fields, before, after, path, staged)
    SELECT b.id, 'artifact-' || 300 * b.id - 3 * n, 'done', '{{}}', '{{}}', '{{}}', 'p' || n, 's'
    FROM scidex_console.batch AS b, generate_series(0, 99) AS n
    """,
    """
    UPDATE scidex_console.engine SET epoch = 1, started_at = now(), heartbeat_at = now(), running = true,
        holder = '1@benchmark', environment = 'benchmark', figures_total = {artifacts} / 3,
        surveyed_at = now()
    """,
)


def fill(url: str, *, artifacts: int, attempts: int) -> None:
    """SciDEX's tables, ours, and so many rows; counters folded, statistics made."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(files("scidex_console.demo").joinpath("scidex_tables.sql").read_bytes())
    asyncio.run(SchemaRunner(url).apply())
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in _FILL:
            text = statement.replace("%%", "%").format(artifacts=artifacts, attempts=attempts, groups=_GROUPS)
            connection.execute(text.encode())
        fold = files("scidex_console.adapters.postgres").joinpath("queries", "fold_counters.sql")
        connection.execute(fold.read_bytes())
        connection.execute("VACUUM ANALYZE")


@contextmanager
def engine_at_work(url: str, *, cells_a_second: int = 0) -> Iterator[None]:
    """An engine's heartbeat every 2 s, and so many figures on the screen that change each second."""
    over = threading.Event()

    def work() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(740196003, 1)")
            second = 0
            while not over.wait(1.0):
                second += 1
                if second % 2 == 0:
                    connection.execute("UPDATE scidex_console.engine SET heartbeat_at = now()")
                if cells_a_second:
                    connection.execute(
                        "UPDATE scidex_console.host_state SET in_flight = %s, changed_at = now() "
                        "WHERE host_group IN (SELECT host_group FROM scidex_console.host_state "
                        "ORDER BY host_group LIMIT %s)",
                        [second % 4, cells_a_second],
                    )
                    connection.execute("SELECT pg_notify('scidex_console', 'hosts')")

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()
