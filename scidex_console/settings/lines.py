"""Which line of a TOML file a setting stands on.

`tomllib` keeps no positions. So the file is cut into statements: a header, or as many lines from a key on
as it takes to parse on their own. Every path a statement sets belongs to its first line.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

SettingPath = tuple[str | int, ...]


def setting_lines(text: str) -> dict[SettingPath, int]:
    """Line number (from 1) of every table and key of a valid TOML text, by its path; list items by index."""
    found: dict[SettingPath, int] = {}
    table: SettingPath = ()
    sizes: dict[SettingPath, int] = {}
    for number, statement in _statements(text):
        if statement.startswith("["):
            table = _header(statement, sizes)
            found.setdefault(table, number)
        else:
            for path in _paths(tomllib.loads(statement)):
                found.setdefault(table + path, number)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        first, statement = index, lines[index].strip()
        index += 1
        if not statement or statement.startswith("#"):
            continue
        while not statement.startswith("[") and not _parses(statement) and index < len(lines):
            statement += "\n" + lines[index]
            index += 1
        yield first + 1, statement


def _parses(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _header(statement: str, sizes: dict[SettingPath, int]) -> SettingPath:
    """The path of `[a.b]` or `[[a.b]]`; `sizes` counts the items of each array of tables met so far."""
    of_array = statement.startswith("[[")
    names: list[str] = []
    parsed: Any = tomllib.loads(statement)
    while isinstance(parsed, dict) and parsed:
        name, parsed = next(iter(parsed.items()))
        names.append(name)
        if isinstance(parsed, list):
            break
    path: SettingPath = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if of_array and position == len(names) - 1:
            sizes[path] = sizes.get(path, 0) + 1
        if path in sizes:
            path = (*path, sizes[path] - 1)
    return path


def _paths(value: Any, path: SettingPath = ()) -> Iterator[SettingPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths(inner, (*path, index))
