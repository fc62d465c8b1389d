"""When an action of the soak is not allowed, in words; each dialog looks closer."""

from __future__ import annotations

from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.ladder import Ladder, overridden, why_not_confirm
from scidex_console.engine.views import Overview

_NOT_READ = "nothing is known of the soak yet"
_NO_PHASE = "no phase is under way: begin phase 0 first"


def begin_rule(overview: Overview, job: JobName) -> str | None:
    """Some phase can always be begun, if only the one under way anew."""
    return None if overview.soak else _NOT_READ


def measure_rule(overview: Overview, job: JobName) -> str | None:
    """There must be a phase to measure."""
    return _without_phase(overview.soak)


def confirm_rule(overview: Overview, job: JobName) -> str | None:
    """A step must be due."""
    ladder = overview.soak
    if ladder is None or ladder.entry is None:
        return _without_phase(ladder)
    step = ladder.next_step
    return why_not_confirm(ladder, step.step.id) if step else "every step of this phase is confirmed"


def sign_rule(overview: Overview, job: JobName) -> str | None:
    """A check must be a person's to sign for."""
    ladder = overview.soak
    if ladder is None or ladder.entry is None:
        return _without_phase(ladder)
    is_any = any(view.signable for view in ladder.checks)
    return None if is_any else "no check of this phase needs a person's word"


def override_rule(overview: Overview, job: JobName) -> str | None:
    """The gate must be shut, lead somewhere, and nobody have been quicker."""
    ladder = overview.soak
    if ladder is None:
        return _NOT_READ
    if (following := ladder.next_phase) is None:
        return "there is no phase after this one"
    if ladder.gate.is_open:
        return "the gate is open: there is nothing to override"
    if ladder.override is not None and overridden(ladder, following):
        who = ladder.override.operator
        return f"phase {following} is let in by {who} already: there is nothing to override"
    return None


def _without_phase(ladder: Ladder | None) -> str | None:
    if ladder is None:
        return _NOT_READ
    return None if ladder.entry else _NO_PHASE
