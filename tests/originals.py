"""Repositories that many tests want alike are built once in a session, and copied.

A copy takes a tenth of the processes and of the time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_CONFIGURATIONS = ("*/.git/config", "*/.git/modules/*/*/config")
_NOBODYS = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}


class Originals:
    """What was built in this session, by what it was built from."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        """Where originals are kept in a session; without it everything is built on the spot."""
        self._built: dict[Hashable, tuple[Path, Any]] = {}

    def copy(self, key: Hashable, build: Callable[[Path], T], place: Path) -> T:
        """Have in `place` what `build` makes in a folder; what it said of it.

        `key` is all that the repositories depend on. `place` holds nothing of the same names.
        """
        if self.folder is None:
            return build(place)
        if key not in self._built:
            folder = self.folder / str(len(self._built))
            self._built[key] = folder, build(folder)
        original, said = self._built[key]
        copy_repositories(original, place)
        result: T = said
        return result


ORIGINALS = Originals()


def copy_repositories(original: Path, place: Path) -> None:
    """Copy a folder with a checkout and its submodule in it; the copy knows nothing of the original."""
    shutil.copytree(original, place, symlinks=True, dirs_exist_ok=True)
    for pattern in _CONFIGURATIONS:
        for config in place.glob(pattern):
            text = config.read_text(encoding="utf-8").replace(str(original), str(place))
            config.write_text(text, encoding="utf-8")
            checkout = config.parents[1] if config.parent.name == ".git" else _checkout_of(config)
            # The files are others than the index knows, though with the same bytes.
            refresh = ["git", "-C", str(checkout), "update-index", "-q", "--refresh"]
            subprocess.run(refresh, env=os.environ | _NOBODYS, check=True)


def _checkout_of(config: Path) -> Path:
    modules = next(parent for parent in config.parents if parent.name == "modules")
    return modules.parents[1] / config.parent.relative_to(modules)
