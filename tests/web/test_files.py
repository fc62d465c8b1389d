"""Files by name: their bytes, their tags, parts of them, and names that lead nowhere."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from scidex_console.web.addresses import artifact_path
from tests.web.conftest import Serving


@pytest.fixture
def figure(serving: Serving, client: httpx.Client) -> dict[str, str]:
    """A figure of a migrated artifact, as the interface tells of it."""
    row = serving.one("artifact_type = 'figure' AND primary_filename LIKE '%%.png'")
    files = client.get(f"/api{artifact_path(row['id']).replace('artifact', 'artifacts')}").json()["files"]
    return next(file for file in files if file["role"] == "primary")


def test_every_file_has_the_bytes_and_the_hash_it_is_said_to_have(
    serving: Serving, client: httpx.Client
) -> None:
    count = 0
    for row in serving.rows("SELECT id FROM artifacts"):
        address = f"/api{artifact_path(row['id']).replace('artifact', 'artifacts')}/folder"
        for file in client.get(address).json()["files"]:
            answer = client.get(file["url"])
            on_disk = (serving.lab.store.artifacts / file["path"]).read_bytes()
            assert answer.status_code == 200 and answer.content == on_disk
            assert answer.headers["etag"] == f'"{hashlib.sha256(on_disk).hexdigest()}"'
            assert answer.headers["x-content-type-options"] == "nosniff"
            count += 1
    assert count > 60


def test_an_address_with_the_hash_is_kept_for_ever_and_one_without_is_asked_again(
    figure: dict[str, str], client: httpx.Client
) -> None:
    assert f"?v={figure['sha256']}" in figure["url"]
    assert "immutable" in client.get(figure["url"]).headers["cache-control"]
    plain = figure["url"].partition("?")[0]
    assert client.get(plain).headers["cache-control"] == "public, no-cache"
    assert client.get(f"{plain}?v={'0' * 64}").headers["cache-control"] == "public, no-cache"


def test_conditions_and_ranges_are_answered(figure: dict[str, str], client: httpx.Client) -> None:
    whole = client.get(figure["url"])
    tag, size = whole.headers["etag"], len(whole.content)
    same = client.get(figure["url"], headers={"if-none-match": tag})
    assert (same.status_code, same.content) == (304, b"")
    part = client.get(figure["url"], headers={"range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == whole.content[10:20]
    assert part.headers["content-range"] == f"bytes 10-19/{size}"
    behind = client.get(figure["url"], headers={"range": f"bytes={size}-"})
    assert behind.status_code == 416 and behind.headers["content-range"] == f"bytes */{size}"
    assert client.get(figure["url"], headers={"if-match": '"other"'}).status_code == 412
    # A list may stand in several lines; and a part can be had of what is sent only.
    lines = [("if-none-match", '"other"'), ("if-none-match", tag)]
    assert client.get(figure["url"], headers=lines).status_code == 304
    assert client.get(figure["url"], headers=[("if-match", '"other"'), ("if-match", tag)]).status_code == 200
    for headers in ({}, {"range": "bytes=10-19"}):
        head = client.head(figure["url"], headers=headers)
        assert (head.status_code, head.headers["content-length"], head.content) == (200, str(size), b"")


def test_a_large_file_comes_whole_and_in_parts(serving: Serving, client: httpx.Client) -> None:
    row = serving.one("artifact_type = 'dataset' AND primary_filename IS NOT NULL")
    path = (
        serving.lab.store.artifacts
        / row["artifact_dir"].removeprefix("data/scidex-artifacts/")
        / row["primary_filename"]
    )
    before, large = path.read_bytes(), os.urandom(3_000_000)
    path.write_bytes(large)
    try:
        address = f"{artifact_path(row['id'])}/files/{row['primary_filename']}"
        assert client.get(address).content == large
        part = client.get(address, headers={"range": "bytes=1000000-2500000"})
        assert part.content == large[1_000_000:2_500_001]
    finally:
        path.write_bytes(before)


def test_a_download_is_an_attachment_under_the_name_of_the_file(
    figure: dict[str, str], client: httpx.Client
) -> None:
    shown, saved = client.get(figure["url"]), client.get(f"{figure['url']}&download=1")
    assert shown.headers["content-disposition"].startswith("inline")
    assert saved.headers["content-disposition"].startswith(f'attachment; filename="{figure["name"]}"')


def test_a_drawing_or_a_page_of_an_artifact_has_no_rights(serving: Serving, client: httpx.Client) -> None:
    kinds = {"image/svg+xml": 0, "text/html": 0}
    for row in serving.rows("SELECT id FROM artifacts"):
        for file in client.get(f"/api/artifacts/{quote(row['id'], safe='')}").json()["files"]:
            answer = client.head(file["url"])
            policy = answer.headers["content-security-policy"]
            assert "sandbox" in policy and "script" not in policy
            kind = answer.headers["content-type"].partition(";")[0]
            kinds[kind] = kinds.get(kind, 0) + 1
            if kind == "application/octet-stream":
                assert answer.headers["content-disposition"].startswith("attachment")
    assert kinds["image/svg+xml"] and kinds["text/html"] and kinds["application/octet-stream"]


def test_what_a_browser_has_already_gets_no_rights_by_asking_again(
    client: httpx.Client, figure: dict[str, str]
) -> None:
    first = client.get(figure["url"])
    again = client.get(figure["url"], headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304, "its headers take the place of the first answer's"
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]


def test_the_name_a_file_had_before_it_moved_still_leads_to_it(
    serving: Serving, client: httpx.Client
) -> None:
    moved = serving.rows(
        "SELECT o.artifact_id AS id, e.source, e.path FROM scidex_console.operation_entry AS e "
        "JOIN scidex_console.operation AS o ON o.id = e.operation_id WHERE e.role = 'moved'"
    )
    renamed = [m for m in moved if Path(m["source"]).name != Path(m["path"]).name]
    assert len(moved) > 10 and renamed
    for each in moved:
        content = (serving.lab.store.artifacts / each["path"]).read_bytes()
        old = client.get(f"{artifact_path(each['id'])}/files/{quote(Path(each['source']).name)}")
        assert (old.status_code, old.content) == (200, content)
        by_path = client.get(f"/data/scidex-artifacts/{quote(each['source'])}", follow_redirects=True)
        assert (by_path.status_code, by_path.content) == (200, content)


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "%2fetc%2fpasswd", ".git/config",
        "..%5c..%5cx", "%00", "a%00.png", "%ff%fe", "inputs", "accessories", "accessories/", "",
        "manifest.json/", "%ED%A0%80",
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_artifact(serving: Serving, client: httpx.Client, name: str) -> None:
    row = serving.one("artifact_type = 'figure' AND primary_filename IS NOT NULL")
    assert client.get(f"{artifact_path(row['id'])}/files/{name}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2fREADME.md", "%2e%2e/%2e%2e/README.md", "%2fetc%2fpasswd", ".git", ".git/config", "figures",
        ".gitattributes", "figures/..%2f.git%2fHEAD", "figures//x", "%00", "etc/passwd", ".GIT/config",
    ],
)  # fmt: skip
def test_no_legacy_path_leads_out_of_the_repository(client: httpx.Client, path: str) -> None:
    assert client.get(f"/data/scidex-artifacts/{path}").status_code == 404


def test_a_link_in_the_checkout_is_not_followed(
    serving: Serving, client: httpx.Client, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for you")
    row = serving.one("artifact_type = 'figure' AND primary_filename IS NOT NULL")
    folder = serving.lab.store.artifacts / row["artifact_dir"].removeprefix("data/scidex-artifacts/")
    file, aside = folder / row["primary_filename"], tmp_path / "aside"
    file.rename(aside)
    file.symlink_to(secret)
    (serving.lab.store.artifacts / "led_out").symlink_to(tmp_path)
    try:
        address, until = f"{artifact_path(row['id'])}/files/{row['primary_filename']}", time.monotonic() + 10
        while (answer := client.get(address)).status_code == 200 and time.monotonic() < until:
            assert answer.content == aside.read_bytes(), "as it was sent a moment ago, or not at all"
        assert answer.status_code == 404
        assert client.get("/data/scidex-artifacts/led_out/secret.txt").status_code == 404
    finally:
        (serving.lab.store.artifacts / "led_out").unlink()
        file.unlink()
        aside.rename(file)
