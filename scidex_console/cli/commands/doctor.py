"""`doctor`: every precondition, each with what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace

from scidex_console.cli.arguments import Subparsers, add_command
from scidex_console.cli.context import Context
from scidex_console.domain.checks import Finding


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    add_command(
        subparsers, "doctor", run, "check every precondition", details="Exits 1 if one does not hold."
    )


def run(args: Namespace, context: Context) -> int:
    """Look at everything and print what was found."""
    program = context.output.program
    found = asyncio.run(context.services.doctor(context.settings, context.config_file()))
    findings = [
        replace(finding, detail=program.told(finding.detail), fix=program.told(finding.fix))
        for finding in found
    ]
    ok = all(finding.ok for finding in findings)
    context.output.show({"ok": ok, "findings": findings}, _lines(findings))
    return 0 if ok else 1


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        yield f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name:<{width}}  {finding.detail}"
        if finding.fix:
            yield f"      {'':<{width}}  {'advice' if finding.ok else 'mend'}: {finding.fix}"
    failed = sum(not finding.ok for finding in findings)
    yield f"{failed} of {len(findings)} to mend" if failed else "all is well"
