"""`verify` from the settings: what it needs, what it says when it is missing, and that it changes nothing."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.cli.output import to_json
from scidex_console.domain.errors import SchemaMismatch, SettingError, Unreachable
from scidex_console.settings import DatabaseSettings, Settings
from scidex_console.wiring import verify
from tests.engine.verification.worked_store import settings_of
from tests.worlds import SmallStore, small_store


@pytest.fixture
def store(tmp_path: Path, database_url: str) -> SmallStore:
    return small_store(tmp_path, database_url, figures=2, artifacts=10, with_file=1)


def everything_below(folder: Path) -> Iterator[tuple[str, str, int]]:
    for path in sorted(folder.rglob("*")):
        about = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        yield str(path), content, about.st_mtime_ns


async def test_it_changes_no_file_and_makes_none(store: SmallStore) -> None:
    await SchemaRunner(store.database_url).apply()
    before = list(everything_below(store.outer))
    report = await verify(settings_of(store.database_url, store.outer))
    assert report.holds
    assert list(everything_below(store.outer)) == before


async def test_its_report_is_one_json_document(store: SmallStore) -> None:
    await SchemaRunner(store.database_url).apply()
    report = await verify(settings_of(store.database_url, store.outer))
    document = json.loads(to_json({"invariants": report.invariants}))
    first = document["invariants"][0]
    assert first["name"] == "I1" and first["holds"] is True and first["broken"] == []
    assert first["counted"]["files opened with the expected bytes"] >= 1


async def test_without_a_repository_it_says_which_setting_is_missing(store: SmallStore) -> None:
    settings = Settings(database=DatabaseSettings(url=SecretStr(store.database_url)))
    with pytest.raises(SettingError, match=r"repository\.path is missing"):
        await verify(settings)


async def test_without_a_database_it_says_so(store: SmallStore) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"postgresql://127.0.0.1:{unheard.getsockname()[1]}/scidex"
        with pytest.raises(Unreachable):
            await verify(settings_of(url, store.outer))


async def test_without_our_schema_it_names_the_command_that_applies_it(store: SmallStore) -> None:
    with pytest.raises(SchemaMismatch, match="schema apply"):
        await verify(settings_of(store.database_url, store.outer))
