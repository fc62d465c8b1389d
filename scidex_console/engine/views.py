"""What a reader of the engine's state gets: frozen values, ready for presentation.

The console's panes, `status` and the JSON output are made from these alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scidex_console.domain.controls import Proof
from scidex_console.domain.fetching import FetchClass, Hop
from scidex_console.domain.folders.acceptance import Acceptance
from scidex_console.domain.hosts import GateState
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.pacing.forecast import Forecast
from scidex_console.domain.runs import RunState
from scidex_console.domain.soak.ladder import Ladder
from scidex_console.engine.batch_views import BatchView, ReversibleBatches
from scidex_console.engine.people import AuditView, PresenceView


@dataclass(frozen=True)
class EngineView:
    """The engine as the database knows it."""

    state: str
    """`running`, `stalled` (no heartbeat for a while) or `stopped`."""
    holder: str
    """pid@host of the engine that holds the store."""
    epoch: int
    started_at: datetime | None
    heartbeat_at: datetime | None
    heartbeat_age_s: float | None
    """Seconds, by the database's clock."""
    version: str
    writes: bool
    """False in `observe` mode."""
    authorization: str
    environment: str
    note: str = ""
    """What the engine did last or waits for, such as `recovered 3 operations`."""


@dataclass(frozen=True)
class RunView:
    """One run of a job."""

    id: int
    job: JobName
    state: RunState
    steps_left: int | None
    step_unit: str
    """`item` or `cycle`: what `steps_left` counts."""
    started_at: datetime | None
    finished_at: datetime | None
    operator: str
    reason: str
    waits_on: str = ""
    halt_reason: str = ""
    halt_bytes_needed: int | None = None


@dataclass(frozen=True)
class GapView:
    """Counts of one job; rate and ETA from what was done lately."""

    job: JobName
    run: RunView | None
    total: int
    """All rows the job looks at."""
    with_file: int
    """Rows that had their file before any work, and those stored since."""
    missing: int
    """The gap: rows without a file that are not marked dead."""
    due: int
    """Of these, rows that may be asked now."""
    scheduled: int
    """Of these, rows due later (back-off)."""
    done: int
    """Stored by this tool."""
    dead: int
    transient: int
    """Failed transiently: waiting for their back-off or for a retry; one that may be asked now is due."""
    blocked: int
    suspect: int
    refused: int
    mismatch: int
    in_batch: int
    """Attempted, waiting for the batch that records them."""
    held_back: int
    no_url: int
    per_minute: tuple[int, ...]
    """Rows settled in each of the last 30 minutes, oldest first (the sparkline)."""
    rate_per_min: float | None
    eta_s: float | None
    """Seconds until no row is left to ask (`domain.pacing`); None when no run works. Of folders None, too,
    while too little is known."""
    held_back_for: tuple[tuple[str, int], ...] = ()
    """What the held-back rows wait on, and how many for each."""
    due_again: tuple[tuple[str, int], ...] = ()
    """Of the rows due now, those that failed before: class of the last failure, and how many."""
    quarantined: int = 0
    """Artifacts whose paths or row are not safe to move by: a person must look (folders)."""
    error: int = 0
    """Artifacts that git or the disk failed on; those in back-off are tried again by themselves (folders)."""
    suspected: int = 0
    """Said to be gone, and not confirmed so far (figures)."""
    to_lay_again: int = 0
    """Of the gap, artifacts whose folder stands: their figure was stored or marked since (folders)."""


@dataclass(frozen=True)
class HostView:
    """One host group: its gate and its outcomes."""

    gate: GateState
    due: int
    stored: int
    dead: int
    transient: int
    blocked: int
    suspect: int
    refused: int
    requests: int
    last_request_at: datetime | None


@dataclass(frozen=True)
class AttemptView:
    """One attempt at one figure."""

    id: int
    at: datetime
    """When it was asked for."""
    recorded_at: datetime
    """When its answer was recorded: attempts are listed in that order."""
    artifact_id: str
    title: str
    group: str
    host: str
    url: str
    outcome: FetchClass
    status: int | None
    reason: str
    requests: int
    took_ms: int
    unproven: bool = False
    """In the list of a retry: whether the figure is said to be gone, and waits for the proof."""


@dataclass(frozen=True)
class ProofView:
    """What confirmed that an attempt's figure is gone."""

    proof: Proof
    at: datetime
    control_at: datetime | None
    """When the control image was asked for; None where there was none."""
    control_url: str
    control_sha256: str
    control_reason: str
    control_hops: tuple[Hop, ...] = ()


@dataclass(frozen=True)
class AttemptDetail:
    """One attempt whole, and what is known of its figure now."""

    attempt: AttemptView
    run_id: int | None
    final_url: str
    """Where the redirects ended; empty when nothing answered."""
    size: int | None
    """Bytes of the answer that were taken."""
    sha256: str
    media_type: str
    figure_state: str
    """What the figure waits for, or came to; empty when it is no longer in the gap."""
    figure_due_at: datetime | None
    figure_attempts: int
    """How often the figure was asked for since it was surveyed or made due."""
    row_type: str
    """The row's type; empty when the row is gone."""
    row_title: str
    row_path: str
    """Path of the file the row names; empty for none."""
    row_unavailable: bool
    """Whether the row is marked: its image is confirmed to be unavailable."""
    hops: tuple[Hop, ...] = ()
    """Its wire requests in their order; none were kept of old attempts."""
    proof: ProofView | None = None
    """What confirmed that the figure is gone, where this attempt said so and was believed."""
    others: tuple[AttemptView, ...] = ()
    """The figure's other attempts, newest first; the last few."""


@dataclass(frozen=True)
class MigrationLogView:
    """One row of `artifact_migration_log`."""

    id: int
    at: datetime
    artifact_id: str
    status: str
    errors: str
    took_ms: int | None
    words: str = ""
    """The errors for a person: their `reason` first, then the rest; empty where they are no object."""


@dataclass(frozen=True)
class WaitingFolderView:
    """One artifact whose folder waits for a retry."""

    artifact_id: str
    title: str
    group: str
    """Its type."""
    outcome: str
    """`hash_mismatch`, `quarantined`, `error` or `held_back`."""
    reason: str
    at: datetime
    attempts: int
    status: int | None = None
    """No HTTP status: nothing was asked of a host."""


@dataclass(frozen=True)
class RetryPreview:
    """The exact rows a retry would make due again."""

    job: JobName
    filters: dict[str, str]
    items: tuple[AttemptView | WaitingFolderView, ...]
    """Each figure by its last attempt; each artifact without a folder by why it waits."""
    token: str


@dataclass(frozen=True)
class PlanView:
    """What a job would do next, changing nothing."""

    job: JobName
    gap: GapView
    items: tuple[PlanItem, ...]
    note: str = ""
    held_back: tuple[PlanItem, ...] = ()
    """Rows it would not take up by itself, each with what it waits on."""
    forecast: Forecast | None = None
    """How long it would take from now on (figures)."""


@dataclass(frozen=True)
class PlanItem:
    """One row a job would take up."""

    artifact_id: str
    group: str
    url: str
    state: str
    due_at: datetime | None
    waits_on: str = ""


@dataclass(frozen=True)
class StoreIdentity:
    """Which database this is, and what the session may do."""

    database: str
    server_version: str
    operator: str
    can_write_intents: bool
    schema_version: int
    file_path_field: str
    """`file_path` or `metadata.file_path`."""


@dataclass(frozen=True)
class WriterView:
    """One who writes to the repository, or waits to: an engine, or a writer through the library."""

    name: str
    writing: bool
    """False: it waits for its turn."""
    since: datetime | None
    """Since when it waits; None where the database does not tell, as of one that writes."""


@dataclass(frozen=True)
class Overview:
    """Everything the overview screen and `status` show, read in one go."""

    taken_at: datetime
    """The database's clock when this was read."""
    identity: StoreIdentity
    engine: EngineView | None
    gaps: tuple[GapView, ...]
    hosts: tuple[HostView, ...]
    dead: tuple[AttemptView, ...]
    """Recent 404, 410 and 451 answers."""
    errors: tuple[MigrationLogView, ...]
    """Recent rows of the migration log that are not a success."""
    intents: tuple[Intent, ...]
    """Open intents, and the last few settled ones."""
    last_batch: BatchView | None
    reversible: tuple[ReversibleBatches, ...] = ()
    """Per job that has batches: which can be taken back, and which brought on again."""
    acceptance: Acceptance | None = None
    """What the folder migration is accepted by, as measured."""
    present: tuple[PresenceView, ...] = ()
    """Consoles that are open now, the longest first."""
    last_act: AuditView | None = None
    """What a person did last."""
    writers: tuple[WriterView, ...] = ()
    """Who writes to the repository at this moment, and then who waits for a turn, in their order."""
    soak: Ladder | None = None
    """The phases of the migration, and the soak of the one under way."""
