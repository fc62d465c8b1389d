"""`serve`: artifacts as pages, as an interface for programs, and as files, over HTTP."""

from __future__ import annotations

from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, add_command, port
from scidex_console.cli.context import Context


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        "serve",
        run,
        "serve artifacts over HTTP",
        details="Reads as the role scidex_reader, whatever the login may do. Each request is a line of JSON\n"
        "on standard error. SIGTERM or Ctrl-C lets what is under way end.",
        as_json=False,
    )
    parser.add_argument("--host", metavar="H", help="address to listen on (default: serve.host, 127.0.0.1)")
    parser.add_argument(
        "--port", type=port, metavar="N", help="port to listen on (default: serve.port, 8765)"
    )


def run(args: Namespace, context: Context) -> int:
    """Serve until told to leave."""
    return context.services.run_service(context.settings, args.host, args.port)
