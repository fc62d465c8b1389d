"""Defaults, then one file, then the environment; and which file."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import platformdirs
import pytest

from scidex_console.domain.errors import SettingError
from scidex_console.settings import ConnectTo, Settings, load_settings


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def user_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's configuration is looked for in this test."""
    folder = tmp_path / "user"
    monkeypatch.setattr(platformdirs, "user_config_path", lambda name: folder / name)
    return folder / "scidex-console"


@pytest.fixture
def here(tmp_path: Path, user_folder: Path) -> Path:
    """An empty current folder, with no configuration of a user behind it."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def test_without_a_file_the_defaults_hold(here: Path) -> None:
    assert load_settings(environ={}, here=here) == Settings()


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(here: Path) -> None:
    write(here / "config.toml", "[batch]\nfiles = 7\nmarks = 8\n")
    settings = load_settings(environ={"SCIDEX_CONSOLE__BATCH__FILES": "9"}, here=here)
    assert (settings.batch.files, settings.batch.marks) == (9, 8)
    assert settings.figures == Settings().figures


def test_the_first_file_found_is_the_only_one_read(here: Path, user_folder: Path) -> None:
    given = write(here / "given.toml", "[batch]\nfiles = 1\n")
    named = write(here / "named.toml", "[batch]\nfiles = 2\n")
    environ = {"SCIDEX_CONSOLE_CONFIG": str(named)}
    write(user_folder / "config.toml", "[batch]\nfiles = 4\nmarks = 4\n")
    assert load_settings(environ={}, here=here).batch.files == 4
    write(here / "config.toml", "[batch]\nfiles = 3\n")
    assert load_settings(environ={}, here=here).batch.files == 3
    assert load_settings(environ=environ, here=here).batch.files == 2
    settings = load_settings(given, environ=environ, here=here)
    assert (settings.batch.files, settings.batch.marks) == (1, 100)


def test_a_relative_path_belongs_to_the_folder_of_its_file(here: Path) -> None:
    file = write(here / "etc" / "scidex.toml", '[repository]\npath = "store"\nouter = "/outer"\n')
    settings = load_settings(file, environ={}, here=here)
    assert settings.repository.path == here / "etc" / "store"
    assert settings.repository.outer == Path("/outer")


def test_an_empty_path_is_none(here: Path) -> None:
    write(here / "config.toml", '[repository]\npath = ""\n[fetch]\nca_file = ""\n')
    settings = load_settings(environ={}, here=here)
    assert settings.repository.path is None and settings.fetch.ca_file is None


def test_a_path_of_home_is_expanded(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/operator")
    write(here / "config.toml", '[repository]\npath = "~/store"\n')
    assert load_settings(environ={}, here=here).repository.path == Path("/home/operator/store")


def test_variables_hold_text_as_it_is_and_everything_else_as_in_toml(here: Path) -> None:
    settings = load_settings(
        environ={
            "SCIDEX_CONSOLE__ENVIRONMENT__NAME": "12",
            "SCIDEX_CONSOLE__WRITES__ENABLED": "true",
            "SCIDEX_CONSOLE__WRITES__AUTHORIZATION": "CR-1",
            "SCIDEX_CONSOLE__FIGURES__BACK_OFF": "1h30m",
            "SCIDEX_CONSOLE__FETCH__DEFAULT_RATE": "2",
            "SCIDEX_CONSOLE__FETCH__ALLOW_PORTS": "[8080, 8443]",
            "SCIDEX_CONSOLE__FETCH__ALLOW_NETWORKS": '["127.0.0.0/8", "::1/128"]',
            "SCIDEX_CONSOLE__FETCH__CONNECT_TO": '[":443:[::1]:8443"]',
            "SCIDEX_CONSOLE__FETCH__GROUPS": '[{name = "ncbi", rate = 1}]',
            "OTHER__THING": "x",
        },
        here=here,
    )
    assert settings.environment.name == "12"
    assert settings.writes.enabled and settings.writes.authorization == "CR-1"
    assert settings.figures.back_off == timedelta(minutes=90)
    assert settings.fetch.default_rate == 2.0
    assert settings.fetch.allow_ports == (8080, 8443)
    assert settings.fetch.allow_networks == (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert settings.fetch.connect_to == (ConnectTo("", 443, "::1", 8443),)
    assert [str(target) for target in settings.fetch.connect_to] == [":443:[::1]:8443"]
    assert settings.fetch.groups[0].name == "ncbi"


def test_made_directly_settings_read_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here / "config.toml", "[batch]\nfiles = 7\n")
    monkeypatch.chdir(here)
    monkeypatch.setenv("SCIDEX_CONSOLE__BATCH__FILES", "9")
    assert Settings().batch.files == 100


def test_json_of_settings_can_be_read_again(here: Path) -> None:
    write(here / "config.toml", '[figures]\nback_off = "1h30m5s"\n[fetch]\nhold = "1500ms"\n')
    settings = load_settings(environ={}, here=here)
    again = Settings.model_validate_json(settings.model_dump_json(exclude={"database": {"url"}}))
    assert again == settings


@pytest.mark.parametrize(
    ("text", "enabled"), [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)]
)
def test_the_flag_of_readers_goes_before_everything_else(here: Path, text: str, enabled: bool) -> None:
    write(here / "config.toml", f"[readers]\nenabled = {str(not enabled).lower()}\n")
    environ = {
        "ARTIFACT_FOLDER_READERS_ENABLED": text,
        "SCIDEX_CONSOLE__READERS__ENABLED": str(not enabled).lower(),
    }
    assert load_settings(environ=environ, here=here).readers.enabled is enabled
    assert (
        load_settings(environ={"ARTIFACT_FOLDER_READERS_ENABLED": ""}, here=here).readers.enabled
        is not enabled
    )


def test_a_flag_that_is_none_is_named_by_its_variable(here: Path) -> None:
    with pytest.raises(SettingError, match=r"\$ARTIFACT_FOLDER_READERS_ENABLED"):
        load_settings(environ={"ARTIFACT_FOLDER_READERS_ENABLED": "sometimes"}, here=here)
