"""Arguments that several commands share, and how they are read."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from scidex_console.domain.durations import parse_duration
from scidex_console.domain.errors import UsageError
from scidex_console.domain.jobs import JobName

PROGRAM = "scidex-console"
Subparsers = Any  # argparse keeps the type of what add_subparsers() returns to itself


class Parser(argparse.ArgumentParser):
    """Raises `UsageError` instead of printing and leaving, so that every error is told in one way.

    What was mistyped is told here, by the parser that it was meant for: argparse leaves that to the topmost,
    and each version of it words it otherwise.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        kwargs.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        """What is wrong with the command line."""
        raise UsageError(message, fix=self._see)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but nothing may be left over."""
        words = list(args or ())
        known = self._option_string_actions
        for word in self._options_in(words):
            if word not in known:
                after = f"{word} stands after its command" if self._belongs_to_a_command(word) else ""
                raise UsageError(
                    f"there is no option {word}" + (" here" if after else ""),
                    fix=after or _did_you_mean(word, known) or self._see,
                )
        parsed, left = super().parse_known_args(words, namespace)
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return parsed, left

    @property
    def _see(self) -> str:
        return f"see `{self.prog} --help`"

    def _options_in(self, words: Sequence[str]) -> Iterator[str]:
        """What argparse takes for an option, up to the command that the rest belongs to."""
        rest = iter(words)
        for word in rest:
            option, _, value = word.partition("=")
            if word == "--":
                return
            if not word.startswith("--") and not (word.startswith("-") and word[1:2].isalpha()):
                if self._subparsers:
                    return
            elif value or " " not in word:
                yield option
                action = self._option_string_actions.get(option)
                if action and action.nargs is None and option == word:
                    next(rest, None)

    def _belongs_to_a_command(self, option: str) -> bool:
        commands = [action.choices for action in self._actions if isinstance(action.choices, dict)]
        return any(option in command._option_string_actions for each in commands for command in each.values())

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(value, str) and action.metavar != "PATH" and not _is_utf8(value):
            raise UsageError(str(argparse.ArgumentError(action, f"{value!r} is not UTF-8")), fix=self._see)
        names = [str(choice) for choice in action.choices or ()]
        if not names or str(value) in names:
            return
        near = _did_you_mean(str(value), names)
        choices = "" if near else f" (choose from {', '.join(names)})"
        what = str(argparse.ArgumentError(action, f"invalid choice: {value!r}{choices}"))
        raise UsageError(what, fix=near or self._see)


def _is_utf8(text: str) -> bool:
    """Whether the database could hold it; the names of files may be of any bytes."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


_MUCH_NEARER = 0.1
"""By so much more must a name be like what was typed than others are, to be named alone."""


def nearest(word: str, names: Sequence[str], most: int, alike: float = 0.6) -> list[str]:
    """The names that were probably meant, the most alike first; one alone where it is much nearer."""
    near = difflib.get_close_matches(word, names, most, alike)
    ratios = [difflib.SequenceMatcher(None, name, word).ratio() for name in near]
    return near[:1] if len(near) > 1 and ratios[0] - ratios[1] >= _MUCH_NEARER else near


_MEANT = {"stop": ["pause", "cancel"]}
"""What looks like another word than the one that is meant, and would do the opposite."""


def _did_you_mean(word: str, names: Iterable[str]) -> str:
    near = _MEANT.get(word) or nearest(word, list(names), 3)
    return f"did you mean {' or '.join(near)}?" if near else ""


def add_command(
    subparsers: Subparsers,
    name: str,
    run: Callable[..., int],
    summary: str,
    *,
    details: str = "",
    as_json: bool = True,
) -> argparse.ArgumentParser:
    """A command with what all commands take."""
    text = f"{summary[0].upper()}{summary[1:]}." + (f"\n\n{details}" if details else "")
    parser: argparse.ArgumentParser = subparsers.add_parser(name, help=summary, description=text)
    parser.set_defaults(run=run, name=name)
    parser.add_argument(
        "--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="configuration file"
    )
    if as_json:
        parser.add_argument("--json", action="store_true", dest="as_json", help="print one JSON document")
    return parser


def add_job(parser: argparse.ArgumentParser, *, optional: bool = False) -> None:
    """The JOB argument; `figures` where it is optional and left out."""
    names = [str(job) for job in JobName]
    help_text = " or ".join(names) + (" (default: figures)" if optional else "")
    if optional:
        parser.add_argument("job", metavar="JOB", nargs="?", choices=names, default=names[0], help=help_text)
    else:
        parser.add_argument("job", metavar="JOB", choices=names, help=help_text)


def add_limit(parser: argparse.ArgumentParser, default: int) -> None:
    """How many rows, newest first, and where to go on."""
    parser.add_argument(
        "--limit", type=count, default=default, metavar="N", help=f"rows at most (default: {default})"
    )
    parser.add_argument("--before", type=count, metavar="ID", help="only rows older than this id, to page on")


def count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 2**31 - 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def port(text: str) -> int:
    """A port number."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def positive(text: str) -> float:
    """A number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def duration(text: str) -> timedelta:
    """A duration such as 30s, 15m or 2h, longer than nothing."""
    try:
        length = parse_duration(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a duration such as 30s, 15m, 2h or 1h30m"
        ) from None
    if length <= timedelta(0):
        raise argparse.ArgumentTypeError("a duration must be longer than nothing")
    return length


def since(text: str) -> datetime | timedelta:
    """A point in time (ISO 8601; UTC when it names no zone), or how long ago."""
    try:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            ago = parse_duration(text)
            _ = datetime.now(UTC) - ago  # must not lie before all calendars
            return ago
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a time such as 2026-05-19T20:00:00Z nor a duration such as 2h"
        ) from None


def moment_of(value: datetime | timedelta | None) -> datetime | None:
    """The point in time that `--since` means now."""
    return datetime.now(UTC) - value if isinstance(value, timedelta) else value


def names_of(choices: Sequence[str]) -> Callable[[str], str]:
    """One or more of the choices, with commas between."""

    def parse(text: str) -> str:
        names = [name.strip() for name in text.split(",") if name.strip()]
        unknown = [name for name in names if name not in choices]
        if unknown or not names:
            raise argparse.ArgumentTypeError(f"{text!r} is not one or more of {', '.join(choices)}")
        return ",".join(names)

    return parse
