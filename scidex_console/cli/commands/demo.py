"""`demo`: the embedded world, with engine and console."""

from __future__ import annotations

import os
from argparse import ArgumentTypeError, Namespace
from pathlib import Path

from scidex_console.cli.arguments import Subparsers, add_command, positive
from scidex_console.cli.context import Context
from scidex_console.cli.terminal import need_terminal
from scidex_console.console.terminal import need_drawing
from scidex_console.domain.errors import UsageError

_SEED_LIMIT = 2**31


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        "demo",
        run,
        "try everything in an embedded world",
        details="A PostgreSQL, an artifact store and figure hosts on this machine, with engine and console.\n"
        "Needs no configuration, and leaves config.toml in its folder for the other commands.",
        as_json=False,
    )
    parser.add_argument(
        "--stop", action="store_true", help="end what runs: in DIR, or in every world of the usual place"
    )
    parser.add_argument(
        "--remove", action="store_true", help="with --stop: remove the world with all its data"
    )
    parser.add_argument("--scale", choices=("small", "full"), default="small", help="size of the world")
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="where the world lives (default: a place per scale)"
    )
    parser.add_argument("--seed", type=_seed, default=1, metavar="N", help="another world (default: 1)")
    parser.add_argument(
        "--speed", type=positive, default=1.0, metavar="N", help="multiplies the hosts' budgets (default: 1)"
    )
    parser.add_argument("--headless", action="store_true", help="no console; print progress")
    parser.add_argument(
        "--until-idle", action="store_true", help="with --headless: run to the end, then verify"
    )
    parser.add_argument("--keep", action="store_true", help="leave the world running at the end")


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= _SEED_LIMIT:
        raise ArgumentTypeError(f"{text!r} is not a whole number below {_SEED_LIMIT}")
    return int(text)


def run(args: Namespace, context: Context) -> int:
    """Start the world, or end one."""
    from scidex_console.demo.options import DemoOptions, default_directory, scale_named

    if args.until_idle and not args.headless:
        raise UsageError("--until-idle goes with --headless", where="demo", fix="add --headless")
    if args.remove and not args.stop:
        raise UsageError("--remove goes with --stop", where="demo", fix="add --stop")
    if not (args.headless or args.stop):
        need_terminal("demo", fix="add --headless")
        need_drawing(os.environ, instead="add --headless")
    scale = scale_named(args.scale)
    options = DemoOptions(
        directory=args.dir.expanduser().absolute() if args.dir else default_directory(scale),
        scale=scale,
        seed=args.seed,
        speed=args.speed,
        headless=args.headless,
        until_idle=args.until_idle,
        keep=args.keep,
        stop=args.stop,
        remove=args.remove,
        everywhere=args.dir is None,
    )
    return context.services.run_demo(options, context.output.program.path)
