"""What a rollback or a redo would do, as rows: what is refused first, then what changes, then the commits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scidex_console.console.presentation.cells import Cell, Line, clean, crop_line
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.words import size
from scidex_console.domain.jobs import JobName
from scidex_console.engine.batch_views import OperationView, RollbackPreview
from scidex_console.engine.vocabulary import counted

OPERATION_COLUMNS = (
    Column("what", "change", 11),
    Column("artifact", "artifact", 25, weight=1, widest=46, crop="middle"),
    Column("path", "file", 18, rank=1, weight=2, widest=70, crop="middle"),
    Column("size", "size", 9, rank=3, align="right"),
    Column("note", "fields, or why not", 20, rank=2, weight=2),
)


_IN_SUMS = 2
"""So many commits stand above the list; more are counted there, and are rows at its end."""


@dataclass(frozen=True)
class CommitRow:
    """One of the commits, as a row of the list."""

    commit: str
    number: int
    of: int

    @property
    def key(self) -> str:
        """What the row is known by."""
        return f"commit {self.commit}"


PreviewRow = OperationView | CommitRow


def row_key(row: PreviewRow) -> str:
    """What a row is known by."""
    return row.key if isinstance(row, CommitRow) else row.artifact_id


def preview_rows(preview: RollbackPreview) -> list[PreviewRow]:
    """Refused operations first, then those whose files hold them back; last all commits, if they are many."""
    kept = {operation.artifact_id for operation in preview.kept_files}
    others = (operation for operation in preview.operations if operation.artifact_id not in kept)
    commits = preview.commits if len(preview.commits) > _IN_SUMS else ()
    last = (CommitRow(commit, number, len(commits)) for number, commit in enumerate(commits, 1))
    return [*preview.refused, *preview.kept_files, *others, *last]


def row_cells(preview: RollbackPreview, row: PreviewRow) -> Mapping[str, Cell]:
    """One row of the list."""
    return operation_cells(preview, row) if isinstance(row, OperationView) else _commit_cells(row)


def row_words(preview: RollbackPreview, row: PreviewRow) -> str:
    """One row in full, for where it is too short."""
    if isinstance(row, OperationView):
        return operation_words(preview, row)
    return f"{_inverts(preview)} {clean(row.commit)} ({row.number} of {row.of})"


def _commit_cells(row: CommitRow) -> Mapping[str, Cell]:
    return {
        "what": Cell("inverts", "warn"),
        "artifact": Cell(clean(row.commit), "strong"),
        "path": Cell("in git", "dim"),
        "size": Cell(""),
        "note": Cell(f"commit {row.number} of {row.of}", "dim"),
    }


def _inverts(preview: RollbackPreview) -> str:
    return "inverts the rollback's commit" if preview.redo else "inverts commit"


def operation_cells(preview: RollbackPreview, operation: OperationView) -> Mapping[str, Cell]:
    """One operation of a preview."""
    refused = operation in preview.refused or operation in preview.kept_files
    if refused:
        spared = "LEFT OUT" if preview.redo else "KEPT"
        what = Cell("REFUSED" if operation in preview.refused else spared, "bad")
    else:
        what = Cell("apply again" if preview.redo else "restore row", "warn")
    note = clean(operation.reason) if refused else ", ".join(clean(f, 80) for f in operation.fields)
    return {
        "what": what,
        "artifact": Cell(clean(operation.artifact_id, 200)),
        "path": Cell(clean(operation.path) if operation.path else "no file"),
        "size": Cell(size(operation.size) if operation.size is not None else ""),
        "note": Cell(note, "bad" if refused else "dim"),
    }


def operation_words(preview: RollbackPreview, operation: OperationView) -> str:
    """One operation in full, for where its row is too short."""
    what = operation_cells(preview, operation)
    path = f", {clean(operation.path)}" if operation.path else ""
    return f"{what['what'].text} {clean(operation.artifact_id)}{path}: {what['note'].text}"


def preview_lines(preview: RollbackPreview, width: int) -> list[Line]:
    """The sums, and the commits."""
    lines = list(_folder_sums(preview) if preview.batch.job is JobName.FOLDERS else _file_sums(preview))
    if preview.batch.kept and not preview.redo:
        kept = counted(preview.batch.kept, "row")
        lines.append(Line((Cell(f"an earlier rollback kept {kept}, which it tries again", "warn"),)))
    for later in preview.later[:2]:
        shared = counted(later.shared, "row")
        lines.append(
            Line((Cell(f"batch {later.id} stands on this one: it changed {shared} of it since", "bad"),))
        )
    if len(preview.later) > 2:
        more = counted(len(preview.later) - 2, "more later batch", "more later batches")
        lines.append(Line((Cell(f"and {more}", "bad"),)))
    if len(preview.commits) > _IN_SUMS:
        lines.append(
            Line((Cell(f"inverts {len(preview.commits)} commits, all at the end of the list", "dim"),))
        )
    else:
        lines += [Line((Cell(f"{_inverts(preview)} ", "dim"), Cell(clean(c)))) for c in preview.commits]
    return [crop_line(line, width) for line in lines]


def why_nothing(preview: RollbackPreview) -> str:
    """Why nothing would come of it, and what comes first, where something does."""
    if preview.later:
        return f"nothing would change: batch {preview.later[0].id} stands on this one, roll that back first"
    spared = (*preview.refused, *preview.kept_files)
    return f"nothing would change: {clean(spared[0].reason)}" if spared else "nothing would change"


def _file_sums(preview: RollbackPreview) -> Iterator[Line]:
    files, rows = counted(len(preview.paths), "file"), counted(len(preview.operations), "row")
    gone = f"{files} {'put back' if preview.redo else 'removed'}"
    restored = f"{rows} {'changed again' if preview.redo else 'restored'}"
    yield Line((Cell(gone, "strong"), Cell(", "), Cell(restored, "strong"), Cell(", "), _refused(preview)))


def _folder_sums(preview: RollbackPreview) -> Iterator[Line]:
    """No file is lost: each is at its old path or in its folder, or at both."""
    files, links = sum(o.files for o in preview.operations), sum(o.links for o in preview.operations)
    within = f"({counted(files, 'file')}, {counted(links, 'link')}, a manifest each)"
    folders = f"{counted(len(preview.operations), 'folder')} {within}"
    old = counted(len(preview.old_paths), "old path")
    paths = f"{old} {_go(len(preview.old_paths)) if preview.redo else _come(len(preview.old_paths))}"
    if preview.redo:
        moved = f"{folders} {_come(len(preview.operations))}"
    else:
        moved = f"{folders} {_go(len(preview.operations))}; the UUIDs stay"
    kept = len(preview.kept_files)
    spared = "left out" if preview.redo else "kept"
    changed = (Cell(f", {kept} {spared} (file changed)", "bad"),) if kept else ()
    yield Line((Cell(paths, "strong"), Cell(", "), _refused(preview), *changed))
    yield Line((Cell(moved, "strong"),))
    if preview.dangling:
        astray = counted(preview.dangling, "link")
        yield Line((Cell(f"{astray} in folders that stay would lead nowhere until it is redone", "warn"),))
    if preview.unseen:
        yield Line((Cell(f"nobody looked whether files were changed: {clean(preview.unseen)}", "dim"),))


def _refused(preview: RollbackPreview) -> Cell:
    refused = len(preview.refused)
    return Cell(f"{refused} refused (changed since)", "bad" if refused else "dim")


def _come(amount: int) -> str:
    return "come again" if amount != 1 else "comes again"


def _go(amount: int) -> str:
    return "go" if amount != 1 else "goes"
