"""Several real consoles over one real database: over SSH, local, read-only, and one that is stalled."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from tests import warm
from tests.e2e.terminals import ENTER, ESCAPE, RIGHT, PtyTerminal, wait_for
from tests.e2e.test_operator_session import environment
from tests.e2e.test_soak_step_through import wait_for as wait_until

_COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:[34][0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
_TRUE_COLOUR = re.compile(rb"\x1b\[[0-9;]*[34]8;[25];[0-9;]*m")
_MOUSE = b"\x1b[?1000h"


class Store:
    """A database in which an engine seems to be at work, and who looks at it."""

    def __init__(self, url: str, folder: Path, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self.url = url
        self.folder = folder
        self.connection = connection
        self.opened = ExitStack()

    def rows(self, statement: str, *params: object) -> list[dict[str, Any]]:
        """Ask, as the owner."""
        cursor = self.connection.execute(statement.encode(), params or None)
        return cursor.fetchall() if cursor.description else []

    def console(self, *words: str, url: str = "", columns: int = 80, **environ: str) -> PtyTerminal:
        """A console on a terminal of its own, closed at the end."""
        config = self.folder / f"config-{secrets.token_hex(4)}.toml"
        config.write_text(f'[database]\nurl = "{url or self.url}"\n')
        command = [*warm.PROGRAM, "--config", str(config), "console", *words]
        terminal = PtyTerminal(command, columns, 24, environment(self.folder) | environ)
        self.opened.callback(terminal.close)
        return terminal


@pytest.fixture(scope="module")
def template(_databases: Any, _scidex_template: str) -> Iterator[str]:
    with _databases(_scidex_template) as url:
        asyncio.run(SchemaRunner(url).apply())
        yield urlsplit(url).path.removeprefix("/")


@pytest.fixture
def store(_databases: Any, template: str, tmp_path: Path) -> Iterator[Store]:
    with (
        _databases(template) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection,
    ):
        connection.execute(
            "UPDATE scidex_console.engine SET started_at = now(), running = true, holder = '1@here', "
            "heartbeat_at = now() + interval '1 hour', writes = true, environment = 'trial'"
        )
        connection.execute("SELECT pg_advisory_lock(740196003, 1)")  # an engine's
        found = Store(url, tmp_path, connection)
        with found.opened:
            yield found


def ssh(address: str) -> dict[str, str]:
    return {"SSH_CONNECTION": f"{address} 50000 10.0.0.1 22"}


def test_two_consoles_press_the_same_key_with_one_effect_and_both_names(store: Store) -> None:
    anna, bob = store.console(**ssh("10.0.0.5")), store.console(**ssh("10.0.0.6"))
    for console in (anna, bob):
        wait_for(console, "TRIAL", "s start")
    anna.send("s")
    wait_for(anna, "#1 start figures: requested")
    bob.send("s")
    wait_for(
        bob, "#1 start figures: requested"
    )  # which the news of the first may show before the key is read
    both = "SELECT 1 FROM scidex_console.intent WHERE cardinality(also_by) > 0"
    wait_until(lambda: bool(store.rows(both)), "the second is named, too")
    [intent] = store.rows("SELECT * FROM scidex_console.intent")
    assert "ssh 10.0.0.5" in intent["origin"] and len(intent["also_by"]) == 1
    assert " from ssh 10.0.0.6 " in intent["also_by"][0]
    store.rows("UPDATE scidex_console.intent SET state = 'waiting', waits_on = '3 requests'")
    wait_for(bob, "WAITING", "w withdraw")
    bob.send("w")
    wait_for(bob, "Withdraw an intent", "waits on 3 requests", "10.0.0.6")
    bob.send(RIGHT, ENTER)
    wait_for(bob, "withdrawal asked for")
    [intent] = store.rows("SELECT * FROM scidex_console.intent")
    assert intent["cancel_requested"] is True
    for console in (anna, bob):
        console.send("8")
    wait_for(anna, "Watching 2", "ssh 10.0.0.5", "ssh 10.0.0.6", "withdraw intent 1", "start figures")
    for console in (anna, bob):
        assert not _TRUE_COLOUR.search(bytes(console.output)), "little is sent over SSH"
        assert _MOUSE not in console.output
    bob.send("q")
    wait_for(bob, "The console has left")
    wait_for(anna, "Watching 1")


def test_who_may_only_watch_is_told_so_and_seen(store: Store) -> None:
    name, password = f"test_viewer_{secrets.token_hex(4)}", secrets.token_hex(8)
    role, member = sql.Identifier(name), sql.Identifier("scidex_viewer")
    store.connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
    store.connection.execute(sql.SQL("GRANT {} TO {}").format(member, role))
    try:
        parts = urlsplit(store.url)
        url = urlunsplit(parts._replace(netloc=f"{name}:{password}@{parts.netloc.rpartition('@')[2]}"))
        viewer = store.console(url=url, NO_COLOR="1", **ssh("10.0.0.9"))
        locked = store.console("--read-only", columns=200)
        for console in (viewer, locked):
            wait_for(console, "READ-ONLY", "TRIAL", "Gap")
        viewer.send("s")
        wait_for(viewer, "the database role", "may only watch")
        locked.send("s")
        wait_for(locked, "this console was started read-only")
        wait_for(locked, "2 watch")
        locked.send("8")
        wait_for(locked, "Watching 2", f"{name} [read-only]", "ssh 10.0.0.9", "local")
        assert store.rows("SELECT * FROM scidex_console.intent") == []
        assert store.rows("SELECT * FROM scidex_console.presence") == []
        assert not _COLOUR.search(bytes(viewer.output)), "NO_COLOR means no colour code at all"
        assert _COLOUR.search(bytes(locked.output)) and _MOUSE in locked.output
    finally:
        store.opened.close()
        store.connection.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.mark.sweep
def test_a_terminal_that_takes_nothing_harms_nobody_else(store: Store) -> None:
    stalled, other = store.console(columns=200, **ssh("10.0.0.5")), store.console(**ssh("10.0.0.6"))
    for console in (stalled, other):
        wait_for(console, "TRIAL", "s start")
    os.set_blocking(stalled.descriptor, False)
    until = time.monotonic() + 6
    while time.monotonic() < until:  # more output than the terminal and the console can hold, read by nobody
        try:
            stalled.send("?", ESCAPE, "8", "1")
        except BlockingIOError:
            break
        time.sleep(0.02)
    longest = "SELECT max(now() - xact_start) > interval '8 seconds' AS held FROM pg_stat_activity "
    longest += "WHERE application_name LIKE 'scidex-console%%'"
    for _ in range(10):
        assert not store.rows(longest.replace("%%", "%"))[0]["held"]
        with psycopg.connect(store.url) as impatient:
            # Three tables, each held by a stalled one for 8 s at most.
            impatient.execute("SET lock_timeout = '30s'")
            impatient.execute("LOCK TABLE scidex_console.engine, scidex_console.intent, artifacts")
        time.sleep(0.3)
    other.send("s")
    wait_for(other, "#1 start figures: requested")
    os.set_blocking(stalled.descriptor, True)
