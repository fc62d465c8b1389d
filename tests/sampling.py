"""A sample of a long row of cases runs with every test run, the whole row with the sweeps."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from typing import Any

import pytest


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
