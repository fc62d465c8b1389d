"""One open artifact store, for synchronous code on any thread: its connections are shared by all calls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scidex_console.artifacts.portal import Portal
from scidex_console.artifacts.records import Artifact, artifact_of
from scidex_console.domain.artifact_commits import CommitRequest, CommitResult
from scidex_console.domain.errors import UsageError
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.settings import Settings, load_settings
from scidex_console.wiring.artifacts import ArtifactDesk, artifact_desk


class ArtifactStore:
    """What SciDEX's writers and readers do with artifacts. `open` makes one; `close` or a `with` ends it."""

    def __init__(self, portal: Portal[ArtifactDesk]) -> None:
        self._portal = portal

    @classmethod
    def open(
        cls, config: Settings | Path | str | None = None, *, name: str = "", wait_s: float = 600.0
    ) -> Self:
        """Connect to the store of a configuration: settings, a file, or whatever the command line would find.

        `name` is what consoles show of this writer; empty: process and host. `wait_s` is how long a commit
        waits for its turn. Raises `SettingError`, `Unreachable`, `SchemaMismatch`.
        """
        if isinstance(config, Settings):
            settings = config
        else:
            settings = load_settings(Path(config) if config is not None else None)
        return cls(Portal(lambda: artifact_desk(settings, name=name, wait_s=wait_s)))

    def close(self) -> None:
        """Let the connections go. A call that is under way ends first."""
        self._portal.close()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._portal.is_closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def register_artifact(
        self,
        artifact_type: str,
        *,
        title: str | None = None,
        filename: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        content_hash: str | None = None,
        provenance_chain: Any = None,
    ) -> Artifact:
        """Make a new artifact's row, with its two ids and its folder's name; no file yet.

        `id` is `{type}-{uuid}`, `artifact_id` a fresh UUID. `filename` is what the primary file is called,
        for `primary_filename`; None: the first commit says. Raises `UsageError` for a type that is none,
        `Unreachable`, `ConsoleError` when the role may not.
        """
        desk = self._portal.inside
        row = self._portal.call(
            desk.register(
                artifact_type,
                title=title,
                filename=filename,
                metadata={} if metadata is None else metadata,
                content_hash=content_hash,
                provenance_chain=provenance_chain,
            )
        )
        return self._artifact(row)

    def resolve_artifact(self, artifact: str) -> Artifact:
        """The artifact with this legacy id or this UUID. Raises `Refused` when there is none."""
        key = _text(artifact, "artifact")
        return self._artifact(self._portal.call(self._portal.inside.resolve(key)))

    def get_capsule_manifest(self, artifact: str) -> dict[str, Any]:
        """The manifest of an artifact, by id or UUID: its folder's, or else the legacy way.

        The legacy way is the manifest that the row holds or names (`metadata.manifest`,
        `metadata.manifest_path`), or else what its row alone tells. Raises `Refused` when there is no such
        artifact, or when `folders.legacy` is off and it has no folder.
        """
        return self._portal.call(self._portal.inside.manifest(_text(artifact, "artifact")))

    def commit_artifact(
        self,
        *,
        artifact_id: str,
        paths: Sequence[str | Path],
        friendly_name: str | None = None,
        reason: str = "",
    ) -> CommitResult:
        """Commit files to the folder of an artifact, in git and in the database together.

        `artifact_id` is what `register_artifact` gave (the UUID or the id); there is no commit without. The
        first path is the primary file, the others are accessories; no path at all gives a row of the database
        alone its manifest. The files are copied: they stay where they are. `friendly_name` names the primary
        file, with its extension or without; None: its own name does. Asked again for the same, it changes
        nothing.

        Waits for its turn behind other writers. Raises `Refused`, `UnsafePath`, `LockBusy` (try again),
        `Halt` (a full disk), `Unreachable` (it may have come about: ask again), `RepositoryError`. Each is on
        record as `artifact_commit_failed`.
        """
        files = _listed(paths)
        name = "" if friendly_name is None else _text(friendly_name, "friendly_name")
        return self._commit(artifact_id, files[:1], files[1:], name, reason)

    def add_accessories(
        self, *, artifact_id: str, paths: Sequence[str | Path], reason: str = ""
    ) -> CommitResult:
        """Commit files beside what is in the folder. As `commit_artifact`, but none of them is primary."""
        return self._commit(artifact_id, [], _listed(paths), "", reason)

    def _commit(
        self,
        artifact_id: str,
        primary: Sequence[Path],
        accessories: Sequence[Path],
        friendly_name: str,
        reason: str,
    ) -> CommitResult:
        if not isinstance(artifact_id, str) or not artifact_id:
            raise UsageError(
                "a commit needs the id of its artifact",
                where="artifact_id",
                fix="register_artifact gives it: its artifact_id or its id",
            )
        desk = self._portal.inside
        request = CommitRequest(artifact_id, friendly_name=friendly_name, reason=_text(reason, "reason"))
        return self._portal.call(desk.commit_paths(request, primary, accessories))

    def _artifact(self, row: ArtifactRow) -> Artifact:
        return artifact_of(row, self._portal.inside.folder(row))


def _listed(paths: Sequence[str | Path]) -> list[Path]:
    if isinstance(paths, str | bytes | Path) or not isinstance(paths, Iterable):
        # A text would be taken letter by letter.
        raise UsageError("paths is a list of files", where="paths", fix=f"write [{str(paths)!r}]")
    files = list(paths)
    if wrong := [each for each in files if not isinstance(each, str | Path)]:
        raise UsageError(f"{wrong[0]!r} is no path", where="paths", fix="name each file by a text or a Path")
    return [Path(each) for each in files]


def _text(value: str, where: str) -> str:
    """What a caller gave as a text, whom nobody may have checked."""
    if not isinstance(value, str):
        raise UsageError(f"{value!r} is no text", where=where, fix="give a text")
    return value
