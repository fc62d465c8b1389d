"""`verify`: the invariants, one by one, from git and the database alone."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator

from scidex_console.cli.arguments import Subparsers, add_command
from scidex_console.cli.context import Context
from scidex_console.domain.checks import Invariant, VerifyReport

_SHOWN = 10
"""Lines of what breaks an invariant; `--json` has all that were kept."""


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    add_command(subparsers, "verify", run, "check the invariants", details="Exits 1 if one is broken.")


def run(args: Namespace, context: Context) -> int:
    """Check and print."""
    report = asyncio.run(context.services.verify(context.settings))
    context.output.show({"holds": report.holds, "invariants": report.invariants}, _lines(report))
    return 0 if report.holds else 1


def _lines(report: VerifyReport) -> Iterator[str]:
    width = max((len(invariant.name) for invariant in report.invariants), default=0)
    for invariant in report.invariants:
        yield f"{invariant.name:<{width}}  {_state(invariant):<6}  {invariant.statement}{_extent(invariant)}"
        for line in invariant.broken[:_SHOWN]:
            yield f"{'':<{width}}          {line}"
        if (left := invariant.findings - len(invariant.broken[:_SHOWN])) > 0:
            yield f"{'':<{width}}          and {left} more"
    broken = [invariant.name for invariant in report.invariants if invariant.holds is False]
    yield f"broken: {', '.join(broken)}" if broken else "all that apply hold"


def _state(invariant: Invariant) -> str:
    return {True: "holds", False: "BROKEN", None: "n/a"}[invariant.holds]


def _extent(invariant: Invariant) -> str:
    parts = [f"{invariant.checked} checked"] if invariant.checked else []
    parts += [invariant.note] if invariant.note else []
    return f" ({'; '.join(parts)})" if parts else ""
