"""The shift handover note: what happened in a period, what is open now, and who did what. Pure.

Names, reasons and outcomes are written by anybody: they are made harmless for a terminal and for Markdown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scidex_console.domain.batches import TAKEN_BACK, BatchState
from scidex_console.domain.durations import format_duration
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.hosts import BreakerState
from scidex_console.domain.intents import SETTLED, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.report import markdown_text
from scidex_console.domain.runs import RunState
from scidex_console.domain.sizes import size
from scidex_console.engine.people import ENGINE, AuditView
from scidex_console.engine.views import GapView, HostView, Overview, RunView
from scidex_console.engine.vocabulary import BATCH_WORDS, INTENT_WORDS, counted

MOST_ACTS = 500
"""Acts that a note lists; the audit has them all."""


@dataclass(frozen=True)
class BatchInPeriod:
    """A batch that was made or settled in the period."""

    id: int
    job: JobName
    state: BatchState
    commit: str
    inverse_commit: str
    created_at: datetime
    settled_at: datetime | None
    changed: int
    """Rows that it changed."""
    left_out: int
    """Rows that it left as they were, since they or their files had changed meanwhile."""
    push: str
    """`` when no remote is configured; `pushed`, `pending`, or the error of the last try."""


@dataclass(frozen=True)
class AttemptsInPeriod:
    """What one host group answered in the period."""

    group: str
    outcome: FetchClass
    attempts: int
    requests: int
    throttled: int
    """Of the attempts, those that were answered 429, after which the group is held."""


@dataclass(frozen=True)
class Handover:
    """A period, and how things stand at the moment it was asked for."""

    since: datetime
    until: datetime
    now: Overview
    runs: tuple[RunView, ...]
    """Open in the period, or ended in it."""
    batches: tuple[BatchInPeriod, ...]
    attempts: tuple[AttemptsInPeriod, ...]
    acts: tuple[AuditView, ...]
    """What people did, and what stopped a run; newest first."""

    def outcomes(self) -> Counter[FetchClass]:
        """Attempts by what came of them."""
        counted: Counter[FetchClass] = Counter()
        for row in self.attempts:
            counted[row.outcome] += row.attempts
        return counted

    def throttled(self) -> Counter[str]:
        """Answers that asked us to slow down, by host group."""
        counted: Counter[str] = Counter()
        for row in self.attempts:
            counted[row.group] += row.throttled
        return +counted

    def halts(self) -> tuple[AuditView, ...]:
        """When runs halted in the period, newest first."""
        return tuple(act for act in self.acts if act.action == "run:halt")

    def taken_back(self) -> tuple[BatchInPeriod, ...]:
        """Batches that were rolled back."""
        return tuple(batch for batch in self.batches if batch.state in TAKEN_BACK)


def heading_of(note: Handover) -> str:
    """The line that names the note: the period, the environment and the database."""
    engine = note.now.engine
    environment = markdown_text(engine.environment, 40) if engine and engine.environment else "unknown"
    database = markdown_text(note.now.identity.database, 60)
    length = format_duration(float(int((note.until - note.since).total_seconds())))
    period = f"{_moment(note.since)} to {_moment(note.until)} ({length})"
    return f"Shift handover {period}, {environment}, database {database}"


def render_handover(note: Handover, *, level: int = 2) -> str:
    """The note as Markdown, its heading `level` deep, with one newline at the end."""
    lines = [f"{'#' * level} {heading_of(note)}", "", _engine_sentence(note.now)]
    parts: tuple[tuple[str, Iterable[str]], ...] = (
        ("Open: what waits for a person", [f"- {thing}" for thing in open_things(note.now)] or ["Nothing."]),
        ("Runs", _runs(note.runs) or ["No run."]),
        ("Batches", list(_batches(note)) or ["No batch."]),
        ("Answers of hosts", list(_answers(note)) or ["No figure was asked for."]),
        ("Who did what", _acts(note.acts) or ["Nobody did anything."]),
        ("Watching now", _present(note.now) or ["Nobody."]),
    )
    for title, body in parts:
        lines += ["", f"{'#' * (level + 1)} {title}", "", *body]
    return "\n".join(lines) + "\n"


def open_things(now: Overview) -> list[str]:
    """What waits for a person, or for something outside, the most pressing first; in Markdown."""
    things: list[str] = []
    for gap in now.gaps:
        things += _open_of(gap)
    if now.last_batch and now.last_batch.push not in ("", "pushed", "pending"):
        batch = now.last_batch
        things.append(f"batch {batch.id} is stored but not pushed: {markdown_text(batch.push)}")
    for intent in now.intents:
        if intent.state not in SETTLED:
            job = f" {intent.job}" if intent.job else ""
            waits = f", waits on {markdown_text(intent.waits_on)}" if intent.waits_on else ""
            by = markdown_text(", ".join((intent.operator, *intent.also_by)))
            things.append(f"intent {intent.id} ({intent.action}{job}, by {by}) is {intent.state}{waits}")
    for host in now.hosts:
        things += _open_at(host, now.taken_at)
    return things


def _open_of(gap: GapView) -> Iterator[str]:
    run = gap.run
    if run and run.state is RunState.HALTED:
        room = f" ({size(run.halt_bytes_needed)} needed)" if run.halt_bytes_needed else ""
        yield f"**{gap.job} run {run.id} is halted**: {markdown_text(run.halt_reason)}{room}"
    elif run and run.state is RunState.PAUSED:
        yield f"{gap.job} run {run.id} is paused"
    waiting = (
        (gap.quarantined, "quarantined"),
        (gap.mismatch, "with a hash mismatch"),
        (gap.error, "in error"),
        (gap.suspect, "suspect"),
        (gap.refused, "refused"),
        (gap.transient, "failed transiently (back-off, or a retry)"),
        (gap.blocked, "blocked (back-off, or a retry)"),
        (gap.no_url, "without an address"),
    )
    for number, what in waiting:
        if number:
            yield f"{gap.job}: {number:,} {what}"
    for what, number in gap.held_back_for:
        yield f"{gap.job}: {number:,} held back until {markdown_text(what)}"


def _open_at(host: HostView, now: datetime) -> Iterator[str]:
    gate, group = host.gate, markdown_text(host.gate.group)
    if gate.breaker is not BreakerState.CLOSED:
        yield f"{group}: breaker {gate.breaker}{_until(gate.breaker_until)}"
    if gate.hold_until is not None and gate.hold_until > now:
        cause = f" ({markdown_text(gate.hold_cause)})" if gate.hold_cause else ""
        yield f"{group}: held{_until(gate.hold_until)}{cause}"
    if gate.override is not None and gate.override.until > now:
        who, why = markdown_text(gate.override.operator), markdown_text(gate.override.reason)
        yield f"{group}: throttled by {who}{_until(gate.override.until)}: {why}"


def _engine_sentence(now: Overview) -> str:
    engine = now.engine
    if engine is None:
        return "No engine has run here yet."
    mode = (
        f"writes on, by {markdown_text(engine.authorization)}"
        if engine.writes
        else "observes, writes nothing"
    )
    return f"Engine {engine.state} ({markdown_text(engine.holder)}, epoch {engine.epoch}), {mode}."


def _runs(runs: Sequence[RunView]) -> list[str]:
    rows = [
        (
            f"{run.job} {run.id}",
            run.state.value,
            _moment(run.started_at),
            _moment(run.finished_at),
            run.operator,
            run.halt_reason or run.reason,
        )
        for run in runs
    ]
    return _table(("run", "state", "started", "ended", "by", "why"), rows)


def _batches(note: Handover) -> Iterator[str]:
    for job in JobName:
        mine = [batch for batch in note.batches if batch.job is job]
        if mine:
            back = sum(batch.state in TAKEN_BACK for batch in mine)
            changed = sum(batch.changed for batch in mine if batch.state is not BatchState.ROLLED_BACK)
            left = sum(batch.left_out for batch in mine)
            yield (
                f"- {job}: {len(mine):,} ({mine[0].id} to {mine[-1].id}), {changed:,} rows changed, "
                f"{left:,} left out, {back:,} taken back"
            )
    for batch in note.taken_back():
        commits = f"{batch.commit[:10]} by {batch.inverse_commit[:10]}, {_moment(batch.settled_at)}"
        yield f"- batch {batch.id} ({batch.job}) was {BATCH_WORDS[batch.state]}: {commits}"
    for batch in note.batches:
        if batch.state is BatchState.ROLLING_BACK:
            yield f"- batch {batch.id} ({batch.job}) is being taken back, and not whole yet"
        if batch.push not in ("", "pushed", "pending"):
            yield f"- batch {batch.id} ({batch.job}) is not pushed: {markdown_text(batch.push)}"


def _answers(note: Handover) -> Iterator[str]:
    came = note.outcomes()
    if came:
        parts = ", ".join(f"{came[outcome]:,} {outcome}" for outcome in FetchClass if came[outcome])
        yield f"- {counted(sum(came.values()), 'attempt')}: {parts}"
    for group, number in note.throttled().most_common():
        times = counted(number, "time")
        yield f"- {markdown_text(group)} asked us to slow down {times} (429); it was held each time"
    trouble: Counter[str] = Counter()
    for row in note.attempts:
        if row.outcome in (FetchClass.TRANSIENT, FetchClass.BLOCKED):
            trouble[row.group] += row.attempts
    if trouble:
        parts = ", ".join(f"{markdown_text(group)} {number:,}" for group, number in trouble.most_common(10))
        yield f"- transient or blocked, by host group: {parts}"


def _acts(acts: Sequence[AuditView]) -> list[str]:
    rows = [
        (
            _moment(act.at),
            act.operator if act.operator == ENGINE else f"{act.operator} ({act.origin})",
            act_words(act),
            act.reason,
            outcome_words(act),
        )
        for act in reversed(acts)
    ]
    return _table(("UTC", "who", "what", "why", "outcome"), rows)


_OBJECTS = ("count", "kind", "outcome", "group", "phase", "step", "check", "reader", "share")
"""Parameters of an intent that say what it was about."""


def act_words(act: AuditView) -> str:
    """What was done, in a few words: `pause figures`, `batch 12 taken back`."""
    if act.action == "cancel_intent":
        return f"withdraw intent {act.intent_id}" if act.intent_id else "withdraw intent"
    words = [act.action.removeprefix("intent:").replace("_", " ").replace(":", " ")]
    if act.job:
        words.append(act.job.value)
    params = act.after.get("params") if isinstance(act.after, dict) else None
    if isinstance(params, dict):
        told = [params.get(key) for key in _OBJECTS]
        words += [f"{v:g}" if isinstance(v, float) else str(v) for v in told if v not in (None, "")]
    if act.batch_id:
        words.append(f"batch {act.batch_id}")
    elif act.run_id:
        words.append(f"run {act.run_id}")
    return " ".join(words)


def outcome_words(act: AuditView) -> str:
    """What became of an act; an intent that was withdrawn is called so."""
    state, colon, why = act.outcome.partition(":")
    return (
        INTENT_WORDS[IntentState.CANCELLED] + colon + why if state == IntentState.CANCELLED else act.outcome
    )


def _present(now: Overview) -> list[str]:
    return [
        f"- {markdown_text(who.operator)} ({markdown_text(who.origin)}) since {_moment(who.since)}"
        f"{', read-only' if who.read_only else ''}"
        for who in now.present
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    return lines + [f"| {' | '.join(markdown_text(cell, 200) for cell in row)} |" for row in rows]


def _until(at: datetime | None) -> str:
    return f" until {_moment(at)}" if at else ""


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ") if at else "-"
