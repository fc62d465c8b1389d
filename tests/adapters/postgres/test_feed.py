"""News reaches a console: coalesced, and in spite of a lost connection."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from scidex_console.adapters.postgres.database import CHANNEL, Database
from scidex_console.adapters.postgres.feed import PostgresFeed
from tests.adapters.postgres.conftest import Sql

NEVER = 3600.0


def tell(sql: Sql, *topics: str) -> None:
    for topic in topics:
        sql.execute("SELECT pg_notify(%s, %s)", [CHANNEL, topic])


async def test_a_feed_starts_with_a_look_and_then_names_what_changed(database: Database, sql: Sql) -> None:
    feed = PostgresFeed(database, at_most_every_s=0.01, poll_s=NEVER)
    async with aclosing(feed.topics()) as topics:
        assert await anext(topics) == frozenset()
        tell(sql, "run")
        assert await anext(topics) == {"run"}
        tell(sql, "attempts,hosts")
        assert await anext(topics) == {"attempts", "hosts"}


async def test_news_within_the_quiet_time_comes_as_one(database: Database, sql: Sql) -> None:
    feed = PostgresFeed(database, at_most_every_s=0.5, poll_s=NEVER)
    async with aclosing(feed.topics()) as topics:
        await anext(topics)
        tell(sql, "run", "hosts", "run", "batch")
        assert await anext(topics) == {"run", "hosts", "batch"}


async def test_news_that_come_in_a_row_wait_for_the_next_refresh(database: Database, sql: Sql) -> None:
    feed = PostgresFeed(database, at_most_every_s=1.0, poll_s=NEVER)
    async with aclosing(feed.topics()) as topics:
        await anext(topics)
        tell(sql, "run")
        both = asyncio.create_task(anext(topics))
        await asyncio.sleep(0.05)
        tell(sql, "hosts")
        assert await both == {"run", "hosts"}


async def test_without_news_the_slow_poll_looks(database: Database) -> None:
    feed = PostgresFeed(database, at_most_every_s=0.01, poll_s=0.01)
    async with aclosing(feed.topics()) as topics:
        assert [await anext(topics) for _ in range(4)] == [frozenset()] * 4


async def test_a_cut_connection_is_made_again_and_says_look(database: Database, sql: Sql) -> None:
    feed = PostgresFeed(database, at_most_every_s=0.01, poll_s=NEVER)
    async with aclosing(feed.topics()) as topics:
        await anext(topics)
        sql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        assert await anext(topics) == frozenset()  # the connection is gone
        assert await anext(topics) == frozenset()  # another one listens
        tell(sql, "run")
        assert await anext(topics) == {"run"}


async def test_without_a_database_the_feed_goes_on_asking_to_look() -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none", name="test")
    async with aclosing(PostgresFeed(nowhere, at_most_every_s=0.001, poll_s=NEVER).topics()) as topics:
        assert [await anext(topics) for _ in range(3)] == [frozenset()] * 3


async def test_a_cancelled_reader_leaves_no_connection_behind(database: Database, sql: Sql) -> None:
    listening = asyncio.Event()

    async def read() -> None:
        async with aclosing(PostgresFeed(database, poll_s=NEVER).topics()) as topics:
            async for _ in topics:
                listening.set()

    task = asyncio.create_task(read())
    await listening.wait()
    task.cancel()
    assert await asyncio.gather(task, return_exceptions=True) != [None]
    for _ in range(200):
        row = sql.execute(
            "SELECT count(*) AS n FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        ).fetchone()
        if row == {"n": 0}:
            break
        await asyncio.sleep(0.02)
    assert row == {"n": 0}
