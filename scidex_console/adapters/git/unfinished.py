"""What git leaves beside its packs: half-written ones, when it is out of room or killed, and our marks."""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from scidex_console.adapters.git.checkout import OURS, Checkout

_PROCESSES = Path("/proc")
_AGAIN_S = 0.5
"""A writer closes its file an instant before it gives it its name: nothing goes at the first look."""


def packs(checkout: Checkout) -> set[Path]:
    """Packs that are being written, or were when somebody stopped."""
    return set(checkout.pack_dir.glob("tmp_*"))


def marks(checkout: Checkout) -> list[Path]:
    """Files that keep a pack of ours from being repacked away; those of others are left out."""
    return [path for path in sorted(checkout.pack_dir.glob("pack-*.keep")) if _is_ours(path)]


def clear(checkout: Checkout, *, besides: Collection[Path]) -> None:
    """Remove half-written packs that nobody writes any more; those in `besides` stay."""
    remove_unopened(packs(checkout).difference(besides))


def remove_unopened(paths: set[Path]) -> None:
    """Remove those of these files that no process has open, at two looks."""
    left = paths - _open_files(paths)
    if left:
        time.sleep(_AGAIN_S)
        for path in left - _open_files(left):
            path.unlink(missing_ok=True)


def _open_files(paths: set[Path]) -> set[Path]:
    """Those that some process has open, as far as this one may see (Linux)."""
    found: set[Path] = set()
    for descriptor in _PROCESSES.glob("[0-9]*/fd/*") if paths else ():
        with suppress(OSError):
            if (target := descriptor.readlink()) in paths:
                found.add(target)
    return found


def _is_ours(mark: Path) -> bool:
    with suppress(OSError):
        return mark.read_text("utf-8", "replace").strip() == OURS
    return False
