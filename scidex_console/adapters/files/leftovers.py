"""What the checkout holds besides artifacts' folders: empty folders, and files that git does not track."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection
from pathlib import Path

from scidex_console.adapters.files.failures import halting
from scidex_console.adapters.files.walking import parent_of
from scidex_console.domain.cleanup import Leftovers
from scidex_console.domain.errors import UnsafePath

_GIT = ".git"


def names_at_top(root: Path) -> list[str]:
    """What lies at the top of the checkout."""
    with halting("the checkout cannot be read", where=str(root)):
        return sorted(entry.name for entry in root.iterdir())


def look_for_leftovers(root: Path, tracked: Collection[str], passes_over: Callable[[str], bool]) -> Leftovers:
    """Everything below the top but for entries that `passes_over`; symbolic links count as files."""
    empty: list[str] = []
    untracked: list[str] = []

    def holds_nothing(folder: str) -> bool:
        bare = True
        with os.scandir(root / folder) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if not folder and passes_over(entry.name):
                    continue
                is_folder = entry.is_dir(follow_symlinks=False) and entry.name != _GIT
                if is_folder and path not in tracked:  # a repository of its own is tracked as one entry
                    bare = holds_nothing(path) and bare
                    continue
                bare = False
                if path not in tracked:
                    untracked.append(path)
        if bare and folder:
            empty.append(folder)
        return bare

    with halting("the checkout cannot be read", where=str(root)):
        holds_nothing("")
    return Leftovers(tuple(empty), tuple(untracked))


def remove_empty(root: Path, folder: str) -> bool:
    """Remove a folder that holds nothing; whether it is gone. Never goes through a symbolic link."""
    with halting("an empty folder cannot be removed", where=folder):
        try:
            with parent_of(root, folder) as (above, name):
                os.rmdir(name, dir_fd=above)
        except FileNotFoundError:
            return True
        except UnsafePath:
            return False
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EBUSY):
                return False
            raise
    return True
