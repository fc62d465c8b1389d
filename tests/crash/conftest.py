"""Fixtures that several rooms of faults share."""

from tests.crash.disks import database_disk, disk

__all__ = ["database_disk", "disk"]
