"""Who may make tokens, who may only ask whose one is, and what stays of a revoked one."""

from __future__ import annotations

import hashlib

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.tokens import PostgresTokenBook, PostgresTokenDesk
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.intents import Origin

ORIGIN = Origin("ada", "ssh 10.0.0.5", "0.1.0")
DIGEST = hashlib.sha256(b"a token").digest()


async def test_a_token_is_known_by_its_hash_until_it_is_revoked(applied_database: str) -> None:
    async with Database(applied_database, name="test") as database:
        desk, book = PostgresTokenDesk(database, ORIGIN), PostgresTokenBook(database)
        assert await desk.create("renderer", DIGEST, reason="renders notebooks")
        assert await book.name_of(DIGEST) == "renderer"
        assert await book.name_of(hashlib.sha256(b"another").digest()) is None
        assert await desk.revoke("renderer", reason="gone")
        assert await book.name_of(DIGEST) is None
        assert not await desk.revoke("renderer", reason="again")
        assert not await desk.create("renderer", hashlib.sha256(b"new").digest(), reason="the name is taken")
        (token,) = await desk.tokens()
        assert (token.name, token.reason) == (
            "renderer",
            "renders notebooks",
        ) and token.revoked_at is not None
        async with database.session() as connection:
            acts = await (
                await connection.execute("SELECT action, reason FROM scidex_console.audit ORDER BY id")
            ).fetchall()
        assert [(act["action"], act["reason"]) for act in acts] == [
            ("create_token", "renders notebooks"),
            ("revoke_token", "gone"),
        ]


async def test_the_service_may_ask_whose_a_token_is_and_nothing_else(applied_database: str) -> None:
    async with Database(applied_database, name="test", role="scidex_reader") as database:
        assert await PostgresTokenBook(database).name_of(DIGEST) is None
        desk = PostgresTokenDesk(database, ORIGIN)
        assert await desk.tokens() == []
        with pytest.raises(ConsoleError, match="permission denied"):
            await desk.create("mine", DIGEST, reason="mine")
        with pytest.raises(ConsoleError, match="permission denied"):
            await desk.revoke("mine", reason="mine")
        with pytest.raises(ConsoleError, match="permission denied"):
            async with database.session() as connection:
                await connection.execute("SELECT digest FROM scidex_console.token")


async def test_an_operator_makes_tokens_and_cannot_read_hashes(applied_database: str) -> None:
    async with Database(applied_database, name="test", role="scidex_operator") as database:
        assert await PostgresTokenDesk(database, ORIGIN).create("hers", DIGEST, reason="hers")
        with pytest.raises(ConsoleError, match="permission denied"):
            async with database.session() as connection:
                await connection.execute("SELECT digest FROM scidex_console.token")
