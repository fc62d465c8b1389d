"""What `verify` found, put on record for the phase that is soaked."""

from __future__ import annotations

from contextlib import suppress

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.domain.checks import VerifyReport
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.intents import Origin


async def record_verification(database: Database, report: VerifyReport, by: Origin) -> None:
    """Best effort: a role that only looks, or a schema without the function, leaves nothing on record."""
    broken = [invariant.name for invariant in report.invariants if invariant.holds is False]
    checked = sum(invariant.holds is not None for invariant in report.invariants)
    params = {"checked": checked, "broken": broken, "origin": by.origin, "version": by.version}
    with suppress(ConsoleError):
        async with database.session() as connection:
            await connection.execute(query("record_verification"), params)
