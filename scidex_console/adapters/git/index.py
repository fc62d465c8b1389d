"""The index: only our own paths are patched, in a private copy that then takes the index's place.

Everything else in it, such as what somebody else has staged, is copied byte by byte by git itself.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from scidex_console.adapters.git import environment, trees
from scidex_console.adapters.git.checkout import OURS, Checkout
from scidex_console.adapters.git.failures import halting
from scidex_console.adapters.git.trees import GITLINK, Entry
from scidex_console.domain.errors import Halt, RepositoryError
from scidex_console.engine.killpoints import reach

PRIVATE_PREFIX = "index-"

_Identity = tuple[int, ...] | None
"""Of an index file; None: there is none."""


class IndexDraft:
    """A private copy of the index with given entries changed, to be published under the index lock.

    It may be made before the lock is taken, while there is something to wait for: `fit` makes it anew where
    the index is another by then. At the end of the block it is removed if it was not published.
    """

    def __init__(self, checkout: Checkout, *, with_times: bool = True) -> None:
        """`with_times`: whether it is to know the files' times and sizes as well."""
        self._checkout = checkout
        self._with_times = with_times
        self._made_from: _Identity = None
        self._private: Path | None = None
        self.staged: Mapping[str, tuple[Entry, ...]] = {}
        """What the index had at the given paths when the copy was made."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._discard()

    def make(self, entries: Mapping[str, Entry | None]) -> None:
        """Copy the index, with these paths as they are given (None: not there)."""
        self._discard()
        before = _identity(self._checkout)
        self.staged = trees.staged(self._checkout, entries)
        self._private = _copy(self._checkout)
        _patch(self._checkout, self._private, entries)
        reach("git.index.patched")
        if self._with_times:
            files = [path for path, entry in entries.items() if entry and _is_file(entry)]
            refresh(self._checkout, self._private, files)
        reach("git.index.refreshed")
        self._made_from = before

    def fit(self, entries: Mapping[str, Entry | None]) -> Path:
        """The copy, certainly made from the index as it is now. Only while the index lock is held."""
        if self._private is None or self._made_from != _identity(self._checkout):
            self.make(entries)
        assert self._private is not None, "made just now"
        return self._private

    def _discard(self) -> None:
        private, self._private = self._private, None
        if private is not None:
            private.unlink(missing_ok=True)
            private.with_name(f"{private.name}.lock").unlink(missing_ok=True)


def _identity(checkout: Checkout) -> _Identity:
    """Tells one state of the index from another: whoever writes it puts a new file in its place."""
    try:
        found = (checkout.git_dir / "index").stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def publish(checkout: Checkout, private: Path) -> None:
    """Make a private copy the index. Only while the index lock is held."""
    with halting("replacing the index", where=checkout.git_dir):
        private.rename(checkout.git_dir / "index")
    reach("git.index.published")


def _copy(checkout: Checkout) -> Path:
    private = checkout.git_dir / OURS / f"{PRIVATE_PREFIX}{secrets.token_hex(8)}"
    real = checkout.git_dir / "index"
    # A checkout without an index file has an empty index.
    size = real.stat().st_size if real.exists() else 0
    try:
        with halting("copying the index", where=private.parent, bytes_needed=size):
            private.parent.mkdir(exist_ok=True)
            if real.exists():
                shutil.copyfile(real, private)
                shutil.copymode(real, private)
    except Halt:
        private.unlink(missing_ok=True)
        raise
    reach("git.index.copied")
    return private


def _patch(checkout: Checkout, private: Path, entries: Mapping[str, Entry | None]) -> None:
    lines = (
        f"{entry.mode} {entry.object}\t{path}\0" if entry else f"0 {checkout.no_object}\t{path}\0"
        for path, entry in entries.items()
    )
    checkout.commands.run(
        "update-index",
        "-z",
        "--index-info",
        stdin="".join(lines).encode("utf-8", "surrogateescape"),
        index=private,
        # Writing an index, git reads files anew that are as young as the index itself: through their filters.
        settings=environment.without_filters(filter_drivers(checkout)),
    )


def refresh(checkout: Checkout, private: Path, paths: Sequence[str]) -> None:
    """Record the files' times and sizes for our own paths, so that git need not read them again.

    Git compares their content while doing so, which is where a content filter would run: all are emptied.
    """
    if not paths:
        return
    # Entries without times are right as well, only slower to check: nothing but a bad disk is worth failing.
    with suppress(RepositoryError):
        checkout.commands.run(
            "add",
            "--refresh",
            "--sparse",
            "--pathspec-from-file=-",
            "--pathspec-file-nul",
            stdin="".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape"),
            index=private,
            settings=environment.without_filters(filter_drivers(checkout)),
        )


def refresh_all(checkout: Checkout, private: Path) -> None:
    """As `refresh`, for every file: of thousands, git is quicker with all than with a list of some."""
    with suppress(RepositoryError):
        checkout.commands.run(
            "update-index",
            "--refresh",
            index=private,
            settings=environment.without_filters(filter_drivers(checkout)),
            accept=(0, 1),  # some differ from what is committed, which is somebody's work
        )


def filter_drivers(checkout: Checkout) -> list[str]:
    """Names of the content filters that the repository's configuration defines."""
    found = checkout.commands.run(
        "config", "--null", "--name-only", "--get-regexp", r"^filter\..*", accept=(0, 1)
    )
    names = {key.removeprefix("filter.").rpartition(".")[0] for key in found.fields()}
    return sorted(names - {""})


def _is_file(entry: Entry) -> bool:
    return entry.mode != GITLINK
