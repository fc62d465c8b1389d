"""Consoles by the hundred: what each would parse anew of the same style sheets is parsed once.

And on a busy machine none is given up early: each test has a time limit of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from textual.css import stylesheet
from textual.css.model import RuleSet
from textual.pilot import Pilot

_parse, _tokenize_values = stylesheet.parse, stylesheet.tokenize_values
_PARSED: dict[tuple[object, ...], list[RuleSet]] = {}
"""Rules, which no style sheet changes, by all that they depend on."""


@cache
def _tokens_of(variables: frozenset[tuple[str, str]]) -> dict[str, Any]:
    return _tokenize_values(dict(variables))


def _tokenized_once(variables: dict[str, str]) -> dict[str, Any]:
    return _tokens_of(frozenset(variables.items()))


def _parsed_once(
    scope: str, css: str, read_from: Any, variable_tokens: dict[str, Any] | None = None, **options: Any
) -> Iterator[RuleSet]:
    # The tokens are kept, so that no others can have their identity.
    key = (scope, css, read_from, id(variable_tokens), *sorted(options.items()))
    if key not in _PARSED:
        _PARSED[key] = list(_parse(scope, css, read_from, variable_tokens=variable_tokens, **options))
    return iter(_PARSED[key])


@pytest.fixture(autouse=True, scope="package")
def _style_sheets_parsed_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stylesheet, "tokenize_values", _tokenized_once)
        patch.setattr(stylesheet, "parse", _parsed_once)
        yield


@pytest.fixture(autouse=True, scope="package")
def _patient_pilot() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pilot._wait_for_screen, "__defaults__", (280.0,))
        yield
