"""What the environment says of the session, and which configuration file was named in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.settings import Session, forget_fixed_size, named_file, read_session, used_file


def test_a_session_is_told_by_its_environment() -> None:
    environ = {
        "LOGNAME": "alice",
        "USER": "root",
        "SSH_CONNECTION": "192.0.2.7 51234 192.0.2.1 22",
        "TERM": "xterm-256color",
    }
    assert read_session(environ) == Session("alice", "192.0.2.7", "xterm-256color")
    assert read_session({"USER": "bob", "LOGNAME": ""}) == Session("bob", "", "dumb")


def test_a_size_handed_down_by_a_shell_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "LINES"):
        monkeypatch.setenv(name, "10")
    forget_fixed_size()
    forget_fixed_size()
    with pytest.raises(KeyError):
        monkeypatch.delenv("COLUMNS")


def test_the_option_names_a_file_before_the_environment_does() -> None:
    environ = {"SCIDEX_CONSOLE_CONFIG": "~/other.toml"}
    assert named_file(Path("site.toml"), environ=environ) == Path("site.toml")
    assert named_file(None, environ=environ) == Path("~/other.toml").expanduser()
    assert named_file(None, environ={}) is None


def test_a_file_that_is_only_found_is_used_though_nobody_named_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCIDEX_CONSOLE_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    assert used_file() is None
    (tmp_path / "config.toml").write_text("")
    assert used_file() == tmp_path / "config.toml"
