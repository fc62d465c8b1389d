"""Artifacts with a folder: the folder is whole (I2), its files open (I1), no old path is left (I12)."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Collection, Sequence, Set

from scidex_console.domain.errors import UnsafePath
from scidex_console.domain.folders.hashes import expected_hash
from scidex_console.domain.folders.layout import ACCESSORIES, MANIFEST, Direction, folder_of, is_bookkeeping
from scidex_console.domain.folders.manifest import rebuilt_manifest
from scidex_console.domain.folders.resolving import recorded_paths
from scidex_console.domain.folders.tree import SYMLINK, is_led_to, led_to
from scidex_console.domain.triage import is_database_only
from scidex_console.engine.verification.disk_facts import FileFact, Presence
from scidex_console.engine.verification.evidence import Evidence
from scidex_console.engine.verification.facts import FolderRow
from scidex_console.engine.verification.findings import Examination, InvariantResult
from scidex_console.engine.verification.folder_view import blob_of, edits, names_of

_NAMED = 5
"""Rows that were edited since, and files that no row names, by name in the note."""
_INNER = (ACCESSORIES, *Direction)


def migrated_rows_are_whole(evidence: Evidence) -> InvariantResult:
    """I2. A row that somebody edited after its migration has an old manifest: counted, and no violation."""
    exam = Examination(
        "I2", "a migrated artifact's folder holds its manifest, which equals the one rebuilt from the row"
    )
    view = evidence.folders
    if not view.migrated and not view.laid:
        return exam.not_applicable("no row is migrated")
    edited: list[str] = []
    for found in view.settled:
        exam.check()
        folder = view.folder(found.row)
        if folder is None or found.row.uuid is None or not folder.endswith(found.row.uuid):
            exam.broken(f"{found.row.id}: artifact_dir {found.row.artifact_dir} is not the artifact's folder")
            continue
        edited += _judge_manifest(exam, evidence, found, folder)
        _judge_shape(exam, evidence, folder)
    _judge_links(exam, evidence)
    _count_relations(exam, evidence)
    _judge_strays(exam, evidence)
    _count_strangers(exam, evidence)
    if edited:
        exam.note(f"edited since: {_some(edited)}")
    exam.count("artifacts of batches under way", len(view.migrated) - len(view.settled))
    return exam.result()


def _judge_manifest(exam: Examination, evidence: Evidence, found: FolderRow, folder: str) -> list[str]:
    row, path = found.row, f"{folder}/{MANIFEST}"
    entry, file = evidence.repository.tree.get(path), evidence.files[path]
    if entry is None or file.presence is not Presence.FILE:
        where = "HEAD" if entry is None else f"the worktree ({file.presence})"
        exam.broken(f"{row.id}: {path} is not in {where}")
        return []
    held = evidence.folders.newest.get(row.id)
    if held is None:
        exam.count("folders that others have laid out")
        return []
    if not found.succeeded:
        exam.broken(f"{row.id} is migrated, and the migration log has no success of it")
        return []
    batch, operation = held
    laid = next(e for e in operation.entries if e.path.endswith(f"/{MANIFEST}"))
    changed = edits(row, operation)
    try:
        wanted = rebuilt_manifest(row, found.files_moved)
    except ValueError as error:
        exam.broken(f"{row.id}: its manifest cannot be rebuilt: {error}")
        return []
    if _is(wanted, entry.object, file):
        exam.count("manifests equal to the ones rebuilt")
    elif changed and laid.path == path and (file.sha256, entry.object) == (laid.sha256, laid.blob):
        exam.count("rows edited after their migration, whose manifests are older")
        return [f"{row.id} ({', '.join(changed)})"]
    elif entry.object != blob_of(wanted, entry.object):
        exam.broken(f"{row.id}: {path} in HEAD is not the manifest of its row (batch {batch.id})")
    else:
        exam.broken(f"{row.id}: {path} in the worktree is not the manifest of its row (batch {batch.id})")
    return []


def _is(wanted: bytes, blob: str, file: FileFact) -> bool:
    return file.sha256 == hashlib.sha256(wanted).hexdigest() and blob == blob_of(wanted, blob)


def _judge_shape(exam: Examination, evidence: Evidence, folder: str) -> None:
    """Nothing is nested but accessories and links, and nothing but a file lies where files belong."""
    for name in evidence.below.get(folder, ()):
        parts = name.split("/")
        if len(parts) > 2 or (len(parts) == 2 and parts[0] not in _INNER):
            exam.broken(f"{folder}/{name} is nested in an artifact's folder")
    tracked = evidence.tracked_below.get(folder, ())
    for name in tracked:
        mode = evidence.repository.tree[f"{folder}/{name}"].mode
        if name.count("/") > 1 or ("/" in name and name.partition("/")[0] not in _INNER):
            exam.broken(f"{folder}/{name} is nested in an artifact's folder, in HEAD")
        if (mode == SYMLINK) is not (name.partition("/")[0] in tuple(Direction)):
            exam.broken(f"{folder}/{name} has mode {mode}, which has no place there")
    extra = set(evidence.below.get(folder, ())) - set(tracked) - set(_INNER)
    exam.count("files in folders that git does not have", len(extra))


def _judge_links(exam: Examination, evidence: Evidence) -> None:
    """Every link in a folder, on disk as in git, leads to the folder it is named after, or to none yet."""
    view = evidence.folders
    dangling: list[str] = []
    for path, file in evidence.links.items():
        folder = folder_of(path)
        if folder is None or view.folders.get(folder) in view.open_artifacts:
            continue
        exam.count("links")
        end = posixpath.normpath(posixpath.join(posixpath.dirname(path), file.target))
        if file.target.startswith("/") or end.split("/")[0] in ("..", ".", ".git"):
            exam.broken(f"{path} leads outside the repository: {file.target}")
        elif folder_of(f"{end}/x") != end or posixpath.basename(end) != posixpath.basename(path):
            exam.broken(f"{path} does not lead to the artifact it is named after: {file.target}")
        elif posixpath.basename(end) not in evidence.artifact_of:
            exam.count("links to artifacts whose rows were deleted")
        elif end not in evidence.tracked_below:
            dangling.append(path)
    exam.count("links whose other end is not migrated", len(dangling))
    if dangling and len(view.migrated) == len(view.rows) and not view.moving:
        first = f"{dangling[0]} and {len(dangling) - 1:,} more links" if dangling[1:] else dangling[0]
        exam.broken(f"every artifact is migrated, and {first} lead to no folder")


def _count_relations(exam: Examination, evidence: Evidence) -> None:
    """Links that `artifact_links` has got or lost since the folders were laid out: no violation."""
    related, view = evidence.database.links, evidence.folders
    if related is None:
        return
    uuids = {artifact_id: uuid for uuid, artifact_id in evidence.artifact_of.items()}
    standing = {found.row.uuid for found in view.settled}
    ends = ((uuids.get(derived), uuids.get(origin)) for derived, origin in related)
    both = [(derived, origin) for derived, origin in ends if derived and origin]
    wanted = {f"{derived}/{Direction.INPUTS}/{origin}" for derived, origin in both if derived in standing}
    wanted |= {f"{origin}/{Direction.OUTPUTS}/{derived}" for derived, origin in both if origin in standing}
    parts = (path.split("/")[-3:] for path in evidence.links if is_bookkeeping(path))
    laid = {"/".join(p) for p in parts if p[0] in standing and p[-1] in evidence.artifact_of}
    exam.count("links of artifact_links that came since and folders lack", len(wanted - laid))
    exam.count("links in folders that artifact_links has no more", len(laid - wanted))


def _judge_strays(exam: Examination, evidence: Evidence) -> None:
    """A folder of ours in git belongs to a row that names it, if only until it is laid out again."""
    view = evidence.folders
    mine = {folder_of(path) for path in evidence.added} - view.folders.keys()
    for folder in sorted(f for f in mine if f is not None and f in evidence.tracked_below):
        owner = evidence.artifact_of.get(folder.rpartition("/")[2])
        if owner in view.open_artifacts or owner in evidence.database.missing_rows:
            continue
        if owner is None or view.to_lay_again.get(folder) != owner:
            exam.broken(f"the folder {folder} is in git, and no migrated row names it")
        else:
            _judge_waiting(exam, evidence, owner, folder)


def _count_strangers(exam: Examination, evidence: Evidence) -> None:
    """Files that somebody has committed into artifacts' folders, or into one like them: no violation."""
    view = evidence.folders
    ours = {folder_of(path) for path in evidence.added}
    found: list[str] = []
    for folder, tracked in evidence.tracked_below.items():
        artifact_id = view.folders.get(folder)
        if artifact_id in view.open_artifacts or (artifact_id is None and folder in ours):
            continue
        named = set(names_of(view.rows[artifact_id].row)) if artifact_id is not None else set()
        paths = (f"{folder}/{name}" for name in tracked if name not in named)
        found += (path for path in paths if artifact_id is None or not is_bookkeeping(path))
    exam.count("files in folders that no row names", len(found))
    if found:
        exam.note(f"named by no row: {_some(sorted(found))}")


def _some(names: Sequence[str]) -> str:
    more = "" if len(names) <= _NAMED else f" and {len(names) - _NAMED:,} more"
    return f"{', '.join(names[:_NAMED])}{more}"


def _judge_waiting(exam: Examination, evidence: Evidence, artifact_id: str, folder: str) -> None:
    """A folder that waits to be laid out again is as its last migration left it."""
    exam.check()
    exam.count("folders wait to be laid out again")
    held = evidence.folders.newest.get(artifact_id)
    for entry in held[1].entries if held is not None else ():
        if entry.is_link or folder_of(entry.path) != folder:
            continue
        tracked = evidence.repository.tree.get(entry.path)
        same = tracked is not None and entry.blob in ("", tracked.object)
        if not same or not evidence.files[entry.path].holds(entry.sha256):
            where = "the worktree" if same else "HEAD"
            exam.broken(f"{artifact_id}: {entry.path} in {where} is not what its last migration left")


def files_open(exam: Examination, evidence: Evidence) -> None:
    """I1 of folders: the primary file is the one the row promises, each file the one that was moved."""
    for found in evidence.folders.settled:
        folder = evidence.folders.folder(found.row)
        if folder is None:
            continue  # I2 tells
        said = {f.get("path"): str(f.get("sha256")) for f in found.files_moved or () if isinstance(f, dict)}
        for name in names_of(found.row):
            exam.check()
            _judge_file(exam, evidence, found, folder, name, said.get(name))


def _judge_file(
    exam: Examination, evidence: Evidence, found: FolderRow, folder: str, name: str, moved: str | None
) -> None:
    path = f"{folder}/{name}"
    row, file = found.row, evidence.files[path]
    if file.presence is not Presence.FILE:
        exam.broken(f"{row.id}: {path} does not open ({file.presence})")
        return
    exam.count("files in folders opened")
    expected = None
    if name == row.primary_filename:
        promise = expected_hash(evidence.hash_sources, metadata=row.metadata, content_hash=row.content_hash)
        expected = promise.sha256 if promise is not None else None
    for sha256, who in ((expected, "the row"), (moved, "the migration log")):
        if sha256 and not file.holds(sha256):
            exam.broken(f"{row.id}: {path} has sha256 {file.sha256}, {who} says {sha256}")
            return


def old_paths_have_gone(exam: Examination, evidence: Evidence) -> None:
    """I12 of folders: an old path went with its last claimant, and not before.

    It may be there again for an artifact whose own cycle was taken back.
    """
    view, tree = evidence.folders, evidence.repository.tree
    left = {path: laid for path, laid in view.left.items() if path not in view.open_paths}
    wanted = _named_by_unmigrated(evidence, left)
    for path, laid in left.items():
        exam.check()
        owner, entry = laid.operation.artifact_id, tree.get(path)
        if path in wanted and entry is None:
            who = ", ".join(sorted(wanted[path])[:5])
            exam.broken(f"{path} went with {owner} in batch {laid.batch.id}, and {who} still names it")
        elif path in wanted:
            exam.count("old paths that others claim again")
        elif entry is not None and entry.object == laid.entry.blob:
            exam.broken(f"{path}, the old path of {owner}, is in HEAD")
    _judge_kept(exam, evidence)


def _judge_kept(exam: Examination, evidence: Evidence) -> None:
    """A path that every claimant has left, and that none of them took away."""
    view = evidence.folders
    kept: dict[str, list[str]] = {}
    for _, operation in view.newest.values():
        for entry in operation.entries:
            if entry.source and entry.source not in view.left and folder_of(entry.source) is None:
                kept.setdefault(entry.source, []).append(operation.artifact_id)
    wanted, ends = _named_by_unmigrated(evidence, kept.keys()), _ends_of_links(evidence)
    for path, artifacts in sorted(kept.items()):
        if path not in evidence.repository.tree or path in view.open_paths:
            continue
        if path in wanted:
            exam.count("old paths that others still claim")
        elif is_led_to(path, ends):
            exam.count("old paths that symbolic links lead to")
        elif len(artifacts) > 1:
            exam.broken(f"{path} is an old path of {', '.join(sorted(artifacts)[:5])}, and nobody else's")
        else:
            exam.count("old paths whose last claimant is gone")


def _ends_of_links(evidence: Evidence) -> Set[str]:
    """What the symbolic links that are nobody's lead to."""
    links = {path: f.target for path, f in evidence.files.items() if f.target and folder_of(path) is None}
    return led_to(links, evidence.resolving.worktree if evidence.resolving is not None else "/")


def _named_by_unmigrated(evidence: Evidence, paths: Collection[str]) -> dict[str, set[str]]:
    """Which artifacts without a folder name these paths: by their rows, or when they were last surveyed."""
    view = evidence.folders
    found: dict[str, set[str]] = {}
    for path in paths:
        if path in evidence.database.claims:
            found[path] = set(evidence.database.claims[path])
    for artifact_id, named in view.rows.items():
        if named.row.migrated_at is not None or artifact_id in view.open_artifacts:
            continue
        for path in _paths_named(evidence, named):
            if path in paths:
                found.setdefault(path, set()).add(artifact_id)
    still = ((path, artifacts - view.open_artifacts) for path, artifacts in found.items())
    return {path: artifacts for path, artifacts in still if artifacts}


def _paths_named(evidence: Evidence, named: FolderRow) -> set[str]:
    rules = evidence.resolving
    found: set[str] = set()
    if rules is None or is_database_only(named.row.metadata):
        return found
    for recorded in recorded_paths(named.row, rules):
        try:
            path = rules.inside(recorded)
        except UnsafePath:
            continue
        if path is not None:
            found.add(path)
    return found
