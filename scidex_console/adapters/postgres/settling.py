"""How the tables of a job, of decisions and of writers follow the operations of a batch."""

from __future__ import annotations

from dataclasses import dataclass

from scidex_console.domain.batches import Batch
from scidex_console.domain.jobs import JobName


@dataclass(frozen=True)
class Settling:
    """The statements by which a job's own tables follow its operations."""

    skip: str
    """Empty: they need not follow."""
    switch: str
    take_back: str


_OF_A_DECISION = Settling("skip_triaged", "switch_triaged", "take_back_triaged")
_OF_A_WRITER = Settling("", "switch_committed", "take_back_committed")
_OF_JOB = {
    JobName.FIGURES: Settling("skip_figures", "switch_figures", "hold_back_figures"),
    JobName.FOLDERS: Settling("skip_folders", "switch_folders", "hold_back_folders"),
}


def settling(batch: Batch) -> Settling:
    """The statements for a batch: by who it is of, a writer, a job or a decision."""
    if batch.writer:
        return _OF_A_WRITER
    return _OF_JOB[batch.job] if batch.decision is None else _OF_A_DECISION
