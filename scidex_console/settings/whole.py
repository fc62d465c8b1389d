"""All sections together."""

from __future__ import annotations

from pydantic import BaseModel

from scidex_console.domain.paths import ArtifactPaths
from scidex_console.settings.console import ConsoleSettings
from scidex_console.settings.fetch import FetchSettings
from scidex_console.settings.folders import FoldersSettings
from scidex_console.settings.sections import (
    BatchSettings,
    DatabaseSettings,
    EngineSettings,
    EnvironmentSettings,
    FiguresSettings,
    RepositorySettings,
    WritesSettings,
)
from scidex_console.settings.soak import SoakSettings
from scidex_console.settings.values import SECTION


class Settings(BaseModel):
    """All settings, frozen. Made directly, it reads nothing; `load_settings` adds file and environment."""

    model_config = SECTION

    environment: EnvironmentSettings = EnvironmentSettings()
    database: DatabaseSettings = DatabaseSettings()
    repository: RepositorySettings = RepositorySettings()
    writes: WritesSettings = WritesSettings()
    figures: FiguresSettings = FiguresSettings()
    folders: FoldersSettings = FoldersSettings()
    soak: SoakSettings = SoakSettings()
    fetch: FetchSettings = FetchSettings()
    batch: BatchSettings = BatchSettings()
    engine: EngineSettings = EngineSettings()
    console: ConsoleSettings = ConsoleSettings()

    def artifact_paths(self) -> ArtifactPaths:
        """The one resolver of canonical paths."""
        return ArtifactPaths(submodule=self.repository.submodule, figures=self.figures.folder)
