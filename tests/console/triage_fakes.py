"""Cases, evidence and decisions for the console, without a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.intents import ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window, join
from scidex_console.domain.triage import DECISIONS, CaseKind, Decision
from scidex_console.engine.ports import Picture
from scidex_console.engine.triage.views import (
    CaseFilter,
    CaseView,
    DecisionItem,
    DecisionPreview,
    DecisionView,
    EvidenceView,
    FileView,
    VersionView,
)

NOW = datetime(2026, 3, 14, 3, 12, 45, tzinfo=UTC)
EXPECTED, ACTUAL = "9c1e" * 16, "77ab" * 16


def a_case(artifact_id: str, kind: CaseKind = CaseKind.HASH_MISMATCH, **changes: Any) -> CaseView:
    """One that waits since an hour."""
    figures = kind in (CaseKind.SUSPECT, CaseKind.REFUSED)
    case = CaseView(
        artifact_id,
        JobName.FIGURES if figures else JobName.FOLDERS,
        kind,
        "paper_figure" if figures else "dataset",
        f"Title of {artifact_id}",
        "an HTML page instead of an image" if figures else "content_hash is not the hash of the file",
        NOW - timedelta(hours=1),
        1,
    )
    return replace(case, **changes)


CASES = (
    a_case("dataset-0001"),
    a_case("dataset-0002", note="Ada asks the authors", decisions=1),
    a_case("figure-0003", artifact_type="figure"),
    a_case("notebook-0004", CaseKind.QUARANTINED, reason="a recorded path is not safe: it climbs out"),
    a_case("paper_figure-0005", CaseKind.SUSPECT),
)


def a_version(number: int, **changes: Any) -> VersionView:
    """A commit of the file's past."""
    version = VersionView(
        f"{number}" * 40,
        NOW - timedelta(days=30 * number),
        "Ada",
        f"Step {number}",
        "datasets/d.csv",
        "b" * 40,
        "100644",
        120 + number,
        f"{number}" * 64,
        matches=False,
    )
    return replace(version, **changes)


def an_evidence(case: CaseView, **changes: Any) -> EvidenceView:
    """A file that was rewritten after its hash was recorded."""
    is_image = case.artifact_type == "figure"
    name = "figures/f.png" if is_image else "datasets/d.csv"
    file = FileView(
        name,
        f"/srv/scidex/data/scidex-artifacts/{name}",
        ACTUAL,
        2048,
        "image/png" if is_image else "text/csv",
        "640x480 pixels" if is_image else "3 rows below a heading, 2 columns",
    )
    closed = "only a paper figure with an image_url can be asked for again"
    evidence = EvidenceView(
        case=case,
        taken_at=NOW,
        expected_sha256=EXPECTED,
        expected_from="content_hash",
        recorded_size=1980,
        file=file,
        why_unread="",
        others=(),
        versions=(a_version(1), a_version(2, matches=True, sha256=EXPECTED), a_version(3)),
        more_versions=False,
        diff=()
        if is_image
        else ("--- 222222222222:d.csv", "+++ d.csv", "@@ -1,2 +1,2 @@", " a,b", "-1,2", "+1,3"),
        diff_from="2" * 40,
        diff_cut=False,
        attempt=None,
        decisions=(),
        open_to={d: closed if d is Decision.REDOWNLOAD else "" for d in DECISIONS},
    )
    if case.job is JobName.FIGURES:
        why = "its file was never there: ask for it again, or leave it with a note"
        fine = (Decision.REDOWNLOAD, Decision.LEAVE)
        open_to = {d: "" if d in fine else why for d in DECISIONS}
        evidence = replace(
            evidence, file=None, why_unread="it has no file in git", versions=(), diff=(), open_to=open_to
        )
    return replace(evidence, **changes)


def a_decision(number: int = 7, **changes: Any) -> DecisionView:
    """A colleague's."""
    decision = DecisionView(
        number,
        JobName.FOLDERS,
        Decision.ACCEPT,
        2,
        None,
        NOW - timedelta(minutes=20),
        "bob",
        "ssh 10.0.0.7",
        "the authors confirm",
        "0.1.0",
        "applied",
        2,
        0,
        "",
        31,
        None,
    )
    return replace(decision, **changes)


class FakeTriage:
    """A desk that gives what it was told, and remembers what was decided."""

    def __init__(self) -> None:
        self.waiting: tuple[CaseView, ...] = CASES
        self.evidences: dict[str, EvidenceView] = {}
        self.token = "abcdef012345"
        self.decided: list[tuple[DecisionPreview, str]] = []
        self.asked: list[CaseFilter] = []
        self.read: list[str] = []
        self.lately: tuple[DecisionView, ...] = (a_decision(), a_decision(6, state="undone", undone_by=8))
        self.image: Picture | str = [[((200, 30, 30), (20, 20, 200))] * 12] * 4
        self.fails: ConsoleError | None = None

    async def cases(self, criteria: CaseFilter, around: Around, span: Span) -> Window[CaseView]:
        self.asked.append(criteria)
        kinds = criteria.kind.split(",") if criteria.kind else [str(kind) for kind in CaseKind]
        found = [c for c in self.waiting if c.kind in kinds and criteria.text in c.artifact_id]
        pairs = [((str(c.kind), str(c.job), c.artifact_id), c) for c in found]
        return join([], pairs[: span.after], around, span)

    async def count_cases(self) -> Mapping[str, int]:
        return {str(kind): sum(c.kind is kind for c in self.waiting) for kind in CaseKind}

    async def evidence(self, artifact_id: str, job: JobName | None = None) -> EvidenceView:
        self.read.append(artifact_id)
        if self.fails:
            raise self.fails
        case = next(case for case in self.waiting if case.artifact_id == artifact_id)
        return self.evidences.get(artifact_id) or an_evidence(case)

    async def picture(self, artifact_id: str, columns: int, rows: int) -> Picture | str:
        return self.image

    async def preview(
        self, decision: Decision, artifact_ids: Sequence[str], job: JobName | None = None
    ) -> DecisionPreview:
        items = [
            DecisionItem(i, "", "hash_mismatch", "a change", "datasets/d.csv", ACTUAL, EXPECTED)
            for i in artifact_ids
        ]
        if len(items) > 1:
            items[-1] = replace(items[-1], what="", refused="no past version in git has the promised hash")
        return DecisionPreview(decision, job or JobName.FOLDERS, tuple(items), self.token)

    async def preview_undo(self, decision_id: int) -> DecisionPreview:
        item = DecisionItem("dataset-0009", "", "", "row and file as before", "datasets/d.csv")
        return DecisionPreview(Decision.UNDO, JobName.FOLDERS, (item,), self.token, decision_id)

    async def decision(self, decision_id: int) -> DecisionView | None:
        return next((d for d in self.lately if d.id == decision_id), None)

    async def recent(self) -> Sequence[DecisionView]:
        return self.lately

    async def decide(self, preview: DecisionPreview, *, reason: str) -> Intent:
        self.decided.append((preview, reason))
        return Intent(
            70,
            ActionName.TRIAGE,
            preview.job,
            {"decision": 9, "kind": str(preview.decision), "artifacts": len(preview.items)},
            IntentState.REQUESTED,
            "anna",
            "here",
            reason,
            NOW,
        )
