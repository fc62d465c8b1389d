"""The table of faults names tests and variables that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
TABLE = (TESTS / "crash" / "README.md").read_text()


def test_every_test_that_the_table_names_exists() -> None:
    named = set(re.findall(r"`([a-z0-9_]+(?:/[a-z0-9_]+)*(?:/test_[a-z_]+\.py))`", TABLE))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (TESTS / name).is_file()] == []


def test_every_room_of_this_folder_is_in_the_table() -> None:
    here = {f"crash/{path.name}" for path in Path(__file__).parent.glob("test_*.py")}
    assert [name for name in sorted(here - {f"crash/{Path(__file__).name}"}) if name not in TABLE] == []


def test_every_variable_that_the_table_names_has_the_default_it_says() -> None:
    code = "\n".join(path.read_text() for path in TESTS.rglob("*.py"))
    said = dict(re.findall(r"^\| `(SCIDEX_\w+)` \| (\d+) \|", TABLE, re.MULTILINE))
    read = dict(re.findall(r'environ\.get\("(SCIDEX_\w+)", "(\d+)"\)', code))
    assert said == read and said
