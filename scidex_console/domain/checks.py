"""What a check of the whole found: preconditions (`doctor`) and invariants (`verify`), as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One precondition, and how to mend it when it does not hold."""

    name: str
    """What was looked at, in a few words, such as `database schema`."""
    ok: bool
    detail: str
    """What was found."""
    fix: str = ""
    """What to do about it; where it holds, what would be better. Empty when there is nothing to do."""


@dataclass(frozen=True)
class Invariant:
    """One invariant of the two stores, checked from git and the database alone."""

    name: str
    """Its short name, `I1` to `I15`."""
    statement: str
    """What must hold, in one sentence."""
    holds: bool | None
    """None when it does not apply here, such as folders where none was made."""
    checked: int = 0
    """How many things (rows, commits, paths) were looked at."""
    broken: tuple[str, ...] = ()
    """What breaks it, one line each; the first of them only."""
    note: str = ""
    """Why it does not apply, or what else is worth knowing."""

    @property
    def findings(self) -> int:
        """How many things break it: `broken` names no more than the first of them."""
        return len(self.broken)


@dataclass(frozen=True)
class VerifyReport:
    """All invariants of one check."""

    invariants: tuple[Invariant, ...]

    @property
    def holds(self) -> bool:
        """Whether none is broken."""
        return all(invariant.holds is not False for invariant in self.invariants)
