"""The clean-up over a configuration: the desk for whoever only reads, and the run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cache

from psycopg.types.json import Jsonb

from scidex_console.adapters.files.leftovers import look_for_leftovers, names_at_top, remove_empty
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.postgres.desk import PostgresIntentDesk
from scidex_console.adapters.postgres.triage import PostgresTriage
from scidex_console.adapters.postgres.vacuum import last_vacuum, vacuum
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.adapters.system.process import holder
from scidex_console.domain.cleanup import CleanupPlan, Leftovers
from scidex_console.domain.errors import GateShut, Refused, StaleToken
from scidex_console.domain.folders.orphans import OrphanPage
from scidex_console.domain.sanitise import visible
from scidex_console.engine.cleanup.desk import Cleanup
from scidex_console.engine.cleanup.orphans import Found
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.ports.cleanup import Vacuumed
from scidex_console.settings import Settings
from scidex_console.wiring.orphans import page_of
from scidex_console.wiring.reading import origin, readers
from scidex_console.wiring.stores import open_repository
from scidex_console.wiring.triage import case_reader, orphan_finder, orphan_planner


def cleanup_desk(
    settings: Settings, database: Database, read: ReadModel, desk: PostgresIntentDesk
) -> Cleanup:
    """Plans and previews, read from the database and the checkout, which is opened when it is wanted."""
    reader = cache(lambda: case_reader(settings))
    repository = cache(lambda: open_repository(settings, SystemClock()))
    layout = settings.folders.layout()

    def page(found: Found, paths: Sequence[str], limit: int, after: str) -> OrphanPage:
        return page_of(repository(), found.tree, paths, limit=limit, after=after)

    def leavings(found: Found) -> tuple[Leftovers, list[str]]:
        root = repository().checkout.worktree

        def passes_over(name: str) -> bool:
            return name.startswith(".git") or layout.is_at_top(name)

        return look_for_leftovers(root, found.tree.entries, passes_over), names_at_top(root)

    async def vacuumed() -> Vacuumed:
        return await last_vacuum(database)

    return Cleanup(
        ladder=read.soak,
        store=PostgresTriage(database),
        finder=cache(lambda: orphan_finder(database, reader())),
        planner=cache(lambda: orphan_planner(database, reader())),
        page=page,
        leavings=leavings,
        vacuumed=vacuumed,
        submit=desk.decide_orphans,
        layout=layout,
        legacy_is_off=not settings.folders.reads_legacy,
    )


async def clean_up(
    settings: Settings, *, token: str, reason: str, tell: Callable[[str], None]
) -> CleanupPlan:
    """Remove the empty folders that the plan of this token names, vacuum, and look at what is left.

    Each step may be the last one before a crash: whoever looks at the plan again goes on from there. Raises
    `GateShut`, `StaleToken`, `Refused` for what stands in the way, `LockBusy` while somebody writes, `Halt`.
    """
    if not settings.writes.enabled:
        raise Refused(
            "this configuration only observes, and a clean-up writes",
            where="writes.enabled",
            fix="set writes.enabled = true and writes.authorization",
        )
    async with readers(settings) as connected:
        plan = await connected.cleanup.plan()
        _check(plan, token)
        repository = await asyncio.to_thread(open_repository, settings, SystemClock())
        removed = await asyncio.to_thread(_remove, repository, plan.folders)
        tables = await vacuum(settings.database.need_url(), tell)
        after = await connected.cleanup.plan()
    await _record(settings, removed, tables, after, reason)
    return after


def _check(plan: CleanupPlan, token: str) -> None:
    if plan.shut_by:
        raise GateShut(plan.shut_by, where="cleanup", fix="see `scidex-console soak status`")
    if plan.hindrances:
        raise Refused(plan.hindrances[0], where="cleanup", fix="see `scidex-console cleanup plan`")
    if plan.token != token:
        raise StaleToken(
            "this token does not name what would be removed now", where=f"token {token}", fix="look again"
        )


def _remove(repository: GitArtifactRepository, folders: Sequence[str]) -> list[str]:
    """Under the writer lock, so that no batch is just laying something there."""
    gone = []
    with repository.writer_lock(holder()):
        for folder in folders:
            if remove_empty(repository.checkout.worktree, folder):
                gone.append(folder)
            reach("cleanup: removed a folder")
    return gone


async def _record(
    settings: Settings, removed: Sequence[str], tables: Sequence[str], after: CleanupPlan, reason: str
) -> None:
    """Under the name of the session's user, as every act of a person is."""
    by = origin()
    # The file system holds names that the database does not.
    gone, strays = [visible(path) for path in removed], [visible(name) for name in after.strays]
    left = ", ".join(strays) or "nothing but artifacts' folders"
    said = f"removed {len(removed)} empty folders, vacuumed {len(tables)} tables; left at the top: {left}"
    params = {
        "done": Jsonb({"removed": gone, "vacuumed": list(tables), "strays": strays}),
        "outcome": said,
        "origin": by.origin,
        "reason": visible(reason),
        "version": by.version,
        "authorization": settings.writes.authorization,
    }
    url = settings.database.need_url()
    async with (
        Database(url, name="scidex-console cleanup", size=1) as database,
        database.transaction() as connection,
    ):
        await connection.execute(query("record_cleanup"), params)
