"""`[folders]`: the migration of every artifact into a folder of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from scidex_console.domain.folders.cycles import CyclePlan
from scidex_console.domain.folders.hashes import HashSource
from scidex_console.domain.folders.layout import FolderLayout
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.settings.values import SECTION, Duration, DurationOrNone, InsidePath

_PATH_KEYS = (
    "figure_path",
    "notebook_path",
    "dataset_path",
    "model_path",
    "analysis_path",
    "file_path",
    "path",
)
_ACCESSORY_KEYS = (
    "rendered_path",
    "html_path",
    "schema_path",
    "preview_path",
    "thumbnail_path",
    "summary_path",
)
_PRIMARY = (
    ".ipynb",
    ".md",
    ".csv",
    ".tsv",
    ".parquet",
    ".h5",
    ".pkl",
    ".json",
    ".png",
    ".svg",
    ".jpg",
)


class FoldersSettings(BaseModel):
    """`[folders]`: the job that gives every artifact a folder of its own."""

    model_config = SECTION

    cycle: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
        default=100, description="Artifacts a cycle takes up; each cycle is one batch and one merge commit."
    )
    every: DurationOrNone = Field(
        default=timedelta(minutes=30),
        description='Time from the beginning of one cycle to the next; "0s": one after the other.',
    )
    shard: Annotated[int, Field(strict=True, ge=0, le=4)] = Field(
        default=0,
        description="Hexadecimal digits that name a folder above each artifact's; 0: none, as the "
        "specification has it; 2 for stores of 100,000 artifacts and more. Settle it before the first cycle.",
    )
    grace: DurationOrNone = Field(
        default=timedelta(seconds=2),
        description="Time that readers of a row have to open its old path once the row leads to the new one.",
    )
    retry_after: Duration = Field(
        default=timedelta(minutes=5),
        description="Wait before an artifact is tried again that failed, or whose row was locked when it "
        "needed its UUID. What another lock or an edit holds up waits seconds, and longer each time.",
    )
    update_submodule: bool = Field(
        default=True,
        strict=True,
        description="Whether each cycle begins with what others have pushed, where that only moves a clean "
        "checkout forward.",
    )
    repack_at_end: bool = Field(
        default=True,
        strict=True,
        description="Whether to repack the repository when the migration has come to its end; `maintain` "
        "does it at any time.",
    )
    hash_source: list[HashSource] = Field(
        default=[HashSource.FILE_SHA256, HashSource.CONTENT_HASH],
        description="Where a row says what its file's sha256 is; the first that says anything counts. "
        "Leave one out whose hash is not of the file.",
    )
    path_keys: list[str] = Field(
        default=list(_PATH_KEYS),
        description="Metadata keys that hold paths, the most telling first; <artifact_type>_path comes "
        "before them all.",
    )
    accessory_keys: list[str] = Field(
        default=list(_ACCESSORY_KEYS),
        description="Metadata keys that hold paths of what was made from the primary file.",
    )
    type_folders: dict[str, InsidePath] = Field(
        default={"analysis": "analyses", "hypothesis": "hypotheses", "kg_entity": "kg_entities"},
        description="Folders that files of a type were kept in, where it is not <artifact_type>s.",
    )
    primary_extensions: list[str] = Field(
        default=list(_PRIMARY),
        description="Which of several files is the primary one where the row names a whole folder.",
    )
    upstream_links: list[str] = Field(
        default=["derives_from", "extends"],
        description="Types of artifact_links whose target is what their source was made from.",
    )
    legacy: Literal["on", "off"] = Field(
        default="on",
        description="Whether files are still read, and their constants still there, by the paths of before "
        'folders; "off" once the clean-up begins. It is asked for before anything is cleaned up.',
    )

    @field_validator("hash_source")
    @classmethod
    def _once(cls, value: list[HashSource]) -> list[HashSource]:
        if len(set(value)) < len(value):
            raise ValueError("each source once")
        return value

    @property
    def reads_legacy(self) -> bool:
        """Whether a reader may still go by a path of before folders."""
        return self.legacy == "on"

    def cycles(self) -> CyclePlan:
        """How the migration is paced."""
        return CyclePlan(self.cycle, self.every)

    def layout(self) -> FolderLayout:
        """Where folders lie."""
        return FolderLayout(self.shard)

    def resolving(self, *, submodule: str, worktree: Path) -> ResolvingRules:
        """How an artifact's files are found."""
        return ResolvingRules(
            submodule=submodule,
            worktree=str(worktree),
            path_keys=tuple(self.path_keys),
            type_folders=dict(self.type_folders),
            accessory_keys=tuple(self.accessory_keys),
            primary_extensions=tuple(self.primary_extensions),
            layout=self.layout(),
        )
