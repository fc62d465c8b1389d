"""Files that leave the checkout for a while, and can come back."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from scidex_console.adapters.git import worktree_file
from scidex_console.adapters.git.checkout import OURS, Checkout
from scidex_console.adapters.git.failures import halting
from scidex_console.engine.killpoints import reach

PREFIX = "aside-"


class Aside:
    """Files set aside in our folder of the git directory; `close` puts them back unless they stay out."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._taken: dict[str, Path] = {}

    def take(self, path: str) -> None:
        """Move one file out of the checkout."""
        folder = self._checkout.git_dir / OURS
        place = folder / f"{PREFIX}{secrets.token_hex(8)}"
        with halting("setting a file aside", where=path):
            folder.mkdir(exist_ok=True)
            with worktree_file.folder_of(self._checkout.worktree, path) as (descriptor, name):
                os.rename(name, place, src_dir_fd=descriptor)
        self._taken[path] = place
        reach("git.committer.set_aside")

    def keep_out(self) -> None:
        """They are not wanted back."""
        for place in self._taken.values():
            place.unlink(missing_ok=True)
        self._taken.clear()

    def close(self) -> None:
        """Put back what is still aside. Where something else is at the path by now, that stays."""
        for path, place in self._taken.items():
            with halting("putting back a file that was set aside", where=f"{place} to {path}"):
                with (
                    worktree_file.folder_of(self._checkout.worktree, path) as (descriptor, name),
                    suppress(FileExistsError),
                ):
                    os.link(place, name, dst_dir_fd=descriptor)
                place.unlink(missing_ok=True)
        self._taken.clear()
