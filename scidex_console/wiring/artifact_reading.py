"""Readers of artifacts, put together from the settings: for the read service, and for libraries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from scidex_console import __version__
from scidex_console.adapters.files.reading import CheckoutReading
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.reading import PostgresReadableRows, PostgresReadLog, PostgresShares
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.engine.ports.reading import ReadableFiles, ReadableRows, ReaderProcess
from scidex_console.engine.reading.finding import ArtifactFinder
from scidex_console.engine.reading.keeping import KeepingTimes, ReaderKeeper
from scidex_console.engine.reading.metering import ReadMeter
from scidex_console.engine.reading.resolver import ArtifactResolver
from scidex_console.engine.reading.viewers import Viewers
from scidex_console.settings import Settings


@dataclass(frozen=True)
class ArtifactReaders:
    """What reads artifacts. It can change neither store; what it counts is folded into the database."""

    resolver: ArtifactResolver
    rows: ReadableRows
    files: ReadableFiles
    rules: ResolvingRules
    viewers: Viewers
    """The specification's readers."""
    meter: ReadMeter
    """Where a service counts its answers as well."""
    keeper: ReaderKeeper


def reading_rules(settings: Settings) -> ResolvingRules:
    """How rows name files, in the checkout that the configuration names. Raises `SettingError`."""
    root = settings.repository.need_path().resolve()
    return settings.folders.resolving(submodule=settings.repository.submodule, worktree=root)


def reader_parts(settings: Settings, database: Database, *, name: str) -> ArtifactReaders:
    """Readers on a database that is open already; nothing is watched or folded before `keeper.kept()`.

    `name` tells this process from others that read. Raises `SettingError` without a checkout.
    """
    rules, readers = reading_rules(settings), settings.readers
    files, rows = CheckoutReading(settings.repository.need_path()), PostgresReadableRows(database)
    finder, meter = ArtifactFinder(files, rules, legacy=settings.folders.reads_legacy), ReadMeter()
    resolver = ArtifactResolver(rows, finder, meter, SystemClock())
    keeper = ReaderKeeper(
        resolver,
        meter,
        PostgresShares(database),
        PostgresReadLog(database, version=__version__),
        ReaderProcess(name, readers.enabled, settings.folders.reads_legacy),
        KeepingTimes(readers.refresh.total_seconds(), readers.fold.total_seconds()),
    )
    viewers = Viewers(resolver, rows, files, upstream_links=settings.folders.upstream_links)
    return ArtifactReaders(resolver, rows, files, rules, viewers, meter, keeper)


@asynccontextmanager
async def artifact_readers(settings: Settings, *, name: str) -> AsyncIterator[ArtifactReaders]:
    """Connected readers, whose shares are watched and whose counts are folded while this stands."""
    database = Database(
        settings.database.need_url(),
        name=f"scidex-console {name}",
        statement_timeout_s=settings.database.statement_timeout.total_seconds(),
        size=4,
    )
    async with database:
        found = reader_parts(settings, database, name=name)
        async with found.keeper.kept():
            yield found
