"""A run's states and its legal moves.

`planned → running ⇄ paused → done | cancelled | halted`, with `pausing` and `stepping` between: an
operator writes an intent, the engine settles it between items.
"""

from __future__ import annotations

from enum import StrEnum

from scidex_console.domain.errors import Refused


class RunState(StrEnum):
    """Where a run stands."""

    PLANNED = "planned"
    RUNNING = "running"
    STEPPING = "stepping"
    PAUSING = "pausing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    HALTED = "halted"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN = frozenset(
    {
        RunState.PLANNED,
        RunState.RUNNING,
        RunState.STEPPING,
        RunState.PAUSING,
        RunState.PAUSED,
        RunState.CANCELLING,
        RunState.HALTED,
    }
)
"""States of a run that is not over; a job has at most one such run."""

WORKING = frozenset({RunState.RUNNING, RunState.STEPPING})
"""States in which new items are taken up."""

LEGAL_MOVES: dict[RunState, frozenset[RunState]] = {
    # A new run starts, starts by a step, or is called off before it began.
    RunState.PLANNED: frozenset({RunState.RUNNING, RunState.STEPPING, RunState.CANCELLED}),
    # A running run is asked to pause or to end, halts by itself, or runs out of work.
    RunState.RUNNING: frozenset({RunState.PAUSING, RunState.CANCELLING, RunState.HALTED, RunState.DONE}),
    # A step ends paused; nothing left to step ends the run.
    RunState.STEPPING: frozenset(
        {RunState.PAUSING, RunState.PAUSED, RunState.CANCELLING, RunState.HALTED, RunState.DONE}
    ),
    # Pausing finishes the items in hand and the batch; resume may overtake it.
    RunState.PAUSING: frozenset(
        {RunState.PAUSED, RunState.RUNNING, RunState.CANCELLING, RunState.HALTED, RunState.DONE}
    ),
    # A paused run goes on, steps, or is ended.
    RunState.PAUSED: frozenset(
        {RunState.RUNNING, RunState.STEPPING, RunState.CANCELLING, RunState.HALTED, RunState.CANCELLED}
    ),
    # Cancelling finishes the items in hand and the batch.
    RunState.CANCELLING: frozenset({RunState.CANCELLED, RunState.HALTED}),
    # Only a person leaves a halt: resume, step to see whether it holds, or end the run.
    RunState.HALTED: frozenset({RunState.RUNNING, RunState.STEPPING, RunState.CANCELLED}),
    RunState.DONE: frozenset(),
    RunState.CANCELLED: frozenset(),
}


def check_move(before: RunState, after: RunState) -> None:
    """Raise `Refused` when a run may not go from one state to the other."""
    if after not in LEGAL_MOVES[before]:
        raise Refused(f"a run that is {before} cannot become {after}")
