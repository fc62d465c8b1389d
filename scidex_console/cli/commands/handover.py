"""`handover`: the note that one shift leaves to the next."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scidex_console.cli.arguments import Subparsers, add_command, moment_of, since
from scidex_console.cli.context import Context
from scidex_console.cli.files import read_text, replace_text
from scidex_console.domain.errors import ConsoleError, UsageError
from scidex_console.engine.handover import Handover, heading_of, open_things, render_handover


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        "handover",
        run,
        "print a shift handover note",
        details="What happened in a period, what is open now, and who did what, as Markdown.",
    )
    parser.add_argument(
        "--since", type=since, required=True, metavar="WHEN", help="its beginning: a time, or a duration ago"
    )
    parser.add_argument("--until", type=since, metavar="WHEN", help="its end, likewise (default: now)")
    parser.add_argument(
        "--append-to", type=Path, metavar="FILE", help="add it at the end of FILE, which is made if need be"
    )


def run(args: Namespace, context: Context) -> int:
    """Print the note; add it to the file when asked to."""
    begin = moment_of(args.since)
    now = datetime.now(UTC)
    end = min(moment_of(args.until) or now, now)  # what is still to come is in no note
    assert begin is not None
    if begin >= end:
        raise UsageError("the period ends before it begins", where="handover", fix="swap --since and --until")

    async def work() -> Handover:
        async with context.services.readers(context.settings) as readers:
            return await readers.read.handover(begin, end)

    note = asyncio.run(work())
    text = render_handover(note)
    document = _document(note, text)
    if args.append_to:
        document["appended_to"] = str(args.append_to)
        document["appended"] = _append(args.append_to, note, text, context)
    context.output.show(document, text.splitlines())
    return 0


def _document(note: Handover, text: str) -> dict[str, Any]:
    return {
        "since": note.since,
        "until": note.until,
        "environment": note.now.engine.environment if note.now.engine else "",
        "database": note.now.identity.database,
        "open": open_things(note.now),
        "runs": note.runs,
        "batches": note.batches,
        "answers": note.attempts,
        "acts": note.acts,
        "present": note.now.present,
        "markdown": text,
    }


def _append(path: Path, note: Handover, text: str, context: Context) -> bool:
    """Add the note at the end of a file, once; whether it was added now."""
    try:
        if not path.exists():
            path.touch()
    except OSError as error:
        fix = "name a file in a folder that is there"
        raise ConsoleError(f"cannot be made: {error.strerror}", where=str(path), fix=fix) from error
    before = read_text(path)
    heading = heading_of(note)
    if any(line.lstrip("#").strip() == heading for line in before.splitlines()):
        context.output.note(f"{path} has the note already: {heading}")
        return False
    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    replace_text(path, before, before + gap + text)
    context.output.note(f"added to {path}: {heading}")
    return True
