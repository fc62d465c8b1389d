"""Where a folder lies, and where the links between folders lead.

Spec, "Folder layout": `<artifact_id>/` directly inside the artifact repository. A store too large for one
flat folder shards by the first hexadecimal digits: `ab/<artifact_id>/`. Either way the row's `artifact_dir`
says where, so readers need not know; a row that says so before there is a folder has it come there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from scidex_console.domain.errors import Refused

MANIFEST = "manifest.json"
ACCESSORIES = "accessories"
LAYOUT_VERSION = 1

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Direction(StrEnum):
    """The two folders of links."""

    INPUTS = "inputs"
    """What the artifact was made from."""
    OUTPUTS = "outputs"
    """What was made from the artifact."""


RESERVED = (MANIFEST, ACCESSORIES, *Direction)
"""Names a primary file may not have."""


@dataclass(frozen=True)
class FolderLayout:
    """How folders are laid out: `shard` is how many hexadecimal digits name the shard folder, 0 for none."""

    shard: int = 0

    def folder(self, artifact_uuid: str) -> str:
        """The folder of an artifact, relative to the artifact repository."""
        return f"{artifact_uuid[: self.shard]}/{artifact_uuid}" if self.shard else artifact_uuid

    def is_at_top(self, name: str) -> bool:
        """Whether an entry at the top of the repository is an artifact's folder, or one of the shards."""
        digits = rf"[0-9a-f]{{{self.shard}}}"
        return bool(re.fullmatch(digits, name) if self.shard else _UUID.fullmatch(name))

    def require_as_before(self, path: str) -> None:
        """Raise `Refused` unless the folder of this path is where this layout has it; empty: there is none.

        Links lead to where folders that are not there yet will be, so all of a migration have one layout.
        """
        folder = folder_of(path)
        if folder is None or self.folder(folder.rpartition("/")[2]) == folder:
            return
        before = len(folder.rpartition("/")[0])
        raise Refused(
            f"folders were laid out with folders.shard = {before}, and links lead to folders yet to come",
            where=f"folders.shard = {self.shard}",
            fix=f"set folders.shard = {before}, start the engine again and resume",
        )


def link_target(folder: str, other: str) -> str:
    """What a link in `inputs/` or `outputs/` of a folder holds to lead to another artifact's folder."""
    return "../" * (folder.count("/") + 2) + other


def stored_folder(artifact_dir: str | None, artifact_uuid: str, *, submodule: str) -> str | None:
    """The folder that a row says is its own, in the artifact repository; None when it names none."""
    folder = (artifact_dir or "").removeprefix(f"{submodule}/")
    named = folder.endswith(artifact_uuid) and folder_of(f"{folder}/{MANIFEST}") == folder
    return folder if named else None


def folder_of(path: str) -> str | None:
    """The artifact folder a path lies in, flat or sharded; None when it lies in none."""
    parts = path.split("/")
    for depth in range(min(2, len(parts) - 1)):
        if _UUID.fullmatch(parts[depth]) and (depth == 0 or parts[1].startswith(parts[0])):
            return "/".join(parts[: depth + 1])
    return None


def is_bookkeeping(path: str) -> bool:
    """Whether a path is an artifact folder's manifest or one of its links, and so no file of the artifact."""
    folder = folder_of(path)
    if folder is None:
        return False
    inner = path.removeprefix(f"{folder}/")
    return inner == MANIFEST or inner.partition("/")[0] in tuple(Direction)


def is_uuid(text: str) -> bool:
    """Whether a name is a UUID as folders are named by."""
    return _UUID.fullmatch(text) is not None
