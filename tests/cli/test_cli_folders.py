"""What the commands say of the folder migration."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import pytest

from scidex_console.domain.folders.acceptance import assess
from scidex_console.domain.folders.orphans import Orphan
from scidex_console.domain.jobs import JobName
from scidex_console.engine.batch_views import OperationView, RollbackPreview
from scidex_console.engine.views import Overview, PlanItem, PlanView, WaitingFolderView
from tests.cli.conftest import Cli
from tests.cli.fakes import NOW, FakeRead, FakeServices, batch, gap, operation
from tests.domain.folders.test_acceptance import DONE

GAP = gap(job=JobName.FOLDERS, run=None, dead=0, transient=0, mismatch=4, quarantined=1)
WAITS = WaitingFolderView("nb-1", "A notebook", "notebook", "hash_mismatch", "not the file's", NOW, 1)


@dataclass
class FolderRead(FakeRead):
    """A read model of a store whose folders are being migrated."""

    kept_files: tuple[OperationView, ...] = ()
    unseen: str = ""

    async def overview(self, *, dead: int = 50, errors: int = 50, sparkline_minutes: int = 30) -> Overview:
        seen = await super().overview()
        return replace(seen, gaps=(self.gap_view, GAP), acceptance=assess(DONE, ends_in_s=None))

    async def plan(self, job: JobName, *, limit: int) -> PlanView:
        item = PlanItem("nb-2", "notebook", "notebooks/two.ipynb and 1 more", "due", NOW)
        held = PlanItem("nb-1", "notebook", "", "hash_mismatch", None, "hash_mismatch: not the file's")
        return PlanView(job, GAP, (item,), "3 of 4 sampled files differ from content_hash", (held,))

    async def rollback_preview(self, batch_id: int, *, redo: bool) -> RollbackPreview:
        folder: OperationView = operation(1, path="8ad0/", commit="cd" * 20, files=2, links=3)
        return RollbackPreview(
            batch=batch(job=JobName.FOLDERS),
            redo=redo,
            commits=("ab" * 20, "cd" * 20),
            paths=("8ad0/a.ipynb", "8ad0/manifest.json"),
            operations=(folder,),
            refused=(),
            token="bbbbbbbbbbbb",
            old_paths=("notebooks/a.ipynb",),
            kept_files=self.kept_files,
            dangling=0 if redo else 2,
            unseen=self.unseen,
        )


@pytest.fixture
def services() -> FakeServices:
    made = FakeServices()
    made.connected.read = FolderRead(
        batch_views=[batch(job=JobName.FOLDERS)],
        retry_items=(WAITS, WAITS),  # type: ignore[arg-type]
    )
    return made


def test_status_of_folders_is_about_them_alone_and_says_what_they_are_accepted_by(cli: Cli) -> None:
    result = cli("status", "folders")
    assert result.code == 0
    assert "figures:" not in result.out and "europepmc" not in result.out
    assert "mismatch 4, quarantined 1" in result.out
    assert "  coverage: 11,667 of 11,667 artifacts have their folder (100 %) - holds" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    document = cli("status", "folders", "--json").document
    assert [job["job"] for job in document["jobs"]] == ["folders"]
    assert document["acceptance"]["measured"]["files_now"] == 23_334
    assert cli("status", "figures", "--json").document["acceptance"] is None


def test_the_plan_of_folders_tells_order_type_file_and_what_is_refused(cli: Cli) -> None:
    out = cli("plan", "folders").out
    assert "3 of 4 sampled files differ from content_hash" in out
    assert "nb-2      notebook  notebooks/two.ipynb and 1 more" in out
    assert "nb-1       notebook  hash_mismatch: not the file's" in out


def test_a_rollback_of_folders_shows_commits_folders_and_old_paths(cli: Cli) -> None:
    out = cli("rollback", "folders").out
    assert f"commits: {'ab' * 20} and 1 more commit:" in out
    assert "1 old path would come again, 1 folder (2 files, 3 links, a manifest each) would go" in out
    assert "2 links in folders that stay would lead nowhere, until what they lead to comes again" in out


def test_a_rollback_of_folders_names_those_whose_files_were_changed(cli: Cli, services: FakeServices) -> None:
    assert "kept" not in cli("rollback", "folders").out
    changed = operation(1, path="8ad0/", reason="the file at 8ad0/a.ipynb is gone")
    services.connected.read.kept_files = (changed,)  # type: ignore[attr-defined]
    services.connected.read.unseen = "no checkout"  # type: ignore[attr-defined]
    out = cli("rollback", "folders").out
    assert "of these, kept after all, since a file was changed: 1 folder" in out
    assert "the file at 8ad0/a.ipynb is gone" in out
    assert "nobody looked whether files in the folders were changed: no checkout" in out
    document = cli("rollback", "folders", "--json").document
    assert document["preview"]["kept_files"][0]["reason"] == changed.reason
    assert document["confirm"] is None, "nothing would come of it"


def test_a_retry_of_folders_lists_what_waits_and_why(cli: Cli) -> None:
    out = cli("retry", "folders", "--outcome", "hash_mismatch,error", "--group", "notebook").out
    assert "2 rows of folders would be due again:" in out
    assert "nb-1      notebook  hash_mismatch  not the file's" in out


def test_an_engine_runs_both_jobs_unless_told_otherwise(cli: Cli, services: FakeServices) -> None:
    assert cli("engine").code == 0
    assert services.called == [("engine", frozenset(JobName), False)]


ORPHANS = tuple(Orphan(f"lost/{name}.png", "100644", 40 * "a", 7) for name in ("a", "b", "c d"))


def test_orphans_are_listed_page_by_page(cli: Cli, services: FakeServices) -> None:
    services.orphans = ORPHANS
    first = cli("plan", "folders", "--orphans", "--limit", "2")
    assert [line.split() for line in first.out.splitlines()] == [
        ["BYTES", "MODE", "FILE"],
        ["7", "100644", "lost/a.png"],
        ["7", "100644", "lost/b.png"],
    ]
    assert "2 of 3 files" in first.err
    assert "scidex-console plan folders --orphans --limit 2 --after lost/b.png" in first.err
    last = cli("plan", "folders", "--orphans", "--after", "lost/b.png")
    assert "lost/c d.png" in last.out
    assert last.err == ""
    assert "none after that path, of 3" in cli("plan", "folders", "--orphans", "--after", "z").out


def test_orphans_are_a_document_or_a_document_a_line(cli: Cli, services: FakeServices) -> None:
    services.orphans = ORPHANS
    document = cli("plan", "folders", "--orphans", "--limit", "1", "--json").document
    assert document["total"] == 3
    assert document["after"] == "lost/a.png"
    assert document["orphans"] == [
        {"path": "lost/a.png", "mode": "100644", "blob": 40 * "a", "size": 7},
    ]
    lines = cli("plan", "folders", "--orphans", "--json-lines").out.splitlines()
    assert [json.loads(line)["path"] for line in lines] == [orphan.path for orphan in ORPHANS]


def test_without_orphans_it_says_so(cli: Cli) -> None:
    assert cli("plan", "folders", "--orphans").out == "every file is some row's\n"
    assert cli("plan", "folders", "--orphans", "--json-lines").out == ""


@pytest.mark.parametrize(
    "words",
    [
        ("figures", "--orphans"),
        ("folders", "--after", "a"),
        ("folders", "--json-lines"),
        ("folders", "--orphans", "--json", "--json-lines"),
    ],
)
def test_options_of_orphans_alone_are_refused_elsewhere(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("plan", *words).code == 2


def test_the_counts_say_why_done_has_fallen(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    told = """\
  379 to be laid out again: their figure was stored or marked since; a run of
  folders does it (where none is open: `scidex-console start folders`)
"""
    commands = (("status", "folders"), ("plan", "folders"))
    assert all(told not in cli(*command).out for command in commands)
    monkeypatch.setitem(globals(), "GAP", replace(GAP, to_lay_again=379))
    assert all(told in cli(*command).out for command in commands)
