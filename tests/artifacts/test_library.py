"""The public library: from registration to the commit, and everything a writer may get wrong."""

from __future__ import annotations

import json
import math
import os
import uuid
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from scidex_console.artifacts import ArtifactStore, ConsoleError
from scidex_console.domain.errors import Refused, UnsafePath, UsageError
from tests.crash.folder_checks import assert_verified
from tests.engine.artifacts.writing import new_row, row
from tests.labs import Lab


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_artifact_is_registered_committed_and_found_again(
    lab: Lab, store: ArtifactStore, tmp_path: Path
) -> None:
    made = store.register_artifact(
        "notebook", title="Vasodilators", filename="Vasodilator response (AD).ipynb", metadata={"k": 1}
    )
    assert made.id == f"notebook-{made.id.removeprefix('notebook-')}" and uuid.UUID(made.id[9:]).version == 4
    assert made.artifact_id is not None and uuid.UUID(made.artifact_id).version == 4
    assert made.artifact_dir == f"data/scidex-artifacts/{made.artifact_id}"
    assert (made.primary_filename, made.folder) == ("vasodilator_response_ad.ipynb", None)
    assert store.get_capsule_manifest(made.id)["metadata"] == {"k": 1}

    paths = [_file(tmp_path, "Vasodilator response (AD).ipynb", b"{}"), _file(tmp_path, "höhe.csv", b"a,b")]
    done = store.commit_artifact(artifact_id=made.artifact_id, paths=paths, reason="a trial")
    assert done.added == ("vasodilator_response_ad.ipynb", "accessories/hohe.csv")
    by_id, by_uuid = store.resolve_artifact(made.id), store.resolve_artifact(made.artifact_id.upper())
    assert by_id == by_uuid and by_id.migrated_to_folder_at is not None
    assert by_id.primary_path is not None and by_id.primary_path.read_bytes() == b"{}"
    assert [path.read_bytes() for path in by_id.accessory_paths] == [b"a,b"]
    assert store.get_capsule_manifest(made.id) == json.loads((by_id.folder / "manifest.json").read_bytes())  # type: ignore[operator]
    assert all(path.exists() for path in paths), "the writer's own files stay"

    again = store.commit_artifact(artifact_id=made.id, paths=paths)
    assert (again.added, again.batch, again.files) == ((), None, done.files)
    (audit,) = lab.rows("SELECT * FROM scidex_console.audit WHERE action = 'batch:apply'")
    assert (audit["operator"], audit["reason"], audit["authorization_ref"]) == ("trial", "a trial", "tiny 1")
    assert (
        lab.git("log", "--first-parent", "--format=%s", "-1")
        == f"folders: commit 1 artifact (batch {done.batch})\n"
    )
    assert lab.rows("SELECT 1 FROM scidex_console.commit_failure") == []
    assert_verified(lab)


def test_resolving_is_counted_as_the_first_of_the_readers(lab: Lab, tmp_path: Path) -> None:
    lab.rows("UPDATE scidex_console.reader_share SET percent = 100 WHERE reader = 'resolve'")
    settings = lab.settings.model_copy(
        update={"readers": lab.settings.readers.model_copy(update={"enabled": True})}
    )
    with ArtifactStore.open(settings, name="trial", wait_s=60) as store:
        made = store.register_artifact("figure")
        store.commit_artifact(artifact_id=made.id, paths=[_file(tmp_path, "a.png", b"a")])
        for key in (made.id, made.artifact_id or "", store.register_artifact("claim").id):
            store.resolve_artifact(key)
        with pytest.raises(Refused):
            store.resolve_artifact("none")
    assert lab.rows(
        "SELECT reader, source, fell_back, sum(n)::int AS n FROM scidex_console.read_minute"
        " GROUP BY 1, 2, 3 ORDER BY 2"
    ) == [
        {"reader": "resolve", "source": "database", "fell_back": False, "n": 1},
        {"reader": "resolve", "source": "folder", "fell_back": False, "n": 2},
    ]


def test_what_a_writer_gets_wrong_is_said_recorded_and_changes_nothing(
    lab: Lab, store: ArtifactStore, tmp_path: Path
) -> None:
    good = _file(tmp_path, "plot.png", b"a plot")
    artifact = store.register_artifact("figure", filename="plot.png", content_hash="0" * 64)
    link, pipe = tmp_path / "link.png", tmp_path / "pipe.png"
    link.symlink_to(good)
    os.mkfifo(pipe)
    head = lab.git("rev-parse", "HEAD")

    def refused(kind: type[ConsoleError], words: str, artifact_id: str, *paths: Path, **more: str) -> None:
        with pytest.raises(kind, match=words) as raised:
            store.commit_artifact(artifact_id=artifact_id, paths=paths, **more)
        assert raised.value.where and raised.value.fix

    refused(UsageError, "needs the id", "", good)
    with pytest.raises(UsageError, match="no artifact type"):
        store.register_artifact("Figure/../x")
    for held in ({"p": math.nan}, {"seen": {1}}, {"text": "half \ud800"}, {"n": 10**5000}):
        with pytest.raises(UsageError, match="no row can hold this") as raised:
            store.register_artifact("figure", metadata=held)
        assert raised.value.where == "metadata"
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("metadata", {"metadata": {"seen": {(1, 2): 3}}}),
        ("metadata", {"metadata": {"seen": MappingProxyType({})}}),
        ("metadata", {"metadata": ["a", "b"]}),
        ("metadata", {"metadata": "text"}),
        ("filename", {"filename": good}),
        ("title", {"title": 5}),
        ("content_hash", {"content_hash": b"5"}),
        ("artifact_type", {"artifact_type": None}),
    ]
    for where, given in wrong:
        with pytest.raises(UsageError) as raised:
            store.register_artifact(**{"artifact_type": "figure", **given})
        assert raised.value.where == where and raised.value.fix
    for ask in (store.resolve_artifact, store.get_capsule_manifest):
        with pytest.raises(UsageError):
            ask(None)  # type: ignore[arg-type]
    careless: list[tuple[str, dict[str, Any]]] = [
        ("paths", {"paths": None}),
        ("paths", {"paths": str(good).encode()}),
        ("paths", {"paths": [None]}),
        ("friendly_name", {"friendly_name": 5}),
        ("reason", {"reason": None}),
    ]
    for where, given in careless:
        with pytest.raises(UsageError) as raised:
            store.commit_artifact(**{"artifact_id": artifact.id, "paths": [good], **given})
        assert raised.value.where == where and raised.value.fix
    refused(Refused, "no such artifact", "figure-unknown", good)
    refused(Refused, "no such artifact", "figure-\0", good)
    refused(Refused, "no such artifact", str(uuid.uuid4()), good)
    refused(Refused, "cannot be read", artifact.id, tmp_path / "missing.png")
    refused(Refused, "no regular file", artifact.id, tmp_path)
    refused(Refused, "no regular file", artifact.id, pipe)
    refused(UnsafePath, "symbolic link", artifact.id, link)
    refused(Refused, "content_hash of its row is 0000", artifact.id, good)
    refused(Refused, "no primary file was given", artifact.id)
    named = store.register_artifact("figure", filename="plot.png")
    refused(Refused, "would make it other.png", named.id, good, friendly_name="other")
    with pytest.raises(UsageError, match="a list of files"):
        store.commit_artifact(artifact_id=named.id, paths=str(good))
    kinds = lab.rows("SELECT kind, reason, job FROM scidex_console.commit_failure ORDER BY id")
    assert [row["kind"] for row in kinds] == ["Refused"] * 6 + ["UnsafePath"] + ["Refused"] * 3
    assert kinds[0]["reason"].startswith("figure-unknown: trial: there is no such artifact")
    assert {row["job"] for row in kinds} == {"artifacts"}
    assert lab.git("rev-parse", "HEAD") == head
    assert lab.rows("SELECT 1 FROM scidex_console.batch") == []

    other = store.register_artifact("figure")
    store.commit_artifact(
        artifact_id=other.id, paths=[good], friendly_name="../../Etc/Passwd.PNG", reason="half \ud800"
    )
    assert row(lab, other.id)["primary_filename"] == "etc_passwd.png"
    refused(Refused, "other bytes", other.id, _file(tmp_path, "new.png", b"another plot"))
    assert_verified(lab)


def test_manifest_the_legacy_way_is_read_inside_the_repository_or_made_of_the_row(
    lab: Lab, store: ArtifactStore, tmp_path: Path
) -> None:
    checkout, secret = lab.store.artifacts, _file(tmp_path, "secret.json", b'{"secret": 1}')
    (checkout / "capsules").mkdir()
    _file(checkout / "capsules", "good.json", b'{"good": 1}')
    _file(checkout / "capsules", "deep.json", b'{"a":' * 20_000 + b"1" + b"}" * 20_000)
    (checkout / "capsules" / "link.json").symlink_to(secret)
    (checkout / "linked").symlink_to(tmp_path)

    def told(named: str) -> dict[str, Any]:
        made = store.register_artifact("capsule", title=named, metadata={"manifest_path": named})
        return store.get_capsule_manifest(made.id)

    assert told("capsules/good.json") == told("data/scidex-artifacts/capsules/good.json") == {"good": 1}
    for named in (
        "capsules/link.json", "linked/secret.json", "../../secret.json", str(secret), ".git/config", ".",
        "capsules/deep.json", "capsules/none.json", "x" * 5000,
    ):  # fmt: skip
        assert told(named)["title"] == named


def test_row_of_which_no_manifest_can_be_made_is_named(lab: Lab, store: ArtifactStore) -> None:
    made = store.register_artifact("capsule")
    for metadata in ("null", "[1]", '{"a":' * 1000 + "1" + "}" * 1000):
        lab.rows("UPDATE artifacts SET metadata = %s::jsonb WHERE id = %s", metadata, made.id)
        with pytest.raises(Refused, match="manifest") as raised:
            store.get_capsule_manifest(made.id)
        assert (raised.value.where, raised.value.fix) == (made.id, "mend the row")


def test_file_that_lies_in_its_folder_already_keeps_its_name_and_place(
    lab: Lab, store: ArtifactStore
) -> None:
    artifact = store.register_artifact("dataset")
    assert artifact.artifact_id is not None
    folder = lab.store.artifacts / artifact.artifact_id
    (folder / "accessories").mkdir(parents=True)
    primary = _file(folder, "My Data.CSV", b"1,2")
    schema = _file(folder / "accessories", "My Data.schema.json", b"{}")
    done = store.commit_artifact(artifact_id=artifact.id, paths=[primary, schema])
    assert (done.primary_filename, done.accessory_filenames) == ("My Data.CSV", ("My Data.schema.json",))
    assert_verified(lab)


def test_row_of_the_database_alone_gets_its_manifest_and_later_its_files(
    lab: Lab, store: ArtifactStore, tmp_path: Path
) -> None:
    artifact = store.register_artifact("hypothesis", title="It works")
    assert store.commit_artifact(artifact_id=artifact.id, paths=[]).files == ()
    done = store.add_accessories(artifact_id=artifact.id, paths=[_file(tmp_path, "notes.md", b"# notes")])
    assert done.accessory_filenames == ("notes.md",) and done.primary_filename is None
    again = store.commit_artifact(artifact_id=artifact.id, paths=[_file(tmp_path, "claim.md", b"# claim")])
    assert again.primary_filename == "claim.md"
    assert_verified(lab)


def test_row_made_the_old_way_is_left_to_the_backfill(lab: Lab, store: ArtifactStore, tmp_path: Path) -> None:
    old = new_row(lab, metadata={"figure_path": "README.md"})
    with pytest.raises(Refused, match=r"git has a file that its row names already: README\.md"):
        store.commit_artifact(artifact_id=old, paths=[_file(tmp_path, "x.md", b"x")])


def test_store_that_only_observes_reads_and_writes_nothing(lab: Lab) -> None:
    artifact = new_row(lab, title="There")
    settings = lab.settings.model_copy(
        update={"writes": lab.settings.writes.model_copy(update={"enabled": False})}
    )
    with ArtifactStore.open(settings) as store:
        assert store.resolve_artifact(artifact).title == "There"
        with pytest.raises(Refused, match="only observes"):
            store.register_artifact("figure")
        with pytest.raises(Refused, match="only observes"):
            store.commit_artifact(artifact_id=artifact, paths=[])
    with pytest.raises(Refused, match="closed"):
        store.resolve_artifact(artifact)
