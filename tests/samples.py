"""Cases of one kind: each `make test` takes a few of them, the sweep (`make crash`) all the others, too."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Any

import pytest


def sample(*cases: Any, quick: int = 1) -> Sequence[Any]:
    """Values for `parametrize`: the first `quick` cases are taken each time, the others by the sweep."""
    others = (case if isinstance(case, tuple) else (case,) for case in cases[quick:])
    return [*cases[:quick], *(pytest.param(*case, marks=pytest.mark.sweep) for case in others)]


def every(cases: Iterable[Any], step: int) -> list[Any]:
    """Values for `parametrize`: the first and every `step`-th of them each time, the others by the sweep."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.sweep if place % step else ()
        )
        for place, case in enumerate(cases)
    ]


def sampled(cases: Iterable[Any], sample: Container[str], *, name: Callable[[Any], str] = str) -> list[Any]:
    """The cases as parameters of a test, by name; those outside the sample are swept.

    A tuple is one case of several parameters.
    """
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            id=name(case),
            marks=() if name(case) in sample else pytest.mark.sweep,
        )
        for case in cases
    ]
