"""Settings: every one documented, with a default, from one file and the environment.

Order: defaults < file (`--config`, $SCIDEX_CONSOLE_CONFIG, ./config.toml, the user's configuration folder)
< `SCIDEX_CONSOLE__SECTION__KEY` and $ARTIFACT_FOLDER_READERS_ENABLED. This is the only room that reads the
environment.
"""

from scidex_console.settings.console import ConsoleSettings, Notice
from scidex_console.settings.fetch import FetchSettings, GroupSettings
from scidex_console.settings.folders import FoldersSettings
from scidex_console.settings.loading import load_settings, named_file, used_file
from scidex_console.settings.readers import ReadersSettings
from scidex_console.settings.sections import (
    BatchSettings,
    DatabaseSettings,
    EngineSettings,
    EnvironmentSettings,
    FiguresSettings,
    RepositorySettings,
    WritesSettings,
)
from scidex_console.settings.serve import ServeSettings
from scidex_console.settings.session import Session, forget_fixed_size, read_session, state_folder
from scidex_console.settings.soak import SoakSettings
from scidex_console.settings.values import ConnectTo
from scidex_console.settings.whole import Settings

__all__ = [
    "BatchSettings",
    "ConnectTo",
    "ConsoleSettings",
    "DatabaseSettings",
    "EngineSettings",
    "EnvironmentSettings",
    "FetchSettings",
    "FiguresSettings",
    "FoldersSettings",
    "GroupSettings",
    "Notice",
    "ReadersSettings",
    "RepositorySettings",
    "ServeSettings",
    "Session",
    "Settings",
    "SoakSettings",
    "WritesSettings",
    "forget_fixed_size",
    "load_settings",
    "named_file",
    "read_session",
    "state_folder",
    "used_file",
]
