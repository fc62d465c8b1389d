"""What to do and to look at in each phase, hour by hour: instructions, an action, and a confirmation.

Hours are of the 24 hours that the specification asks for; a clock of another length is divided alike. A step
of hour 0 is due when the phase begins, all others when the clock has run so far.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName

DAY_H = 24.0


@dataclass(frozen=True)
class StepAction:
    """An action of the registry that belongs to a step."""

    name: ActionName
    job: JobName | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One thing to do, to look at and to confirm."""

    id: str
    phase: int
    hour: float
    """When it is due, of 24 hours."""
    do: str
    look: str
    """What must be seen before it is confirmed."""
    action: StepAction | None = None

    def due_after_s(self, needed_s: float) -> float:
        """Seconds on the clock at which it is due."""
        return needed_s * self.hour / DAY_H


_CYCLE = StepAction(ActionName.STEP, JobName.FOLDERS, {"count": 1, "cycle": True})
_MEASURE = StepAction(ActionName.SOAK_MEASURE)


def _watch(phase: int, hour: float, look: str) -> Step:
    return Step(f"{phase}-hour-{hour:g}", phase, hour, "Measure now and read every check.", look, _MEASURE)


STEPS = (
    Step(
        "0-apply", 0, 0, "Run `schema apply`, then `doctor`.",
        "Every version is applied, and nothing is to be mended.",
    ),
    Step(
        "0-read-tests", 0, 0, "Run SciDEX's read tests against this database.",
        "All pass; sign the check `queries` with their outcome.",
    ),
    _watch(0, 1, "SciDEX's own pages are served as before; no lock is waited for."),
    _watch(0, 8, "SciDEX's error log has nothing about a column of artifacts."),
    _watch(0, 24, "Every check passes or is signed: the gate is open."),
    Step(
        "1-first", 1, 0, "Create one artifact through SciDEX's API.",
        "Its row has migrated_to_folder_at, its folder a manifest.json, and /artifact/<id> shows it.",
    ),
    Step(
        "1-old-paths", 1, 0, "Open an old figure, notebook and dataset by their legacy paths.",
        "All three open; SciDEX's log has deprecation warnings and no error.",
    ),
    _watch(1, 1, "New artifacts have their folder; no artifact_commit_failed was told."),
    _watch(1, 4, "The rate of artifact_commit_failed is what it was."),
    _watch(1, 8, "Deprecation warnings are logged; sign `warnings` and `old_reads`."),
    _watch(1, 12, "No check has failed; the trend of each is level."),
    _watch(1, 24, "Every check passes or is signed: the gate is open."),
    Step(
        "2-plan", 2, 0, "Read `plan folders` and `plan folders --orphans`.",
        "The next artifacts and what their folders will hold are as expected; orphans are known.",
    ),
    Step(
        "2-cycle", 2, 0, "Step one cycle.",
        "One batch is done: its commits, files and rows are right; nothing is quarantined for a new reason.",
        _CYCLE,
    ),
    Step(
        "2-rollback", 2, 0, "Roll that batch back, look at both stores, and redo it.",
        "After the rollback the old paths are there and the rows as before; after the redo the folders.",
    ),
    Step(
        "2-verify", 2, 0, "Run `verify`.", "Every invariant holds.",
    ),
    Step(
        "2-start", 2, 0, "Start the run; it takes about three days at a cycle each 30 minutes.",
        "The first cycles end by themselves; failures have known reasons.",
        StepAction(ActionName.START, JobName.FOLDERS),
    ),
    _watch(2, 1, "The run is done; what waits (mismatches, quarantines) has been decided."),
    _watch(2, 4, "Run `maintain` if the run did not: growth is at most 5 %."),
    _watch(2, 8, "Pages of artifacts are served as quickly as before: see `latency`."),
    _watch(2, 12, "Run `verify` again: every invariant holds."),
    _watch(2, 24, "Every check passes or is signed: the gate is open."),
    Step(
        "3-resolve", 3, 0, "Raise the shares of resolve and api, in this order, by steps to 100 %.",
        "Few reads fall back; both answer with folder fields. A share of 0 takes it back.",
    ),
    Step(
        "3-viewers", 3, 0, "Raise the shares of notebook, figure and dataset, each by its own change.",
        "Each reads the folder first, and an artifact without one still opens.",
    ),
    Step(
        "3-links", 3, 0, "Raise the shares of links, embed and search, each by its own change.",
        "Each leads to the same artifact as before.",
    ),
    _watch(3, 1, "No page of an artifact fails."),
    _watch(3, 8, "The share of reads by folder path is 95 % or more, for every reader."),
    _watch(3, 24, "Every check passes or is signed: the gate is open."),
    Step(
        "4-redirects", 4, 0, "Ask /figure/, /notebook/, /dataset/ and /model/ for one id each.",
        "Each answers 301 to /artifact/<id>, and that page has its canonical link.",
    ),
    _watch(4, 1, "Old public addresses answer as before: see `public_urls`."),
    _watch(4, 8, "The sitemap was published anew, with both kinds of addresses."),
    _watch(4, 24, "Thirty days have passed, every check passes or is signed: the gate is open."),
    Step(
        "5-flag", 5, 0, "Look whether anybody still reads legacy paths before anything is deleted.",
        "Nobody does: see `readers`.",
    ),
    Step(
        "5-remove", 5, 0, "Deploy the removal; decide on what no row claims, and clean up: `cleanup plan`.",
        "The listing shows only artifacts' folders.",
    ),
    _watch(5, 1, "No page of an artifact fails; no file is lost."),
    _watch(5, 8, "SciDEX's error log names no legacy path."),
    _watch(5, 24, "Every check passes or is signed: the migration is over."),
)  # fmt: skip


def steps_of(phase: int) -> tuple[Step, ...]:
    """The guide of a phase, in order."""
    return tuple(step for step in STEPS if step.phase == phase)


def find_step(step_id: str) -> Step | None:
    """A step by its id."""
    return next((step for step in STEPS if step.id == step_id), None)
