"""The words of `artifact_migration_log.status`: how a try at an artifact's folder ended.

Beside them the log says `kept` of an artifact that a rollback left in its folder, with the reason: that is no
try, and it counts as migrated as before.
"""

from __future__ import annotations

from enum import StrEnum


class FolderStatus(StrEnum):
    """How one try ended. Spec: the folder migration's table of failure modes."""

    SUCCESS = "success"
    """The folder stands, in git and in the row; a row of the database alone has a manifest and no more."""
    HASH_MISMATCH = "hash_mismatch"
    """The file is not the one the row promises; nothing was moved, and a person must say which is right."""
    ERROR = "error"
    """Git or the disk failed on it; nothing of it is left over."""
    QUARANTINED = "quarantined"
    """Its paths or its row are not safe to move by; a person must mend them."""
    SKIPPED = "skipped"
    """Something was in the way just then, such as another's lock or a changed row."""
    ROLLED_BACK = "rolled_back"
    """A person took it back; it waits for a person's redo."""

    @property
    def tried_again(self) -> bool:
        """Whether a later cycle takes the artifact up again without being told to."""
        return self in (FolderStatus.ERROR, FolderStatus.SKIPPED)


WAITING = (
    FolderStatus.HASH_MISMATCH.value,
    FolderStatus.QUARANTINED.value,
    FolderStatus.ERROR.value,
    "held_back",
)
"""What artifacts without a folder wait in: for a retry, or (an error) for their back-off."""
