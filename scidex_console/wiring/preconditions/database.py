"""Preconditions of the database: reachable, new enough, in shape, and what this account may do in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scidex_console.adapters.postgres.inspection import DatabaseState, inspect
from scidex_console.adapters.postgres.schema_status import SchemaStatus
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.checks import Finding
from scidex_console.domain.errors import ConsoleError
from scidex_console.engine.views import EngineView, RunView
from scidex_console.settings import Settings
from scidex_console.wiring.preconditions.findings import advised, bad, failed, good, judged

_SKEW_S = 5.0
"""Between the clocks: dates in log lines, marks and holds come from both."""
_CONNECTIONS = 15
"""An engine takes up to nine connections, a console or a command up to five."""

_LINKS_WITHOUT_INDEX = 100_000
"""So many are read through within the time that an artifact's page takes for them."""


async def database_findings(settings: Settings) -> Sequence[Finding]:
    """Everything about the database; one finding when it cannot be asked."""
    try:
        state = await inspect(
            settings.database.need_url(),
            now=SystemClock().now,
            stalled_after_s=settings.engine.stalled_after.total_seconds(),
        )
    except ConsoleError as error:
        return [failed("database", error)]
    return list(_findings(state, settings))


def _findings(state: DatabaseState, settings: Settings) -> Iterator[Finding]:
    yield judged(
        "database",
        state.is_new_enough,
        f"{state.place}: PostgreSQL {state.server_version}, as {state.account}",
        "use PostgreSQL 14 or newer",
    )
    yield judged(
        "tables of SciDEX",
        not state.deviations,
        state.deviations or "artifacts and artifact_links are as needed",
        "point [database] url at SciDEX's database (its search_path must find these tables)",
    )
    yield _links(state)
    yield _schema(state)
    yield good("file path", f"kept in {'the column ' if state.file_path_field == 'file_path' else ''}"
               f"{state.file_path_field}")  # fmt: skip
    if state.schema is None or state.schema.applied:
        yield _rights(state, writes=settings.writes.enabled)
    yield _clock(state)
    yield judged(
        "connections",
        state.connections_left >= _CONNECTIONS,
        f"{state.connections_left} more are possible",
        f"end idle ones, or raise max_connections: engine and console need about {_CONNECTIONS}",
    )
    if state.schema is not None and state.schema.current:
        yield _engine(state.engine, state.open_runs, settings)


def _links(state: DatabaseState) -> Finding:
    """Only the page of an artifact reads its links, and not for long; on a large table it must do without."""
    name = "links"
    if not state.slow_links:
        return good(name, "an artifact's own are found by index")
    detail = f"artifact_links has no index that begins with {' or '.join(state.slow_links)}"
    if state.links < _LINKS_WITHOUT_INDEX:
        return good(name, f"{detail}, and needs none for {state.links} links")
    make = "; ".join(f"CREATE INDEX CONCURRENTLY ON artifact_links ({column})" for column in state.slow_links)
    return advised(name, f"{detail}, and {state.links} links: an artifact's page may go without", make)


def _schema(state: DatabaseState) -> Finding:
    name, status = "schema", state.schema
    if status is None:
        return bad(
            name,
            f"{state.account} may not look at it",
            f"GRANT scidex_viewer TO {state.account} (or operator)",
        )
    if not status.current:
        return bad(name, _what_is_off(status), _how_to_mend(status))
    return judged(
        name,
        not state.missing_objects,
        f"gone, invalid or switched off: {', '.join(state.missing_objects)}"
        if state.missing_objects
        else f"version {status.needed}, applied and unchanged",
        "find out who changed them; make them again from the files of adapters/postgres/schema",
    )


def _what_is_off(status: SchemaStatus) -> str:
    newer = [version.version for version in status.versions if version.version > status.needed]
    parts = [
        f"never applied to version {status.needed}" if not status.applied else "",
        f"pending: {', '.join(v.name for v in status.pending)}" if status.applied and status.pending else "",
        f"applied from other files: {', '.join(v.name for v in status.changed)}" if status.changed else "",
        f"at version {max(newer)}, which only a newer program knows" if newer else "",
    ]
    return "; ".join(part for part in parts if part)


def _how_to_mend(status: SchemaStatus) -> str:
    if status.pending and not status.changed:
        return "run `scidex-console schema apply`"
    if status.changed:
        return "use the version of the program that applied it, or take it back and apply it anew"
    return "install a newer version of this program"


def _rights(state: DatabaseState, *, writes: bool) -> Finding:
    may = [
        word
        for allowed, word in (
            (state.may_read, "read"),
            (state.may_ask, "ask (intents)"),
            (state.may_work, "work (run an engine)"),
        )
        if allowed
    ]
    detail = f"{state.account} may {', '.join(may)}" if may else f"{state.account} may do nothing here"
    if not state.may_read:
        return bad("rights", detail, f"GRANT scidex_viewer TO {state.account}")
    if writes and not state.may_work:
        fix = f"GRANT scidex_engine TO {state.account}, or run the engine under an account that has it"
        return bad("rights", f"{detail}; writes are enabled, yet an engine could not write", fix)
    return good("rights", detail if len(may) > 1 else f"{detail}: this account only watches")


def _clock(state: DatabaseState) -> Finding:
    ahead, doubt = state.clock_ahead_s, state.clock_doubt_s
    side = "ahead of" if ahead > 0 else "behind"
    return judged(
        "clocks",
        abs(ahead) - doubt < _SKEW_S,
        f"the database's is {abs(ahead):.1f} s {side} this host's (within {doubt:.1f} s)",
        "set both by NTP: marks, holds and heartbeats are dated by both",
    )


def _engine(engine: EngineView | None, open_runs: Sequence[RunView], settings: Settings) -> Finding:
    name = "engine"
    if engine is None or engine.state == "stopped":
        return _no_engine(engine, open_runs)
    beat = f"{engine.heartbeat_age_s:.0f} s ago" if engine.heartbeat_age_s is not None else "never"
    detail = f"{engine.holder}, epoch {engine.epoch}, last heartbeat {beat}"
    if engine.state == "stalled":
        return bad(
            name, f"stalled: {detail}", "look at its log and its host; if it hangs, end it and start another"
        )
    mode = "writes" if engine.writes else "only observes"
    if engine.writes != settings.writes.enabled:
        said = "enabled" if settings.writes.enabled else "not enabled"
        return bad(
            name,
            f"{detail}, {mode}, while writes are {said} here",
            "restart it with the settings that are meant",
        )
    return good(name, f"{detail}, {mode}")


def _no_engine(engine: EngineView | None, open_runs: Sequence[RunView]) -> Finding:
    """None is needed unless a run is open, which nobody else takes on."""
    detail, start = "none has run yet", "start one with `scidex-console engine`"
    if engine is not None:
        note = f" ({engine.note})" if engine.note not in ("", "stopped") else ""
        detail = f"none is running{note}"
    if not open_runs:
        return good("engine", f"{detail}; {start}")
    waiting = "; ".join(
        f"run {run.id} of {run.job} is {run.state}, and no engine works on it" for run in open_runs
    )
    return bad("engine", f"{detail}; {waiting}", start)
