"""Habits of the house that a tool does not check: every room and every public name says what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "scidex_console"
TESTS = PACKAGE.parent / "tests"
ODDS_AND_ENDS = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}


@cache
def modules() -> list[tuple[Path, ast.Module]]:
    found = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(PACKAGE.rglob("*.py"))]
    assert len(found) > 50
    return found


def public_names(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    for node in module.body:
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named and not node.name.startswith("_"):
            yield node


def test_every_module_with_code_says_what_it_is_for() -> None:
    silent = [str(path) for path, module in modules() if module.body and not ast.get_docstring(module)]
    assert not silent


def test_every_public_function_and_class_says_what_it_does() -> None:
    silent = [
        f"{path}:{node.lineno} {node.name}"
        for path, module in modules()
        for node in public_names(module)
        if not ast.get_docstring(node)
    ]
    assert not silent


def test_there_is_no_room_for_odds_and_ends() -> None:
    named = [str(path) for path, _ in modules() if {path.stem, path.parent.name} & ODDS_AND_ENDS]
    assert not named


def test_every_test_folder_is_a_package_so_that_names_may_repeat() -> None:
    folders = {path.parent for path in TESTS.rglob("test_*.py")}
    assert not [str(folder) for folder in folders if not (folder / "__init__.py").is_file()]
