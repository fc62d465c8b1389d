"""`throttle GROUP`: a temporary budget for a host group, which ends by itself."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from datetime import timedelta
from typing import Any

from scidex_console.cli.arguments import Subparsers, count, duration, positive
from scidex_console.cli.context import Context
from scidex_console.cli.groups import check_group
from scidex_console.cli.intents import add_action, carry_out, check_reason
from scidex_console.domain.errors import UsageError
from scidex_console.domain.intents import ActionName

DEFAULT_LENGTH = timedelta(hours=2)


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_action(subparsers, ActionName.THROTTLE, run)
    parser.add_argument("group", metavar="GROUP", help="host group, as `status` names it")
    parser.add_argument("--rate", type=positive, metavar="R", help="requests per second")
    parser.add_argument("--in-flight", type=count, metavar="N", help="requests under way at once")
    parser.add_argument(
        "--for", type=duration, dest="length", metavar="DURATION", help="how long (default: 2h)"
    )
    parser.add_argument("--clear", action="store_true", help="back to the configured budget now")


def run(args: Namespace, context: Context) -> int:
    """Submit the override, after a look whether such a group exists."""
    check_reason(args)
    params = _params(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            await check_group(args.group, "throttle", readers, context, new=True)
            return await carry_out(args, context.output, readers, None, params)

    return asyncio.run(work())


def _params(args: Namespace) -> dict[str, Any]:
    given = {"rate": args.rate, "in_flight": args.in_flight}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if args.clear:
        if chosen or args.length:
            raise UsageError("--clear goes without --rate, --in-flight and --for", where="throttle")
        return {"group": args.group, "clear": True}
    if not chosen:
        raise UsageError(
            "a throttle needs a budget", where="throttle", fix="give --rate, --in-flight or both, or --clear"
        )
    length = args.length or DEFAULT_LENGTH
    return {"group": args.group, **chosen, "for_seconds": length.total_seconds()}
