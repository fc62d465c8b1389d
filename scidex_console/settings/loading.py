"""Put the settings together: defaults, then one file, then the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource

from scidex_console.settings.problems import describe
from scidex_console.settings.sources import FILE_VARIABLE, Source, find_file, read_environment, read_file
from scidex_console.settings.whole import Settings


def load_settings(
    config: Path | None = None, *, environ: Mapping[str, str] | None = None, here: Path | None = None
) -> Settings:
    """The settings in force. Raises `SettingError` (exit code 2) naming setting, place and what is right.

    `config` is the operator's `--config`; `environ` and `here` default to the process's own environment and
    current folder.
    """
    environ = os.environ if environ is None else environ
    here = Path.cwd() if here is None else here
    path = find_file(config, environ, here)
    shown = _shown(path, here) if path else "configuration"
    file = read_file(path, shown) if path else Source()
    variables = read_environment(environ)
    try:
        return _merge(file.values, variables.values)
    except ValidationError as error:
        # The error itself holds the values, secrets among them: it must not travel on as a cause.
        problem = describe(error, file.places | variables.places, shown)
    raise problem


def named_file(config: Path | None, *, environ: Mapping[str, str] | None = None) -> Path | None:
    """The configuration file as `--config` or the environment names it; None: neither does."""
    given = (os.environ if environ is None else environ).get(FILE_VARIABLE)
    return config or (Path(given).expanduser() if given else None)


def used_file(config: Path | None = None) -> Path | None:
    """The configuration file that `load_settings` reads; None: there is none. Raises `SettingError`."""
    return find_file(config, os.environ, Path.cwd())


def _merge(file: dict[str, Any], variables: dict[str, Any]) -> Settings:
    class Merged(Settings):
        """The settings with the two sources of this call."""

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """The environment first: the earlier source wins."""
            return (
                InitSettingsSource(settings_cls, init_kwargs=variables),
                InitSettingsSource(settings_cls, init_kwargs=file),
            )

    return Settings(**dict(Merged()))


def _shown(path: Path, here: Path) -> str:
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
