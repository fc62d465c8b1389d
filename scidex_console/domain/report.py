"""The report of a run, as Markdown, and its place in a specification's Work Log. Pure: text in, text out.

What was fetched or marked and taken back since is counted apart: the other counts are what holds now.

Spec (figures): a summary report records attempted, fetched, hard-404, transient and per-host counts, and is
emitted into the spec's Work Log. Host names are untrusted and made harmless here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scidex_console.domain.durations import format_duration
from scidex_console.domain.sanitise import visible

CLASSES = (
    "attempted",
    "fetched",
    "hard_404",
    "transient",
    "blocked",
    "suspect",
    "refused",
    "taken_back",
    "left_out",
)
"""`attempted` counts artifacts, each by its last attempt; the others are its parts."""
_COLUMNS = (*CLASSES, "requests")
_HEADS = tuple({"hard_404": "hard-404"}.get(name, name.replace("_", " ")) for name in _COLUMNS)


def heading_of(report: Mapping[str, Any], environment: str) -> str:
    """The line that names the report, and by which an entry for the same run is found again."""
    scope = "All runs" if report.get("run") is None else f"Run {report['run']}"
    # Runs are numbered anew in another journal: its runs are others.
    journal = f", journal {str(report['journal'])[:8]}" if report.get("journal") else ""
    return f"{scope} of {report['job']} ({visible(environment, 40)}{journal})"


def render_markdown(report: Mapping[str, Any], environment: str, *, level: int = 2) -> str:
    """The report as Markdown, its heading `level` deep, with one newline at the end."""
    body = _of_folders(report) if "acceptance" in report else _of_figures(report)
    lines = [
        f"{'#' * level} {heading_of(report, environment)}",
        "",
        _period(report),
        "",
        *body,
    ]
    return "\n".join(lines) + "\n"


def _period(report: Mapping[str, Any]) -> str:
    state = report.get("so_far")
    which = "the last run" if report.get("run") is None else "the run"
    so_far = f" so far: {which} is {state}" if state else ""
    if state and (left := report.get("ends_in_s")) is not None:
        so_far += f", about {format_duration(float(round(left)))} to go"
    if not report.get("from"):
        return f"Nothing was attempted{so_far}."
    since, until = (
        f"{datetime.fromisoformat(report[end]).astimezone(UTC):%Y-%m-%d %H:%M:%SZ}" for end in ("from", "to")
    )
    return f"From {since} to {until}{',' if so_far else ''}{so_far}."


def _of_figures(report: Mapping[str, Any]) -> list[str]:
    totals: Mapping[str, int] = report["totals"]
    return [*_sentences(totals), _batches(report["batches"]), "", *_table(report["hosts"], totals)]


_VERDICTS = {True: "holds", False: "**does not hold**", None: "open"}
MOST_WAITING = 200
"""Artifacts that wait are listed up to this many; the JSON has them all."""


def _of_folders(report: Mapping[str, Any]) -> list[str]:
    """What the log said last of each artifact, what the migration is accepted by, and what waits and why."""
    totals, acceptance, waiting = report["totals"], report["acceptance"], report["waiting"]
    lines = [
        f"- attempted: {totals['attempted']} artifacts",
        f"- migrated: {totals['success']}, with {totals['files']} files",
        f"- hash mismatch (not moved): {totals['hash_mismatch']}",
        f"- quarantined (not moved): {totals['quarantined']}",
        f"- error (tried again): {totals['error']}",
        f"- skipped (tried again): {totals['skipped']}",
        f"- taken back: {totals['rolled_back']}",
        _batches(report["batches"]),
        "",
        "| acceptance | measured | |",
        "| --- | --- | --- |",
    ]
    for criterion in acceptance["criteria"]:
        lines.append(f"| {criterion['name']} | {criterion['detail']} | {_VERDICTS[criterion['holds']]} |")
    if waiting:
        lines += [
            "",
            f"Not moved ({len(waiting)}):",
            "",
            "| artifact | type | why | reason |",
            "| --- " * 4 + "|",
        ]
    for item in waiting[:MOST_WAITING]:
        cells = (markdown_text(str(item[key])) for key in ("artifact_id", "type", "outcome", "reason"))
        lines.append(f"| {' | '.join(cells)} |")
    if len(waiting) > MOST_WAITING:
        lines += ["", f"And {len(waiting) - MOST_WAITING} more, which the report as JSON lists."]
    return lines


def _batches(batches: Mapping[str, int]) -> str:
    """How many batches stand, and where the others are."""
    others = {name.replace("_", " "): number for name, number in batches.items() if name != "done" and number}
    return ", ".join([f"- batches: {batches['done']} done", *(f"{n} {name}" for name, n in others.items())])


def _sentences(totals: Mapping[str, int]) -> list[str]:
    marked = f"of which {totals['marked']} are marked unavailable"
    return [
        f"- attempted: {totals['attempted']}",
        f"- fetched: {totals['fetched']}",
        f"- hard-404 (404, 410, 451): {totals['hard_404']}, {marked}",
        f"- transient (retryable): {totals['transient']}",
        f"- blocked (401, 403; retryable): {totals['blocked']}",
        f"- suspect (no image under a success): {totals['suspect']}",
        f"- refused (not asked, or not taken): {totals['refused']}",
        f"- taken back (fetched or marked, then rolled back): {totals.get('taken_back', 0)}",
        f"- left out (fetched or dead, but file or row had changed meanwhile): {totals.get('left_out', 0)}",
        f"- requests: {totals['requests']}",
    ]


def _table(hosts: Sequence[Mapping[str, Any]], totals: Mapping[str, int]) -> list[str]:
    lines = [
        f"| host | group | {' | '.join(_HEADS)} |",
        f"| --- | --- |{' ---: |' * len(_HEADS)}",
    ]
    for host in hosts:
        name, group = markdown_text(str(host.get("host", ""))), markdown_text(str(host["group"]))
        lines.append(f"| {name} | {group} | {' | '.join(str(host.get(column, 0)) for column in _COLUMNS)} |")
    lines.append(f"| **all** | | {' | '.join(str(totals.get(column, 0)) for column in _COLUMNS)} |")
    return lines


_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!~])")


def markdown_text(text: str, limit: int = 100) -> str:
    """Untrusted text in Markdown, on one line, with what Markdown would act on escaped."""
    return _MARKUP.sub(r"\\\1", visible(text, limit))


# --- the Work Log -----------------------------------------------------------------------------------------


class NoWorkLog(ValueError):
    """The text has no "Work Log" heading."""


@dataclass(frozen=True)
class Heading:
    """Where the Work Log begins and where an entry goes."""

    line: int
    """Index of the heading's line."""
    level: int
    """Number of `#`; 0 for a heading without."""
    insert_at: int
    """Index of the line before which a new entry goes."""


_WORK_LOG = re.compile(r"[ \t]*(#{1,6}[ \t]+)?work[ -]log[ \t]*#*[ \t]*", re.IGNORECASE)
_ANY_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_UNDERLINE = re.compile(r"[ \t]*(=+|-{3,})[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def add_to_work_log(text: str, report: Mapping[str, Any], environment: str) -> str | None:
    """The text with the report as an entry of its Work Log; None when an entry for this run is there already.

    Under a `#` heading the entry goes to the end of that section; under a plain one, whose end nothing
    tells, directly below it. Everything else, line ends included, stays as it was. Raises `NoWorkLog`.
    """
    lines = text.split("\n")
    heading = _find_work_log(lines)
    if heading is None:
        raise NoWorkLog('there is no "Work Log" heading')
    name = heading_of(report, environment)
    if any(line.strip().lstrip("#").strip() == name for line in lines):
        return None
    end = "\r" if lines[heading.line].endswith("\r") else ""
    entry = render_markdown(report, environment, level=min(6, (heading.level or 2) + 1)).split("\n")[:-1]
    at = heading.insert_at
    before, after = lines[:at], lines[at:]
    if not before[-1].endswith(end):
        before[-1] += end
    if before[-1].strip():
        entry = ["", *entry]
    entry.append("")
    return "\n".join([*before, *(line + end for line in entry), *after])


def _find_work_log(lines: Sequence[str]) -> Heading | None:
    outside = _outside_fences(lines)
    found = [i for i in outside if _WORK_LOG.fullmatch(lines[i].rstrip("\r"))]
    marked = [i for i in found if lines[i].lstrip().startswith("#")]
    if not found:
        return None
    line = (marked or found)[-1]
    level = len(lines[line].lstrip()) - len(lines[line].lstrip().lstrip("#"))
    if level == 0:
        underlined = line + 1 < len(lines) and _UNDERLINE.fullmatch(lines[line + 1].rstrip("\r"))
        return Heading(line, 0, _after_blank(lines, line + (2 if underlined else 1)))
    for i in outside:
        match = _ANY_HEADING.match(lines[i].rstrip("\r"))
        if i > line and match and len(match[1]) <= level:
            return Heading(line, level, i)
    return Heading(line, level, _end(lines))


def _outside_fences(lines: Sequence[str]) -> list[int]:
    """Indexes of the lines that are not inside a fenced code block."""
    outside, fence = [], ""
    for i, line in enumerate(lines):
        match = _FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif match:
            fence = match[1]
        else:
            outside.append(i)
    return outside


def _after_blank(lines: Sequence[str], at: int) -> int:
    return at + 1 if at < len(lines) - 1 and not lines[at].strip() else at


def _end(lines: Sequence[str]) -> int:
    """Before the empty piece that a last newline leaves behind; after the last line when there is none."""
    return len(lines) - 1 if lines[-1] == "" else len(lines)
