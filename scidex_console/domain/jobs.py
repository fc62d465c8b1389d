"""The two jobs, by name."""

from __future__ import annotations

from enum import StrEnum


class JobName(StrEnum):
    """What a run works on; the names are part of the command line's contract."""

    FIGURES = "figures"
    FOLDERS = "folders"
