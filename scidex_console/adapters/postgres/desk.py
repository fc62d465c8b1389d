"""Where operators put intents: three functions of the database, and no other right to write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.postgres.intents import intent_view
from scidex_console.domain.errors import Refused
from scidex_console.domain.intents import SETTLED, Intent, Origin
from scidex_console.domain.jobs import JobName
from scidex_console.domain.row_json import is_storable
from scidex_console.domain.sanitise import visible
from scidex_console.engine.triage.views import DecisionPreview

_MOST_PARAMS = 2000
"""Characters of an intent's parameters as JSON; they are part of a unique index in the database."""


class PostgresIntentDesk:
    """Implements the engine's `IntentDesk`.

    The database itself records its session user as the operator: of `asker`, the origin and the version are
    taken at their word, the operator is not.
    """

    def __init__(self, database: Database, asker: Origin) -> None:
        self._database = database
        self._origin = visible(asker.origin, 200)
        self._version = visible(asker.version, 60)

    async def submit(
        self, action: str, job: JobName | None, params: Mapping[str, Any], *, reason: str
    ) -> Intent:
        """Insert the intent, or join the open one that asks for the same; the engine is told.

        Raises `Refused` for parameters that are too long, `ConsoleError` without the operator's role.
        """
        if len(json.dumps(dict(params))) > _MOST_PARAMS:
            what = f"the parameters of {action} are longer than {_MOST_PARAMS} characters"
            raise Refused(what, fix="narrow the filter")
        asked = {
            "action": action,
            "job": job,
            "params": Jsonb(dict(params)),
            "origin": self._origin,
            "reason": visible(reason),
            "version": self._version,
        }
        async with self._database.transaction() as connection:
            row = await (await connection.execute(query("submit_intent"), asked)).fetchone()
        assert row is not None
        return intent_view(row)

    async def decide(self, preview: DecisionPreview, reason: str) -> Intent:
        """Put a decision of triage and its intent on the desk, or join the open one that is the same."""
        asked = {
            "job": preview.job,
            "decision": preview.decision,
            "artifact_ids": sorted(item.artifact_id for item in preview.items),
            "undoes": preview.undoes,
            "token": preview.token,
            "origin": self._origin,
            "reason": visible(reason),
            "version": self._version,
        }
        async with self._database.transaction() as connection:
            row = await (await connection.execute(query("decide"), asked)).fetchone()
        assert row is not None
        return intent_view(row)

    async def decide_orphans(
        self, preview: DecisionPreview, params: Mapping[str, Any], reason: str
    ) -> Intent:
        """The same of a decision about files that no row claims; `params` are what it needs besides."""
        asked = {
            "decision": preview.decision,
            "subjects": sorted(i.artifact_id for i in preview.items if is_storable(i.artifact_id)),
            "params": Jsonb(dict(params)),
            "token": preview.token,
            "origin": self._origin,
            "reason": visible(reason),
            "version": self._version,
        }
        async with self._database.transaction() as connection:
            row = await (await connection.execute(query("decide_orphans"), asked)).fetchone()
        assert row is not None
        return intent_view(row)

    async def cancel(self, intent_id: int) -> None:
        """Ask for an open intent to be dropped; asking twice is harmless.

        Raises `Refused` when there is no such intent, or it is settled already.
        """
        params = {"id": intent_id, "origin": self._origin, "version": self._version}
        async with self._database.transaction() as connection:
            row = await (await connection.execute(query("cancel_intent"), params)).fetchone()
        if row is None:
            raise Refused(
                f"there is no intent {intent_id}", fix="`scidex-console status` has those that are open"
            )
        intent = intent_view(row)
        if intent.state in SETTLED:
            raise Refused(f"intent {intent_id} is {intent.state} already: {intent.outcome or 'no outcome'}")
