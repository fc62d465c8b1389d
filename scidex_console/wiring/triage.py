"""Triage over a configuration, for whoever only reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from scidex_console.adapters.files.folders import CheckoutFolders
from scidex_console.adapters.files.pictures import draw
from scidex_console.adapters.files.worktree import CheckoutFiles
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.desk import PostgresIntentDesk
from scidex_console.adapters.postgres.folders import PostgresFolders
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.adapters.postgres.triage import PostgresTriage
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.engine.cleanup.orphans import OrphanFinder
from scidex_console.engine.cleanup.planning import OrphanPlanner
from scidex_console.engine.jobs.folder_reading import FolderReader
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.triage.cases import CaseReader
from scidex_console.engine.triage.desk import Triage
from scidex_console.engine.triage.planning import DecisionPlanner
from scidex_console.engine.triage.undoing import UndoPlanner
from scidex_console.engine.views import StoreIdentity
from scidex_console.settings import Settings
from scidex_console.wiring.stores import open_repository


def triage_desk(
    settings: Settings, database: Database, identity: StoreIdentity, read: ReadModel, desk: PostgresIntentDesk
) -> Triage:
    """Evidence and previews, read from the database and the checkout, which is opened when it is wanted."""
    store = PostgresTriage(database)
    reader = cache(lambda: case_reader(settings))
    return Triage(
        store,
        planner=cache(lambda: decision_planner(settings, store, reader(), identity)),
        reader=reader,
        undoing=UndoPlanner(store, read),
        submit=desk.decide,
        draw=draw,
        place=_place(settings),
        now=lambda: datetime.now(UTC),
    )


def case_reader(settings: Settings) -> CaseReader:
    """Reads the checkout and git, and changes neither."""
    clock = SystemClock()
    repository = open_repository(settings, clock)
    worktree, staging = repository.checkout.worktree, Path(repository.staging_dir)
    folders = CheckoutFolders(worktree, drafts=staging, object_format=repository.checkout.object_format)
    reader = FolderReader(
        repository=repository,
        folders=folders,
        worktree=CheckoutFiles(worktree, staging=staging, outer=settings.repository.outer),
        rules=settings.folders.resolving(submodule=settings.repository.submodule, worktree=worktree),
        hash_sources=tuple(settings.folders.hash_source),
        retry_after=settings.folders.retry_after,
        clock=clock,
    )
    return CaseReader(reader, repository, folders, tuple(settings.folders.hash_source))


def decision_planner(
    settings: Settings, store: PostgresTriage, reader: CaseReader, identity: StoreIdentity
) -> DecisionPlanner:
    """Makes the plans of decisions."""
    return DecisionPlanner(
        store,
        reader,
        rules=reader.reader.rules,
        hash_sources=tuple(settings.folders.hash_source),
        file_path_field=identity.file_path_field,
    )


def orphan_finder(database: Database, reader: CaseReader) -> OrphanFinder:
    """Looks for files that no row claims."""
    return OrphanFinder(PostgresFolders(FencedDatabase(database)).rows, reader.reader)


def orphan_planner(database: Database, reader: CaseReader) -> OrphanPlanner:
    """Makes the plans of decisions about such files."""
    return OrphanPlanner(orphan_finder(database, reader), reader)


def _place(settings: Settings) -> Callable[[str], Path]:
    return lambda path: settings.repository.need_path() / path
