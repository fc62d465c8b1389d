"""How findings are worded."""

from __future__ import annotations

from scidex_console.domain.checks import Finding
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.sanitise import visible

_LONGEST = 500


def good(name: str, detail: str) -> Finding:
    """A precondition that holds."""
    return Finding(name, True, visible(detail, _LONGEST))


def advised(name: str, detail: str, advice: str) -> Finding:
    """A precondition that holds well enough, and what would make it better."""
    return Finding(name, True, visible(detail, _LONGEST), visible(advice, _LONGEST))


def bad(name: str, detail: str, fix: str) -> Finding:
    """A precondition that does not hold, and what to do about it."""
    return Finding(name, False, visible(detail, _LONGEST), visible(fix, _LONGEST))


def judged(name: str, ok: bool, detail: str, fix: str) -> Finding:
    """One that holds or not, with the same words for what was found."""
    return good(name, detail) if ok else bad(name, detail, fix)


def failed(name: str, error: ConsoleError) -> Finding:
    """One that could not be looked at."""
    detail = f"{error.where}: {error.what}" if error.where else error.what
    return bad(name, detail, error.fix or "see the message")
