"""The program: parse, dispatch, and say what went wrong in one line."""

from __future__ import annotations

import asyncio
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from scidex_console import __version__
from scidex_console.cli.arguments import PROGRAM, Parser
from scidex_console.cli.context import Context
from scidex_console.cli.output import LETTERS_MISSING, Output
from scidex_console.cli.program import Program, path_of
from scidex_console.cli.services import Services, wired
from scidex_console.domain.errors import ConsoleError

if TYPE_CHECKING:
    from scidex_console.settings import Settings

COMMANDS = (
    "demo",
    "schema",
    "doctor",
    "plan",
    "engine",
    "console",
    "status",
    "start",
    "step",
    "pause",
    "resume",
    "cancel",
    "retry",
    "rollback",
    "redo",
    "throttle",
    "withdraw",
    "triage",
    "soak",
    "readers",
    "attempts",
    "log",
    "batches",
    "activity",
    "report",
    "handover",
    "maintain",
    "cleanup",
    "serve",
    "web",
    "tokens",
    "verify",
)
"""In the order of the help text; each is a module of `cli.commands`."""

_EPILOG = """exit codes:
  0    done, yes
  1    no: refused, failed, an invariant broken, a finding of doctor
  2    wrong usage or configuration
  3    out of reach: database, repository, engine
  4    waits for a person: a run is halted, a gate is shut
  130  interrupted

Without a command, the console opens."""
INTERRUPTED = 130
_WITHOUT_A_WORD = "console"
"""The command that is meant where none is named."""


def parser(command: str | None = None) -> Parser:
    """The whole command line; with `command` only what reads that one, so that nothing else is loaded."""
    top = Parser(prog=PROGRAM, description="Repairs the SciDEX artifact store, watched live.", epilog=_EPILOG)
    top.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    top.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="configuration file (default: config.toml here, or the user's)",
    )
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for name in COMMANDS if command is None else (command,):
        import_module(f"scidex_console.cli.commands.{name}").register(subparsers)
    return top


def _command_of(words: Sequence[str]) -> str | None:
    """The command that is meant; None where that takes the whole command line to say (help, a mistake)."""
    rest = list(words)
    while rest and (rest[0] == "--config" or rest[0].startswith("--config=")):
        del rest[: 2 if rest[0] == "--config" else 1]
    first = rest[0] if rest else _WITHOUT_A_WORD
    return first if first in COMMANDS else None


def main(argv: Sequence[str] | None = None, services: Services | None = None) -> int:
    """Run one command and return its exit code. `services` replaces the real ones in tests."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=LETTERS_MISSING)
    output = Output(sys.stdout, sys.stderr, as_json="--json" in words)
    output.program = Program(path_of(sys.argv[0]))
    try:
        return _run(words, output, services)
    except ConsoleError as error:
        return _failed(error, output)
    except BaseExceptionGroup as group:
        expected = list(_leaves(group))
        if not all(isinstance(error, ConsoleError) for error in expected):
            raise
        return _failed(expected[0], output)
    except KeyboardInterrupt:
        output.note(f"{PROGRAM}: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Who read our output has left; nothing more can be said there, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(words: list[str], output: Output, services: Services | None) -> int:
    top = parser(_command_of(words))
    args = top.parse_args(words)
    if args.command is None:
        args = top.parse_args([*words, _WITHOUT_A_WORD])
    output.as_json = getattr(args, "as_json", False)
    output.program = Program(output.program.path, lambda: _named_config(args))
    context = Context(
        output, lambda: _settings(args), lambda: _used_config(args), lambda: services or wired()
    )
    code: int = args.run(args, context)
    return code


def _settings(args: Namespace) -> Settings:
    from scidex_console.settings import load_settings

    return load_settings(args.config)


def _used_config(args: Namespace) -> Path | None:
    from scidex_console.settings import used_file

    return used_file(args.config)


def _named_config(args: Namespace) -> Path | None:
    from scidex_console.settings import named_file

    return named_file(args.config)


def _failed(error: BaseException, output: Output) -> int:
    assert isinstance(error, ConsoleError)
    output.error(error)
    return error.exit_code


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        elif not isinstance(error, asyncio.CancelledError):
            yield error


if __name__ == "__main__":
    sys.exit(main())
