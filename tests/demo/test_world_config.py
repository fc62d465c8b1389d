"""The configuration a world leaves: what the settings read back from it."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from scidex_console.demo.hosts_process import HostsDescription
from scidex_console.demo.options import DemoOptions, scale_named
from scidex_console.demo.store import StorePlaces
from scidex_console.demo.world_config import AUTHORIZATION, write_config
from scidex_console.domain.errors import UsageError
from scidex_console.settings import ConnectTo, Settings, load_settings


def _written(folder: Path, speed: float) -> Settings:
    hosts = HostsDescription(1, "127.0.0.1", 8080, 8443, folder / "ca.pem", folder / "requests.jsonl", 53)
    file = folder / "config.toml"
    write_config(file, StorePlaces(folder), "postgresql://postgres@/scidex?host=%2Ftmp", hosts, speed)
    return load_settings(file, environ={}, here=folder)


def test_it_leads_to_the_worlds_own_parts(tmp_path: Path) -> None:
    settings = _written(tmp_path, 1)
    assert settings.environment.name == "demo" and not settings.environment.production
    assert settings.database.need_url() == "postgresql://postgres@/scidex?host=%2Ftmp"
    assert settings.repository.path == tmp_path / "scidex" / "data" / "scidex-artifacts"
    assert settings.repository.outer == tmp_path / "scidex"
    assert settings.repository.push
    assert settings.writes.enabled and settings.writes.authorization == AUTHORIZATION
    assert settings.fetch.ca_file == tmp_path / "ca.pem"
    assert settings.fetch.allow_networks == (ip_network("127.0.0.0/8"),)
    assert settings.fetch.allow_ports == (8080, 8443)
    assert settings.fetch.connect_to == (
        ConnectTo("", 80, "127.0.0.1", 8080),
        ConnectTo("", 443, "127.0.0.1", 8443),
    )
    assert "demo@localhost" in settings.fetch.header()


def test_at_speed_one_every_budget_and_wait_is_the_usual_one(tmp_path: Path) -> None:
    settings, usual = _written(tmp_path, 1), Settings()
    world_of_its_own = {"contact", "connect_to", "allow_networks", "allow_ports", "ca_file", "groups"}
    assert settings.fetch.model_dump(exclude=world_of_its_own) == usual.fetch.model_dump(
        exclude=world_of_its_own
    )
    assert settings.fetch.host_groups().configured() == usual.fetch.host_groups().configured()
    watched = {"second_pass_after"}
    assert settings.figures.model_dump(exclude=watched) == usual.figures.model_dump(exclude=watched)
    assert settings.figures.second_pass_after <= timedelta(minutes=3), "nobody watches for a day"


def test_speed_multiplies_budgets_and_shortens_waits(tmp_path: Path) -> None:
    settings = _written(tmp_path, 20)
    budgets = {
        group.name: (group.rate, group.in_flight) for group in settings.fetch.host_groups().configured()
    }
    assert budgets == {"europepmc": (40.0, 4), "ncbi": (40.0, 2)}
    assert (settings.fetch.default_rate, settings.fetch.default_in_flight) == (20.0, 1)
    assert settings.fetch.hold == settings.fetch.breaker_first == timedelta(seconds=3)
    assert settings.figures.back_off == timedelta(seconds=3)
    assert settings.figures.back_off_longest == timedelta(minutes=18)


def test_at_high_speed_a_busy_machine_is_still_not_taken_for_a_silent_host(tmp_path: Path) -> None:
    settings = _written(tmp_path, 500)
    assert settings.fetch.read_timeout == timedelta(seconds=2)
    assert settings.fetch.deadline == timedelta(seconds=10)


@pytest.mark.parametrize("speed", [0.01, 0.3, 7, 1e9])
def test_any_speed_gives_settings_that_can_be_read(tmp_path: Path, speed: float) -> None:
    assert _written(tmp_path, speed).fetch.default_rate == min(speed, 1000)


def test_awkward_folder_names_survive(tmp_path: Path) -> None:
    folder = tmp_path / 'back\\slash "quoted" größe 🧠 \x7f#'
    folder.mkdir()
    assert _written(folder, 1).repository.outer == folder / "scidex"


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_speed_is_one_clear_error(speed: float) -> None:
    with pytest.raises(UsageError, match=r"--speed: .* is no speed; give a number above 0"):
        DemoOptions(speed=speed)


def test_an_unknown_scale_is_one_clear_error() -> None:
    assert scale_named("full").artifacts == 11_667
    with pytest.raises(UsageError, match="there is no scale 'huge'; choose small or full"):
        scale_named("huge")
