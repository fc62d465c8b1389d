"""The one resolver, its shares as the database has them, and its counts as they get there."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.errors import Unreachable
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.reading.kinds import ReaderKind, Source
from scidex_console.engine.ports.reading import ReadCount, ReaderProcess, RequestCount
from scidex_console.engine.reading.keeping import KeepingTimes, ReaderKeeper
from scidex_console.engine.reading.metering import ReadMeter
from scidex_console.engine.reading.resolver import ArtifactResolver
from tests.engine.reading.small_checkout import UUID, SmallCheckout, row


@dataclass
class Rows:
    """Rows in memory, by both keys."""

    known: list[ArtifactRow] = field(default_factory=list)

    async def find(self, key: str) -> ArtifactRow | None:
        return next((each for each in self.known if key in (each.id, each.uuid)), None)

    async def find_all(self, keys: Sequence[str]) -> Mapping[str, ArtifactRow]:
        return {key: found for key in keys if (found := await self.find(key))}


@dataclass
class Database:
    """Shares and counts; out of reach while `down`."""

    percent: dict[ReaderKind, float] = field(default_factory=dict)
    down: bool = False
    reads: Counter[tuple[ReaderKind, Source, bool]] = field(default_factory=Counter)
    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    processes: set[str] = field(default_factory=set)

    async def shares(self) -> Mapping[ReaderKind, float]:
        self._reach()
        return dict(self.percent)

    async def add(
        self, process: ReaderProcess, reads: Sequence[ReadCount], requests: Sequence[RequestCount]
    ) -> None:
        self._reach()
        self.processes.add(process.name)
        for read in reads:
            self.reads[read.reader, read.source, read.fell_back] += read.n
        for request in requests:
            self.requests[request.route, request.status] += request.n

    async def leave(self) -> None:
        self.processes.clear()

    def _reach(self) -> None:
        if self.down:
            raise Unreachable("no route", where="database")


@dataclass
class World:
    """A reading process over one migrated artifact and one old one."""

    store: SmallCheckout
    rows: Rows
    resolver: ArtifactResolver
    meter: ReadMeter
    database: Database = field(default_factory=Database)

    def keeper(self, *, enabled: bool = True, every_s: float = 0.005) -> ReaderKeeper:
        process = ReaderProcess("service", enabled, legacy=True)
        times = KeepingTimes(every_s, every_s)
        return ReaderKeeper(self.resolver, self.meter, self.database, self.database, process, times)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.002)


@pytest.fixture
def world(tmp_path: Path) -> World:
    store = SmallCheckout(tmp_path)
    store.put("figures/old.png")
    migrated = store.lay(row("figure-1", figure_path=f"{UUID}/f.png"), {"f.png": b"png"})
    rows = Rows([migrated, row("figure-2", figure_path="figures/old.png")])
    meter = ReadMeter()
    return World(store, rows, ArtifactResolver(rows, store.finder(), meter, SystemClock()), meter)


async def test_both_keys_give_the_same_and_each_read_is_counted(world: World) -> None:
    by_id, by_uuid = await world.resolver.resolve("figure-1"), await world.resolver.resolve(UUID)
    assert by_id == by_uuid and by_id is not None and by_id.artifact_id == UUID
    assert await world.resolver.resolve("no such") is None
    reads, requests = world.meter.take()
    assert sum(read.n for read in reads) == 2 and requests == []
    assert {(read.reader, read.source) for read in reads} == {(ReaderKind.RESOLVE, Source.LEGACY)}


async def test_a_change_of_shares_is_noticed_while_it_runs(world: World) -> None:
    async with world.keeper().kept():
        before = await world.resolver.resolve("figure-1", ReaderKind.FIGURE)
        world.database.percent = {ReaderKind.FIGURE: 100.0}
        await world.until(lambda: world.resolver.shares.percent != {})
        after = await world.resolver.resolve("figure-1", ReaderKind.FIGURE)
        other = await world.resolver.resolve("figure-1", ReaderKind.API)
        old = await world.resolver.resolve("figure-2", ReaderKind.FIGURE)
    assert before and after and other and old
    assert [each.source for each in (before, after, other)] == [Source.LEGACY, Source.FOLDER, Source.LEGACY]
    assert (old.source, old.fell_back) == (Source.LEGACY, True)


async def test_without_the_flag_no_share_counts(world: World) -> None:
    world.database.percent = dict.fromkeys(ReaderKind, 100.0)
    async with world.keeper(enabled=False).kept():
        found = await world.resolver.resolve("figure-1")
    assert found is not None and found.source is Source.LEGACY


async def test_a_database_out_of_reach_changes_no_share_and_loses_no_count(world: World) -> None:
    world.database.percent = {ReaderKind.RESOLVE: 100.0}
    keeper = world.keeper(every_s=60)
    async with keeper.kept():
        world.database.down = True
        await keeper.refresh()
        found = await world.resolver.resolve("figure-1")
        world.meter.answered("page", 200, seconds=0.01)
        await keeper.fold()
        assert found is not None and found.source is Source.FOLDER
        assert not world.database.reads
        world.database.down = False
    assert world.database.reads == {(ReaderKind.RESOLVE, Source.FOLDER, False): 1}
    assert world.database.requests == {("page", 200): 1}


async def test_a_start_without_the_database_reads_the_legacy_way(world: World) -> None:
    world.database.down = True
    async with world.keeper(every_s=60).kept():
        found = await world.resolver.resolve("figure-1")
    assert found is not None and found.source is Source.LEGACY


async def test_counts_are_folded_while_it_runs_and_at_its_end(world: World) -> None:
    async with world.keeper().kept():
        await world.resolver.resolve("figure-1")
        await world.until(lambda: bool(world.database.reads))
        assert world.database.processes == {"service"}
        await world.resolver.resolve("figure-2")
    assert sum(world.database.reads.values()) == 2
    assert not world.database.processes


async def test_an_artifact_that_moves_between_the_look_at_its_row_and_at_the_disk_is_found(
    world: World,
) -> None:
    """Its old path is gone already, and the row that was read still names it."""
    migrated = (await world.rows.find("figure-1")) or row()
    old = replace(migrated, uuid=None, artifact_dir=None, metadata={"figure_path": "figures/gone.png"})
    stale = [old]

    async def find(key: str) -> ArtifactRow | None:
        return stale.pop() if stale else migrated

    world.rows.find = find  # type: ignore[method-assign]
    found = await world.resolver.resolve("figure-1")
    assert found is not None and found.primary is not None and not stale
    [again] = await world.resolver.resolve_all([old], ReaderKind.SEARCH)
    assert again.primary is not None
    assert sum(read.n for read in world.meter.take()[0]) == 2
