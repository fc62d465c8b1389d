"""`doctor`: every precondition of a run, each with what is wrong and how to mend it. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scidex_console.domain.checks import Finding
from scidex_console.settings import Settings
from scidex_console.wiring.preconditions.configuration import (
    configuration_findings,
    fetching_findings,
    terminal_findings,
)
from scidex_console.wiring.preconditions.database import database_findings
from scidex_console.wiring.preconditions.folders import folder_findings
from scidex_console.wiring.preconditions.repository import repository_findings
from scidex_console.wiring.preconditions.soak import soak_findings


async def doctor(settings: Settings, *, config_file: Path | None = None) -> Sequence[Finding]:
    """Look at everything a run needs; never raises for what it finds.

    `config_file` is the file the settings came from, when the caller knows it.
    """
    return [
        *configuration_findings(settings, config_file),
        *await database_findings(settings),
        *await repository_findings(settings),
        *await folder_findings(settings),
        *await soak_findings(settings),
        *fetching_findings(settings),
        *terminal_findings(),
    ]
