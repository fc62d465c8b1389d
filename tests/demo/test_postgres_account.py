"""The account that the embedded server runs as is made with whatever the machine has, wherever it lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scidex_console.demo.postgres import account
from scidex_console.demo.postgres.errors import EmbeddedPostgresError


def test_program_is_found_where_the_path_of_a_plain_su_does_not_lead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "sbin/make-account"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho $* > {tmp_path}/asked\necho 'the file is locked' >&2\nexit 10\n")
    program.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "ACCOUNT_NAME", "scidex-of-a-test")
    monkeypatch.setattr(account, "_CREATORS", (("not-there", "-x"), ("make-account", "-y", "name")))
    monkeypatch.setattr(account, "_FOR_ROOT", (str(program.parent),))
    with pytest.raises(EmbeddedPostgresError) as refused:
        account.server_account()
    assert (tmp_path / "asked").read_text() == "-y name\n"
    assert "not-there: not installed" in str(refused.value)
    assert "make-account: the file is locked" in str(refused.value)
