"""Until when this account was here last, in a file of its own: for who may write nothing in the database."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path


class LastVisit:
    """Keeps one point in time per database. Where the disk cannot, nothing is known, and no harm done."""

    def __init__(self, folder: Path, place: str) -> None:
        """`folder` is the account's own; `place` names the database."""
        self._file = folder / f"last-visit-{hashlib.sha256(place.encode()).hexdigest()[:16]}"
        self._kept: datetime | None = None

    def __call__(self, active_at: datetime) -> datetime | None:
        """Keep a point in time; the one that was kept before, or None. Raises nothing."""
        try:
            before = datetime.fromisoformat(self._file.read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            before = None
        # A minute is near enough, and a console that only watches writes nothing while nobody presses a key.
        if self._kept is None or (active_at - self._kept).total_seconds() >= 60:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file.write_text(active_at.isoformat(), encoding="ascii")
                self._kept = active_at
            except OSError:
                pass
        return before if before is None or before.tzinfo else None
