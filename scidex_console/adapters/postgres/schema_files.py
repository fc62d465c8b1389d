"""The versioned files of the schema, as they are shipped with the program."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import LiteralString

_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.up\.sql")
_NEW_INDEX = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS\s+(\w+)", re.IGNORECASE
)
CONCURRENTLY = "-- concurrently"
"""First line of a file whose statements must each stand outside a transaction."""


@dataclass(frozen=True)
class SchemaFile:
    """One version: the way there and the way back."""

    version: int
    name: str
    up: LiteralString
    down: LiteralString

    @property
    def checksum(self) -> str:
        """sha256 of the way there, which tells whether an applied file was changed afterwards."""
        return hashlib.sha256(self.up.encode()).hexdigest()


@cache
def schema_files() -> tuple[SchemaFile, ...]:
    """All versions, in the order in which they are applied."""
    folder = resources.files(__package__).joinpath("schema")
    files = []
    for entry in folder.iterdir():
        if found := _NAME.fullmatch(entry.name):
            down = folder.joinpath(f"{found[1]}_{found[2]}.down.sql").read_text(encoding="utf-8")
            up = entry.read_text(encoding="utf-8")
            files.append(SchemaFile(int(found[1]), found[2], up, down))
    return tuple(sorted(files, key=lambda file: file.version))


def latest_version() -> int:
    """The schema this program needs."""
    return schema_files()[-1].version


def stands_outside_transactions(text: str) -> bool:
    """Whether a file says that its statements run one by one, in no transaction."""
    return text.startswith(CONCURRENTLY)


def statements(text: LiteralString) -> tuple[LiteralString, ...]:
    """The statements of such a file, which are set apart by an empty line."""
    return tuple(part for part in text.strip().split("\n\n") if part.strip())


def new_index(statement: str) -> str | None:
    """The index a statement makes concurrently: an attempt that failed leaves it behind, invalid."""
    found = _NEW_INDEX.search(statement)
    return found[1] if found else None
