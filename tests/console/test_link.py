"""The link to the database: coalesced readings, ages, and a database that goes and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from scidex_console.console.link import DataLink, Pace, Wanted
from scidex_console.domain.errors import Unreachable
from scidex_console.engine.views import Overview
from tests.console.fakes import FakeFeed, FakeRead, FakeTime, an_overview


class Linked:
    """A link with its fakes."""

    def __init__(self, **pace: float) -> None:
        self.looks = 0
        self.read = FakeRead()
        self.feed = FakeFeed()
        self.time = FakeTime()
        self.wanted: Wanted | None = Wanted(50, 50)
        self.changes = 0
        given = {"at_most_every": 0.0, "poll_every": 60.0, "retry_after": 0.0, **pace}
        self.link = DataLink(
            self.read,
            self.feed,
            wanted=self._wanted,
            changed=self._changed,
            pace=Pace(**given),
            monotonic=self.time,
        )

    def _wanted(self) -> Wanted | None:
        self.looks += 1
        return self.wanted

    def _changed(self) -> None:
        self.changes += 1


@asynccontextmanager
async def linked(**pace: float) -> AsyncIterator[Linked]:
    world = Linked(**pace)
    task = asyncio.create_task(world.link.run())
    try:
        yield world
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(seen: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not seen():
            await asyncio.sleep(0.001)


async def test_first_reading_needs_no_news() -> None:
    async with linked() as world:
        await until(lambda: world.changes == 1)
        assert world.link.knowledge().overview is world.read.shown


async def test_news_leads_to_a_reading() -> None:
    async with linked() as world:
        await until(lambda: world.changes == 1)
        world.read.shown = an_overview(last_batch=None)
        world.feed.tell("batch")
        await until(lambda: world.link.knowledge().overview is world.read.shown)


async def test_much_news_at_once_is_one_reading() -> None:
    async with linked(at_most_every=0.05) as world:
        await until(lambda: world.changes == 1)
        for _ in range(40):
            world.feed.tell("attempt")
        await until(lambda: world.feed.queue.empty() and world.changes == 2)
        assert world.read.readings == 2


async def test_lost_notifications_are_bridged_by_the_slow_poll() -> None:
    async with linked(poll_every=0.01) as world:
        world.feed.queue.put_nowait(Unreachable("gone"))
        await until(lambda: world.read.readings >= 4)
        assert world.link.knowledge().trouble == ""


async def test_readings_that_take_long_do_not_make_what_is_shown_stale_by_the_pauses_between() -> None:
    async with linked(poll_every=0.02, rest=1000.0) as world:
        quick = world.read.overview

        async def slow(**asked: Any) -> Overview:
            world.time.passes(8)
            return await quick(**asked)

        world.read.overview = slow  # type: ignore[method-assign]
        await until(lambda: world.changes == 1)
        for number in (2, 3):
            world.feed.tell("hosts")  # news never makes it later than the slow poll would be
            await until(lambda number=number: world.changes >= number)  # type: ignore[misc]


async def test_a_feed_that_failed_is_taken_up_again() -> None:
    async with linked(poll_every=0.01) as world:
        world.feed.queue.put_nowait(Unreachable("gone"))
        await until(lambda: world.feed.queue.empty() and world.read.readings > 2)
        world.feed.tell("run")
        await until(world.feed.queue.empty)


async def test_nothing_is_read_while_nothing_is_shown() -> None:
    world = Linked(poll_every=0.001)
    world.wanted = None
    task = asyncio.create_task(world.link.run())
    await until(lambda: world.looks > 3)
    assert world.read.readings == 0
    world.wanted = Wanted(3, 0)
    await until(lambda: world.read.asked)
    assert world.read.asked[0] == (3, 0, 30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_lost_database_keeps_what_was_read_and_says_why() -> None:
    async with linked() as world:
        await until(lambda: world.changes == 1)
        shown = world.link.knowledge().overview
        world.read.fails = Unreachable("connection refused", where="database")
        world.time.passes(34)
        world.feed.tell("run")
        await until(lambda: world.link.knowledge().trouble)
        knowledge = world.link.knowledge()
        assert knowledge.overview is shown
        assert knowledge.trouble == "database: connection refused"
        assert knowledge.age_s == 34
        assert "34s old" in knowledge.blocked


async def test_a_database_that_comes_back_is_found_without_news() -> None:
    async with linked() as world:
        world.read.fails = Unreachable("connection refused")
        await until(lambda: world.link.knowledge().trouble)
        world.read.fails = None
        await until(lambda: not world.link.knowledge().trouble)
        assert world.link.knowledge().blocked == ""


async def test_any_failure_of_a_reading_is_shown_and_outlived() -> None:
    async with linked() as world:
        await until(lambda: world.changes == 1)
        world.read.fails = ZeroDivisionError("a bug")
        world.feed.tell("run")
        await until(lambda: world.link.knowledge().trouble == "ZeroDivisionError: a bug")
        world.read.fails = None
        await until(lambda: world.link.knowledge().trouble == "")


async def test_a_database_that_does_not_answer_is_given_up_on() -> None:
    async with linked(answer_within=0.01) as world:
        never = asyncio.Event()

        async def hang(**_: object) -> None:
            await never.wait()

        world.read.overview = hang  # type: ignore[assignment, method-assign]
        await until(lambda: world.link.knowledge().trouble == "no answer within 0.01 s")


async def test_old_data_blocks_actions_even_without_a_failure() -> None:
    async with linked() as world:
        await until(lambda: world.changes == 1)
        assert world.link.knowledge().blocked == ""
        world.time.passes(15.5)
        assert world.link.knowledge().stale
        assert world.link.knowledge().blocked == "what is shown is 15s old"


async def test_the_databases_clock_goes_on_between_readings() -> None:
    async with linked() as world:
        await until(lambda: world.changes == 1)
        world.time.passes(3)
        overview = world.link.knowledge().overview
        now = world.link.knowledge().now
        assert overview is not None and now is not None
        assert (now - overview.taken_at).total_seconds() == 3


async def test_what_was_not_asked_for_is_not_known_to_be_empty() -> None:
    async with linked() as world:
        world.wanted = Wanted()
        await until(lambda: world.changes)
        assert world.link.knowledge().lists == frozenset()
        world.wanted = Wanted(50, 50)
        world.link.hurry()  # as a screen does that is shown again: it has no query but the overview
        await until(lambda: world.link.knowledge().lists == {"dead", "errors"})
