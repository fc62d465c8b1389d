"""One artifact whole: row, files, links, commits, attempts, and what was decided about it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType

from scidex_console.console.keys import RETRY, bindings
from scidex_console.console.presentation.artifacts import artifact_lines
from scidex_console.console.presentation.cells import Line
from scidex_console.console.screens.detail import DetailScreen
from scidex_console.console.screens.main_screen import Console, Subject
from scidex_console.domain.jobs import JobName
from scidex_console.engine.listing_views import ArtifactDetail
from scidex_console.engine.ports import AttemptFilter, ReadModel


@dataclass(frozen=True)
class ArtifactQuery:
    """One artifact."""

    artifact_id: str

    async def read(self, read: ReadModel) -> ArtifactDetail | None:
        """Ask for all about it."""
        return await read.artifact(self.artifact_id)


class ArtifactScreen(DetailScreen[ArtifactDetail]):
    """A retry here is of this artifact alone."""

    KEYS = (RETRY,)
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)

    def __init__(self, around: Console, artifact_id: str, job: JobName) -> None:
        super().__init__(around, f"Artifact {artifact_id}", ArtifactQuery(artifact_id))
        self._artifact_id = artifact_id
        self._job = job

    @property
    def job(self) -> JobName:
        """The job it was reached from."""
        return self._job

    def lines(self, view: ArtifactDetail, width: int) -> Sequence[Line]:
        """What went wrong first."""
        return artifact_lines(view, width, self.around.knowledge().now)

    def subject(self) -> Subject:
        """This artifact."""
        return Subject(criteria=AttemptFilter(artifact_ids=(self._artifact_id,)))

    def twin(self) -> str:
        """Its attempts."""
        return shlex.join(["attempts", "--artifact", self._artifact_id])
