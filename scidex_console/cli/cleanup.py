"""The clean-up as lines and as documents."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scidex_console.cli.arguments import PROGRAM
from scidex_console.cli.output import Output, moment, plain
from scidex_console.cli.triage import preview_lines
from scidex_console.cli.words import number
from scidex_console.domain.cleanup import TOP, CleanupPlan
from scidex_console.domain.folders.orphans import OrphanPage
from scidex_console.domain.orphans import path_of
from scidex_console.engine.ports import OrphanPreview


def plan_document(plan: CleanupPlan, confirm: str | None) -> dict[str, Any]:
    """The plan, what stands in the way, and the command line that does it."""
    said = {**plain(plan), "hindrances": plan.hindrances, "token": plan.token}
    return {"cleanup": said, "confirm": confirm}


def plan_lines(output: Output, plan: CleanupPlan, confirm: str | None) -> Iterator[str]:
    """The gate, what is left to decide, what would be removed, and what stands in the way."""
    yield f"gate       {'shut: ' + plan.shut_by if plan.shut_by else 'open'}"
    if plan.shut_by and plan.opens_at is not None:
        yield f"           opens {moment(plan.opens_at)}, if nothing fails meanwhile"
    yield f"legacy     {'off' if plan.legacy_is_off else 'on'} (folders.legacy)"
    yield f"waiting    {number(plan.waiting, 'artifact')} without a folder"
    where = ", ".join(f"{_folder(name)} {files:,}" for name, files in plan.by_folder)
    yield f"undecided  {number(plan.orphans, 'file')} that no row claims" + (f": {where}" if where else "")
    yield f"kept       {number(plan.kept, 'file')} below orphans/"
    yield f"removed    {number(len(plan.folders), 'empty folder')} would be" + _listed(plan.folders)
    yield f"untracked  {number(plan.untracked, 'file')} that git does not know" + _listed(
        plan.untracked_shown
    )
    yield f"listing    {_listing(plan)}"
    yield f"vacuumed   {moment(plan.vacuumed_at)}"
    for hindrance in plan.hindrances:
        yield f"in the way: {output.program.told(hindrance)}"
    if confirm:
        yield from ("", "Nothing has changed. To do exactly this:", f"  {confirm}")


def _folder(name: str) -> str:
    return "at the top" if name == TOP else f"{name}/"


def _listing(plan: CleanupPlan) -> str:
    if not plan.strays:
        return "only artifacts' folders at the top"
    return f"{number(len(plan.strays), 'name')} at the top besides artifacts' folders" + _listed(plan.strays)


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:5])
    return f": {shown}{', …' if len(names) > 5 else ''}" if names else ""


def orphan_lines(output: Output, page: OrphanPage) -> Iterator[str]:
    """Files to decide on."""
    if page.orphans:
        yield from output.table(("BYTES", "MODE", "FILE"), [(o.size, o.mode, o.path) for o in page.orphans])
    else:
        yield "none" if page.total else "every file is some row's, or decided on"


def orphan_preview_lines(output: Output, args: Namespace, preview: OrphanPreview) -> Iterator[str]:
    """What a decision would do, and the command line that does it."""
    yield from preview_lines(output, _by_path(preview).preview, noun="file")
    if preview.more:
        yield f"{number(preview.more, 'file')} more are meant: one decision takes the first, then ask again"
    if preview.preview.applied:
        yield from (
            "",
            "Nothing has changed. To do exactly this:",
            f"  {confirmation(args, output, preview)}",
        )


def preview_document(args: Namespace, output: Output, preview: OrphanPreview) -> dict[str, Any]:
    """The same as a document."""
    return {
        "preview": _by_path(preview).preview,
        "more": preview.more,
        "typed": preview.phrase,
        "confirm": confirmation(args, output, preview) if preview.preview.applied else None,
    }


def confirmation(args: Namespace, output: Output, preview: OrphanPreview) -> str:
    """The command line that confirms a preview."""
    words = ["cleanup", "decide", str(preview.preview.decision), *args.files]
    words += ["--type", preview.artifact_type] if preview.artifact_type else []
    words += ["--token", preview.preview.token, "--reason", args.reason or "TEXT"]
    words += ["--typed", preview.phrase] if preview.phrase else []
    return output.program.command(f"{PROGRAM} {shlex.join(words)}")


def _by_path(preview: OrphanPreview) -> OrphanPreview:
    """The same with paths where the journal has subjects."""
    items = tuple(replace(item, artifact_id=path_of(item.artifact_id)) for item in preview.preview.items)
    return replace(preview, preview=replace(preview.preview, items=items))
