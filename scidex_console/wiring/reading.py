"""What consoles and commands read from, and where they put intents."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from scidex_console import __version__
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.desk import PostgresIntentDesk
from scidex_console.adapters.postgres.feed import PostgresFeed
from scidex_console.adapters.postgres.people import PostgresAttendance
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.tokens import PostgresTokenDesk
from scidex_console.adapters.system.last_visit import LastVisit
from scidex_console.adapters.system.process import holder
from scidex_console.domain.intents import Origin
from scidex_console.domain.sanitise import visible
from scidex_console.engine.ports import Attendance, CleanupDesk, Feed, IntentDesk, ReadModel, TriageDesk
from scidex_console.engine.ports.tokens import TokenDesk
from scidex_console.engine.views import StoreIdentity
from scidex_console.settings import Settings, read_session, state_folder
from scidex_console.wiring.changed_files import look_at_folders

if TYPE_CHECKING:
    from scidex_console.adapters.postgres.schema_runner import SchemaRunner

_IDLE_TRANSACTION_S = 5.0
"""A reader whose terminal takes no more output holds no snapshot and no lock longer than this."""


@dataclass(frozen=True)
class Readers:
    """Everything a console or a command needs; none of it can change the stores."""

    read: ReadModel
    desk: IntentDesk
    feed: Feed
    identity: StoreIdentity
    attendance: Attendance
    """Where a console says that somebody watches."""
    tokens: TokenDesk
    """Who may add files over HTTP."""
    open_triage: Callable[[], TriageDesk]
    """Makes the desk of triage, which brings git and the checkout with it."""
    open_cleanup: Callable[[], CleanupDesk]
    """The same of the clean-up."""

    @cached_property
    def triage(self) -> TriageDesk:
        """Cases, the evidence about them, and the desk for decisions; made when first asked for."""
        return self.open_triage()

    @cached_property
    def cleanup(self) -> CleanupDesk:
        """The plan of the clean-up, files that no row claims, and the desk for decisions about them."""
        return self.open_cleanup()


def origin() -> Origin:
    """Who asks, as far as the program can tell; the database adds its own session user."""
    return Origin(
        operator=visible(read_session().account, 60),
        origin=visible(f"{_place()} {holder()}", 120),
        version=__version__,
    )


def _place() -> str:
    peer = read_session().ssh_peer
    return f"ssh {peer}" if peer else "local"


@asynccontextmanager
async def readers(
    settings: Settings, *, role: str = "cli", read_only: bool = False
) -> AsyncIterator[Readers]:
    """Connected readers. `role` names the connections in the database's own lists.

    With `read_only` the database refuses every change, whatever its role may do.
    """
    timeout = settings.database.console_timeout if role == "console" else settings.database.statement_timeout
    database = Database(
        settings.database.need_url(),
        name=f"scidex-console {role}",
        statement_timeout_s=timeout.total_seconds(),
        idle_transaction_s=_IDLE_TRANSACTION_S,
        read_only=read_only,
        size=4,
    )
    async with database:
        read = PostgresReadModel(
            database,
            stalled_after_s=settings.engine.stalled_after.total_seconds(),
            cycles=settings.folders.cycles(),
            hash_sources=settings.folders.hash_source,
            look=look_at_folders(settings),
            rules=settings.pacing_rules(),
            groups=settings.fetch.host_groups(),
        )
        asker = origin()
        identity, desk = await read.identity(), PostgresIntentDesk(database, asker)

        def open_triage() -> TriageDesk:
            # Only a look at a case wants git and the checkout: who shows none does not wait for them.
            from scidex_console.wiring.triage import triage_desk

            return triage_desk(settings, database, identity, read, desk)

        def open_cleanup() -> CleanupDesk:
            from scidex_console.wiring.cleanup import cleanup_desk

            return cleanup_desk(settings, database, read, desk)

        yield Readers(
            read=read,
            desk=desk,
            feed=PostgresFeed(
                database,
                at_most_every_s=1 / settings.console.max_refresh_per_second,
            ),
            identity=identity,
            attendance=PostgresAttendance(
                database,
                account=asker.operator,
                origin=visible(_place(), 120),
                pid=os.getpid(),
                version=asker.version,
                writes=identity.can_write_intents and not read_only,
                remember=LastVisit(state_folder(), database.place),
            ),
            tokens=PostgresTokenDesk(database, asker),
            open_triage=open_triage,
            open_cleanup=open_cleanup,
        )


@asynccontextmanager
async def schema(settings: Settings) -> AsyncIterator[SchemaRunner]:
    """The runner of `schema apply | revert | status`."""
    from scidex_console.adapters.postgres.schema_runner import SchemaRunner  # nobody else needs it

    yield SchemaRunner(settings.database.need_url())
