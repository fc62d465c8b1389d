"""What the soak says of runs to come: the phase under way, its clock, and whether a shut gate counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.soak import read_soak
from scidex_console.domain.checks import Finding
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.ladder import Ladder, read_ladder, why_not_run
from scidex_console.domain.soak.records import SoakRules
from scidex_console.domain.soak.words import soak_line
from scidex_console.settings import Settings
from scidex_console.wiring.preconditions.findings import good

_NAME = "soak"


async def soak_findings(settings: Settings) -> Sequence[Finding]:
    """The soak in one line. Without a database, other findings say so."""
    enforced = settings.soak.is_enforced(production=settings.environment.production)
    try:
        ladder = await _ladder(settings, enforced)
    except ConsoleError:
        return []
    said = soak_line(ladder).removeprefix("soak: ")
    if not enforced:
        return [good(_NAME, f"{said}; a shut gate keeps no run back here (soak.enforce)")]
    why = why_not_run(ladder, JobName.FOLDERS)
    return [good(_NAME, f"{said}; {f'folders waits: {why}' if why else 'folders may run'}")]


async def _ladder(settings: Settings, enforced: bool) -> Ladder:
    timeout = settings.database.statement_timeout.total_seconds()
    url = settings.database.need_url()
    async with Database(url, name="scidex-console doctor", statement_timeout_s=timeout, size=1) as database:
        record = await read_soak(database)
    every_s = settings.soak.measure_every.total_seconds()
    return read_ladder(replace(record, rules=SoakRules(enforced, every_s)))
