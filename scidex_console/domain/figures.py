"""The figure job's own decisions: what an attempt does to a row, and when a row is due again."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from scidex_console.domain.batches import ABSENT, AdoptedFile, NewFile, Operation, OperationState, RowChange
from scidex_console.domain.controls import ControlRules, Proof
from scidex_console.domain.fetching import FetchClass, FetchOutcome
from scidex_console.domain.paths import ArtifactPaths


class FigureState(StrEnum):
    """Where one figure of the gap stands. One row of the work table per figure that lacked its file."""

    DUE = "due"
    """To be asked, now or at its due time."""
    SUSPECTED = "suspected"
    """Said to be gone; waits for the proof: a control, or a second answer of the kind."""
    STAGED = "staged"
    """Fetched whole and on disk, or found where it belongs; waits for its batch."""
    CONDEMNED = "condemned"
    """Confirmed dead; waits for its batch to be marked."""
    STORED = "stored"
    """In git and in the row."""
    DEAD = "dead"
    """Marked unavailable in the row."""
    TRANSIENT = "transient"
    """Automatic attempts are used up; a retry makes it due again."""
    BLOCKED = "blocked"
    SUSPECT = "suspect"
    REFUSED = "refused"
    HELD_BACK = "held_back"
    """Taken back by a rollback; a redo or a retry brings it on again."""
    NO_URL = "no_url"
    """No address was ever recorded (out of scope of the spec)."""


RETRYABLE = frozenset(
    {
        FigureState.TRANSIENT,
        FigureState.BLOCKED,
        FigureState.SUSPECT,
        FigureState.REFUSED,
        FigureState.HELD_BACK,
    }
)
"""States from which an operator's retry makes a figure due now."""
RETRIED_BY_NAME = frozenset({FigureState.SUSPECTED})
"""States that did not fail: a retry takes such figures in only where it names their class or the figures."""


def why_held_back(last: OperationState | None, batch: int | None = None, reason: str = "") -> str:
    """What a held-back figure waits on, from the state its last operation ended in.

    Without a batch and a reason, the same for every figure that waits for the same.
    """
    match last:
        case OperationState.ROLLED_BACK:
            return f"a redo or a retry: taken back with {'its batch' if batch is None else f'batch {batch}'}"
        case OperationState.SKIPPED | OperationState.CONFLICT:
            who = "its batch" if batch is None else f"batch {batch}"
            general = (
                "its file could not be placed or committed"
                if last is OperationState.SKIPPED
                else "its row was changed by somebody else"
            )
            return f"a look and a retry: {who} left it out, {reason or general}"
        case _:
            return "a retry"


@dataclass(frozen=True)
class BackOff:
    """When a figure that failed is asked again, and how often before a person must decide."""

    first: timedelta = timedelta(seconds=60)
    longest: timedelta = timedelta(hours=6)
    max_attempts: int = 3

    def next_due(
        self, attempts: int, now: datetime, *, jitter: float, retry_at: datetime | None
    ) -> datetime | None:
        """When the next attempt is due after `attempts` so far; None when they are used up.

        Doubles from `first` up to `longest`; `jitter` in [0, 1) spreads it by up to a quarter. A time the
        server named is never undercut.
        """
        if attempts >= self.max_attempts:
            return None
        delay: timedelta = min(self.first * 2 ** (attempts - 1), self.longest) * (1 + 0.25 * jitter)
        due = now + delay
        return max(due, retry_at) if retry_at else due


@dataclass(frozen=True)
class Verdict:
    """What an attempt makes of its figure."""

    state: FigureState
    due_at: datetime | None
    proof: Proof | None = None
    """Of a condemned figure."""


@dataclass(frozen=True)
class Suspicion:
    """What is known about an address when it is said to be gone."""

    rules: ControlRules
    may_be_controlled: bool
    """Whether its group has, or may have, a control image."""
    since: timedelta | None
    """For how long it has been suspected; None when this is the first answer of the kind."""
    host_has_control: bool = False
    """Whether an image is known that can vouch for the host that says so."""

    def judge(self, now: datetime) -> Verdict:
        """The figure's next state after one more answer of the kind."""
        left = self.rules.second_pass_after - (self.since or timedelta(0))
        if self.since is not None and left <= timedelta(0):
            if self.host_has_control:
                # Two outages may be a day apart: what can be asked whether it is one is asked first.
                return Verdict(FigureState.SUSPECTED, now + self.rules.doubted_again_after)
            return Verdict(FigureState.CONDEMNED, None, Proof.SECOND_PASS)
        if self.rules.without_control == "at-once" and not self.may_be_controlled:
            return Verdict(FigureState.CONDEMNED, None, Proof.AT_ONCE)
        return Verdict(FigureState.SUSPECTED, now + left)


def judge(
    outcome: FetchOutcome,
    attempts: int,
    now: datetime,
    back_off: BackOff,
    jitter: random.Random,
    suspicion: Suspicion,
    *,
    marked: bool = False,
) -> Verdict:
    """Decide the figure's next state from one attempt; `attempts` counts this one.

    One that is `marked` was asked for elsewhere: what does not come leaves the mark as it is.
    """
    if marked and outcome.outcome not in (FetchClass.STORED, FetchClass.TRANSIENT, FetchClass.BLOCKED):
        return Verdict(FigureState.DEAD, None)
    match outcome.outcome:
        case FetchClass.STORED:
            return Verdict(FigureState.STAGED, None)
        case FetchClass.DEAD:
            return suspicion.judge(now)
        case FetchClass.SUSPECT:
            return Verdict(FigureState.SUSPECT, None)
        case FetchClass.REFUSED:
            return Verdict(FigureState.REFUSED, None)
        case FetchClass.TRANSIENT | FetchClass.BLOCKED:
            due = back_off.next_due(attempts, now, jitter=jitter.random(), retry_at=outcome.retry_at)
            if due is not None:
                return Verdict(FigureState.DUE, due)
            blocked = outcome.outcome is FetchClass.BLOCKED
            return Verdict(FigureState.BLOCKED if blocked else FigureState.TRANSIENT, None)


EXTENSIONS = ("png", "jpg", "gif", "webp", "tif", "svg", "bmp", "avif")
"""File name extensions a figure may have been stored under."""

METADATA_KEYS = (
    "file_path",
    "file_sha256",
    "file_size_bytes",
    "image_404_at",
    "image_unavailable",
    "image_url",
    "image_url_resolved",
    "image_url_resolved_by",
)
"""The metadata keys that a figure's operation changes or is guarded by."""


@dataclass(frozen=True)
class PreparedFigure:
    """A figure whose attempt is over and whose effect waits for a batch."""

    artifact_id: str
    state: FigureState
    url: str
    """The recorded address as it was attempted."""
    file_path: str | None
    """What the row holds now."""
    metadata: Mapping[str, Any]
    """What the row holds now, of `METADATA_KEYS`; absent keys are absent."""
    attempted_at: datetime
    staged: str = ""
    """Name of the staged file; empty for one that was found where it belongs."""
    sha256: str = ""
    size: int = 0
    extension: str = ""
    migrated_at: str | None = None
    """When its row was migrated to a folder of its own, as the row has it; None while it is not."""
    resolved_url: str = ""
    """The address that gave it in place of the recorded one."""
    resolved_by: str = ""
    """Name of the rewrite rule that made it."""

    @property
    def is_marked(self) -> bool:
        """Whether its row says that it is gone."""
        return self.metadata.get("image_unavailable") is True

    @property
    def is_adoption(self) -> bool:
        """Whether its file was found where it belongs, and nobody was asked for it."""
        return self.state is FigureState.STAGED and not self.staged


_MARKS = ("metadata.image_unavailable", "metadata.image_404_at")

ADOPTED = "adopted: the file was there before"
"""What the journal says of an operation that adds no file of its own."""


def operation_for(figure: PreparedFigure, paths: ArtifactPaths, file_path_field: str) -> Operation:
    """The operation that stores or marks one figure.

    Stored (spec): `file_path`, `metadata.file_sha256`, `metadata.file_size_bytes`. Dead (spec):
    `metadata.image_unavailable = true`, `metadata.image_404_at = <iso>`. `file_path_field` is where this
    database keeps the path: the column `file_path` or the key `metadata.file_path`. The address that was
    asked and the path are guards: a row that got another address or a file meanwhile is left alone. Adopted:
    the same fields as stored, whatever the address.

    An artifact that has its folder already is to be migrated once more, with its file or its mark.
    """
    operation = (_adoption if figure.is_adoption else _stored_or_marked)(figure, paths, file_path_field)
    return replace(operation, row=_migrated_anew(operation.row, figure.migrated_at))


def _migrated_anew(row: RowChange, migrated_at: str | None) -> RowChange:
    if migrated_at is None:
        return row
    field = "migrated_to_folder_at"
    return RowChange((*row.fields, field), {**row.before, field: migrated_at}, {**row.after, field: None})


def _stored_or_marked(figure: PreparedFigure, paths: ArtifactPaths, file_path_field: str) -> Operation:
    before: dict[str, Any] = {"metadata.image_url": figure.url}
    after: dict[str, Any] = {"metadata.image_url": figure.url}
    if figure.state is FigureState.STAGED:
        path = paths.figure(figure.artifact_id, figure.extension)
        after[file_path_field] = paths.recorded(path)
        after["metadata.file_sha256"] = figure.sha256
        after["metadata.file_size_bytes"] = figure.size
        file = NewFile(path, figure.sha256, figure.size, figure.staged)
        if figure.resolved_by:
            after["metadata.image_url_resolved"] = figure.resolved_url
            after["metadata.image_url_resolved_by"] = figure.resolved_by
    else:
        if (present := _present(figure, file_path_field)) is not ABSENT:
            after[file_path_field] = present
        after["metadata.image_unavailable"] = True
        after["metadata.image_404_at"] = figure.attempted_at.isoformat()
        file = None
    # A figure that has come is not gone any more: marks of earlier passes are taken off.
    marks = _MARKS if figure.state is FigureState.STAGED and figure.is_marked else ()
    fields = tuple(dict.fromkeys([*after, file_path_field, *marks]))
    for field in fields:
        if field not in before and (value := _present(figure, field)) is not ABSENT:
            before[field] = value
    return Operation(figure.artifact_id, RowChange(fields, before, after), file)


def _adoption(figure: PreparedFigure, paths: ArtifactPaths, file_path_field: str) -> Operation:
    path = paths.figure(figure.artifact_id, figure.extension)
    after: dict[str, Any] = {
        file_path_field: paths.recorded(path),
        "metadata.file_sha256": figure.sha256,
        "metadata.file_size_bytes": figure.size,
    }
    # A row that was marked meanwhile is left alone: a figure is not both there and gone.
    fields = (*after, "metadata.image_unavailable")
    before = {f: value for f in after if (value := _present(figure, f)) is not ABSENT}
    file = AdoptedFile(path, figure.sha256, figure.size)
    return Operation(figure.artifact_id, RowChange(fields, before, after), adopted=file, reason=ADOPTED)


def _present(figure: PreparedFigure, field: str) -> Any:
    if field == "file_path":
        return figure.file_path
    return figure.metadata.get(field.removeprefix("metadata."), ABSENT)
