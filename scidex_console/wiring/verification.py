"""`verify`: the store's facts, from the adapters that see them, put before the engine's judgement."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

from scidex_console.adapters.files.verification_facts import DiskFacts
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.outer import Outer
from scidex_console.adapters.git.verification_facts import GitVerification
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.invariants import PostgresFacts
from scidex_console.adapters.postgres.verifications import record_verification
from scidex_console.domain.lfs import POINTER_LIMIT, pointer_oid
from scidex_console.engine.verification import verify as verification
from scidex_console.engine.verification.findings import StoreReport
from scidex_console.settings import Settings
from scidex_console.wiring.reading import origin


async def verify(settings: Settings) -> StoreReport:
    """Check every invariant of the store that the settings name; changes nothing in it.

    While a phase is soaked, the outcome is put on record for it, if this role may.

    Raises `SettingError`, `Unreachable`, `SchemaMismatch`, `RepositoryError`.
    """
    git, disk = await asyncio.to_thread(file_facts, settings)
    timeout = settings.database.statement_timeout.total_seconds()
    url = settings.database.need_url()
    async with Database(url, name="scidex-console verify", statement_timeout_s=timeout, size=2) as database:
        with _uncollected():
            report = await verification.verify(
                PostgresFacts(database, upstream_links=settings.folders.upstream_links),
                git,
                disk,
                settings.artifact_paths(),
                resolving=settings.folders.resolving(
                    submodule=settings.repository.submodule,
                    worktree=Checkout.find(settings.repository.need_path()).worktree,
                ),
                hash_sources=tuple(settings.folders.hash_source),
            )
        await record_verification(database, report, origin())
        return report


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage cycles meanwhile.

    Facts of a large store are millions of objects that all stay to the end; looking through them again and
    again was a third of the time.
    """
    searching = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searching:
            gc.enable()


def file_facts(settings: Settings) -> tuple[GitVerification, DiskFacts]:
    """What sees git, and what sees the disk, of one store. Makes no folder and takes no lock."""
    checkout = Checkout.find(settings.repository.need_path())
    folder = settings.repository.outer
    outer = Outer.around(checkout, folder) if folder is not None else None
    disk = DiskFacts(
        checkout.worktree,
        outer=outer.checkout.worktree if outer else None,
        staging=checkout.own_dir / "staging",
        object_format=checkout.object_format,
        pointer_of=pointer_oid,
        pointer_limit=POINTER_LIMIT,
    )
    return GitVerification(checkout, outer), disk
