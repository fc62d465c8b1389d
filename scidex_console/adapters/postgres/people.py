"""Who watches, and who did what: consoles by their beats or their connection's name, and the audit."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.postgres.snapshot import Row, Rows
from scidex_console.adapters.postgres.windows import Listing
from scidex_console.domain.jobs import JobName
from scidex_console.domain.sanitise import visible
from scidex_console.engine.people import AuditView, PresenceView

LAPSES_AFTER_S = 50.0
"""A console that has not beaten for so long is not there; it beats every 15 seconds."""
_LONGEST_NAME = 63  # of a connection, in bytes; the server cuts the rest off
_NAME = re.compile(r"scidex-watch/(\d{1,9})/([0-9a-z]{1,8})/([0-9a-z]{1,8})/([^/]*)/(.*)")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def watch_name(*, pid: int, since: datetime, seen_at: datetime, screen: str, origin: str) -> str:
    """The name of a read-only console's connection, from which others read who watches.

    Anybody may look at the names of connections, and nobody needs a right to have one.
    """
    times = "/".join(_base36(int(at.timestamp())) for at in (since, seen_at))
    words = f"scidex-watch/{pid}/{times}/{screen.replace('/', ' ')[:10]}/{origin}"
    return words.encode("ascii", "replace")[:_LONGEST_NAME].decode()


def present_views(rows: Rows) -> tuple[PresenceView, ...]:
    """Who watches, the longest first; of a console with several connections the one that spoke last."""
    named: dict[tuple[str, int, datetime], PresenceView] = {}
    for view in filter(None, (_named(row) for row in rows if row["name"] is not None)):
        key = (view.operator, view.pid, view.since)
        if key not in named or named[key].seen_at < view.seen_at:
            named[key] = view
    beating = [_beating(row) for row in rows if row["name"] is None]
    return tuple(sorted([*beating, *named.values()], key=lambda view: (view.since, view.operator)))


def _beating(row: Row) -> PresenceView:
    return PresenceView(
        operator=row["operator"],
        account=visible(row["account"], 60),
        origin=visible(row["origin"], 120),
        pid=row["pid"],
        screen=visible(row["screen"], 40),
        since=row["since"],
        seen_at=row["seen_at"],
        active_at=row["active_at"],
    )


def _named(row: Row) -> PresenceView | None:
    found = _NAME.fullmatch(row["name"])
    if found is None:
        return None
    since, seen_at = (datetime.fromtimestamp(int(text, 36) % 2**33, UTC) for text in (found[2], found[3]))
    return PresenceView(
        operator=row["operator"],
        account="",
        origin=visible(found[5], 120),
        pid=int(found[1]),
        screen=visible(found[4], 40),
        since=since,
        seen_at=seen_at,
        active_at=seen_at,
        read_only=True,
    )


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"


def audit_view(row: Row) -> AuditView:
    """A row of `audit` as readers get it."""
    return AuditView(
        id=row["id"],
        at=row["at"],
        operator=row["operator"],
        origin=row["origin"],
        reason=row["reason"],
        version=row["version"],
        authorization=row["authorization_ref"],
        epoch=row["epoch"],
        action=row["action"],
        job=JobName(row["job"]) if row["job"] in list(JobName) else None,
        intent_id=row["intent_id"],
        run_id=row["run_id"],
        batch_id=row["batch_id"],
        op=row["op"] or "",
        before=row["before"],
        after=row["after"],
        outcome=row["outcome"],
    )


ACTS = Listing("list_activity", ("at", "id"), audit_view)
"""What people did and asked for, newest first."""


class PostgresAttendance:
    """Implements the engine's `Attendance`: by a row that beats, or, of who only watches, by a name."""

    def __init__(
        self,
        database: Database,
        *,
        account: str,
        origin: str,
        pid: int,
        version: str,
        writes: bool,
        remember: Callable[[datetime], datetime | None] | None = None,
    ) -> None:
        """`writes` says whether the session may call the function that beats (the operator's role).

        For one that may not, `remember` keeps until when the person was here, and gives back what it kept.
        """
        self._database = database
        self._session = uuid.uuid4()
        self._pid, self._origin = pid, origin
        self._who = {"account": account[:60], "origin": origin, "pid": pid, "version": version}
        self._writes = writes
        self._remember = remember
        self._since = datetime.now(UTC)
        self._left_at: datetime | None = None
        self._attended = self._noted = False

    async def attend(self, screen: str, *, idle_s: float) -> datetime | None:
        """Beat; until when the same person was here before this console."""
        if not self._writes:
            await self._bear_name(screen)
            return self._note(datetime.now(UTC) - timedelta(seconds=idle_s))
        params = {**self._who, "session": self._session, "screen": screen, "idle_s": idle_s}
        async with self._database.session() as connection:
            row = await (await connection.execute(query("be_present"), params)).fetchone()
        if not self._attended and row is not None:
            self._left_at = row["left_at"]
        self._attended = True
        return self._left_at

    async def leave(self) -> None:
        """Take the row away; a name goes with its connection."""
        if self._attended:
            async with self._database.session() as connection:
                await connection.execute(query("be_gone"), {"session": self._session})

    def _note(self, active_at: datetime) -> datetime | None:
        kept = self._remember(active_at) if self._remember else None
        if not self._noted:
            self._left_at, self._noted = kept, True
        return self._left_at

    async def _bear_name(self, screen: str) -> None:
        name = watch_name(
            pid=self._pid,
            since=self._since,
            seen_at=datetime.now(UTC),
            screen=screen,
            origin=self._origin,
        )
        async with self._database.session() as connection:
            await connection.execute(query("name_connection"), {"name": name})
