"""An artifact's row as the folder migration reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scidex_console.domain.handles import handle_in_addresses


@dataclass(frozen=True)
class ArtifactRow:
    """One row of `artifacts`."""

    id: str
    """The legacy handle."""
    artifact_type: str
    title: str | None
    content_hash: str | None
    file_path: str | None
    metadata: Mapping[str, Any]
    provenance_chain: Any
    created_at: datetime | None
    uuid: str | None
    """`artifact_id`: the canonical handle; None while none is minted."""
    artifact_dir: str | None
    primary_filename: str | None
    accessory_filenames: Sequence[str | None] | None
    """As the row has it, for its guard; `accessories` are the names in it."""
    layout_version: int | None
    migrated_at: datetime | None
    flagged: bool = field(default=False, compare=False)
    """Whether it waits because its file has another hash; told by the survey's statement only."""

    @property
    def accessories(self) -> tuple[str, ...]:
        """Names of the accessories; nulls and empty names in the column are none."""
        return tuple(name for name in self.accessory_filenames or () if name)

    @property
    def handle(self) -> str:
        """What it is called by in addresses."""
        return handle_in_addresses(self.id, self.uuid)


@dataclass(frozen=True)
class Relations:
    """An artifact's links by the UUIDs of the other ends, without repetition, in order."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    folders: Mapping[str, str] = field(default_factory=dict)
    """`artifact_dir` of other ends that have one already."""
