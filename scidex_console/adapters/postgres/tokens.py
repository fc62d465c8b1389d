"""Tokens of those who may add files, by the functions that each role may call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.adapters.postgres.snapshot import fetch
from scidex_console.domain.bearers import TokenView
from scidex_console.domain.intents import Origin


class PostgresTokenBook:
    """Implements the engine's `TokenBook`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def name_of(self, digest: bytes) -> str | None:
        """Whose token has this hash; None for nobody's."""
        (row,) = await fetch(self._database, "find_token_name", {"digest": digest})
        name: str | None = row["name"]
        return name


class PostgresTokenDesk:
    """Implements the engine's `TokenDesk`."""

    def __init__(self, database: Database, origin: Origin) -> None:
        self._database = database
        self._origin = origin

    async def create(self, name: str, digest: bytes, *, reason: str) -> bool:
        """Keep a token's hash under a name; False when the name is taken."""
        return await self._act("create_token", {"name": name, "digest": digest, "reason": reason})

    async def revoke(self, name: str, *, reason: str) -> bool:
        """From now on it counts no more; False when there is none of this name that counts."""
        return await self._act("revoke_token", {"name": name, "reason": reason})

    async def tokens(self) -> Sequence[TokenView]:
        """All of them, by name."""
        return [TokenView(**row) for row in await fetch(self._database, "list_tokens")]

    async def _act(self, statement: str, params: dict[str, Any]) -> bool:
        asked = {**params, "origin": self._origin.origin, "version": self._origin.version}
        async with self._database.session() as connection:
            row = await (await connection.execute(query(statement), asked)).fetchone()
        assert row is not None, "a function gives a row"
        return bool(row["done"])
