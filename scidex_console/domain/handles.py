"""By which of its two handles an artifact stands in addresses."""

from __future__ import annotations

LONGEST_KEY = 1024
"""Characters of an id that is looked for."""


def has_address(artifact_id: str) -> bool:
    """Whether an id can stand in an address: `.` and `..` are folders to browsers, however escaped."""
    return artifact_id not in ("", ".", "..") and len(artifact_id) <= LONGEST_KEY


def handle_in_addresses(artifact_id: str, uuid: str | None) -> str:
    """The legacy id; the UUID, if there is one, where no address can hold that id."""
    return artifact_id if has_address(artifact_id) else uuid or artifact_id
