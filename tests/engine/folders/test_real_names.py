"""Everything that files are called and made like in real stores: migrated whole, or left with a reason."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.crash.folder_checks import assert_as_before, assert_verified, look
from tests.engine.folders.any_run import Outcome, examine, store_of
from tests.engine.folders.any_store import claims_for, git, see
from tests.engine.folders.tiny import Content, Link, Row, row_of, sha256, tiny_lab
from tests.engine.folders.torture import LEFT, NOT_UTF8, UUID, build, fetch_large_files, pointer
from tests.engine.folders.trial import held
from tests.samples import sample

MANY = int(os.environ.get("SCIDEX_EQUAL_NAMES", "400"))
"""Files of one base name, and as many of one content, that the sweep migrates; 3000 were tried, too."""
WHOLE = ("analyses/equal", f"analyses/{UUID}", "odd")


async def outcome_of(
    tmp_path: Path, database: str, *, many: int, sample: int, shard: int = 0, whole: Sequence[str] = WHOLE
) -> Outcome:
    repository = await asyncio.to_thread(build, tmp_path, equal_names=many, duplicates=many)
    store = await asyncio.to_thread(store_of, tmp_path / "store", repository, database, shard=shard)
    await asyncio.to_thread(fetch_large_files, store.checkout)
    before = await asyncio.to_thread(see, store.checkout)
    return await examine(store, claims_for(before, 100_000, whole=whole, left=LEFT), sample=sample)


async def test_names_modes_links_and_attributes_of_all_kinds_survive(
    tmp_path: Path, scidex_database: str
) -> None:
    outcome = await outcome_of(tmp_path, scidex_database, many=8, sample=2)
    assert not outcome.findings, "\n".join(outcome.findings.lines(20))
    assert outcome.words["quarantined"] > 20 and outcome.words["hash_mismatch"] > 0
    assert set(outcome.words) == {"success", "quarantined", "hash_mismatch"}, "nothing is tried for ever"


@pytest.mark.sweep
@pytest.mark.timeout(1800)
async def test_thousands_of_equal_names_and_contents_survive(tmp_path: Path, scidex_database: str) -> None:
    whole = (*WHOLE, "samples", *(f"copies/{n:02}" for n in range(20)))
    outcome = await outcome_of(tmp_path, scidex_database, many=MANY, sample=25, shard=2, whole=whole)
    assert not outcome.findings, "\n".join(outcome.findings.lines(20))


@pytest.mark.sweep
async def test_a_file_stays_where_a_link_leads_to_it(tmp_path: Path, scidex_database: str) -> None:
    files: dict[str, Content] = {
        "figures/a.png": b"a",
        "figures/b.png": b"b",
        "datasets/in.csv": b"c",
        "links/latest.png": Link("../figures/a.png"),
        "links/data": Link("../datasets"),
    }
    rows = [
        row_of("a", "figures/a.png"),
        row_of("also a", "figures/a.png"),
        row_of("b", "figures/b.png"),
        row_of("c", "datasets/in.csv", artifact_type="dataset"),
    ]
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, rows)
    root, before = lab.store.artifacts, await asyncio.to_thread(look, lab)

    def assert_reachable() -> None:
        assert (root / "links/latest.png").read_bytes() == b"a"
        assert (root / "links/data/in.csv").read_bytes() == b"c"
        assert not (root / "figures/b.png").exists(), "no link leads there"
        assert lab.git("status", "--porcelain") == ""

    async with held(lab) as trial:
        batch = await trial.cycle()
        assert batch is not None and trial.migrated() == {"a", "also a", "b", "c"}
        assert_reachable()
        batch = await trial.roll_back(batch)
        assert_as_before(lab, before)
        await trial.redo(batch)
        assert_reachable()
    await asyncio.to_thread(assert_verified, lab)


async def test_a_folder_with_a_name_that_is_no_text_waits_for_a_person(
    tmp_path: Path, scidex_database: str
) -> None:
    files: dict[str, Content] = {NOT_UTF8: b"latin 1", "odd/beside.png": b"beside", "figures/a.png": b"a"}
    rows = [
        row_of("odd", "odd", artifact_type="analysis"),
        row_of("beside", "odd/beside.png"),
        row_of("a", "figures/a.png"),
    ]
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, rows)
    async with held(lab) as trial:
        await trial.cycle()
        assert trial.migrated() == {"a", "beside"}
        (said,) = trial.log("odd")
    assert said["status"] == "quarantined" and "valid Unicode" in said["errors"]["reason"]
    assert (lab.store.artifacts / "odd/beside.png").read_bytes() == b"beside", "the folder's row claims it"


@pytest.mark.sweep
async def test_a_path_too_long_for_the_database_waits_for_a_person(
    tmp_path: Path, scidex_database: str
) -> None:
    long = "/".join(sha256(b"%d" % n) for n in range(48)) + "/bottom.csv"
    lab = await asyncio.to_thread(
        tiny_lab, tmp_path, scidex_database, {long: b"long"}, [row_of("long", long), Row("thought")]
    )
    async with held(lab) as trial:
        await trial.cycle()
        assert trial.words("long") == ["quarantined"] and trial.migrated() == {"thought"}


async def test_metadata_that_is_no_object_waits_for_a_person(tmp_path: Path, scidex_database: str) -> None:
    rows = [Row("none"), Row("thought")]
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, {}, rows)
    lab.rows("UPDATE artifacts SET metadata = 'null' WHERE id = 'none' RETURNING 1")
    async with held(lab) as trial:
        await trial.cycle()
        assert trial.words("none") == ["quarantined"] and trial.migrated() == {"thought"}
        (said,) = lab.rows("SELECT errors FROM artifact_migration_log WHERE artifact_id = 'none'")
    assert "metadata that is no object" in said["errors"]["reason"]


async def test_a_file_that_git_converts_waits_for_a_person(tmp_path: Path, scidex_database: str) -> None:
    files: dict[str, Content] = {".gitattributes": b"*.txt text eol=crlf\n", "notes/a.txt": b"one\ntwo\n"}
    row = row_of("a", "notes/a.txt", artifact_type="note")
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, [row])
    assert (lab.store.artifacts / "notes/a.txt").read_bytes() == b"one\r\ntwo\r\n"
    async with held(lab) as trial:
        assert await trial.cycle() is None
        (said,) = trial.log("a")
    assert said["status"] == "quarantined" and "eol=crlf" in said["errors"]["reason"]


async def test_a_file_whose_line_ends_the_checkout_converts_waits_for_a_person(
    tmp_path: Path, scidex_database: str
) -> None:
    text = b"one\n\ntwo\rthree\n" * 400_000  # more than is read at once
    rows = [row_of(name, f"notes/{name}.txt", artifact_type="note") for name in "ab"]
    files: dict[str, Content] = {f"notes/{name}.txt": text for name in "ab"}
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, rows)
    git(lab.store.artifacts, "config", "core.autocrlf", "true")
    for name in "ab":
        (lab.store.artifacts / f"notes/{name}.txt").write_bytes(text.replace(b"\n", b"\r\n"))
    with (lab.store.artifacts / "notes/b.txt").open("ab") as theirs:
        theirs.write(b"more\r\n")
    async with held(lab) as trial:
        assert await trial.cycle() is None
        said = {name: trial.log(name)[0] for name in "ab"}
    assert said["a"]["status"] == "quarantined" and "line ends" in said["a"]["errors"]["reason"]
    assert said["b"]["status"] == "error" and "commit or restore it" in said["b"]["errors"]["reason"]


@pytest.mark.parametrize(("pattern", "word"), [("*.h5", "success"), ("models/*", "quarantined")])
async def test_a_large_file_moves_only_where_its_filter_follows(
    pattern: str, word: str, tmp_path: Path, scidex_database: str
) -> None:
    files: dict[str, Content] = {
        ".gitattributes": f"{pattern} filter=lfs -text\n".encode(),
        "models/a.h5": pointer(b"weights"),
    }
    row = row_of("a", "models/a.h5", artifact_type="model")
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, [row])
    (lab.store.artifacts / "models/a.h5").write_bytes(b"weights")
    async with held(lab) as trial:
        await trial.cycle()
        assert trial.words("a") == [word]
        if word == "success":
            inside = f"{trial.row('a')['artifact_id']}/a.h5"
            assert git(lab.store.artifacts, "show", f"HEAD:{inside}") == pointer(b"weights")
            assert (lab.store.artifacts / inside).read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("attributes", "path", "content", "word"),
    sample(
        (b"* text\nfigures/* -text\n", "figures/a.csv", b"x,y\r\n1,2\r\n", "quarantined"),
        (b"* text\nfigures/* -text\n", "figures/a.csv", b"x,y\n1,2\n", "success"),
        (b"*.h5 filter=lfs -text\nsmall/*.h5 !filter\n", "small/a.h5", b"weights", "quarantined"),
        (b"*/*.h5 filter=lfs -text\n", "small/a.h5", pointer(b"weights"), "success"),
        quick=2,
    ),
)
async def test_a_file_that_git_would_keep_otherwise_in_its_folder_waits_for_a_person(
    attributes: bytes, path: str, content: bytes, word: str, tmp_path: Path, scidex_database: str
) -> None:
    files: dict[str, Content] = {".gitattributes": attributes, path: content, "notes/b.txt": b"b"}
    rows = [row_of("a", path, artifact_type="dataset"), row_of("b", "notes/b.txt", artifact_type="dataset")]
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, rows)
    before = git(lab.store.artifacts, "status", "--porcelain")
    async with held(lab) as trial:
        await trial.cycle()
        assert (trial.words("a"), trial.words("b")) == ([word], ["success"])
    assert git(lab.store.artifacts, "status", "--porcelain") == before == b""


async def test_a_folder_that_became_a_link_holds_up_its_own_artifacts_alone(
    tmp_path: Path, scidex_database: str
) -> None:
    files: dict[str, Content] = {"figures/a.png": b"a", "notes/b.txt": b"b"}
    rows = [
        row_of("a", "figures/a.png", content=b"a"),
        row_of("b", "notes/b.txt", content=b"b", artifact_type="dataset"),
    ]
    lab = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, files, rows)
    (lab.store.artifacts / "figures").rename(tmp_path / "elsewhere")
    (lab.store.artifacts / "figures").symlink_to(tmp_path / "elsewhere")
    async with held(lab) as trial:
        await trial.cycle()
        assert (trial.words("a"), trial.words("b")) == (["quarantined"], ["success"])


async def test_the_manifest_of_a_folder_that_is_not_its_own_is_no_file_of_an_artifact(
    tmp_path: Path, scidex_database: str
) -> None:
    path = f"{UUID}/manifest.json"
    lab = await asyncio.to_thread(
        tiny_lab, tmp_path, scidex_database, {path: b"{}"}, [row_of("a", path, artifact_type="dataset")]
    )
    async with held(lab) as trial:
        assert await trial.cycle() is None
        assert trial.words("a") == ["quarantined"]
