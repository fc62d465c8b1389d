"""All sections together."""

from __future__ import annotations

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from scidex_console.domain.pacing.work import Rules
from scidex_console.domain.paths import ArtifactPaths
from scidex_console.settings.console import ConsoleSettings
from scidex_console.settings.fetch import FetchSettings
from scidex_console.settings.folders import FoldersSettings
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
from scidex_console.settings.soak import SoakSettings


class Settings(BaseSettings):
    """All settings, frozen. Made directly, it reads nothing; `load_settings` adds file and environment."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True
    )

    environment: EnvironmentSettings = EnvironmentSettings()
    database: DatabaseSettings = DatabaseSettings()
    repository: RepositorySettings = RepositorySettings()
    writes: WritesSettings = WritesSettings()
    figures: FiguresSettings = FiguresSettings()
    folders: FoldersSettings = FoldersSettings()
    readers: ReadersSettings = ReadersSettings()
    serve: ServeSettings = ServeSettings()
    soak: SoakSettings = SoakSettings()
    fetch: FetchSettings = FetchSettings()
    batch: BatchSettings = BatchSettings()
    engine: EngineSettings = EngineSettings()
    console: ConsoleSettings = ConsoleSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is given: where settings come from is decided by `load_settings` alone."""
        return (init_settings,)

    def pacing_rules(self) -> Rules:
        """What a forecast of the run of figures goes by."""
        return Rules(
            self.fetch.manners(),
            self.figures.back_offs(),
            self.figures.control_rules(),
            head_first=self.figures.probe == "head-then-get",
            batch_files=self.batch.files,
            batch_marks=self.batch.marks,
        )

    def artifact_paths(self) -> ArtifactPaths:
        """The one resolver of canonical paths."""
        return ArtifactPaths(submodule=self.repository.submodule, figures=self.figures.folder)
