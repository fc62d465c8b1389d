"""The two jobs, over a held store."""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

from scidex_console.adapters.postgres.folders import PostgresFolders
from scidex_console.adapters.postgres.suspects import PostgresSuspects
from scidex_console.engine.jobs.controls import Controls
from scidex_console.engine.jobs.folder_reading import FolderReader
from scidex_console.engine.jobs.folder_survey import FolderSurvey
from scidex_console.engine.jobs.migrate_folders import FolderRules, MigrateFolders
from scidex_console.engine.jobs.redownload_figures import RedownloadFigures
from scidex_console.engine.jobs.rescuing import Rescue
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.ports import FigureSource, Gate
from scidex_console.engine.pulse import Pulse
from scidex_console.settings import Settings

if TYPE_CHECKING:
    from scidex_console.wiring.held_store import HeldStore


def redownload_figures(
    settings: Settings, options: EngineOptions, store: HeldStore, source: FigureSource, gate: Gate
) -> RedownloadFigures:
    """The job that downloads lost figures again."""
    suspects = PostgresSuspects(store.fenced)
    figures = settings.figures
    controls = Controls(
        suspects,
        source,
        gate,
        store.clock,
        rules=figures.control_rules(),
        back_off=figures.back_offs(),
        configured=[(control.url, control.sha256) for control in figures.controls],
    )
    return RedownloadFigures(
        store=store.figures(),
        source=source,
        gate=gate,
        worktree=store.files.worktree,
        repository=store.files.repository,
        paths=settings.artifact_paths(),
        file_path_field=store.identity.file_path_field,
        clock=store.clock,
        back_off=settings.figures.back_offs(),
        jitter=random.Random(),
        batch_limits=(options.batch_files, options.batch_marks),
        suspects=suspects,
        controls=controls,
        rescue=Rescue(source, figures.rules_in_force()),
    )


def migrate_folders(settings: Settings, store: HeldStore, pulse: Pulse) -> MigrateFolders:
    """The job that gives every artifact a folder."""
    files, folders = store.files, settings.folders
    worktree = files.repository.checkout.worktree
    rules = FolderRules(
        resolving=folders.resolving(submodule=settings.repository.submodule, worktree=worktree),
        layout=folders.layout(),
        cycle=folders.cycles(),
        hash_sources=tuple(folders.hash_source),
        upstream_links=tuple(folders.upstream_links),
        repack_at_end=folders.repack_at_end,
        catch_up=folders.update_submodule,
    )
    database = PostgresFolders(store.fenced)
    reader = FolderReader(
        repository=files.repository,
        folders=files.folders,
        worktree=files.worktree,
        rules=rules.resolving,
        hash_sources=rules.hash_sources,
        retry_after=folders.retry_after,
        clock=store.clock,
    )
    survey = FolderSurvey(
        store=database,
        reader=reader,
        repository=files.repository,
        folders=files.folders,
        hash_sources=rules.hash_sources,
    )
    return MigrateFolders(
        store=database,
        reader=reader,
        survey=survey,
        repository=files.repository,
        rules=rules,
        file_path_field=store.identity.file_path_field,
        clock=store.clock,
        tell=partial(pulse.say, "submodule"),
    )
