"""Cases of one kind: each `make test` takes a few of them, the sweep (`make crash`) all the others, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest


def sample(*cases: Any, quick: int = 1) -> Sequence[Any]:
    """Values for `parametrize`: the first `quick` cases are taken each time, the others by the sweep."""
    others = (case if isinstance(case, tuple) else (case,) for case in cases[quick:])
    return [*cases[:quick], *(pytest.param(*case, marks=pytest.mark.sweep) for case in others)]
