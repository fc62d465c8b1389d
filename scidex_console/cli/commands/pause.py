"""`pause JOB`."""

from __future__ import annotations

from scidex_console.cli.arguments import Subparsers
from scidex_console.cli.intents import add_action
from scidex_console.domain.intents import ActionName


def register(subparsers: Subparsers) -> None:
    """Describe the command; an action without parameters of its own needs nothing more."""
    add_action(subparsers, ActionName.PAUSE)
