"""The interface: both handles alike, whole answers, errors as problem documents."""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from scidex_console.web.openapi import description
from scidex_console.web.operations import OPERATIONS
from tests.web.conftest import Serving

FOLDER_FIELDS = {
    "id", "artifact_id", "artifact_dir", "primary_filename", "accessory_filenames", "folder_layout_version",
    "migrated_to_folder_at",
}  # fmt: skip


def about(artifact_id: object, what: str = "") -> str:
    return f"/api/artifacts/{quote(str(artifact_id), safe='')}{what}"


@pytest.mark.parametrize("what", ["", "/folder", "/manifest", "/inputs", "/outputs", "/embed"])
def test_both_handles_are_answered_alike(serving: Serving, client: httpx.Client, what: str) -> None:
    row = serving.one("artifact_id IS NOT NULL AND artifact_type = 'notebook'")
    by_id, by_uuid = client.get(about(row["id"], what)), client.get(about(row["artifact_id"], what))
    assert by_id.status_code == by_uuid.status_code == 200
    assert by_id.content == by_uuid.content
    told = by_id.json()
    assert (told["id"], told["artifact_id"]) == (row["id"], str(row["artifact_id"]))


def test_an_artifact_is_its_row_and_its_files(serving: Serving, client: httpx.Client) -> None:
    row = serving.one("migrated_to_folder_at IS NOT NULL AND artifact_type = 'notebook'")
    told = client.get(about(row["id"])).json()
    assert told.keys() >= FOLDER_FIELDS | {"metadata", "content_hash", "provenance_chain", "files"}
    assert told["artifact_dir"] == row["artifact_dir"] and told["read_from"] == "folder"
    assert [f["name"] for f in told["files"] if f["role"] == "primary"] == [row["primary_filename"]]


def test_an_artifact_is_told_with_every_digit_of_its_numbers(serving: Serving, client: httpx.Client) -> None:
    metadata = '{"average": 0.33333333333333333333, "text": "\\\\u00005"}'
    serving.rows(
        "INSERT INTO artifacts (id, artifact_type, metadata) VALUES ('exact', 'claim', %s)", metadata
    )
    try:
        told = client.get("/api/artifacts/exact").text
    finally:
        serving.rows("DELETE FROM artifacts WHERE id = 'exact'")
    assert json.loads(told, parse_float=str)["metadata"] == json.loads(metadata, parse_float=str)


def test_the_manifest_comes_byte_by_byte(serving: Serving, client: httpx.Client) -> None:
    row = serving.one("migrated_to_folder_at IS NOT NULL")
    folder = row["artifact_dir"].removeprefix("data/scidex-artifacts/")
    answer = client.get(about(row["id"], "/manifest"))
    assert answer.content == (serving.lab.store.artifacts / folder / "manifest.json").read_bytes()
    again = client.get(about(row["id"], "/manifest"), headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_an_artifact_without_a_folder_has_a_manifest_of_its_row(
    serving: Serving, client: httpx.Client
) -> None:
    row = serving.one("migrated_to_folder_at IS NULL")
    told = client.get(about(row["id"], "/manifest")).json()
    assert told["id"] == row["id"] and told["metadata"] == row["metadata"]


def test_links_lead_both_ways(serving: Serving, client: httpx.Client) -> None:
    links = serving.rows(
        "SELECT DISTINCT source_artifact_id AS made, target_artifact_id AS origin FROM artifact_links AS l "
        "JOIN artifacts AS s ON s.id = source_artifact_id JOIN artifacts AS t ON t.id = target_artifact_id "
        "WHERE link_type IN ('derives_from', 'extends')"
    )
    assert links
    for link in links:
        inputs = client.get(about(link["made"], "/inputs")).json()
        assert link["origin"] in [item["id"] for item in inputs["items"]] and inputs["complete"]
        outputs = client.get(about(link["origin"], "/outputs")).json()
        assert link["made"] in [item["id"] for item in outputs["items"]]


def test_a_list_is_paged_by_key_and_each_item_holds_both_handles(
    serving: Serving, client: httpx.Client
) -> None:
    seen: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 9}
    while True:
        page = client.get("/api/artifacts", params=params).json()
        seen += page["items"]
        if page["next"] is None:
            break
        params["after"] = page["next"]
    expected = serving.rows("SELECT id FROM artifacts ORDER BY id")
    assert [item["id"] for item in seen] == [row["id"] for row in expected]
    assert all(item.keys() >= FOLDER_FIELDS for item in seen)


def test_a_list_is_paged_behind_the_longest_ids_that_are_kept(serving: Serving, client: httpx.Client) -> None:
    ids = [f"zzz{number}{secrets.token_hex(1340)}" for number in range(3)]
    for artifact_id in ids:
        serving.rows("INSERT INTO artifacts (id, artifact_type, title) VALUES (%s, 'wide', 'w')", artifact_id)
    try:
        listed: list[str] = []
        after = ""
        while after is not None:
            page = client.get("/api/artifacts", params={"type": "wide", "limit": 1, "after": after})
            assert page.status_code == 200, page.text
            listed += [item["id"] for item in page.json()["items"]]
            after = page.json()["next"]
        assert listed == ids
    finally:
        serving.rows("DELETE FROM artifacts WHERE artifact_type = 'wide'")


def test_a_search_finds_titles_and_ids_and_takes_wildcards_for_themselves(
    serving: Serving, client: httpx.Client
) -> None:
    row = serving.one("artifact_type = 'dataset'")
    for text in (row["title"][9:20].upper(), row["id"]):
        found = client.get("/api/artifacts", params={"q": text, "type": "dataset"}).json()["items"]
        assert row["id"] in [item["id"] for item in found]
    assert client.get("/api/artifacts", params={"q": "%"}).json()["items"] == []
    assert client.get("/api/artifacts", params={"q": "\0"}).json()["items"] == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/artifacts/none", 404),
        ("/api/artifacts/none/folder", 404),
        ("/api/artifacts/%00/manifest", 404),
        ("/api/artifacts?limit=0", 400),
        ("/api/artifacts?limit=many", 400),
        ("/api/artifacts?limit=5&limit=6", 400),
        ("/api/artifacts?has_folder=perhaps", 400),
        (f"/api/artifacts?q={'x' * 201}", 400),
        ("/api/nothing", 404),
    ],
)
def test_what_goes_wrong_is_a_problem_document(client: httpx.Client, address: str, status: int) -> None:
    answer = client.get(address, headers={"accept": "text/html"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status and told["title"] and told["detail"]
    assert told["instance"] == address.partition("?")[0]


def test_the_description_is_of_the_routes_that_there_are(client: httpx.Client) -> None:
    told = client.get("/openapi.json").json()
    assert told == description() and told["openapi"] == "3.1.0"
    assert {(path, method) for path, methods in told["paths"].items() for method in methods} == {
        (operation.path, operation.method.lower()) for operation in OPERATIONS
    }


def test_reads_are_counted_by_way_and_answers_by_kind(serving: Serving, client: httpx.Client) -> None:
    client.get(about(serving.one("migrated_to_folder_at IS NOT NULL")["id"]))
    figures = client.get("/metrics").text
    assert 'scidex_service_requests_total{route="api_artifact",status="200"}' in figures
    assert client.get("/healthz").json() == {"status": "ok"}


def test_the_log_has_no_query_and_no_token(serving: Serving, client: httpx.Client) -> None:
    client.get("/api/artifacts?q=secret-question", headers={"authorization": "Bearer secret-token"})
    client.get("/healthz")  # a line is written after its answer was sent
    line = next(line for line in reversed(serving.log) if line.get("path") == "/api/artifacts")
    assert line["status"] == 200 and line["method"] == "GET"
    assert "secret" not in str(serving.log)
