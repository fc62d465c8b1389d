"""Bases of screens leave out what screens give. Textual's metaclass knows no abstract methods: we look."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from inspect import getattr_static
from types import FunctionType

import pytest

from scidex_console.console import screens
from scidex_console.console.screens.detail import DetailScreen
from scidex_console.console.screens.listing import ListingScreen

for found in pkgutil.iter_modules(screens.__path__, f"{screens.__name__}."):
    import_module(found.name)


def without_heirs(base: type) -> Iterator[type]:
    heirs = [heir for heir in base.__subclasses__() if heir.__module__.startswith(screens.__name__)]
    for heir in heirs:
        yield from without_heirs(heir)
    if not heirs:
        yield base


def left_out(kind: type) -> set[str]:
    given = ((name, getattr_static(kind, name)) for name in dir(kind))
    functions = ((name, each) for name, each in given if isinstance(each, FunctionType))
    return {name for name, each in functions if "NotImplementedError" in each.__code__.co_names}


@pytest.mark.parametrize("base", [DetailScreen, ListingScreen])
def test_every_screen_gives_what_its_base_leaves_out(base: type) -> None:
    ours = list(without_heirs(base))
    assert left_out(base) and len(ours) > 2
    assert {kind.__name__: missing for kind in ours if (missing := left_out(kind))} == {}
