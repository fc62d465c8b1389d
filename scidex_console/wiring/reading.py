"""What consoles and commands read from, and where they put intents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from scidex_console import __version__
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.desk import PostgresIntentDesk
from scidex_console.adapters.postgres.feed import PostgresFeed
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.adapters.system.process import holder
from scidex_console.domain.intents import Origin
from scidex_console.domain.sanitise import visible
from scidex_console.engine.ports import Feed, IntentDesk, ReadModel
from scidex_console.engine.views import StoreIdentity
from scidex_console.settings import Settings, read_session
from scidex_console.wiring.changed_files import look_at_folders


@dataclass(frozen=True)
class Readers:
    """Everything a console or a command needs; none of it can change the stores."""

    read: ReadModel
    desk: IntentDesk
    feed: Feed
    identity: StoreIdentity


def origin() -> Origin:
    """Who asks, as far as the program can tell; the database adds its own session user."""
    session = read_session()
    place = f"ssh {session.ssh_peer}" if session.ssh_peer else "local"
    return Origin(
        operator=visible(session.account, 60), origin=visible(f"{place} {holder()}", 120), version=__version__
    )


@asynccontextmanager
async def readers(settings: Settings, *, role: str = "cli") -> AsyncIterator[Readers]:
    """Connected readers. `role` names the connections in the database's own lists."""
    timeout = settings.database.console_timeout if role == "console" else settings.database.statement_timeout
    database = Database(
        settings.database.need_url(),
        name=f"scidex-console {role}",
        statement_timeout_s=timeout.total_seconds(),
        size=4,
    )
    async with database:
        read = PostgresReadModel(
            database,
            stalled_after_s=settings.engine.stalled_after.total_seconds(),
            cycles=settings.folders.cycles(),
            look=look_at_folders(settings),
        )
        yield Readers(
            read=read,
            desk=PostgresIntentDesk(database, origin()),
            feed=PostgresFeed(
                database,
                at_most_every_s=1 / settings.console.max_refresh_per_second,
            ),
            identity=await read.identity(),
        )


@asynccontextmanager
async def schema(settings: Settings) -> AsyncIterator[SchemaRunner]:
    """The runner of `schema apply | revert | status`."""
    yield SchemaRunner(settings.database.need_url())
