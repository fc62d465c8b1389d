"""What a crawler finds: a sitemap of all addresses, redirects, one canonical address for each artifact."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from scidex_console.adapters.postgres.catalogue import PostgresCatalogue
from scidex_console.domain.errors import Unreachable
from scidex_console.web import sitemap
from scidex_console.web.addresses import artifact_path
from tests.web.conftest import Serving

SPACE = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


def locations(document: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(document).iterfind("*/s:loc", SPACE)]


def test_every_address_of_the_sitemap_leads_to_a_page_that_names_its_canonical_one(
    serving: Serving, client: httpx.Client
) -> None:
    parts = locations(client.get("/sitemap.xml").text)
    addresses = [address for part in parts for address in locations(client.get(part).text)]
    rows = serving.rows("SELECT id, artifact_type FROM artifacts")
    typed = [
        row
        for row in rows
        if row["artifact_type"] in ("figure", "paper_figure", "notebook", "dataset", "model")
    ]
    assert len(addresses) == len(set(addresses)) == len(rows) + len(typed)
    canonical = {f"{serving.url}{artifact_path(row['id'])}" for row in rows}
    assert canonical <= set(addresses)
    for address in addresses:
        answer = client.get(address)
        if address not in canonical:
            assert answer.status_code == 301, address
            answer = client.get(answer.headers["location"])
        assert answer.status_code == 200, address
        named = re.findall(r'<link rel="canonical" href="([^"]+)">', answer.text)
        assert len(named) == 1 and named[0] in canonical
        assert answer.headers["link"] == f'<{named[0]}>; rel="canonical"'


def test_parts_of_the_sitemap_are_whole_and_do_not_overlap(
    serving: Serving, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemap, "PART", 13)
    parts = locations(client.get("/sitemap.xml").text)
    found = [locations(client.get(part).text) for part in parts]
    total = serving.rows("SELECT count(*) AS n FROM artifacts")[0]["n"]
    assert len(parts) == -(-total // 13)
    pages = [address for part in found for address in part if "/artifact/" in address]
    assert len(pages) == len(set(pages)) == total


@pytest.mark.parametrize("prefix", ["figure", "notebook", "dataset", "model"])
def test_an_address_by_type_leads_to_the_canonical_one(
    serving: Serving, client: httpx.Client, prefix: str
) -> None:
    row = serving.one("artifact_type = %s AND artifact_id IS NOT NULL", prefix)
    for handle in (row["id"], row["artifact_id"]):
        answer = client.get(f"/{prefix}/{handle}")
        assert (answer.status_code, answer.headers["location"]) == (301, artifact_path(row["id"]))
    assert client.get(f"/{prefix}/none").status_code == 404


def test_no_id_can_lead_a_redirect_elsewhere(client: httpx.Client) -> None:
    for path in ("/figure//evil.example", "/figure/%2F%2Fevil.example", "/figure/%0d%0aLocation:%20//evil"):
        answer = client.get(path)
        assert answer.status_code == 404 and "location" not in answer.headers


def test_a_sitemap_that_the_database_does_not_give_is_an_error_and_no_empty_sitemap(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> AsyncIterator[Sequence[tuple[str, str]]]:
        raise Unreachable("the database is away")
        yield ()

    monkeypatch.setattr(PostgresCatalogue, "addresses", away)
    answer = client.get("/sitemap.xml?from=a")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "max-age" not in answer.headers["cache-control"]


@pytest.mark.parametrize("first", ["%F0%9F%98%80", "%EF%BF%BE", "%ff", "zzzz"])
def test_a_part_of_the_sitemap_behind_the_last_artifact_is_not_there(
    client: httpx.Client, first: str
) -> None:
    answer = client.get(f"/sitemap.xml?from={first}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_an_id_that_no_address_can_hold_has_its_address_by_uuid(
    serving: Serving, client: httpx.Client
) -> None:
    uuid, other = "0b0e6fe6-3f0a-4a6c-9d5e-5b8c3f7f6d01", "0b0e6fe6-3f0a-4a6c-9d5e-5b8c3f7f6d02"
    long = "long" * 300
    statement = "INSERT INTO artifacts (id, artifact_type, artifact_id) VALUES (%s, 'figure', %s::uuid)"
    for artifact_id, its in ((".", uuid), (long, other), ("..", None)):
        serving.rows(statement, artifact_id, its)
    try:
        parts = locations(client.get("/sitemap.xml").text)
        addresses = [address for part in parts for address in locations(client.get(part).text)]
        for each in (uuid, other):
            canonical = f"{serving.url}/artifact/{each}"
            assert {canonical, f"{serving.url}/figure/{each}"} <= set(addresses)
            assert client.get(f"/artifact/{each}").headers["link"] == f'<{canonical}>; rel="canonical"'
            assert client.get(f"/figure/{each}").headers["location"] == f"/artifact/{each}"
            assert client.get(f"/api/artifacts/{each}").json()["url"] == f"/artifact/{each}"
        assert not [each for each in addresses if each.endswith(("/.", "/..")) or long in each]
    finally:
        serving.rows("DELETE FROM artifacts WHERE id = ANY(%s)", [".", "..", long])
