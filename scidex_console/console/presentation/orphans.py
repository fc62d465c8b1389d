"""Files that no row claims, as rows: views in, cells out."""

from __future__ import annotations

from collections.abc import Mapping

from scidex_console.console.presentation.cells import Cell, clean
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.words import size
from scidex_console.domain.folders.orphans import Orphan

ORPHAN_COLUMNS = (
    Column("path", "file", 24, weight=4, crop="middle"),
    Column("size", "size", 9, align="right"),
    Column("kind", "kind", 7, rank=1),
)
FILE_COLUMNS = (
    Column("what", "what", 12, weight=3, widest=60),
    Column("artifact", "file", 20, weight=4, widest=110, crop="middle"),
)
"""Of a decision's plan."""
_KINDS = {"120000": ("link", "warn"), "100755": ("program", "warn"), "160000": ("module", "bad")}


def orphan_cells(orphan: Orphan) -> Mapping[str, Cell]:
    """One file."""
    kind, tone = _KINDS.get(orphan.mode, ("file", "dim"))
    return {
        "path": Cell(clean(orphan.path, 400)),
        "size": Cell(size(orphan.size), "dim"),
        "kind": Cell(kind, tone),
    }
