"""Files that are not what they should be: nothing is moved that is not certain, and the log says why."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from scidex_console.domain.batches import OperationState
from tests.crash.folder_checks import assert_as_before, assert_folders_sound, assert_verified, look
from tests.engine.folders.tiny import (
    SUBMODULE,
    Content,
    Link,
    Row,
    Script,
    row_of,
    sha256,
    tiny_lab,
)
from tests.engine.folders.trial import held, states
from tests.labs import Lab

LINE_BREAK = "figures/line\nbreak.png"
BIG = b"\x89HDF" + b"weights" * 1000


def pointer(content: bytes, *, oid: str = "") -> bytes:
    """What git holds of a file kept by Git LFS."""
    said = oid or sha256(content)
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{said}\nsize {len(content)}\n".encode()


FILES: dict[str, Content] = {
    "figures/good.png": b"good",
    "figures/Twin.png": b"one",
    "figures/twin.png": b"two",
    "figures/link.png": Link("good.png"),
    "figures/linked": Link("../datasets"),
    "figures/tool.sh": Script(b"#!/bin/sh\n"),
    "figures/empty.png": b"",
    "figures/same_1.png": b"same bytes",
    "figures/same_2.png": b"same bytes",
    "figures/a b [c] (d)  .png": b"blanks",
    "figures/größe_データ.png": "größe".encode(),
    "figures/-n.png": b"hyphen",
    'figures/"quoted"\\n.png': b"quoted",
    "figures/tab\there.png": b"tab",
    LINE_BREAK: b"line",
    f"figures/{'n' * 251}.png": b"long",
    "figures/many.dots.in.a.name.tar.gz": b"dots",
    "datasets/in.csv": b"a,b\n",
    "models/good.h5": pointer(BIG),
    "models/bad.h5": pointer(BIG, oid="0" * 64),
    "models/smudged.h5": pointer(BIG),
    "notebooks/run.ipynb": b"{}",
    "notebooks/run.html": b"<html></html>",
}
NAMED = [path for path in FILES if path.startswith("figures/") and isinstance(FILES[path], bytes | Script)]
MOVABLE = [path for path in NAMED if path.lower() != "figures/twin.png" and path != LINE_BREAK]


def of(path: str) -> str:
    """The artifact that names a file."""
    return f"of {path}"


def rows() -> list[Row]:
    ours = [row_of(of(path), path) for path in NAMED]
    model = {"artifact_type": "model", "content_hash": sha256(BIG)}
    return [
        *ours,
        row_of(
            "mismatch", "figures/good.png", metadata={"file_sha256": sha256(b"else"), "file_size_bytes": 4}
        ),
        row_of("missing", "figures/never.png", content=b"gone"),
        Row("nothing", "hypothesis", title="only a thought"),
        Row("no type", title="nobody said what it is"),
        row_of("link", "figures/link.png"),
        row_of("through a link", "figures/linked/in.csv"),
        row_of("climbing", "../../../etc/passwd"),
        Row("absolute", metadata={"figure_path": "/etc/passwd"}),
        row_of("in git", ".git/config"),
        row_of("not in git", "figures/untracked.png"),
        row_of("lfs", "models/good.h5", **model),
        row_of("lfs wrong", "models/bad.h5", **model),
        row_of("lfs smudged", "models/smudged.h5", **model),
        row_of("notebook", "notebooks/run.ipynb", artifact_type="notebook"),
        row_of("whole type", "figures"),
    ]


QUARANTINED = {
    "link",
    "through a link",
    "climbing",
    "absolute",
    "in git",
    "whole type",
    of(LINE_BREAK),
    of("figures/Twin.png"),
    of("figures/twin.png"),
}


@pytest.fixture
async def awkward(tmp_path: Path, scidex_database: str) -> Lab:
    links = [("notebook", "lfs"), ("nothing", "notebook"), ("notebook", of("figures/good.png"))]
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, FILES, rows(), links=links)
    lab.rows("UPDATE artifacts SET artifact_type = NULL WHERE id = 'no type'")
    (lab.store.artifacts / "figures/untracked.png").write_bytes(b"not in git")
    # As with a Git LFS that has fetched the file: git knows it as unchanged.
    lab.git(
        "config", "filter.lfs.clean", "head -c 0 >/dev/null; cat >/dev/null; cat ../../../smudged.pointer"
    )
    (tmp_path / "smudged.pointer").write_bytes(pointer(BIG))
    (lab.store.artifacts / "models/smudged.h5").write_bytes(BIG)
    lab.git("update-index", "--assume-unchanged", "models/smudged.h5")
    return lab


async def test_every_kind_of_file_gets_its_folder_or_a_reason(awkward: Lab) -> None:
    lab = awkward
    before = look(lab)
    async with held(lab) as trial:
        batch = await trial.cycle()
        assert batch is not None
        words = {row["id"]: trial.words(row["id"])[-1] for row in lab.rows("SELECT id FROM artifacts")}
        assert {i for i, word in words.items() if word == "quarantined"} == QUARANTINED
        assert {i for i, word in words.items() if word == "hash_mismatch"} == {"mismatch", "lfs wrong"}
        assert {i for i, word in words.items() if word == "error"} == {"not in git"}
        others = set(words) - QUARANTINED - {"mismatch", "lfs wrong", "not in git"}
        assert {i for i, word in words.items() if word == "success"} == others == trial.migrated()
        assert_folders_sound(lab, before, settled=False)

        (said,) = trial.log("mismatch")
        assert said["errors"]["expected_sha256"] == sha256(b"else")
        assert said["errors"]["actual_sha256"] == sha256(b"good")
        assert said["errors"]["size_bytes"] == 4 and said["errors"]["media_type"] == "image/png"
        assert (lab.store.artifacts / "figures/good.png").read_bytes() == b"good", (
            "the mismatching row's path"
        )
        for artifact_id in ("missing", "nothing"):
            row = trial.row(artifact_id)
            folder = lab.store.outer / row["artifact_dir"]
            assert row["primary_filename"] is None
            names = {p.name for p in folder.iterdir()}
            assert names <= {"manifest.json", "inputs", "outputs"} and "manifest.json" in names
        assert trial.log("missing")[0]["errors"] == {"missing": [f"{SUBMODULE}/figures/never.png"]}

        for path in MOVABLE:
            row = trial.row(of(path))
            moved = lab.store.outer / row["artifact_dir"] / row["primary_filename"]
            content = FILES[path]
            wanted = content.content if isinstance(content, Script) else content
            assert moved.read_bytes() == wanted
            assert bool(moved.stat().st_mode & 0o100) is isinstance(content, Script)
            assert len(row["primary_filename"].encode()) <= 80
        script = f"{trial.row(of('figures/tool.sh'))['artifact_id']}/tool.sh"
        assert lab.git("ls-files", "-s", script).startswith("100755")

        lfs = trial.row("lfs smudged")
        inside = f"{lfs['artifact_id']}/{lfs['primary_filename']}"
        assert (lab.store.artifacts / inside).read_bytes() == BIG
        assert lab.git("show", f"HEAD:{inside}").encode() == pointer(BIG)
        manifest = json.loads((lab.store.artifacts / str(lfs["artifact_id"]) / "manifest.json").read_bytes())
        assert manifest["files"][0]["sha256"] == sha256(BIG)

        inputs = lab.store.outer / trial.row("notebook")["artifact_dir"] / "inputs"
        assert {(inputs / name).resolve().name for name in os.listdir(inputs)} == {
            str(trial.row(i)["artifact_id"]) for i in ("lfs", of("figures/good.png"))
        }
        assert trial.row("notebook")["accessory_filenames"] == ["run.html"]

        batch = await trial.roll_back(batch)
        assert set(states(batch).values()) == {OperationState.ROLLED_BACK}
        assert_as_before(lab, before)
        await trial.redo(batch)
        assert trial.migrated() == others
        assert_folders_sound(lab, before, settled=False)


async def test_history_of_a_moved_file_is_followed_through_its_move(
    tmp_path: Path, scidex_database: str
) -> None:
    content = b"".join(b"row %d\n" % n for n in range(100))
    lab = await asyncio.to_thread(
        tiny_lab, tmp_path, scidex_database, {"figures/a.csv": content}, [row_of("a", "figures/a.csv")]
    )
    old = lab.git("rev-parse", "HEAD:figures/a.csv")
    async with held(lab) as trial:
        await trial.cycle()
        inside = f"{trial.row('a')['artifact_id']}/a.csv"
    assert lab.git("rev-parse", f"HEAD:{inside}") == old
    assert "artifacts" in lab.git("log", "--follow", "--format=%s", "--", inside)


async def test_a_list_of_accessories_with_blanks_in_it_is_put_back_as_it_was(
    tmp_path: Path, scidex_database: str
) -> None:
    lab = await asyncio.to_thread(
        tiny_lab, tmp_path, scidex_database, {"a.txt": b"a"}, [Row("a", "hypothesis")]
    )
    lab.rows("UPDATE artifacts SET accessory_filenames = ARRAY[NULL, '', 'gone.csv']")
    before = look(lab)
    async with held(lab) as trial:
        batch = await trial.cycle()
        assert batch is not None and trial.words("a") == ["success"]
        assert trial.row("a")["accessory_filenames"] == []
        batch = await trial.redo(await trial.roll_back(batch))
        assert trial.migrated() == {"a"}
        await asyncio.to_thread(assert_verified, lab)
        await trial.roll_back(batch)
        assert trial.row("a")["accessory_filenames"] == [None, "", "gone.csv"]
    assert_as_before(lab, before)
