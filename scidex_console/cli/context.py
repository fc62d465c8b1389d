"""What a command is given besides its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scidex_console.cli.output import Output
from scidex_console.cli.services import Services

if TYPE_CHECKING:
    from scidex_console.settings import Settings


@dataclass(frozen=True)
class Context:
    """Output, settings and services; the latter two are loaded when a command first asks for them."""

    output: Output
    load_settings: Callable[[], Settings]
    config_file: Callable[[], Path | None]
    """The configuration file the settings come from; None: there is none."""
    load_services: Callable[[], Services]

    @cached_property
    def settings(self) -> Settings:
        """The settings in force. Raises `SettingError`."""
        return self.load_settings()

    @cached_property
    def services(self) -> Services:
        """What the command calls."""
        return self.load_services()
