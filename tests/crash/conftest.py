"""Fixtures that several rooms of faults share."""

from tests.crash.disks import database_disk, disk
from tests.engine.conftest import scidex_database

__all__ = ["database_disk", "disk", "scidex_database"]
