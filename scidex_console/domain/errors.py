"""Everything that can go wrong, as values with fields.

Adapters translate their libraries' errors into these once; `explain` is the one place that turns them
into words an operator can act on: what, where, how to fix.
"""

from __future__ import annotations

from typing import ClassVar


class ConsoleError(Exception):
    """Base of all expected errors. `exit_code` follows the command line's contract."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        return explain(self)


class SettingError(ConsoleError):
    """A setting is wrong, missing or unknown."""

    exit_code = 2


class UsageError(ConsoleError):
    """A command was called in a way it does not understand."""

    exit_code = 2


class Unreachable(ConsoleError):
    """The database, a repository or the engine cannot be reached."""

    exit_code = 3


class SchemaMismatch(ConsoleError):
    """The database's shape is not the one this version needs."""


class Refused(ConsoleError):
    """An action is not allowed now; the reason is in `what`."""


class GateShut(Refused):
    """The gate of a phase is shut: a person has to sign, to wait, or to override it."""

    exit_code = 4


class StaleToken(Refused):
    """The world changed between a preview and its confirmation."""


class Overtaken(Refused):
    """Something moved between our look at it and our act; look again."""


class Fenced(ConsoleError):
    """Another engine has taken over; this one must stop and write nothing more."""


class Held(ConsoleError):
    """Another engine, or another writer, holds what we need."""


class LockBusy(ConsoleError):
    """A lock of somebody else (git's `index.lock`, a row lock) is in the way; try again later."""


class Halt(ConsoleError):
    """Writing must stop until a person resumes: disk full, corrupt object, layout alarm.

    `bytes_needed` is set when room on a disk is what is missing.
    """

    exit_code = 4

    def __init__(self, what: str, *, where: str = "", fix: str = "", bytes_needed: int | None = None) -> None:
        super().__init__(what, where=where, fix=fix)
        self.bytes_needed = bytes_needed


class Interrupted(ConsoleError):
    """Somebody ended what was at work; what it had not finished is as if it had never begun."""

    exit_code = 130


class RepositoryError(ConsoleError):
    """Git refused or the repository is not in a state we may write to."""


class UnsafePath(ConsoleError):
    """A path leaves the repository, enters `.git`, or goes through a symbolic link."""


def explain(error: ConsoleError) -> str:
    """One line: where, what, and how to fix it, as far as each is known."""
    text = f"{error.where}: {error.what}" if error.where else error.what
    return f"{text}; {error.fix}" if error.fix else text


def briefly(error: ConsoleError) -> str:
    """The same line with what is wrong first, for where its end may be cut off."""
    text = f"{error.what} ({error.where})" if error.where else error.what
    return f"{text}; {error.fix}" if error.fix else text
