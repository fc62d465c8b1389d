"""`web`: the terminal console in a browser on this machine."""

from __future__ import annotations

from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, add_command, port
from scidex_console.cli.context import Context

_PORT = 8766


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        "web",
        run,
        "show the console in a browser on this machine",
        details="Listens on loopback alone and prints an address with a token; without it nothing is shown.\n"
        "Each window is a console of its own, which only watches unless --write is given.",
        as_json=False,
    )
    parser.add_argument(
        "--port", type=port, default=_PORT, metavar="N", help=f"port to listen on (default: {_PORT})"
    )
    parser.add_argument("--write", action="store_true", help="let the windows act, not only watch")


def run(args: Namespace, context: Context) -> int:
    """Show it until told to leave."""
    prefix = context.output.program.prefix
    return context.services.run_in_browser(context.settings, args.port, args.write, prefix)
