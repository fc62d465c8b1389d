"""Accessories over HTTP: whose they are, what is taken, and that what is refused leaves nothing behind."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest

from scidex_console.adapters.postgres.database import query
from scidex_console.domain.bearers import digest_of, token_of
from scidex_console.wiring.reading import readers
from tests.conftest import Databases
from tests.labs import Lab, make_lab
from tests.web.conftest import Serving, migrate, served, settings_with

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100
SERVE = """[serve]
accept_accessories = true
accessory_bytes = 2000
writes_per_minute = 1000
patience = "1s"
"""


def make_token(lab: Lab, name: str) -> str:
    token = token_of(secrets.token_urlsafe(32))
    digest = digest_of(token)
    assert digest is not None

    async def keep() -> None:
        async with readers(lab.settings) as connected:
            assert await connected.tokens.create(name, digest, reason="a trial")

    asyncio.run(keep())
    return token


def revoke(lab: Lab, name: str) -> None:
    async def take_back() -> None:
        async with readers(lab.settings) as connected:
            assert await connected.tokens.revoke(name, reason="left")

    asyncio.run(take_back())


def until(condition: Callable[[], bool], *, patience: float = 20.0) -> None:
    for _ in range(round(patience / 0.02)):
        if condition():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not come about")


@dataclass(frozen=True)
class Desk:
    """A service that takes files, and a token for it."""

    serving: Serving
    token: str

    def post(self, artifact_id: str, filename: str, content: Any, **headers: str) -> httpx.Response:
        address = f"/api/artifacts/{quote(artifact_id, safe='')}/accessory"
        with self.serving.client() as client:
            return client.post(
                address,
                params={"filename": filename},
                content=content,
                headers={"authorization": f"Bearer {self.token}"} | headers,
            )

    def state(self) -> tuple[str, list[Any], list[str]]:
        """All that a refused file must leave as it is."""
        lab = self.serving.lab
        rows = lab.rows("SELECT id, accessory_filenames, metadata FROM artifacts ORDER BY id")
        staged = [str(path) for path in lab.store.outer.rglob("*incoming*/*") if path.is_file()]
        return lab.git("rev-parse", "HEAD"), rows, staged


@pytest.fixture(scope="module")
def desk(
    _databases: Databases, _scidex_template: str, tmp_path_factory: pytest.TempPathFactory, _originals: None
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("writing")
    with _databases(_scidex_template) as url:
        folders = '[folders]\nevery = "0s"\ngrace = "0s"\ncycle = 10\nrepack_at_end = false\n'
        lab = make_lab(folder, url, figures=4, artifacts=24, extra=folders)
        migrate(lab, 1)
        with served(lab, settings_with(lab, folder, SERVE)) as serving:
            yield Desk(serving, make_token(lab, "notebook-renderer"))


@pytest.fixture
def moved(desk: Desk) -> str:
    """An artifact with a folder."""
    artifact_id: str = desk.serving.one("migrated_to_folder_at IS NOT NULL")["id"]
    return artifact_id


def test_a_file_comes_into_the_folder_in_git_and_in_the_row(desk: Desk, moved: str) -> None:
    answer = desk.post(moved, "Preview Of It.png", PNG)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["id"], told["created"]) == (moved, True)
    assert told["file"]["sha256"] == hashlib.sha256(PNG).hexdigest() and told["file"]["role"] == "accessory"
    row = desk.serving.one("id = %s", moved)
    assert told["file"]["name"] in row["accessory_filenames"]
    lab = desk.serving.lab
    shown = subprocess.run(
        ["git", "-C", str(lab.store.artifacts), "show", f"{told['commit']}:{told['file']['path']}"],
        capture_output=True,
        check=True,
    )
    assert shown.stdout == PNG
    with desk.serving.client() as client:
        assert client.get(told["file"]["url"]).content == PNG
        assert client.get(answer.headers["location"]).headers["content-type"] == "image/png"
        named = [
            file["name"]
            for file in client.get(f"/api/artifacts/{quote(moved, safe='')}/folder").json()["files"]
        ]
        assert told["file"]["name"] in named
    (batch,) = lab.rows("SELECT id, writer FROM scidex_console.batch WHERE commit_id = %s", told["commit"])
    assert batch["writer"] == "token notebook-renderer"
    audit = lab.rows("SELECT operator FROM scidex_console.audit WHERE batch_id = %s", batch["id"])
    assert any("notebook-renderer" in act["operator"] for act in audit)
    assert any(line.get("token") == "notebook-renderer" for line in desk.serving.log)


def test_the_same_bytes_again_change_nothing(desk: Desk, moved: str) -> None:
    content = PNG + b"again"
    first = desk.post(moved, "again.png", content)
    before = desk.state()
    second = desk.post(moved, "under_another_name.png", content)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["file"] == first.json()["file"] and not second.json()["created"]
    assert desk.state() == before


def test_the_bytes_of_the_primary_file_are_there_already(desk: Desk) -> None:
    row = desk.serving.one("migrated_to_folder_at IS NOT NULL AND primary_filename LIKE %s", "%.png")
    primary = desk.serving.lab.store.outer / row["artifact_dir"] / row["primary_filename"]
    before = desk.state()
    answer = desk.post(row["id"], "copy.png", primary.read_bytes())
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert not told["created"]
    assert (told["file"]["role"], told["file"]["name"]) == ("primary", row["primary_filename"])
    assert desk.state() == before


def test_a_new_file_takes_no_address_from_one_before_it(desk: Desk) -> None:
    row = desk.serving.one("migrated_to_folder_at IS NOT NULL AND primary_filename LIKE %s", "%.png")
    name = row["primary_filename"]
    held = (desk.serving.lab.store.outer / row["artifact_dir"] / name).read_bytes()
    answer = desk.post(row["id"], name, PNG + b"namesake")
    assert answer.status_code == 201, answer.text
    file = answer.json()["file"]
    with desk.serving.client() as client:
        assert client.get(file["url"]).content == PNG + b"namesake"
        for key in (quote(row["id"], safe=""), row["artifact_id"]):
            assert client.get(f"/artifact/{key}/files/{quote(name)}").content == held
        listed = client.get(f"/api/artifacts/{row['artifact_id']}/folder").json()["files"]
        assert [each["url"].partition("?")[0] for each in listed].count(file["url"].partition("?")[0]) == 1


@pytest.mark.parametrize("enabled", [True, False])
def test_a_file_called_as_the_manifest_takes_no_address_from_it_whichever_way_is_read(
    desk: Desk, tmp_path: Path, enabled: bool
) -> None:
    lab = desk.serving.lab
    row = desk.serving.one("migrated_to_folder_at IS NOT NULL AND artifact_type = 'dataset'")
    answer = desk.post(row["id"], "manifest.json", b'{"mine": 1}')
    assert answer.status_code in (200, 201), answer.text
    lab.rows("UPDATE scidex_console.reader_share SET percent = 100")
    settings = settings_with(lab, tmp_path, f"[readers]\nenabled = {str(enabled).lower()}\n")
    with served(lab, settings) as other, other.client() as client:
        about = f"/artifact/{quote(row['id'], safe='')}/files"
        its = (lab.store.outer / row["artifact_dir"] / "manifest.json").read_bytes()
        assert client.get(f"{about}/manifest.json").content == its
        assert client.get(answer.json()["file"]["url"]).content == b'{"mine": 1}'
        files = client.get(f"/api/artifacts/{row['artifact_id']}/folder").json()["files"]
        assert {client.get(each["url"]).status_code for each in files} == {200}
        assert [e["role"] for e in files if e["name"] == "manifest.json"] == ["manifest"] * enabled


def test_the_uuid_is_as_good_as_the_id(desk: Desk) -> None:
    row = desk.serving.one("migrated_to_folder_at IS NOT NULL AND artifact_type = 'figure'")
    answer = desk.post(str(row["artifact_id"]), "notes.md", b"# By its UUID\n")
    assert answer.status_code == 201 and answer.json()["id"] == row["id"]


@pytest.mark.parametrize(
    ("filename", "content", "status"),
    [
        ("a.png", b"GIF89a" + b"0" * 100, 415),
        ("a.png", b"\x89PN", 415),
        ("a.exe", b"MZ" + b"0" * 100, 415),
        ("a.json", b"<html></html>", 415),
        ("a.csv", b"a,b\n\xff\xfe", 415),
        ("a.csv", b"a,b\n\0", 415),
        ("a.html", b"no page", 415),
        (".gitattributes", b"* -text", 422),
        ("../a.png", PNG, 422),
        ("a\nb.png", PNG, 422),
        ("a.png", b"", 422),
        ("", PNG, 400),
        ("x" * 151 + ".png", PNG, 400),
        ("big.png", PNG + b"0" * 2000, 413),
    ],
)
def test_what_is_not_taken_leaves_nothing(
    desk: Desk, moved: str, filename: str, content: bytes, status: int
) -> None:
    before = desk.state()
    answer = desk.post(moved, filename, content)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert status != 400 or "1 to 150 characters" in answer.json()["detail"]
    assert desk.state() == before


def test_a_file_that_turns_out_too_large_while_it_comes_is_refused(desk: Desk, moved: str) -> None:
    before = desk.state()

    def pieces() -> Iterator[bytes]:
        yield PNG
        for _ in range(30):
            yield b"0" * 100

    with suppress(httpx.TransportError):  # it may be closed while we still write
        assert desk.post(moved, "long.png", pieces()).status_code == 413
    assert any(line["status"] == 413 for line in desk.serving.log)
    assert desk.state() == before


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer nonsense", "Basic dTpw", f"Bearer scidex_{'A' * 43}", "Bearer \x01"],
)
def test_without_a_token_that_counts_nothing_is_taken(desk: Desk, moved: str, authorization: str) -> None:
    before = desk.state()
    answer = desk.post(moved, "a.png", PNG, authorization=authorization)
    assert answer.status_code in (400, 401)
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert desk.state() == before


def test_a_revoked_token_counts_no_more(desk: Desk, moved: str) -> None:
    lab = desk.serving.lab
    token = make_token(lab, "leaver")
    revoke(lab, "leaver")
    assert desk.post(moved, "a.png", PNG, authorization=f"Bearer {token}").status_code == 401


def test_a_token_that_is_revoked_while_its_file_waits_for_its_turn_counts_no_more(
    desk: Desk, moved: str
) -> None:
    lab, before = desk.serving.lab, desk.state()
    leaver = Desk(desk.serving, make_token(lab, "leaver-in-between"))
    with psycopg.connect(lab.store.database_url) as another, ThreadPoolExecutor(1) as pool:
        another.execute(query("take_writer_turn"))
        answer = pool.submit(leaver.post, moved, "late.png", PNG + b"late")
        until(lambda: any(not row["granted"] for row in lab.rows(query("list_writers"))))
        revoke(lab, "leaver-in-between")
        another.commit()
        assert answer.result().status_code == 401
    assert answer.result().headers["www-authenticate"].startswith("Bearer")
    assert desk.state() == before


def test_no_such_artifact_and_one_without_a_folder_are_told_apart(desk: Desk) -> None:
    assert desk.post("none", "a.png", PNG).status_code == 404
    row = desk.serving.one("migrated_to_folder_at IS NULL")
    answer = desk.post(row["id"], "a.png", PNG)
    assert answer.status_code == 409
    assert (answer.json()["type"], answer.json()["title"]) == (
        "/problems/no-folder",
        "The artifact has no folder yet",
    )


def test_a_file_that_stops_coming_is_given_up(desk: Desk, moved: str) -> None:
    before = desk.state()

    def stalling() -> Iterator[bytes]:
        yield PNG
        time.sleep(1.5)
        yield b"0"

    with suppress(httpx.TransportError):  # it may be closed while we still write
        assert desk.post(moved, "slow.png", stalling()).status_code == 408
    assert any(line["status"] == 408 for line in desk.serving.log)
    assert desk.state() == before


def test_neither_tokens_nor_their_hashes_are_in_the_log(desk: Desk) -> None:
    assert desk.token not in str(desk.serving.log)
    columns = desk.serving.rows("SELECT name, created_by FROM scidex_console.token")
    assert columns and desk.token not in str(columns)


def test_a_service_that_only_reads_takes_nothing(serving: Serving, client: httpx.Client) -> None:
    row = serving.one("migrated_to_folder_at IS NOT NULL")
    answer = client.post(f"/api/artifacts/{quote(row['id'], safe='')}/accessory?filename=a.png", content=PNG)
    assert answer.status_code == 401
    token = make_token(serving.lab, "reader")
    answer = client.post(
        f"/api/artifacts/{quote(row['id'], safe='')}/accessory?filename=a.png",
        content=PNG,
        headers={"authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 403


def test_too_many_writes_are_told_when_to_come_again(desk: Desk, moved: str, tmp_path: Path) -> None:
    lab = desk.serving.lab
    few = SERVE.replace("writes_per_minute = 1000", "writes_per_minute = 2")
    with served(lab, settings_with(lab, tmp_path, few)) as serving:
        other = Desk(serving, desk.token)
        answers = [other.post(moved, "a.exe", b"x") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [415, 415, 429]
        assert 0 < int(answers[2].headers["retry-after"]) <= 30
        wrong = [other.post(moved, "a.png", PNG, authorization="Bearer x").status_code for _ in range(3)]
        assert wrong == [401, 401, 429]
        right = Desk(serving, make_token(lab, "another-renderer")).post(moved, "a.exe", b"x")
        assert right.status_code == 415, "the wrong tokens of others lock nobody out"
