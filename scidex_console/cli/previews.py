"""Actions that are hard to reverse: shown first, with a token of exactly what was shown."""

from __future__ import annotations

import argparse
import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scidex_console.cli.output import Output
from scidex_console.cli.words import batch_state, number
from scidex_console.domain.errors import StaleToken, UsageError
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import ACTIONS
from scidex_console.engine.batch_views import RollbackPreview
from scidex_console.engine.views import RetryPreview


def add_token(parser: argparse.ArgumentParser) -> None:
    """The `--token` option."""
    parser.add_argument(
        "--token", metavar="T", default="", help="do exactly the plan that was shown with this token"
    )


def check_token(args: Namespace) -> None:
    """Raise `UsageError` for a token without a reason."""
    if args.token and not args.reason.strip():
        raise UsageError(
            "--token confirms an action, which needs a reason",
            where=str(args.action),
            fix="add --reason TEXT",
        )


def check_is_now(token: str, now: str, what: str) -> None:
    """Raise `StaleToken` when a token was given and does not name what there is now."""
    if token and token != now:
        raise StaleToken(
            f"this token does not name {what} as of now: it was mistyped, or something has changed since",
            where=f"token {token}",
            fix="nothing was done; leave --token out to act on what there is now",
        )


def show_preview(
    args: Namespace,
    output: Output,
    preview: RetryPreview | RollbackPreview,
    job: JobName,
    params: Mapping[str, Any],
) -> None:
    """Print what would be done and the command line that does it. Nothing has changed."""
    confirm = confirmation(args, output, job, params, preview)
    lines = [*_lines(output, preview)]
    acts = bool(preview.items) if isinstance(preview, RetryPreview) else preview.changes_anything
    if acts:
        lines += ["", "Nothing has changed. To do exactly this:", f"  {confirm}"]
    output.show({"preview": preview, "confirm": confirm if acts else None}, lines)


def confirmation(
    args: Namespace,
    output: Output,
    job: JobName,
    params: Mapping[str, Any],
    preview: RetryPreview | RollbackPreview,
) -> str:
    """The command line that confirms a preview."""
    command = output.program.command(ACTIONS[args.action].command(job, {**params, "token": preview.token}))
    return f"{command} {shlex.join(['--reason', args.reason or 'TEXT'])}"


def refuse_stale(
    args: Namespace,
    output: Output,
    preview: RetryPreview | RollbackPreview,
    job: JobName,
    params: Mapping[str, Any],
) -> int:
    """What was confirmed is no longer what would be done: show it anew and change nothing."""
    stale = StaleToken(
        "this token does not name what would be done now: it was mistyped, or something has changed since",
        where=f"token {args.token}",
        fix="nothing was done; look at the plan anew and confirm it by its own token",
    )
    confirm = confirmation(args, output, job, params, preview)
    if output.as_json:
        output.error(stale, preview=preview, confirm=confirm)
    else:
        show_preview(args, output, preview, job, params)
        output.error(stale)
    return stale.exit_code


def _lines(output: Output, preview: RetryPreview | RollbackPreview) -> Iterator[str]:
    if isinstance(preview, RetryPreview):
        yield from _retry_lines(output, preview)
    else:
        yield from _rollback_lines(output, preview)


def _retry_lines(output: Output, preview: RetryPreview) -> Iterator[str]:
    if not preview.items:
        yield f"no row of {preview.job} can be retried" + (" with this filter" if preview.filters else "")
        return
    rows_of = f"{number(len(preview.items), 'row')} of {preview.job}"
    if preview.job is JobName.FOLDERS:
        yield f"{rows_of} would be due again:"
        waiting = [(item.artifact_id, item.group, item.outcome, item.reason) for item in preview.items]
        yield from output.table(("ARTIFACT", "TYPE", "WHY", "REASON"), waiting, elastic="REASON")
        return
    yield f"{rows_of} would be due again, each by its last attempt:"
    rows = [(item.artifact_id, item.group, item.outcome, item.status, item.reason) for item in preview.items]
    yield from output.table(("ARTIFACT", "GROUP", "OUTCOME", "HTTP", "REASON"), rows, elastic="REASON")


def _rollback_lines(output: Output, preview: RollbackPreview) -> Iterator[str]:
    batch = preview.batch
    verb = "apply again" if preview.redo else "take back"
    yield f"batch {batch.id} of {batch.job} ({batch_state(batch.state)}): would {verb} {_rows_of(preview)}"
    if batch.kept and not preview.redo:
        yield f"an earlier rollback kept {number(batch.kept, 'row')} of it, which are tried again"
    first, own = preview.commits[:1], preview.commits[1:]
    with_own = f" and {number(len(own), 'more commit')}:" if own else ""
    whose = "commits of the rollback, which are inverted" if preview.redo else "commits"
    yield f"{whose}: {first[0] if first else 'none'}{with_own}"
    yield from (f"  {commit}" for commit in own)
    if batch.job is JobName.FOLDERS:
        yield _folder_sums(preview)
    if preview.operations:
        yield from _operations(output, preview.operations, "FILE")
    if preview.kept_files:
        folders = number(len(preview.kept_files), "folder")
        spared = "left out" if preview.redo else "kept"
        yield f"of these, {spared} after all, since a file was changed: {folders}"
        kept = [(item.artifact_id, item.reason) for item in preview.kept_files]
        yield from output.table(("ARTIFACT", "REASON"), kept, elastic="REASON")
    if preview.unseen:
        yield f"nobody looked whether files in the folders were changed: {preview.unseen}"
    if preview.dangling:
        links = number(preview.dangling, "link")
        yield f"{links} in folders that stay would lead nowhere, until what they lead to comes again"
    for later in preview.later:
        yield f"batch {later.id} stands on this one: it changed {number(later.shared, 'row')} of it since"
    if preview.refused:
        yield f"left alone, since they changed meanwhile: {number(len(preview.refused), 'row')}"
        rows = [(item.artifact_id, item.reason) for item in preview.refused]
        yield from output.table(("ARTIFACT", "REASON"), rows, elastic="REASON")


def _rows_of(preview: RollbackPreview) -> str:
    """How many rows, and how many of the batch's stay as they are."""
    going = len(preview.operations) - len(preview.kept_files)
    whole = len(preview.operations) + len(preview.refused)
    left = whole - going
    if not left:
        return number(whole, "row")
    return f"{going:,} of {number(whole, 'row')}, {left:,} {'is' if left == 1 else 'are'} left alone"


def _folder_sums(preview: RollbackPreview) -> str:
    """What becomes of the paths of folders."""
    files, links = sum(o.files for o in preview.operations), sum(o.links for o in preview.operations)
    folders, old = number(len(preview.operations), "folder"), number(len(preview.old_paths), "old path")
    within = f"({number(files, 'file')}, {number(links, 'link')}, a manifest each)"
    if preview.redo:
        return f"{folders} {within} would come again, {old} would go"
    return f"{old} would come again, {folders} {within} would go; the UUIDs stay"


def _operations(output: Output, operations: Sequence[Any], head: str) -> list[str]:
    rows = [(item.artifact_id, item.path or "(mark only)") for item in operations]
    return output.table(("ARTIFACT", head), rows, elastic=head)
