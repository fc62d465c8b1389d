"""`readers`: which share each reader reads by the folder first, what was counted, and changing a share."""

from __future__ import annotations

import argparse
import asyncio
from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, add_command, count
from scidex_console.cli.context import Context
from scidex_console.cli.intents import add_action, carry_out, check_reason
from scidex_console.cli.previews import add_token, check_is_now
from scidex_console.cli.readers import readers_lines, service_lines
from scidex_console.domain.intents import ActionName
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.reading.shares import share_problem
from scidex_console.domain.reading.words import change_words
from scidex_console.engine.reading.views import ALL, ReadersView

_MOST_MINUTES = 1440


def register(subparsers: Subparsers) -> None:
    """Describe the command and what it does."""
    parser = add_command(subparsers, "readers", run_list, "show the readers of artifacts, and their shares")
    _add_minutes(parser)
    below = parser.add_subparsers(title="readers commands", metavar="WHAT", dest="what")
    service = add_command(below, "service", run_service, "show what the read service answered")
    _add_minutes(service)
    names = [*map(str, ReaderKind), ALL]
    change = add_action(below, ActionName.READERS_SET, run_set, name="set")
    change.add_argument("reader", metavar="READER", choices=names, help=", ".join(names))
    change.add_argument("share", metavar="SHARE", type=_share, help="percent of the artifacts, 0 to 100")
    add_token(change)


def _add_minutes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--minutes", type=_minutes, default=60, metavar="N", help="how far back to count (default: 60)"
    )


def _minutes(text: str) -> int:
    if (minutes := count(text)) > _MOST_MINUTES:
        raise argparse.ArgumentTypeError(f"{text!r} is more than a day ({_MOST_MINUTES})")
    return minutes


def _share(text: str) -> float:
    try:
        share = float(text.removesuffix("%"))
    except ValueError:
        share = -1.0
    if why := share_problem(share):
        raise argparse.ArgumentTypeError(f"{text!r}: {why}")
    return share


def run_list(args: Namespace, context: Context) -> int:
    """Print shares and counts."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            view = await readers.read.readers(minutes=args.minutes)
        context.output.show({"readers": view}, readers_lines(view, context.output))
        return 0

    return asyncio.run(work())


def run_service(args: Namespace, context: Context) -> int:
    """Print what the read service answered."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            view = await readers.read.service(minutes=args.minutes)
        context.output.show({"service": view}, service_lines(view, context.output))
        return 0

    return asyncio.run(work())


def run_set(args: Namespace, context: Context) -> int:
    """Change a share, of exactly what `--token` names, or of what there is now."""
    check_reason(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            view = await readers.read.readers(minutes=60)
            context.output.note(_said(view, args.reader, args.share))
            now = view.token(args.reader)
            check_is_now(args.token, now, "the shares")
            params = {"reader": args.reader, "share": args.share, "token": now}
            return await carry_out(args, context.output, readers, None, params)

    return asyncio.run(work())


def _said(view: ReadersView, reader: str, share: float) -> str:
    before = {each.reader: each.share for each in view.readers if reader in (each.reader, ALL)}
    off = [process.name for process in view.processes if not process.flag]
    flag = f"; the flag is off in {', '.join(off)}, where no share counts" if off else ""
    return f"{change_words(before, share)}{flag}"
