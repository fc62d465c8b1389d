"""What readers rely on: every row's file (I1), folders (I2), and why a figure is said to be gone (I15)."""

from __future__ import annotations

from datetime import datetime

from scidex_console.domain.batches import AdoptedFile, NewFile, OperationState
from scidex_console.domain.folders.layout import folder_of
from scidex_console.domain.folders.statuses import FolderStatus
from scidex_console.domain.triage import is_database_only
from scidex_console.engine.verification import folders
from scidex_console.engine.verification.disk_facts import FileFact, Presence
from scidex_console.engine.verification.evidence import Evidence
from scidex_console.engine.verification.facts import MarkFact, RowFact
from scidex_console.engine.verification.findings import Examination, InvariantResult
from scidex_console.engine.verification.recorded import recorded_paths_lead_to_their_files


def every_row_opens(evidence: Evidence) -> InvariantResult:
    """I1, also during a run: a reader never meets a missing file, and nothing is there twice.

    Expected is `metadata.file_sha256` where the row has one. A row whose file neither we stored nor git knew
    when work began had lost it before: that is the gap this tool is for, and no violation.
    """
    exam = Examination("I1", "every row's path opens, and its sha256 is the expected one")
    for row in evidence.database.rows:
        exam.check()
        _judge_row(exam, evidence, row)
    for artifact_id, (batch, file) in evidence.stored.items():
        if batch.uid not in evidence.open:
            _judge_stored(exam, evidence, artifact_id, file)
    _nothing_doubled(exam, evidence)
    folders.files_open(exam, evidence)
    recorded_paths_lead_to_their_files(exam, evidence)
    if evidence.open:
        exam.count("batches under way, their files judged leniently", len(evidence.open))
    return exam.result()


def _judge_row(exam: Examination, evidence: Evidence, row: RowFact) -> None:
    held = evidence.stored.get(row.artifact_id)
    path = evidence.inside.get(row.artifact_id)
    if path is not None:
        if row.artifact_id in evidence.folders.moving_artifacts:
            exam.count("rows of batches under way")
            return
        if _is_database_only(evidence, row.artifact_id):
            exam.count("rows decided to be of the database alone")
            return
        if _is_flagged(evidence, row):
            exam.count("files whose hash is flagged in the migration log")
            return
        known = path in evidence.repository.tree or path in (evidence.repository.first_base or {})
        # What the journal stored somewhere else says nothing about the path the row names now.
        _judge_file(exam, row, evidence.files[path], must_open=known or bool(held and held[1].path == path))
    elif evidence.outside is None or row.file_path not in evidence.outside:
        exam.count("paths outside the repositories, not looked at")
    else:
        _judge_file(exam, row, evidence.outside[row.file_path], must_open=False)


def _is_flagged(evidence: Evidence, row: RowFact) -> bool:
    """Whether the folder migration has refused the row's file for its hash, and said so."""
    found = evidence.folders.rows.get(row.artifact_id)
    return (
        found is not None
        and found.row.migrated_at is None
        and found.last_status == FolderStatus.HASH_MISMATCH
        and evidence.files[evidence.inside[row.artifact_id]].presence is Presence.FILE
    )


def _is_database_only(evidence: Evidence, artifact_id: str) -> bool:
    """Whether a person has decided that what the row names is no file of its own."""
    found = evidence.folders.rows.get(artifact_id)
    return found is not None and is_database_only(found.row.metadata)


def _judge_file(exam: Examination, row: RowFact, file: FileFact, *, must_open: bool) -> None:
    who = f"{row.artifact_id}: {row.file_path}"
    match file.presence:
        case Presence.FILE if row.sha256 is None:
            exam.count("files opened, no hash expected")
        case Presence.FILE if row.sha256 is not None and file.holds(row.sha256):
            exam.count("files opened with the expected bytes")
        case Presence.FILE:
            exam.broken(f"{who} has sha256 {file.sha256}, the row says {row.sha256}")
        case Presence.LINK | Presence.FOLDER if must_open:
            exam.count("links and folders, not followed")
        case Presence.UNREADABLE:
            exam.broken(f"{who} cannot be read: {file.why}")
        case _ if must_open:
            exam.broken(f"{who} does not open ({file.presence})")
        case _:
            exam.count("lost before any work (the gap)")


def _judge_stored(
    exam: Examination, evidence: Evidence, artifact_id: str, file: NewFile | AdoptedFile
) -> None:
    """The journal says it stored this file, and nobody took it back: row and journal must agree."""
    if artifact_id in evidence.database.missing_rows:
        return  # I9 tells of rows that are gone
    row = evidence.rows.get(artifact_id)
    expected = evidence.paths.recorded(_moved_to(evidence, artifact_id, file.path))
    exam.count("figures stored or adopted by this tool")
    if row is None or row.file_path != expected:
        said = row.file_path if row else "no path"
        exam.broken(f"{artifact_id}: the row names {said}, the journal stored {expected}")
    elif row.sha256 != file.sha256:
        exam.broken(f"{artifact_id}: the row expects sha256 {row.sha256}, the journal stored {file.sha256}")


def _moved_to(evidence: Evidence, artifact_id: str, path: str) -> str:
    """Where a file is now: in its artifact's folder, if it was moved there."""
    _, operation = evidence.folders.newest.get(artifact_id, (None, None))
    entries = operation.entries if operation is not None else ()
    return next((entry.path for entry in entries if entry.source == path), path)


def _nothing_doubled(exam: Examination, evidence: Evidence) -> None:
    """No other row names a file of ours, and git holds no file of ours that no row names."""
    for path, batch in evidence.our_paths.items():
        claims = evidence.claims.get(path, ())
        if len(claims) > 1 and batch.uid not in evidence.open:
            exam.broken(f"{path} is named by {len(claims)} rows: {', '.join(sorted(claims)[:5])}")
    kept = {file.path for _, _, file in evidence.files_of(OperationState.KEPT)}
    known = {file.path: o.artifact_id for _, o, file in evidence.files_of(*OperationState)}
    laying = evidence.folders.operations(*OperationState)
    sources = {e.source for _, operation in laying for e in operation.entries}
    for path, blob in evidence.added.items():
        entry = evidence.repository.tree.get(path)
        if entry is None or entry.object != blob or path in evidence.claims or path in evidence.open_paths:
            continue
        if folder_of(path) is not None or path in sources or path in evidence.decided:
            continue  # folders are I2's matter, old paths that came back I12's; the others were there before
        laid = evidence.folders.laid.get(path)
        if laid is not None and laid.batch.of_orphans:
            exam.count("files below orphans/ by a person's decision")
        elif path in kept:
            exam.count("files kept by a rollback that no row names any more")
        elif known.get(path) not in evidence.database.missing_rows:
            exam.broken(f"{path} was added by this tool, and no row names it")


def marks_are_proven(evidence: Evidence) -> InvariantResult:
    """I15: a figure is said to be gone only after a logged 404, 410 or 451, and only while it is gone.

    Marks that were there before this tool cannot be proven by it: those dated before its tables came, and
    undated ones that it has never asked about. They are counted apart.
    """
    exam = Examination("I15", "a figure is marked unavailable only after a logged, confirmed 404, 410 or 451")
    ours = _marked_by_us(evidence)
    open_batches = (batch for batch in evidence.database.batches if batch.uid in evidence.open)
    under_way = {operation.artifact_id for batch in open_batches for operation in batch.operations}
    for mark in evidence.database.marks:
        exam.check()
        if mark.artifact_id not in under_way:
            _judge_marked_file(exam, evidence, mark)
        if mark.logged:
            exam.count("marks with a logged answer")
            if mark.artifact_id in ours and mark.marked_at is None:
                exam.broken(f"{mark.artifact_id} is marked unavailable by this tool without image_404_at")
        elif mark.artifact_id in ours:
            exam.broken(f"{mark.artifact_id} was marked by this tool without a logged 404, 410 or 451")
        elif _marked_before(mark, evidence.database.installed_at):
            exam.count("marked before this tool came, or by others without a date")
        else:
            exam.broken(f"{mark.artifact_id} is marked unavailable without a logged 404, 410 or 451")
    marked = {mark.artifact_id for mark in evidence.database.marks}
    exam.count(
        "marks of this tool that somebody has taken off", len(ours - marked - evidence.database.missing_rows)
    )
    return exam.result()


def _judge_marked_file(exam: Examination, evidence: Evidence, mark: MarkFact) -> None:
    """Readers believe the mark: a file that opens all the same is kept from them."""
    file = evidence.file_of(mark.artifact_id)
    if file is not None and file.presence is Presence.FILE:
        path = evidence.rows[mark.artifact_id].file_path
        exam.broken(
            f"{mark.artifact_id} is marked unavailable, and its file {path} opens: take the mark off if the"
            " file is the figure, else the path out of the row"
        )


def _marked_by_us(evidence: Evidence) -> frozenset[str]:
    key = "metadata.image_unavailable"
    return frozenset(
        operation.artifact_id
        for batch in evidence.database.batches
        for operation in batch.operations
        if operation.state is OperationState.DONE
        and operation.row.after.get(key) is True
        and operation.row.before.get(key) is not True
    )


def _marked_before(mark: MarkFact, installed_at: datetime | None) -> bool:
    """Whether a mark can be from before this tool's time."""
    if mark.figure_state not in (None, "dead"):
        return False  # the survey saw the figure without the mark
    when = _moment(mark.marked_at)
    if when is not None and installed_at is not None:
        return when < installed_at
    return mark.attempts == 0


def _moment(text: str | None) -> datetime | None:
    try:
        when = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return when if when is None or when.tzinfo else None
