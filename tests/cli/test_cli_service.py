"""`serve` and `tokens` on the command line."""

from __future__ import annotations

import pytest

from scidex_console.domain.bearers import digest_of
from tests.cli.conftest import Cli
from tests.cli.fakes import FakeServices


def test_serve_listens_where_it_is_told_or_where_the_settings_say(cli: Cli, services: FakeServices) -> None:
    assert cli("serve").code == 0
    assert cli("serve", "--host", "::1", "--port", "80").code == 0
    assert services.called[-2:] == [("service", None, None), ("service", "::1", 80)]
    assert cli("serve", "--port", "99999").code == 2


def test_the_console_in_a_browser_only_watches_unless_it_is_told_otherwise(
    cli: Cli, services: FakeServices
) -> None:
    assert cli("web").code == 0 and cli("web", "--port", "9000", "--write").code == 0
    assert [call[:3] for call in services.called[-2:]] == [("browser", 8766, False), ("browser", 9000, True)]


def test_a_token_is_shown_once_and_only_its_hash_is_kept(cli: Cli, services: FakeServices) -> None:
    made = cli("tokens", "create", "renderer", "--reason", "renders notebooks", "--json")
    token = made.document["token"]
    assert made.code == 0 and services.connected.tokens.digests == [digest_of(token)]
    listed = cli("tokens", "list", "--json")
    assert [each["name"] for each in listed.document["tokens"]] == ["renderer"]
    assert cli("tokens", "list").out.startswith("NAME ")
    assert token not in listed.out and token not in cli("tokens", "list").out
    assert cli("tokens", "create", "renderer", "--reason", "again").code == 1
    assert cli("tokens", "revoke", "renderer", "--reason", "left").code == 0
    assert cli("tokens", "revoke", "renderer", "--reason", "left").code == 1


@pytest.mark.parametrize(
    "words",
    [("create", "renderer"), ("create", "Bad Name", "--reason", "x"), ("create", "a", "--reason", " "), ()],
)
def test_a_token_needs_a_name_and_a_reason(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("tokens", *words).code == 2
