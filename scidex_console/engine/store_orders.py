"""Orders about rows, batches and hosts: what the writer and the gate are told to do at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any, Protocol

from scidex_console.domain.batches import REVERTIBLE, STANDING, UNSETTLED, Batch, BatchState, OperationState
from scidex_console.domain.errors import ConsoleError, Fenced, LockBusy, Refused, StaleToken, Unreachable
from scidex_console.domain.hosts import HostGroup, HostGroups, Override
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.ports import (
    AttemptFilter,
    Clock,
    FigureStore,
    Gate,
    GateStore,
    Journal,
    ReadModel,
    RunStore,
)
from scidex_console.engine.run_orders import job_of
from scidex_console.engine.two_stores.stores import Mandate
from scidex_console.engine.vocabulary import BATCH_WORDS, OPERATION_WORDS, counted
from scidex_console.engine.writer import Writer

_NOT_OF_A_ROLLBACK = frozenset({OperationState.CONFLICT, OperationState.SKIPPED})
"""Where only the way forward ends."""
_NAMED = 3
"""So many kept operations are named; the batch's own page has all of them."""


class WorkTable(Protocol):
    """Where a job keeps the rows of its gap."""

    async def make_due(self, artifact_ids: Sequence[str]) -> Sequence[str]:
        """Rows that failed become due now; the ids it did."""
        ...


class RowOrders:
    """Handler of retry."""

    def __init__(self, stores: Mapping[JobName, WorkTable], previews: ReadModel, runs: RunStore) -> None:
        self._stores = stores
        self._runs = runs
        self._previews = previews

    async def retry(self, intent: Intent) -> str:
        """Exactly the rows of the preview that the token names; a single row needs none."""
        job, ids, token = job_of(intent), _ids(intent), str(intent.params.get("token") or "")
        if token or len(ids) != 1:
            preview = await self._previews.retry_preview(job, _criteria(intent))
            if preview.token != token:
                raise StaleToken(
                    "the rows to retry have changed since the preview", fix="look again and confirm"
                )
            ids = [item.artifact_id for item in preview.items]
        made_due = await self._stores[job].make_due(ids)
        if ids and not made_due and not token:
            raise Refused("that row has not failed", where=ids[0])
        due = f"{counted(len(made_due), 'row')} {'is' if len(made_due) == 1 else 'are'} due again"
        if not made_due or await self._runs.open_run(job) is not None:
            return due
        what = "it" if len(made_due) == 1 else "them"
        return f"{due}; start a run to take {what} up: `scidex-console start {job}`"


class BatchOrders:
    """Handlers of rollback and redo.

    Once the journal knows of it, either is finished whatever comes in between; an intent waits until it is.
    """

    def __init__(
        self, runs: RunStore, journal: Journal, previews: ReadModel, writer: Writer, mandate: Mandate
    ) -> None:
        self._runs = runs
        self._journal = journal
        self._previews = previews
        self._writer = writer
        self._mandate = mandate

    async def roll_back(self, intent: Intent) -> str:
        """Take a batch back in both stores."""
        batch = await self._batch(intent)
        token = str(intent.params.get("token") or "")
        if batch.state is BatchState.ROLLED_BACK or (token and token == batch.undo_plan):
            return _words(batch, leaving_out=_NOT_OF_A_ROLLBACK)
        await self._check_plan(intent, batch, redo=False)
        before = frozenset(o.id for o in batch.operations if o.state not in REVERTIBLE)
        try:
            batch = await self._writer.roll_back(batch, origin=self._mandate.origin(intent), plan=token)
        except (Fenced, Unreachable):
            raise
        except ConsoleError as error:
            raise await self._unfinished(batch, error) from error
        return _words(batch, earlier=before)

    async def redo(self, intent: Intent) -> str:
        """Bring a batch that was taken back on again."""
        batch = await self._batch(intent)
        if batch.state in STANDING and batch.pass_no > 1:
            return _words(batch)
        await self._check_plan(intent, batch, redo=True)
        try:
            batch = await self._writer.redo(batch)
        except (Fenced, Unreachable):
            raise
        except ConsoleError as error:
            raise await self._unfinished(batch, error) from error
        return _words(batch)

    async def facts(self, intent: Intent) -> dict[str, Any]:
        """What an audit row says of the batch."""
        batch = await self._named(intent)
        if batch is None:
            return {"batch": None}
        return {
            "batch": batch.id,
            "state": batch.state,
            "pass": batch.pass_no,
            "commit": batch.commit,
            "inverse_commit": batch.inverse_commit,
        }

    async def _batch(self, intent: Intent) -> Batch:
        """The batch, with nothing of it left half-way."""
        batch = await self._named(intent)
        if batch is None or batch.job is not job_of(intent):
            number = intent.params.get("batch")
            raise Refused(f"there is no batch {number} of {intent.job}", fix="see `scidex-console batches`")
        run = await self._runs.open_run(batch.job)
        if run is not None and run.state is RunState.HALTED:
            raise Refused(f"run {run.id} is halted: nothing is written", fix="resume or cancel the run first")
        if batch.state not in UNSETTLED:
            return batch
        try:
            await self._writer.recover_open_batches()
        except (Fenced, Unreachable):
            raise
        except ConsoleError as error:
            raise await self._unfinished(batch, error) from error
        return await self._journal.load(batch.id) or batch

    async def _named(self, intent: Intent) -> Batch | None:
        number = intent.params.get("batch")
        return await self._journal.load(number) if isinstance(number, int) and _is_number(number) else None

    async def _unfinished(self, batch: Batch, error: ConsoleError) -> ConsoleError:
        """The error itself while nothing has begun; a batch that is half-way must be waited for."""
        now = await self._journal.load(batch.id)
        if now is None or now.state not in UNSETTLED:
            return error
        return LockBusy(
            f"batch {batch.id} is {BATCH_WORDS[now.state]}: {error.what}", where=error.where, fix=error.fix
        )

    async def _check_plan(self, intent: Intent, batch: Batch, *, redo: bool) -> None:
        preview = await self._previews.rollback_preview(batch.id, redo=redo)
        if preview.token != intent.params.get("token"):
            raise StaleToken(f"batch {batch.id} has changed since the preview", fix="look again and confirm")


class HostOrders:
    """Handler of throttle. `budgets` are what the configuration grants, which no override exceeds.

    Spec (figures, risks): nobody goes beyond the budget of a host.
    """

    def __init__(
        self,
        gate: Gate,
        gate_store: GateStore,
        figures: FigureStore,
        clock: Clock,
        *,
        budgets: HostGroups,
    ) -> None:
        self._gate = gate
        self._gate_store = gate_store
        self._figures = figures
        self._clock = clock
        self._budgets = budgets

    async def throttle(self, intent: Intent) -> str:
        """Set or clear a temporary budget."""
        group = str(intent.params.get("group") or "")
        if not group:
            raise Refused("a host group must be named", where="group")
        if not await self._knows(group):
            raise Refused(f"no row is asked of a host group {group}", fix="see `scidex-console status`")
        if intent.params.get("clear"):
            self._gate.set_override(group, None)
            done = f"{group} has its configured budget again"
        else:
            override = self._override(intent, self._budgets.named(group))
            self._gate.set_override(group, override)
            done = f"{group}: {_budget(override)} until {override.until:%Y-%m-%d %H:%M:%S} UTC"
        await self._gate_store.save(self._gate.states())
        return done

    def facts(self, intent: Intent) -> dict[str, Any]:
        """What an audit row says of the group's budget."""
        group = intent.params.get("group")
        state = next((state for state in self._gate.states() if state.group == group), None)
        if state is None:
            return {"group": group}
        until = state.override.until.isoformat() if state.override else None
        return {
            "group": group,
            "rate": state.rate,
            "in_flight": state.in_flight_limit,
            "override_until": until,
        }

    async def _knows(self, group: str) -> bool:
        asked = {state.group for state in self._gate.states()}
        configured = {known.name for known in self._budgets.configured()}
        return group in configured | asked or await self._figures.has_group(group)

    def _override(self, intent: Intent, granted: HostGroup) -> Override:
        rate, in_flight = intent.params.get("rate"), intent.params.get("in_flight")
        seconds = intent.params.get("for_seconds", 7200)
        if rate is None and in_flight is None:
            raise Refused("a throttle needs a rate, a number in flight, or both")
        if rate is not None and not (_is_amount(rate) and 0 < rate <= granted.rate):
            raise Refused(
                f"a rate is above 0 and at most the budget of {granted.name}, {granted.rate:g} requests/s",
                where="rate",
                fix="a larger budget is a matter of the configuration (fetch.groups)",
            )
        if in_flight is not None and not (_is_number(in_flight) and 1 <= in_flight <= granted.in_flight):
            raise Refused(
                f"a number in flight is from 1 to the budget of {granted.name}, {granted.in_flight}",
                where="in_flight",
                fix="a larger budget is a matter of the configuration (fetch.groups)",
            )
        if not (_is_amount(seconds) and 1 <= seconds <= 30 * 86400):
            raise Refused("an override lasts from 1 second to 30 days", where="for")
        until = self._clock.now() + timedelta(seconds=float(seconds))
        return Override(rate, in_flight, until, intent.operator, intent.reason)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ids(intent: Intent) -> list[str]:
    ids = intent.params.get("artifact_ids") or []
    if not isinstance(ids, list) or not all(isinstance(i, str) for i in ids):
        raise Refused("the rows to retry are a list of artifact ids", where="artifact_ids")
    return ids


def _criteria(intent: Intent) -> AttemptFilter:
    return AttemptFilter(
        group=_text(intent, "group"),
        outcome=_text(intent, "outcome"),
        since=_since(intent),
        artifact_ids=tuple(_ids(intent)),
        text=_text(intent, "text"),
        host=_text(intent, "host"),
    )


def _text(intent: Intent, name: str) -> str:
    return str(intent.params.get(name) or "")


def _since(intent: Intent) -> datetime | None:
    value = _text(intent, "since")
    try:
        return datetime.fromisoformat(value) if value else None
    except ValueError:
        raise Refused(f"{value!r} is not a time", where="since", fix="write it as ISO 8601") from None


def _budget(override: Override) -> str:
    parts = []
    if override.rate is not None:
        parts.append(f"{override.rate:g} requests/s")
    if override.in_flight is not None:
        parts.append(f"{override.in_flight} in flight")
    return ", ".join(parts)


def _words(
    batch: Batch, *, leaving_out: Set[OperationState] = frozenset(), earlier: Set[int] = frozenset()
) -> str:
    """What became of a batch's operations, but for those in some states and those settled `earlier`."""
    counts: dict[OperationState, int] = {}
    for operation in batch.operations:
        if operation.state in leaving_out or operation.id in earlier:
            continue
        counts[operation.state] = counts.get(operation.state, 0) + 1
    tally = ", ".join(f"{n} {OPERATION_WORDS[state]}" for state, n in sorted(counts.items()))
    return f"batch {batch.id} is {BATCH_WORDS[batch.state]}: {tally}{_kept_words(batch)}"


def _kept_words(batch: Batch) -> str:
    """Which operations a rollback had to keep, and why."""
    kept = [o for o in batch.operations if o.state is OperationState.KEPT]
    if not kept:
        return ""
    named = ", ".join(f"{o.artifact_id} ({o.reason})" for o in kept[:_NAMED])
    return f"; kept: {named}" + (f" and {len(kept) - _NAMED} more" if len(kept) > _NAMED else "")
