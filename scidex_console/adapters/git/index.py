"""The index: only our own paths are patched, in a private copy that then takes the index's place.

Everything else in it, such as what somebody else has staged, is copied byte by byte by git itself.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from scidex_console.adapters.git import environment
from scidex_console.adapters.git.checkout import OURS, Checkout
from scidex_console.adapters.git.failures import halting
from scidex_console.adapters.git.trees import GITLINK, Entry
from scidex_console.domain.errors import Halt, RepositoryError
from scidex_console.engine.killpoints import reach

PRIVATE_PREFIX = "index-"


@contextmanager
def patched_copy(
    checkout: Checkout, entries: Mapping[str, Entry | None], *, with_times: bool = True
) -> Iterator[Path]:
    """A private copy of the index in which the given paths are as given (None: not there).

    Only while the index lock is held. With times, it knows the files' times and sizes as well. The copy is
    removed at the end if it was not published.
    """
    private = _copy(checkout)
    try:
        _patch(checkout, private, entries)
        reach("git.index.patched")
        if with_times:
            refresh(checkout, private, [path for path, entry in entries.items() if entry and _is_file(entry)])
        reach("git.index.refreshed")
        yield private
    finally:
        private.unlink(missing_ok=True)
        private.with_name(f"{private.name}.lock").unlink(missing_ok=True)


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
