"""What the `demo` command can be asked for."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from scidex_console.demo.artifacts.scale import SCALES, SMALL, Scale
from scidex_console.domain.errors import UsageError


def default_directory(scale: Scale = SMALL) -> Path:
    """Where the world of that scale lives unless told otherwise: below the user's folder for state."""
    return platformdirs.user_state_path("scidex-console") / "demo" / scale.name


def default_directories() -> tuple[Path, ...]:
    """The usual places of all worlds."""
    return tuple(default_directory(scale) for scale in SCALES.values())


@dataclass(frozen=True)
class DemoOptions:
    """The options of `demo`. Raises `UsageError` for a speed no world can have."""

    directory: Path = field(default_factory=default_directory)
    scale: Scale = SMALL
    seed: int = 1
    speed: float = 1.0
    """Multiplies the demo hosts' budgets, shortens their holds and our waits."""
    headless: bool = False
    until_idle: bool = False
    keep: bool = False
    stop: bool = False
    remove: bool = False
    """With `stop`: remove the world with all its data."""
    everywhere: bool = False
    """With `stop`: the worlds of all usual places, not only the one in `directory`."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.speed) or self.speed <= 0:
            raise UsageError(
                f"{self.speed:g} is no speed", where="--speed", fix="give a number above 0, such as 20"
            )


def scale_named(name: str) -> Scale:
    """The scale of that name. Raises `UsageError`."""
    if name not in SCALES:
        raise UsageError(f"there is no scale {name!r}", where="--scale", fix=f"choose {' or '.join(SCALES)}")
    return SCALES[name]


def demo_command(directory: Path, *words: str) -> str:
    """The command line `demo WORDS` for the world in that folder, and for no other.

    In a usual place the scale says which world is meant, except to `--stop`: without a folder it ends all.
    """
    scale = next((each for each in SCALES.values() if default_directory(each) == directory), None)
    if scale is None or "--stop" in words:
        words = (*words, "--dir", str(directory))
    elif scale != SMALL:
        words = (*words, "--scale", scale.name)
    return shlex.join(["scidex-console", "demo", *words])
