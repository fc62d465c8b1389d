"""Every acceptance criterion of the specification as a check of its phase.

Phases 0, 1, 2, 4 and 5 have an acceptance list of their own; phase 3 has only its line among the top-level
criteria, and those are checked here too, each in the phase that it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

NEW_COLUMNS = 6
NEW_INDEXES = 2
CYCLE = 100
"""Artifacts per cycle. Spec: "processes 100/cycle"."""
COVERAGE_DAYS = 7
LEAST_COVERAGE_PERCENT = 99.0


class CheckKind(StrEnum):
    """Who can tell."""

    MEASURED = "measured"
    """The engine, from the stores."""
    PERSON = "person"
    """Nobody but a person, by looking outside of these stores; the sign-off says what was seen."""
    SERVICE = "service"
    """Who reads, and the service that answers; while there is no figure of theirs, a person with evidence."""


@dataclass(frozen=True)
class Check:
    """One criterion."""

    id: str
    phase: int
    words: str
    """What must hold, in the specification's meaning."""
    kind: CheckKind
    how: str
    """How it is judged: what is counted, or what a person looks at."""
    threshold: str
    """What the figure must be, in words."""
    unit: str = ""


_M, _P, _S = CheckKind.MEASURED, CheckKind.PERSON, CheckKind.SERVICE

CHECKS = (
    # Phase 0, acceptance.
    Check(
        "applied", 0, "The migration applies cleanly to SciDEX's PostgreSQL", _M,
        "valid indexes on the new columns, and the migration log, in the catalogue", "3 of 3", "parts",
    ),
    Check(
        "columns", 0, "The table artifacts shows the new columns", _M,
        "new columns of artifacts in the catalogue", "6 of 6", "columns",
    ),
    Check(
        "queries", 0, "No regression in any existing query: the read tests pass", _P,
        "run SciDEX's read tests against this database; give the outcome", "all pass",
    ),
    # Phase 1, acceptance.
    Check(
        "newcomers", 1, "Every artifact created after the deployment has migrated_to_folder_at", _M,
        "artifacts created since the phase began that have no migrated_to_folder_at", "0", "artifacts",
    ),
    Check(
        "old_reads", 1, "No regression: reads of old artifacts still work by their legacy paths", _P,
        "open old artifacts of each type in SciDEX, and run its read tests; say which", "all work",
    ),
    Check(
        "warnings", 1, "Deprecation warnings are logged, and none is an error", _P,
        "look for DeprecationWarning of paths.py in SciDEX's logs; give a line, and that none raised",
        "logged, no error",
    ),
    Check(
        "commit_failures", 1, "artifact_commit_failed happens no more often than before", _M,
        "events before and during the soak as two Poisson rates, by the exact conditional test",
        "no change in the rate", "events/day",
    ),
    # Phase 2, acceptance; then the top-level criteria about it.
    Check(
        "existing", 2, "Every artifact that was there has migrated_to_folder_at within 7 days", _M,
        "artifacts created before the phase began that have no migrated_to_folder_at", "0 within 7 days",
        "artifacts",
    ),
    Check(
        "success", 2, "At least 99 % of the artifacts with files are a success in the migration log", _M,
        "the last word of the log about each artifact with files", "at least 99", "%",
    ),
    Check(
        "files", 2, "No file lost: as many files after the migration as before it", _M,
        "files of the repository now, less those before the first cycle", "0 or more", "files",
    ),
    Check(
        "hashes", 2, "All promised hashes are verified after the move, or flagged", _M,
        "moved artifacts whose file has another hash than the row promises", "0", "artifacts",
    ),
    Check(
        "growth", 2, "The repository grows by at most 5 %", _M,
        "bytes of the git directory after maintenance against those before the first cycle", "at most 5", "%",
    ),
    Check(
        "latency", 2, "Serving artifacts is as quick as before: 99 of 100 answers within 500 ms", _S,
        "99th percentile of the read service's answers since the phase began, beside that of before; without "
        "any, of SciDEX's own monitoring",
        "under 500", "ms",
    ),
    Check(
        "cycles", 2, "The driver takes up at most 100 artifacts a cycle, a cycle each 30 minutes", _M,
        "operations of the largest cycle since the phase began", "at most 100", "artifacts",
    ),
    Check(
        "idempotent", 2, "Repeating is harmless: both stores agree, and nothing is there twice", _M,
        "the last `verify` since the phase began", "every invariant holds", "broken",
    ),
    Check(
        "coverage", 2, "At least 99 % of the artifacts have their folder within 7 days", _M,
        "share of the artifacts created before the phase began that have their folder", "at least 99", "%",
    ),
    # Phase 3 has no list of its own; its steps, and the top-level criterion.
    Check(
        "consumers", 3, "All eight consumers read folder fields, each switched by a change of its own", _S,
        "readers with a share of 100 % while the flag is on in every process that reads; where none is "
        "counted, name the change of each consumer", "8 of 8", "readers",
    ),
    Check(
        "read_share", 3, "At least 95 % of the reads use folder paths", _S,
        "reads by folder path against all reads since the shares last changed, in all and for each reader; "
        "where none is counted, by SciDEX's logs",
        "at least 95", "%",
    ),
    # Phase 4, acceptance; then the top-level criteria.
    Check(
        "redirects", 4, "Each address by type answers 301 to /artifact/<id>", _S,
        "the service is asked for /figure/, /notebook/, /dataset/ and /model/ of artifacts that there are",
        "301 each", "wrong",
    ),
    Check(
        "canonical", 4, "Every artifact page names its canonical address in a link header", _S,
        "the service is asked for pages of each type: Link header and element", "on every page", "wrong",
    ),
    Check(
        "sitemap", 4, "The sitemap has both the addresses by type and the canonical ones", _S,
        "the service is asked for its sitemap, and one part of it", "both", "wrong",
    ),
    Check(
        "public_urls", 4, "Public addresses are stable: /artifact/<id> answers as it did before", _S,
        "the service is asked for other artifacts each time, by both ids", "all", "wrong",
    ),
    # Phase 5, acceptance; then the top-level criteria that hold for the whole.
    Check(
        "legacy_code", 5, "All legacy paths are removed: constants of paths.py, old ways of commit_artifact",
        _P, "name the change of SciDEX that removed them", "none left",
    ),
    Check(
        "readers", 5, "All readers use folder paths exclusively", _S,
        "reads of the last hour that did not use a folder path; where none is counted, by SciDEX's logs",
        "0", "reads",
    ),
    Check(
        "tests", 5, "The test suite has no references to FIGURE_DIR and its kin", _P,
        "search SciDEX's tests for FIGURE_DIR, NOTEBOOK_DIR and the like; give the command and its answer",
        "0", "references",
    ),
    Check(
        "listing", 5, "The listing of the artifact repository shows only artifacts' folders", _M,
        "entries at the top of repository and checkout that are no artifact's folder; no hidden ones, nor "
        "orphans/, which holds what decisions have kept", "0", "entries",
    ),
    Check(
        "vacuumed", 5, "VACUUM ANALYZE was run over SciDEX's tables", _M,
        "when each was vacuumed and analysed last, by the database's statistics", "since the phase began",
    ),
    Check(
        "nothing_lost", 5, "No artifact file is lost over the whole migration", _M,
        "files of the repository now and files deleted by decision, less those before the first cycle",
        "0 or more", "files",
    ),
)  # fmt: skip

_BY_ID: Mapping[str, Check] = {check.id: check for check in CHECKS}


def checks_of(phase: int) -> tuple[Check, ...]:
    """The checks of a phase, in the specification's order."""
    return tuple(check for check in CHECKS if check.phase == phase)


def find_check(check_id: str) -> Check | None:
    """A check by its id."""
    return _BY_ID.get(check_id)
