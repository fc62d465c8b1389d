"""Every way TOML has of writing a key leads back to its line."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from scidex_console.settings.lines import SettingPath, setting_lines

TEXT = '''\
# a comment with key = "value"
title = """
fake = 1
[fake]
"""
[a]
one = 1
"two" = [
  "x",   # [not.a.table]
  "y = 3",
]
three.four = {five = 5, six = [1, {seven = 7}]}

  [ b . "c.d" ]   # comment
e = \'\'\'
f = 1\'\'\'

[[list]]
name = "first"
[list.inner]
deep = 1
[[list.items]]
k = 1
[[list.items]]
k = 2
[[list]]
name = "second"
[[list.items]]
k = 3
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("a",), 6),
        (("a", "one"), 7),
        (("a", "two"), 8),
        (("a", "two", 1), 8),
        (("a", "three", "four", "five"), 12),
        (("a", "three", "four", "six", 1, "seven"), 12),
        (("b", "c.d"), 14),
        (("b", "c.d", "e"), 15),
        (("list", 0), 18),
        (("list", 0, "name"), 19),
        (("list", 0, "inner", "deep"), 21),
        (("list", 0, "items", 0, "k"), 23),
        (("list", 0, "items", 1, "k"), 25),
        (("list", 1), 26),
        (("list", 1, "name"), 27),
        (("list", 1, "items", 0, "k"), 29),
    ],
)
def test_a_path_leads_to_its_line(path: SettingPath, line: int) -> None:
    assert setting_lines(TEXT)[path] == line


def test_nothing_is_found_that_is_not_there_and_nothing_is_missed() -> None:
    def leaves(value: Any, path: SettingPath = ()) -> set[SettingPath]:
        if isinstance(value, dict):
            return set().union(*(leaves(inner, (*path, key)) for key, inner in value.items()))
        if isinstance(value, list):
            return set().union(*(leaves(inner, (*path, index)) for index, inner in enumerate(value)))
        return {path}

    expected = leaves(tomllib.loads(TEXT))
    found = setting_lines(TEXT)
    assert expected <= found.keys()
    assert all(any(leaf[: len(path)] == path for leaf in expected) for path in found)
