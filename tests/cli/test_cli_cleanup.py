"""The plan of the clean-up in lines."""

from __future__ import annotations

import io
from dataclasses import replace

from scidex_console.cli.cleanup import plan_lines
from scidex_console.cli.output import Output
from tests.domain.test_cleanup import PLAN


def test_files_at_the_top_are_told_as_such() -> None:
    plan = replace(PLAN, orphans=3, by_folder=(("figures", 2), (".", 1)))
    lines = list(plan_lines(Output(io.StringIO(), io.StringIO(), as_json=False), plan, None))
    assert "undecided  3 files that no row claims: figures/ 2, at the top 1" in lines
