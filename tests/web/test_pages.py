"""Pages for people: without scripts, the same under either handle, of use where nothing is found."""

from __future__ import annotations

import re

import httpx
import pytest

from scidex_console.web.addresses import artifact_path
from tests.web.conftest import Serving

SCRIPT = "<script>alert(1)</script>"


def test_every_artifact_has_its_page_with_and_without_a_folder(
    serving: Serving, client: httpx.Client
) -> None:
    rows = serving.rows("SELECT id, title, migrated_to_folder_at AS moved FROM artifacts")
    assert {bool(row["moved"]) for row in rows} == {True, False}
    for row in rows:
        page = client.get(artifact_path(row["id"]))
        assert page.status_code == 200, row["id"]
        canonical = f"{serving.url}{artifact_path(row['id'])}"
        assert page.headers["link"] == f'<{canonical}>; rel="canonical"'
        assert f'<link rel="canonical" href="{canonical}">' in page.text
        assert "<script" not in page.text


def test_the_uuid_leads_to_the_very_same_page(serving: Serving, client: httpx.Client) -> None:
    row = serving.one("artifact_id IS NOT NULL")
    by_id, by_uuid = client.get(artifact_path(row["id"])), client.get(f"/artifact/{row['artifact_id']}")
    assert by_uuid.text == by_id.text
    assert by_uuid.headers["link"] == by_id.headers["link"]
    assert client.get(f"/artifact/{str(row['artifact_id']).upper()}").status_code == 200


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        ("artifact_type = 'figure' AND primary_filename IS NOT NULL", "<img src="),
        ("artifact_type = 'dataset' AND primary_filename IS NOT NULL", '<table class="data">'),
        ("artifact_type = 'notebook' AND cardinality(accessory_filenames) > 0", "<iframe"),
        ("artifact_type = 'hypothesis'", "This artifact has no file"),
    ],
)
def test_a_page_shows_its_artifact_by_its_type(
    serving: Serving, client: httpx.Client, condition: str, shown: str
) -> None:
    page = client.get(artifact_path(serving.one(condition)["id"]))
    assert shown in page.text


def test_a_rendered_notebook_stands_in_a_frame_without_rights(serving: Serving, client: httpx.Client) -> None:
    row = serving.one("artifact_type = 'notebook' AND cardinality(accessory_filenames) > 0")
    page = client.get(artifact_path(row["id"]))
    frame = re.search(r'<iframe class="page" src="([^"]+)" sandbox title', page.text)
    assert frame is not None
    framed = client.get(frame[1])
    assert framed.headers["content-type"] == "text/html; charset=utf-8"
    policy = framed.headers["content-security-policy"]
    assert "sandbox" in policy and "default-src 'none'" in policy and "allow-scripts" not in policy


def test_a_notebook_without_a_rendered_page_is_rendered_from_its_cells(
    serving: Serving, client: httpx.Client
) -> None:
    found = [row["id"] for row in serving.rows("SELECT id FROM artifacts WHERE artifact_type = 'notebook'")]
    pages = [client.get(artifact_path(artifact_id)).text for artifact_id in found]
    assert any('<div class="notebook">' in page for page in pages)


def test_inputs_and_outputs_are_drawn_and_listed(serving: Serving, client: httpx.Client) -> None:
    (link,) = serving.rows(
        "SELECT source_artifact_id AS made, target_artifact_id AS origin FROM artifact_links "
        "WHERE link_type = 'derives_from' AND EXISTS (SELECT FROM artifacts WHERE id = target_artifact_id) "
        "AND EXISTS (SELECT FROM artifacts WHERE id = source_artifact_id) LIMIT 1"
    )
    page = client.get(artifact_path(link["made"])).text
    assert '<svg class="graph"' in page and page.count(artifact_path(link["origin"])) >= 2
    assert artifact_path(link["made"]) in client.get(artifact_path(link["origin"])).text


def test_what_an_artifact_says_of_itself_is_shown_and_never_obeyed(
    serving: Serving, client: httpx.Client
) -> None:
    hostile = 'x"/><svg onload=alert(1)>\r\nSet-Cookie: a=b'
    serving.rows(
        "INSERT INTO artifacts (id, artifact_type, title, metadata) VALUES (%s, %s, %s, %s::jsonb)",
        hostile, f"figure{SCRIPT}", SCRIPT, '{"<b>key</b>": "<script>alert(2)</script>"}',
    )  # fmt: skip
    try:
        page = client.get(artifact_path(hostile))
        assert page.status_code == 200 and "set-cookie" not in page.headers
        assert "<script" not in page.text and "<svg onload" not in page.text and "<b>key" not in page.text
        assert page.text.count("&lt;script&gt;") >= 3
        embed = client.get(f"/api/artifacts{artifact_path(hostile).removeprefix('/artifact')}/embed").json()
        assert "<script" not in embed["html"]
        assert "<script" not in client.get("/", params={"q": "script"}).text
    finally:
        serving.rows("DELETE FROM artifacts WHERE id = %s", hostile)


def test_an_unknown_id_gets_a_page_that_helps(serving: Serving, client: httpx.Client) -> None:
    row = serving.one("artifact_type = 'dataset' AND length(id) > 12")
    page = client.get(f"/artifact/{row['id'][:-1]}")
    assert page.status_code == 404
    assert "No artifact has this id" in page.text and artifact_path(row["id"]) in page.text
    assert client.get("/artifact/%00").status_code == 404
    assert client.get("/artifact/%ED%A0%80").status_code == 404
    assert client.get(f"/artifact/{'x' * 3000}").status_code == 404


def test_a_search_is_paged_to_its_end_without_skipping(serving: Serving, client: httpx.Client) -> None:
    assert client.get("/").text.count('<li><a href="/artifact/') == 50
    seen: list[str] = []
    address = "/?type=figure&limit=4"
    while address:
        page = client.get(address)
        seen += re.findall(r'<li><a href="/artifact/([^"]+)">', page.text)
        more = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = more[1].replace("&amp;", "&") + "&limit=4" if more else ""
    total = serving.rows("SELECT count(*) AS n FROM artifacts WHERE artifact_type = 'figure'")[0]["n"]
    assert len(seen) == len(set(seen)) == total


def test_every_answer_forbids_sniffing_and_scripts(serving: Serving, client: httpx.Client) -> None:
    figure = artifact_path(serving.one("artifact_type = 'figure'")["id"])
    for address in (
        "/",
        figure,
        "/artifact/none",
        "/api/artifacts",
        "/openapi.json",
        "/nowhere",
        "/style.css",
    ):
        answer = client.get(address)
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src" not in policy


def test_wrong_addresses_are_told_to_people_and_to_programs(client: httpx.Client) -> None:
    person = client.get("/nowhere", headers={"accept": "text/html"})
    assert person.status_code == 404 and person.headers["content-type"].startswith("text/html")
    program = client.get("/nowhere")
    assert program.headers["content-type"] == "application/problem+json"
    assert client.get(program.json()["type"]).status_code == 200
    assert client.post("/").status_code == 405
