"""`maintain` repacks a real store and records it; not twice at once, and not where writing is off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.locks import FileLock
from scidex_console.cli.main import main
from tests.labs import Lab, make_lab


@pytest.fixture
def lab(tmp_path: Path, database_url: str) -> Lab:
    return make_lab(tmp_path / "lab", database_url, figures=5, artifacts=60)


def run(lab: Lab, *words: str) -> int:
    return main(["--config", str(lab.config), "maintain", *words])


def test_store_is_repacked_and_the_record_says_so(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lab, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    recorded = lab.rows("SELECT bytes, bytes_repacked FROM scidex_console.folder_census")[0]
    assert recorded == {"bytes": said["before_bytes"], "bytes_repacked": said["after_bytes"]}
    assert lab.git("count-objects", "-v").splitlines()[0] == "count: 0", "everything is packed"
    assert run(lab) == 0
    assert "repacked:" in capsys.readouterr().out


def test_only_one_repacks_at_a_time(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lock = FileLock(Checkout.find(lab.store.artifacts).own_dir / "maintain.lock")
    assert lock.take("4711@elsewhere")
    try:
        assert run(lab) == 1
    finally:
        lock.release()
    assert "4711@elsewhere" in capsys.readouterr().err


def test_where_writing_is_off_nothing_is_repacked(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.config.write_text(lab.config.read_text().replace("enabled = true", "enabled = false"))
    assert run(lab) == 1
    assert "writes.enabled" in capsys.readouterr().err


def test_without_its_database_it_repacks_all_the_same(lab: Lab) -> None:
    text = lab.config.read_text()
    lab.config.write_text(text.replace(lab.store.database_url, "postgresql://127.0.0.1:1/nowhere"))
    assert run(lab) == 0
    assert lab.git("count-objects", "-v").splitlines()[0] == "count: 0"
